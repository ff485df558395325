"""Bounds of a setting: plain values come out, everything else is refused by the field's name."""

import copy
import pickle
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from tinygpt.fields import Choice, FieldError, Integer, Number, Settings, Switch, Text, option


@dataclass(frozen=True, kw_only=True)
class Knobs(Settings):
    required: int = option(1, "a field that must have a value", Integer(1, 8))
    absent: int | None = option(None, "a field that is None by default", Integer(1, 8))
    optional: int | None = option(4, "a field that may be None", Integer(1, 8), optional=True)


@pytest.mark.parametrize(
    ("bounds", "value", "plain"),
    [
        (Integer(1, 8), 1, 1),
        (Integer(1, 8), 8, 8),
        (Integer(0), 10**30, 10**30),
        (Integer(0, 2**64 - 1), np.uint64(2**64 - 1), 2**64 - 1),
        (Number(0, 2), 0, 0),
        (Number(0, 2), np.int8(2), 2),
        (Number(0, 2), np.float32(0.5), 0.5),
        (Number(0, 2), Fraction(1, 2), 0.5),
        (Number(0), 1e300, 1e300),
        (Number(0), 10**400, 10**400),
        (Number(0, 1, above=True), 5e-324, 5e-324),
        (Text(0, 3), "", ""),
        (Text(0, 3), np.str_("abc"), "abc"),
        (Choice(("sample", "beam")), "beam", "beam"),
        (Switch(), False, False),
    ],
    ids=repr,
)
def test_a_value_within_bounds_comes_out_as_a_plain_one(bounds, value, plain):
    checked = bounds.checked("knob", value)
    assert checked == plain
    assert type(checked) is type(plain)


@pytest.mark.parametrize(
    ("bounds", "value", "message"),
    [
        (Integer(1, 5_000), 0, "knob must be a whole number from 1 to 5,000, not 0"),
        (Integer(1, 5_000), 5_001, "knob must be a whole number from 1 to 5,000, not 5001"),
        (Integer(1), 0, "knob must be a whole number of at least 1, not 0"),
        (Integer(1), 2.0, "knob must be a whole number of at least 1, not 2.0"),
        (Integer(1), True, "knob must be a whole number of at least 1, not True"),
        (Integer(1), np.True_, f"knob must be a whole number of at least 1, not {np.True_!r}"),
        (Number(0, 2), 2.5, "knob must be a number from 0 to 2, not 2.5"),
        (Number(0, 2), float("nan"), "knob must be a number from 0 to 2, not nan"),
        (Number(0), float("inf"), "knob must be a number of at least 0, not inf"),
        (Number(0), False, "knob must be a number of at least 0, not False"),
        (Number(0), 1j, "knob must be a number of at least 0, not 1j"),
        (Number(0, 1, above=True), 0, "knob must be a number above 0 and at most 1, not 0"),
        (Text(0, 1_000), "x" * 1_001, "knob must be a text of at most 1,000 characters, not 1,001"),
        (Text(1), "", "knob must be a text of at least 1 character, not 0"),
        (Text(0, 1), "xy", "knob must be a text of at most 1 character, not 2"),
        (Text(2), "x", "knob must be a text of at least 2 characters, not 1"),
        (Number(0), Fraction(10**400), f"knob must be a number of at least 0, not {Fraction(10**400)!r:.80}"),
        (Text(1), b"bytes", "knob must be a text, not bytes"),
        (Choice(("sample", "beam")), "bean", "knob must be one of sample, beam, not 'bean'"),
        (Choice(("sample", "beam")), ["beam"], "knob must be one of sample, beam, not ['beam']"),
        (Switch(), 1, "knob must be true or false, not 1"),
    ],
    ids=repr,
)
def test_any_other_value_is_refused_with_the_field_and_the_bounds(bounds, value, message):
    with pytest.raises(FieldError) as caught:
        bounds.checked("knob", value)
    assert str(caught.value) == message
    assert (caught.value.field, f"knob {caught.value.problem}") == ("knob", message)


def test_a_number_that_python_cannot_write_is_refused_like_any_other():
    for bounds in (Integer(1, 8), Number(0, 2), Choice(("sample",)), Switch()):
        for value in (10**5000, -(10**5000), [10**5000]):
            with pytest.raises(FieldError, match=r"^knob must be .*, not a number of thousands of digits"):
                bounds.checked("knob", value)


def test_a_long_value_is_quoted_in_part():
    for bounds in (Integer(1), Number(0), Choice(("sample",)), Switch()):
        with pytest.raises(FieldError) as caught:
            bounds.checked("knob", "x" * 10_000)
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Integer(1, 5_000), "from 1 to 5,000"),
        (Integer(0), "at least 0"),
        (Number(0, 1e9), "from 0 to 1e+09"),
        (Number(0), "at least 0"),
        (Number(0, 1, above=True), "above 0 and at most 1"),
        (Text(1, 100), "at most 100 characters"),
        (Choice(("sample", "greedy", "beam")), "sample or greedy or beam"),
        (Switch(), "true or false"),
    ],
    ids=repr,
)
def test_bounds_say_in_words_what_they_allow(bounds, words):
    assert str(bounds) == words


def test_only_an_optional_field_may_be_none():
    assert (Knobs().absent, Knobs(optional=None).optional) == (None, None)
    with pytest.raises(FieldError, match=r"^required must be a whole number from 1 to 8, not None"):
        Knobs(required=None)
    with pytest.raises(FieldError, match=r"^optional must be"):
        Knobs(optional=9)


def test_settings_hold_plain_values():
    knobs = Knobs(required=np.int64(2), absent=np.uint8(3))
    assert knobs == Knobs(required=2, absent=3)
    assert {type(knobs.required), type(knobs.absent)} == {int}


def test_a_field_error_is_a_value_error_that_survives_pickling():
    error = FieldError("knob", "must be less")
    assert isinstance(error, ValueError)
    for copied in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(copied), copied.field, copied.problem) == (FieldError, "knob", "must be less")
        assert str(copied) == "knob must be less"
