"""As many texts are computed at once as there are cores, and no more; the others wait in order."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock, Semaphore, Thread

import pytest

from tinygpt.background import cores
from tinygpt.inference import scheduling
from tinygpt.inference.scheduling import FairSemaphore, in_turn


@pytest.fixture
def queued(monkeypatch) -> Semaphore:
    """Released each time a thread is about to wait for its turn."""
    noticed = Semaphore(0)

    class NoticedLock:
        def __init__(self):
            self._lock, self._taken = Lock(), False

        def acquire(self) -> None:
            if self._taken:
                noticed.release()
            self._taken = True
            self._lock.acquire()

        def release(self) -> None:
            self._lock.release()

        def __enter__(self) -> None:
            self._lock.acquire()

        def __exit__(self, *_: object) -> None:
            self._lock.release()

    monkeypatch.setattr(scheduling, "Lock", NoticedLock)
    return noticed


def enter(places: FairSemaphore, order: list, name: object) -> None:
    with places:
        order.append(name)


def test_as_many_compute_at_the_same_time_as_there_are_cores():
    together = Barrier(cores(), timeout=10)
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(lambda _: in_turn(together.wait), range(cores())))  # ends only if all of them are at work


def test_never_more_compute_at_the_same_time_however_many_ask():
    at_work, most, lock = 0, 0, Lock()

    def work(change: int) -> None:
        nonlocal at_work, most
        with lock:
            at_work += change
            most = max(most, at_work)

    with ThreadPoolExecutor(8 * cores()) as pool:
        list(pool.map(lambda _: in_turn(lambda: (work(1), work(-1))), range(400)))
    assert 1 <= most <= cores()


def test_those_who_wait_come_in_the_order_in_which_they_came(queued):
    places, order, threads = FairSemaphore(1), [], []
    with places:
        for name in range(5):
            threads.append(Thread(target=enter, args=(places, order, name)))
            threads[-1].start()
            assert queued.acquire(timeout=10)
    for thread in threads:
        thread.join(10)
    assert order == list(range(5))


def test_whoever_comes_back_at_once_is_behind_those_who_wait(queued):
    places, order = FairSemaphore(1), []
    thread = Thread(target=enter, args=(places, order, "other"))
    with places:
        thread.start()
        assert queued.acquire(timeout=10)
    enter(places, order, "again")
    thread.join(10)
    assert order == ["other", "again"]


@pytest.mark.parametrize("places", [1, 2])
def test_a_thread_that_is_interrupted_while_it_waits_takes_no_place_away(places, monkeypatch):
    semaphore, acquired = FairSemaphore(places), []

    class Interrupted:
        def acquire(self) -> None:
            acquired.append(1)
            if len(acquired) == 2:  # the first one only takes the new lock
                raise KeyboardInterrupt

        def release(self) -> None: ...

    for _ in range(places):
        semaphore.__enter__()
    with monkeypatch.context() as patched:
        patched.setattr(scheduling, "Lock", Interrupted)
        with pytest.raises(KeyboardInterrupt), semaphore:
            pass
    for _ in range(places):
        semaphore.__exit__()
    for _ in range(places):  # all places are free again
        semaphore.__enter__()


def test_what_the_work_raises_reaches_the_one_who_asked_and_its_place_is_free_again():
    for _ in range(2 * cores()):
        with pytest.raises(ZeroDivisionError):
            in_turn(lambda: 1 / 0)
    assert in_turn(max, 1, 2) == 2
