"""A config that exists is a config that works."""

from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygpt import GPTConfig, SampleConfig, TrainConfig
from tinygpt.fields import FieldError

NOT_INTEGERS = [0, -1, 10**12, 2.5, 2.0, True, "8", None, [8], float("nan")]


@pytest.mark.parametrize("name", ["vocab_size", "block_size", "n_layer", "n_head", "n_embd"])
@pytest.mark.parametrize("value", NOT_INTEGERS, ids=repr)
def test_a_model_size_out_of_bounds_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        GPTConfig(**{name: value})


@pytest.mark.parametrize("name", ["batch_size", "max_iters", "eval_interval", "eval_iters"])
@pytest.mark.parametrize("value", NOT_INTEGERS, ids=repr)
def test_a_training_size_out_of_bounds_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        TrainConfig(**{name: value})


@pytest.mark.parametrize("config", [GPTConfig, TrainConfig], ids=["model", "training"])
def test_numbers_must_be_finite_and_in_bounds(config):
    numbers = [item.name for item in fields(config) if type(item.default) is float]
    assert numbers
    for name in numbers:
        for value in (float("nan"), float("inf"), -0.1, 1e12, "0.1", None, True):
            with pytest.raises(ValueError, match=name):
                config(**{name: value})


@pytest.mark.parametrize(
    ("config", "name"),
    [(GPTConfig, "family"), (TrainConfig, "optimizer"), (TrainConfig, "decay"), (TrainConfig, "publish")],
)
@pytest.mark.parametrize("value", ["", "GPT", None, ["gpt"], 1], ids=repr)
def test_an_unknown_choice_is_refused_with_the_choices_there_are(config, name, value):
    with pytest.raises(ValueError, match=f"{name} must be one of \\w+, \\w+"):
        config(**{name: value})


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="5 does not divide 64"):
        GPTConfig(n_embd=64, n_head=5)


def test_rotary_positions_need_an_even_head_size():
    assert GPTConfig(family="gpt", n_embd=6, n_head=2).head_size == 3
    with pytest.raises(ValueError, match="even head size"):
        GPTConfig(family="qwen3", n_embd=6, n_head=2)


def test_a_model_of_more_than_a_billion_parameters_is_refused():
    with pytest.raises(ValueError, match="parameters, over the bound"):
        GPTConfig(n_embd=16_384, n_head=1, n_layer=200)


def test_a_new_window_starts_with_half_of_the_old_one_and_never_empty():
    assert [GPTConfig(block_size=size).kept for size in (1, 2, 3, 8, 9)] == [1, 1, 1, 4, 4]


def test_a_warm_up_longer_than_the_run_is_refused():
    with pytest.raises(ValueError, match="warmup_iters must be a whole number from 0 to 10"):
        TrainConfig(max_iters=10, warmup_iters=11)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("max_new_tokens", [0, -1, 2.5, True, None, "5", [5]]),
        ("temperature", [float("nan"), float("inf"), -0.1, None, "1", True]),
        ("top_k", [0, -1, 2.0, True, "3"]),
        ("top_p", [0, 0.0, -0.5, 1.01, float("nan"), "0.5", True]),
        ("seed", [-1, 2**64, 1.0, True, "1"]),
        ("stop", ["", 5, b"x"]),
        ("beam_width", [0, 1.0, True, "2"]),
    ],
)
def test_a_sampling_setting_that_makes_no_sense_is_refused_by_its_name(name, wrong):
    for value in wrong:
        with pytest.raises(FieldError, match=f"^{name} must be") as caught:
            SampleConfig(**{name: value})
        assert caught.value.field == name


def test_the_library_has_no_bound_on_the_length_of_a_text():
    assert SampleConfig(max_new_tokens=10**9).max_new_tokens == 10**9


def test_numbers_of_numpy_are_accepted_as_plain_ones():
    config = GPTConfig(n_layer=np.int64(3), dropout=np.float32(0.5))
    assert config == GPTConfig(n_layer=3, dropout=0.5)
    assert (type(config.n_layer), type(config.dropout)) == (int, float)


def test_a_seed_is_kept_or_new():
    assert SampleConfig(seed=0).seeded() == SampleConfig(seed=0)
    new = [SampleConfig(temperature=0.5).seeded() for _ in range(20)]
    assert len({settings.seed for settings in new}) == 20
    assert all(replace(settings, seed=None) == SampleConfig(temperature=0.5) for settings in new)


def test_a_config_cannot_be_changed_into_one_that_was_never_checked():
    with pytest.raises(FrozenInstanceError):
        GPTConfig().n_layer = -1
    with pytest.raises(ValueError, match="n_layer"):
        replace(GPTConfig(), n_layer=-1)


def test_every_field_has_a_line_of_help():
    for config in (GPTConfig, TrainConfig, SampleConfig):
        assert all(item.metadata["help"] and "\n" not in item.metadata["help"] for item in fields(config))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("kind", [GPTConfig, TrainConfig, SampleConfig])
@given(data=st.data())
def test_any_json_as_a_setting_is_taken_or_refused_in_one_line_with_the_field(kind, data):
    name, value = data.draw(st.sampled_from([each.name for each in fields(kind)])), data.draw(JSON)
    try:
        config = kind.from_json({name: value})
    except FieldError as error:
        named, message = error.field, str(error)
        assert named in {each.name for each in fields(kind)}
        assert len(message.splitlines()) == 1
    else:
        assert getattr(config, name) == value


@pytest.mark.parametrize("values", [None, [], "n_layer", 5, {"color": 1}, {"n_layer": 2, "": 3}, {"a\nb": 0}], ids=repr)
def test_json_that_is_no_object_of_settings_is_refused_in_one_line(values):
    with pytest.raises(ValueError, match=r"^(settings must be a JSON object, not|there is no setting) [^\n]+$"):
        GPTConfig.from_json(values)


def test_settings_that_a_json_object_lacks_have_their_defaults():
    assert GPTConfig.from_json({"n_layer": 2}) == GPTConfig(n_layer=2)
