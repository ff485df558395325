"""The benchmarks that start the page print what they measure."""

import re

import pytest

from benchmarks.serving import find_browser
from tests.benchmarks.outcome import printed
from tests.ci import ONLY_IN_CI


@ONLY_IN_CI
def test_the_start_is_timed_beside_an_empty_page(called, weights):
    done = called("benchmarks.startup", "--weights", weights, "--rounds", 1, "--cached")
    assert printed(done, "seed") == "1"
    assert re.match(r"[\d.]+ s, [\d.]+ times that", printed(done, "tinygpt's page"))
    assert re.match(r"[\d.]+ s after the page answers", printed(done, "first character"))


@ONLY_IN_CI
def test_the_panels_are_timed_in_a_browser(run, weights):
    if find_browser() is None:
        pytest.skip("the panels are timed in Chromium, Chrome or Edge, and none was found")
    # One process runs one Playwright at a time.
    done = run("-m", "benchmarks.panels", "--weights", weights, "--rounds", 1)
    assert printed(done, "seed") == "1"
    for name in ("candidates for a character", "the same, a slider moved", "another character in them"):
        assert re.match(r"\d+ ms, at most \d+", printed(done, name))
    assert "times as long as by `stream`" in printed(done, "2,000 characters for the page")


@ONLY_IN_CI
def test_the_page_without_a_server_is_timed_beside_the_engines_in_python(run, weights):
    if find_browser() is None:
        pytest.skip("the page is timed in Chromium, Chrome or Edge, and none was found")
    done = run("-m", "benchmarks.static", "--weights", weights, "--rounds", 1)
    assert printed(done, "seed") == "1"
    assert re.match(r"[\d,]+ bytes in \d+ files: weights [\d,]+, kernels [\d,]+", printed(done, "folder"))
    assert re.match(r"[\d.]+ s until a text is there", printed(done, "opening"))
    assert re.match(r"[\d.]+ s until the model has written", printed(done, "writing"))
    for name in ("browser, 250 characters", "browser, 2,000 characters", "numba on cpu", "torch"):
        assert re.match(r"[\d,]+ characters per second, at best +[\d,]+; ", printed(done, name))
