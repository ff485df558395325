"""ui/recipe.py: a text's recipe survives the way through a link, and no other recipe gets in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygpt import SampleConfig
from tinygpt.ui.recipe import Recipe, read_recipe

RECIPE = Recipe("ROMEO:\n", SampleConfig(seed=2**64 - 1), "a" * 64, {3: "x", 10: "\n"})


@given(
    st.text(max_size=50),
    st.one_of(st.just(0), st.floats(0, 2)),
    st.none() | st.integers(1, 65),
    st.none() | st.floats(0.01, 1),
    st.integers(0, 2**64 - 1),
    st.none() | st.integers(1, 8),
    st.dictionaries(st.integers(0, 4999), st.characters(codec="utf-8"), max_size=5),
)
def test_what_was_written_is_read(prompt, temperature, top_k, top_p, seed, beam_width, chosen):
    settings = SampleConfig(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed, beam_width=beam_width)
    recipe = Recipe(prompt, settings, "0" * 64, chosen)
    assert read_recipe(recipe.json()) == recipe


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"length": 10**9}, "max_new_tokens|length"),
        ({"temperature": "hot"}, "temperature"),
        ({"seed": None}, "must have a seed"),
        ({"seed": "seven"}, "seed"),
        ({"weights_sha256": 5}, "sha256"),
        ({"chosen": {"1": "a"}}, "chosen"),
        ({"chosen": [[0, "ab"]]}, "chosen"),
        ({"chosen": [[0, ""]]}, "chosen"),
        ({"chosen": [[-1, "a"]]}, "chosen"),
        ({"chosen": [[True, "a"], ["0", "a"]]}, "chosen"),
        ({"chosen": [[5000, "a"]]}, "chosen"),
        ({"more": 1}, "must have the fields"),
    ],
    ids=str,
)
def test_a_recipe_that_was_tampered_with_is_refused_with_a_sentence(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        read_recipe(json.dumps(json.loads(RECIPE.json()) | change))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", "[" * 100_000, RECIPE.json()[:-5]], ids=lambda t: t[:9])
def test_what_is_no_recipe_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match="the recipe in the link"):
        read_recipe(text)
