"""As many texts are computed at once as there are cores, and no more; the others wait in order."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock, Semaphore, Thread, current_thread

import pytest

from tinygpt.background import cores
from tinygpt.inference import scheduling
from tinygpt.inference.scheduling import Cores, in_turn


@pytest.fixture
def asked(monkeypatch) -> Semaphore:
    """Computes on a single core; released once for each piece of work that has joined the line."""
    noticed = Semaphore(0)

    class NoticedPool(ThreadPoolExecutor):
        def submit(self, *arguments: object, **options: object):
            future = super().submit(*arguments, **options)
            noticed.release()
            return future

    monkeypatch.setattr(scheduling, "ThreadPoolExecutor", NoticedPool)
    monkeypatch.setattr(scheduling, "_cores", Cores(1))
    return noticed


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


def test_a_thread_computes_by_itself_where_a_core_is_free():
    assert in_turn(current_thread) is current_thread()


def test_those_who_wait_come_in_order_and_whoever_comes_back_is_behind_them(asked: Semaphore):
    order, begun, end = [], Event(), Event()

    def first() -> None:
        in_turn(lambda: (begun.set(), end.wait(10)))
        in_turn(order.append, "again")

    threads = [Thread(target=first), *(Thread(target=in_turn, args=(order.append, name)) for name in range(5))]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
        assert asked.acquire(timeout=10)
    end.set()
    for thread in threads:
        thread.join(10)
    assert order == [*range(5), "again"]


def test_what_the_work_raises_reaches_the_one_who_asked_and_its_core_is_free_again(asked: Semaphore):
    begun, end, raised = Event(), Event(), Event()

    def divide() -> None:
        with pytest.raises(ZeroDivisionError):
            in_turn(lambda: 1 / 0)
        raised.set()

    divide()  # by itself
    taken, waiting = Thread(target=in_turn, args=(lambda: (begun.set(), end.wait(10)),)), Thread(target=divide)
    taken.start()
    assert begun.wait(10)
    raised.clear()
    waiting.start()
    assert asked.acquire(timeout=10)
    end.set()
    assert raised.wait(10)
    for thread in (taken, waiting):
        thread.join(10)
    assert in_turn(max, 1, 2) == 2


AT_EXIT = """
import atexit
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from tinygpt.inference import scheduling

begun, asked = Event(), Event()

class NoticedPool(ThreadPoolExecutor):
    def submit(self, *arguments):
        asked.set()
        return super().submit(*arguments)

scheduling.ThreadPoolExecutor = NoticedPool
core = scheduling.Cores(1)
Thread(target=core.run, args=(lambda: (begun.set(), asked.wait(10)),), daemon=True).start()
begun.wait(10)
atexit.register(core.run, print, "written")
"""


def test_what_waits_for_a_core_while_python_exits_is_still_computed():
    done = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("written\n", "")
