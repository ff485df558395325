"""The page under load, as its benchmark puts it there."""

import re
from pathlib import Path

import pytest

from tests.benchmarks.outcome import assert_refused, printed
from tests.ci import ONLY_IN_CI

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the load is measured on Linux only")


@ONLY_IN_CI
def test_visitors_who_read_leave_or_never_read_are_served_and_leave_nothing_behind(run, weights):
    flags = ("--weights", weights, "--length", 20, "--visitors", 3, "--rounds", 2, "--joins", 3)
    done = run("-m", "benchmarks.load", *flags)  # an event loop of its own, which a browser test may have here
    assert printed(done, "seed").startswith("0 for the first visitor")
    assert re.match(r"\d+ MB, \d+ open files", printed(done, "at rest"))
    people = "1 read to the end, 1 leave mid-stream, 1 never read"
    assert printed(done, "3 at once, 20 characters each:") == people
    assert printed(done, "visitors") == "3 served; promised: all served"
    assert re.match(r"[\d.]+ s, [\d.]+ s for 95 %", printed(done, "first text"))
    assert "at most 1 s, always" in printed(done, "the page")
    assert printed(done, "free places").startswith("3 of 3 long texts began")


def test_more_visitors_than_can_be_measured_are_refused_in_one_line(called):
    assert_refused(
        called("benchmarks.load", "--visitors", 0), "load", "--visitors must be a whole number from 1 to 1,000"
    )
