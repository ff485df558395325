"""A request is declared once: its bounds, its defaults, its errors, and what a sampler makes of it."""

from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygpt.fields import FieldError
from tinygpt.request import GenerationRequest, ProbabilitiesRequest, bounds, default, described, names, signature

OUT_OF_BOUNDS = [
    ("prompt", ["x" * 10_001, None, 5, b"x", {"path": "/etc/hosts"}]),
    ("length", [0, -1, 5_001, 10**9, 2.5, 20.0, True, None, "20", [20], float("nan"), np.float64(20)]),
    ("temperature", [float("nan"), float("inf"), -0.1, 2.1, None, "1", True, [1]]),
    ("top_k", [0, -1, 2.0, True, "3", [3]]),
    ("top_p", [0, 0.0, -0.5, 1.01, float("nan"), "0.5", True]),
    ("seed", [-1, 2**64, 1.5, True, "seven", "-1", "1.5", "²", str(2**64), "9" * 30, [7]]),
    ("stop", ["x" * 101, 7, b"x", ["x"]]),
    ("strategy", ["magic", None, ["sample"], 1, ""]),
    ("beam_width", [0, 9, 1.0, True, "2"]),
]


@pytest.mark.parametrize(("field", "wrong"), OUT_OF_BOUNDS)
def test_a_field_out_of_bounds_is_refused_by_its_name(field, wrong):
    for value in wrong:
        with pytest.raises(FieldError, match=f"^{field} must be") as caught:
            GenerationRequest(**{field: value})
        assert caught.value.field == field
        assert len(str(caught.value)) < 200


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
likely = st.sampled_from(["", "7", " 7 ", "sample", "beam", 0, 1, 8, 5_000, 2**64 - 1, 10**5000, 0.0, 1.0, 2.0])


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(names(), likely | anything)))
def test_any_values_make_a_request_within_bounds_or_are_refused_in_a_line(values):
    try:
        request = GenerationRequest(**values)
    except FieldError as error:
        said = str(error)
        assert said.startswith(f"{error.field} must be ")  # noqa: PT017
        assert said.isprintable()
        assert len(said) < 250
        return
    assert GenerationRequest(**asdict(request)) == request
    for name, value in asdict(request).items():
        assert type(value) in (str, int, float, type(None))
        assert value is None or bounds(name).checked(name, value) == value
    assert request.sample_config().max_new_tokens == request.length


def test_every_field_has_bounds_that_are_tested():
    assert [field for field, _ in OUT_OF_BOUNDS] == list(names())


def test_the_bounds_themselves_are_allowed():
    GenerationRequest(prompt="", length=1, temperature=0, top_k=1, top_p=5e-324, seed=0, stop="x", beam_width=1)
    GenerationRequest(
        prompt="x" * 10_000, length=5_000, temperature=2.0, top_p=1, seed=2**64 - 1, stop="x" * 100, beam_width=8
    )


def test_numbers_of_numpy_are_accepted_as_plain_ones():
    request = GenerationRequest(length=np.int64(7), temperature=np.float32(0.5), top_k=np.uint8(3), seed=np.uint64(9))
    assert request == GenerationRequest(length=7, temperature=0.5, top_k=3, seed=9)
    assert {type(value) for value in (request.length, request.top_k, request.seed)} == {int}
    assert type(request.temperature) is float


def test_a_seed_may_be_digits_in_a_text_with_all_their_64_bits():
    assert GenerationRequest(seed=str(2**64 - 1)).seed == 2**64 - 1
    assert GenerationRequest(seed=" 7 ").seed == 7


@pytest.mark.parametrize("empty", ["", " ", None])
def test_an_empty_seed_is_none_and_is_replaced_by_a_new_one_each_time(empty):
    request = GenerationRequest(seed=empty)
    assert request.seed is None
    seeds = {request.seeded().seed for _ in range(20)}
    assert len(seeds) == 20
    assert replace(request.seeded(), seed=None) == request
    assert replace(request, seed=5).seeded().seed == 5


def test_an_empty_stop_text_is_none_but_a_space_is_one():
    assert GenerationRequest(stop="").stop is None
    assert GenerationRequest(stop=" ").stop == " "


def test_beams_without_a_width_are_refused():
    with pytest.raises(FieldError, match=r"^beam_width must be") as caught:
        GenerationRequest(strategy="beam", beam_width=None)
    assert caught.value.field == "beam_width"
    assert GenerationRequest(strategy="sample", beam_width=None).sample_config().beam_width is None


def test_strategies_become_settings_of_a_sampler():
    request = GenerationRequest(temperature=1.5, beam_width=3, top_k=5, top_p=0.5, seed=1, stop="x", length=9)
    sample, greedy, beam = (replace(request, strategy=name).sample_config() for name in ("sample", "greedy", "beam"))
    assert (sample.temperature, sample.beam_width) == (1.5, None)
    assert (greedy.temperature, greedy.beam_width) == (0, None)
    assert (beam.temperature, beam.beam_width) == (1.5, 3)
    assert {(each.max_new_tokens, each.top_k, each.top_p, each.seed, each.stop) for each in (sample, greedy, beam)} == {
        (9, 5, 0.5, 1, "x")
    }


def test_only_what_is_sampled_depends_on_the_seed():
    assert GenerationRequest().uses_seed
    for changes in ({"strategy": "greedy"}, {"strategy": "beam"}, {"temperature": 0}):
        assert not GenerationRequest(**changes).uses_seed


def test_values_in_order_become_a_request_and_no_others():
    assert GenerationRequest.of(["a", *(default(name) for name in names()[1:])]) == GenerationRequest(prompt="a")
    with pytest.raises(ValueError, match="argument 2 is"):
        GenerationRequest.of(["a"])


def test_a_signature_has_the_fields_in_order_with_their_defaults():
    parameters = signature().parameters
    assert tuple(parameters) == names() == tuple(each.name for each in fields(GenerationRequest))
    assert parameters["prompt"].default is parameters["prompt"].empty
    assert all(parameters[name].default == default(name) for name in names() if name != "prompt")


def test_the_description_says_of_every_field_what_it_may_be():
    for name in names():
        assert f"{name}: " in described()
        assert f"({bounds(name)})" in described()


def test_a_request_for_probabilities_declares_what_it_shares_with_one_for_a_text_as_that_does():
    of_text, own = signature().parameters, signature(ProbabilitiesRequest).parameters
    shared = [name for name in own if name in of_text]
    assert shared == ["prompt", "temperature", "top_k", "top_p"]
    for name in shared:
        assert own[name] == of_text[name]
        assert ProbabilitiesRequest.__dataclass_fields__[name].metadata["bounds"] == bounds(name)
    for wrong in ({"prompt": "x" * 10_001}, {"temperature": float("nan")}, {"top": 2.0}):
        with pytest.raises(FieldError, match=f"^{min(wrong)} must be"):
            ProbabilitiesRequest(**wrong)
