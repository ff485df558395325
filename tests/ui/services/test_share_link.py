"""Share links: they are read as they were written, and everything else is refused."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygpt.fields import Choice, Integer, Number, Text
from tinygpt.request import GenerationRequest, bounds, default, names
from tinygpt.ui.services.share_link import ShareLink, read_share_link

LINK = ShareLink(GenerationRequest(prompt="ROMEO:\n", seed=2**64 - 1), "a" * 64, {3: "x", 10: "\n"})


def within(name: str) -> st.SearchStrategy:
    """Values of a field within its bounds."""
    match bounds(name):
        case Integer(low, high):
            values = st.integers(low, high)
        case Number(low, high, above):
            values = st.floats(low, high, exclude_min=above)
        case Text(low, high):
            values = st.text(min_size=low, max_size=high)
        case Choice(options):
            values = st.sampled_from(options)
    return values | st.none() if default(name) is None and name != "seed" else values  # a link must have a seed


requests = st.builds(GenerationRequest, **{name: within(name) for name in names()})
forced = st.dictionaries(st.integers(0, bounds("length").high - 1), st.characters(codec="utf-8"), max_size=5)


@given(requests, forced)
def test_json_is_read_as_it_was_written(request, forced):
    link = ShareLink(request, "0123456789ab", forced)
    assert read_share_link(link.json()) == link


@given(requests, forced)
def test_a_fragment_is_read_as_it_was_written(request, forced):
    link = ShareLink(request, "0123456789ab", forced)
    assert link.fragment().startswith("#")
    assert read_share_link(link.fragment()) == link


def test_a_link_holds_only_what_differs_from_the_defaults():
    link = ShareLink(GenerationRequest(prompt="ROMEO:\n", seed=7), "0123456789abcdef")
    assert link.fragment() == "#prompt=ROMEO%3A%0A&seed=7&weights_sha256=0123456789ab"
    warm = replace(link, request=replace(link.request, temperature=1.2), forced={3: "x"})
    assert set(warm.fragment()[1:].split("&")) - set(link.fragment()[1:].split("&")) == {
        "temperature=1.2",
        "forced=%5B%5B3%2C%22x%22%5D%5D",
    }


def test_the_link_of_a_stopped_text_ends_where_the_text_ends():
    assert LINK.until(5) == replace(LINK, request=replace(LINK.request, length=5), forced={3: "x"})
    beam = replace(LINK, request=replace(LINK.request, strategy="beam"))
    assert beam.until(5) == beam


def test_a_link_of_an_earlier_version_is_read():
    before = {
        "prompt": "ROMEO:\n",
        "length": 300,
        "temperature": 0,
        "top_k": 65,
        "top_p": 1,
        "seed": "18446744073709551615",
        "stop": None,
        "strategy": "greedy",
        "beam_width": None,
        "weights_sha256": "a" * 64,
        "chosen": [[3, "x"], [10, "\n"]],
    }
    request = GenerationRequest(
        prompt="ROMEO:\n",
        length=300,
        temperature=0,
        top_k=65,
        top_p=1,
        seed=2**64 - 1,
        strategy="greedy",
        beam_width=None,
    )
    assert read_share_link(json.dumps(before)) == ShareLink(request, "a" * 64, {3: "x", 10: "\n"})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"length": bounds("length").high + 1}, "length"),
        ({"seed": None}, "has no seed"),
        ({"weights_sha256": 5}, "which weights"),
        ({"weights_sha256": "abc"}, "which weights"),
        ({"weights_sha256": "a" * 65}, "which weights"),
        ({"weights_sha256": "<script>alert(1)</script>"}, "which weights"),
        ({"weights_sha256": "0123456789ab\u202e"}, "which weights"),
        ({"forced": {"1": "a"}}, "chosen characters"),
        ({"forced": [[0, "ab"]]}, "chosen characters"),
        ({"forced": [[0, ""]]}, "chosen characters"),
        ({"forced": [[-1, "a"]]}, "chosen characters"),
        ({"forced": [[True, "a"], ["0", "a"]]}, "chosen characters"),
        ({"forced": [[bounds("length").high, "a"]]}, "chosen characters"),
        ({"forced": [[0, "a"], [0, "b"]]}, "one position"),
        ({"more": 1}, "newer version"),
    ],
    ids=str,
)
def test_a_link_with_an_invalid_field_is_refused(change, problem):
    with pytest.raises(ValueError, match=problem):
        read_share_link(json.dumps(json.loads(LINK.json()) | change))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        "[" * 100_000,
        '{"a":' * 100_000,
        LINK.json()[:-5],
        "#a",
        "#length=x",
        "#temperature=nan",
        "#temperature=1_0",
        "#top_p= 1",
        "#forced=[",
        "#seed=7&weights_sha256=0123456789ab&prompt",
        "#seed=7&weights_sha256=0123456789ab&prompt=%FF",
        "#seed=7&weights_sha256=0123456789ab&seed=8",
        None,
        7,
    ],
    ids=lambda text: str(text)[:9],
)
def test_anything_but_a_link_is_refused(text):
    with pytest.raises(ValueError, match=r"This link .* ask for the link again"):
        read_share_link(text)


def mutations(link: str) -> st.SearchStrategy[str]:
    """A link of which a part is missing, or is something else."""
    cut = st.tuples(st.integers(0, len(link)), st.integers(0, len(link))).map(sorted)
    return st.builds(lambda ends, new: link[: ends[0]] + new + link[ends[1] :], cut, st.text(max_size=4))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=6,
)
fields = st.dictionaries(st.sampled_from([*json.loads(LINK.json()), "chosen"]) | st.text(max_size=5), values)


@given(
    st.one_of(
        values,
        st.binary(),
        st.text(),
        st.text().map("#{}".format),
        fields.map(json.dumps),
        fields.map(lambda some: json.dumps(json.loads(LINK.json()) | some)),
        mutations(LINK.json()),
        mutations(LINK.fragment()),
        mutations("#prompt=%F0%9F%98%80%00&seed=7&weights_sha256=0123456789ab"),
        st.just("#seed=7&length=" + "9" * 100_000),
        st.just("#prompt=" + "x" * 10**6 + "&seed=7&weights_sha256=0123456789ab"),
    )
)
def test_anything_is_a_valid_link_or_is_refused_in_a_line(text):
    try:
        link = read_share_link(text)
    except ValueError as error:
        assert str(error).isprintable()  # noqa: PT017
        assert len(str(error)) < 300  # noqa: PT017
        return
    assert read_share_link(link.json()) == link
    assert link.request.seed is not None
    assert all(0 <= position < bounds("length").high for position in link.forced)
