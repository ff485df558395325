"""Work in the background: what it returns or raises arrives, and it never keeps a program from ending."""

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


def test_there_is_a_core_at_least():
    assert cores() >= 1
