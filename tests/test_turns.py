"""turns.py: so many at once, and nobody is passed over."""

from contextlib import ExitStack
from threading import Barrier, Event, Thread

import pytest

from tinygpt.turns import Turns


def test_as_many_as_there_are_places_are_in_at_the_same_time():
    turns, together = Turns(3), Barrier(3, timeout=10)

    def work() -> None:
        with turns:
            together.wait()  # comes to an end only if all three are in

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not together.broken


def test_those_who_wait_come_in_the_order_in_which_they_came():
    turns, came = Turns(1), []
    threads = []
    with turns:
        for number in range(5):
            waiting = len(turns._waiting)
            threads.append(Thread(target=lambda number=number: enter(turns, came, number)))
            threads[-1].start()
            while len(turns._waiting) == waiting:
                pass
    for thread in threads:
        thread.join(10)
    assert came == list(range(5))


def test_whoever_comes_back_at_once_is_behind_those_who_wait():
    turns, came, waits = Turns(1), [], Event()

    def other() -> None:
        waits.set()
        enter(turns, came, "other")

    thread = Thread(target=other)
    with turns:
        thread.start()
        waits.wait(10)
        while not turns._waiting:
            pass
    with turns:
        came.append("again")
    thread.join(10)
    assert came == ["other", "again"]


def test_a_place_is_free_again_after_an_error():
    turns = Turns(1)
    for _ in range(2):
        try:
            with turns:
                raise ValueError
        except ValueError:
            pass
    with turns:
        pass


@pytest.mark.parametrize("places", [1, 2])
def test_who_is_interrupted_while_waiting_takes_no_place_away(places, monkeypatch):
    turns = Turns(places)

    class Interrupted:
        def acquire(self) -> None:
            if self in turns._waiting:
                raise KeyboardInterrupt

        def release(self) -> None: ...

    with ExitStack() as inside:
        for _ in range(places):
            inside.enter_context(turns)
        monkeypatch.setattr("tinygpt.turns.Lock", Interrupted)
        with pytest.raises(KeyboardInterrupt), turns:
            pass
    for _ in range(2):
        with turns:
            pass


def enter(turns: Turns, came: list, name: object) -> None:
    with turns:
        came.append(name)
