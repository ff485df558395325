"""Work in the background: what it returns or raises arrives, and it never keeps a program from ending."""

import os
import subprocess
import sys
from threading import Event, current_thread

import pytest

from tests.server import ROOT
from tinygpt.background import cores, in_background


def test_the_future_gets_what_the_work_returns():
    go = Event()
    future = in_background(lambda: (go.wait(10), current_thread().daemon))
    assert not future.done()  # the caller goes on meanwhile
    go.set()
    assert future.result(timeout=10) == (True, True)


@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_the_future_raises_what_the_work_raises(error):
    def failing() -> None:
        raise error

    future = in_background(failing)
    assert future.exception(timeout=10) is error
    with pytest.raises(type(error)):
        future.result()


def test_work_that_hangs_does_not_keep_a_program_from_ending():
    program = """
from threading import Event
from tinygpt.background import in_background
started = Event()
in_background(lambda: (started.set(), Event().wait()))
assert started.wait(10)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs a system that can bind a process to cores")
def test_only_cores_that_the_process_may_use_are_counted():
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert cores() == len(allowed)


@pytest.mark.parametrize(("count", "expected"), [(3, 3), (None, 1)])
def test_a_system_that_binds_no_process_to_cores_lets_it_use_all(monkeypatch, count, expected):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)  # None where it cannot be determined
    assert cores() == expected
