"""Of a visitor's wishes, the latest one is answered."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tinygpt.ui.services.wishes import SUPERSEDED, Wishes


def test_a_wish_ends_the_one_before_it_also_where_they_come_in_another_order():
    wishes = Wishes()
    first, third, second = (wishes.begin(number) for number in (1, 3, 2))
    assert [each.reason for each in (first, third, second)] == [SUPERSEDED, "", SUPERSEDED]
    assert [wishes.is_latest(each) for each in (first, third, second)] == [False, True, False]
    wishes.stop()
    assert third.reason == "stopped"
    assert wishes.is_latest(third)  # what was written of it is shown


@pytest.mark.parametrize("number", [None, "2", 2.0, True, [2], 1, 0, -1], ids=repr)
def test_what_is_no_later_number_begins_nothing(number):
    wishes = Wishes()
    latest = wishes.begin(1)
    assert wishes.begin(number).reason == SUPERSEDED
    assert wishes.is_latest(latest)


def test_of_wishes_at_the_same_time_the_last_number_wins():
    for _ in range(50):
        wishes = Wishes()
        with ThreadPoolExecutor(4) as pool:
            signals = list(pool.map(wishes.begin, range(1, 9)))
        assert [wishes.is_latest(each) for each in signals] == [False] * 7 + [True]
