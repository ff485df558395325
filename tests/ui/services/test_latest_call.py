"""Of a visitor's calls, the latest one is answered."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tinygpt.ui.services.latest_call import SUPERSEDED, LatestCall


def test_a_call_ends_the_one_before_it_also_where_they_come_in_another_order():
    latest = LatestCall()
    first, third, second = (latest.begin(number) for number in (1, 3, 2))
    assert [each.reason for each in (first, third, second)] == [SUPERSEDED, "", SUPERSEDED]
    assert [latest.is_latest(each) for each in (first, third, second)] == [False, True, False]
    latest.stop()
    assert third.reason == "stopped"
    assert latest.is_latest(third)  # what was written of it is shown


@pytest.mark.parametrize("number", [None, "2", 2.0, True, [2], 1, 0, -1], ids=repr)
def test_what_is_no_later_number_begins_nothing(number):
    latest = LatestCall()
    signal = latest.begin(1)
    assert latest.begin(number).reason == SUPERSEDED
    assert latest.is_latest(signal)


def test_of_calls_at_the_same_time_the_last_number_wins():
    for _ in range(50):
        latest = LatestCall()
        with ThreadPoolExecutor(4) as pool:
            signals = list(pool.map(latest.begin, range(1, 9)))
        assert [latest.is_latest(each) for each in signals] == [False] * 7 + [True]
