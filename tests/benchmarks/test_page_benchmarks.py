"""The benchmarks that start the page print what they measure."""

import re

import pytest

from benchmarks.serving import find_browser
from tests.benchmarks.outcome import assert_refused, printed


def test_the_start_is_timed_beside_an_empty_page(called):
    done = called("benchmarks.startup", "--rounds", 1)
    assert printed(done, "seed") == "1"
    assert re.match(r"[\d.]+ s, [\d.]+ times that", printed(done, "tinygpt's page"))
    assert re.match(r"[\d.]+ s after the page answers", printed(done, "first character"))


def test_visitors_of_the_page_are_timed_and_all_get_their_text(called):
    done = called("benchmarks.visitors", "--visitors", 3, "--length", 20)
    assert printed(done, "seed") == "0 to 2"
    assert printed(done, "3 at once, 20 characters each, all").startswith("done in")
    assert re.match(r"[\d,]+ MB", printed(done, "at rest"))


def test_a_number_of_visitors_out_of_bounds_is_refused_in_one_line(called):
    assert_refused(
        called("benchmarks.visitors", "--visitors", 1), "visitors", "--visitors must be a whole number from 2"
    )


def test_the_panels_are_timed_in_a_browser(run):
    if find_browser() is None:
        pytest.skip("the panels are timed in Chromium, Chrome or Edge, and none was found")
    done = run("-m", "benchmarks.panels", "--rounds", 1)  # one process runs one Playwright at a time
    assert printed(done, "seed") == "1"
    for name in ("candidates for a character", "the same, a slider moved", "another character in them"):
        assert re.match(r"\d+ ms, at most \d+", printed(done, name))
    assert "times as long as by `stream`" in printed(done, "2,000 characters for the page")
