"""memorised.py: what of a text stands in the training text."""

import pytest

from tinygpt.memorised import SHORTEST, memorised

TRAINING = "It is the east, and Juliet is the sun. Arise, fair sun, and kill the envious moon, who is already sick."


def test_a_text_of_ones_own_is_not_memorised():
    assert memorised(["Nothing in here was ever written by anybody else, as far as I can see."], TRAINING) == ("", 0.0)
    assert memorised([], TRAINING) == memorised(["", TRAINING[:29]], TRAINING) == memorised(["a"], "ab") == ("", 0.0)


def test_a_stretch_counts_from_thirty_characters_on():
    shortest = TRAINING[5 : 5 + SHORTEST]
    assert memorised([f"###{shortest}###"], TRAINING) == (shortest, pytest.approx(SHORTEST / (SHORTEST + 6)))


def test_the_longest_stretch_is_followed_to_its_end_and_overlaps_count_once():
    one, two = TRAINING[:40], TRAINING[20:95]
    text = f"{one}###{two}"
    assert memorised([text, one], TRAINING) == (two, pytest.approx((40 + 75 + 40) / (len(text) + 40)))


def test_a_text_known_by_heart_is_memorised_whole():
    assert memorised([TRAINING], TRAINING) == (TRAINING, 1.0)
