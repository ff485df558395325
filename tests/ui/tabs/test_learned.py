"""The tab How it learned: what the snapshots of a run write."""

import math
import re
from html import unescape

import gradio as gr
import pytest

from tinygpt import SampleConfig, open_checkpoint, stream
from tinygpt.checkpoint.reading import HISTORY
from tinygpt.ui.blocks import build as build_page
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.tabs.learned import LENGTH, SnapshotTexts, write_snapshots


@pytest.fixture
def registry(run_folder) -> Registry:
    return Registry(Session(run_folder))


def texts(html: str) -> list[str]:
    columns = re.findall(r'<div class="output-text">(.*?)</div>', html, re.S)
    return [unescape(re.sub("<[^>]*>", "", column)) for column in columns]


def selected(html: str) -> list[str]:
    return re.findall(r'data-name="(\d+)" class="here" aria-current="true"', html)


def test_every_snapshot_continues_the_same_prompt_with_the_same_seed(registry, run_folder):
    *_, (html, status) = write_snapshots(registry, MAIN, "My", "7", SnapshotTexts())
    settings = SampleConfig(max_new_tokens=LENGTH, temperature=0.8, seed=7)
    folders = sorted((run_folder / HISTORY).iterdir())
    assert texts(html) == ["".join(stream(*open_checkpoint(folder), "My", settings)) for folder in folders]
    assert "seed 7" in status
    assert selected(html) == []


def test_the_texts_grow_side_by_side(registry):
    lengths = [
        [len(text) for text in texts(html)]
        for html, _ in write_snapshots(registry, MAIN, "My", "7", SnapshotTexts())
        if type(html) is str
    ]
    assert lengths[0] == [1, 1, 1]
    assert all(len(set(each)) == 1 for each in lengths)
    assert lengths[-1] == [LENGTH] * 3


def test_one_snapshot_writes_into_its_column_and_the_others_keep_their_texts(registry):
    state = SnapshotTexts()
    *_, (before, _) = write_snapshots(registry, MAIN, "My", "7", state)
    *_, (after, _) = write_snapshots(registry, MAIN, "The", "8", state, 8)
    assert [old == new for old, new in zip(texts(before), texts(after), strict=True)] == [True, False, True]
    assert selected(after) == ["8"]
    assert texts(after) == texts(state.html(registry[MAIN]))


@pytest.mark.parametrize("step", [2, "8", [8], math.nan], ids=repr)
def test_a_point_without_a_snapshot_changes_nothing(registry, step):
    state = SnapshotTexts()
    assert list(write_snapshots(registry, MAIN, "My", "7", state, step)) == [(gr.skip(), gr.skip())]
    assert (state.texts, state.selected) == ({}, None)


@pytest.mark.parametrize(
    ("prompt", "seed", "problem"), [("My", "seven", "seed must be"), ("x" * 10_001, "7", "prompt must be")]
)
def test_fields_out_of_bounds_are_refused_and_the_texts_stay(registry, prompt, seed, problem):
    state = SnapshotTexts()
    list(write_snapshots(registry, MAIN, "My", "7", state))
    kept = dict(state.texts)
    *_, (_, status) = write_snapshots(registry, MAIN, prompt, seed, state)
    assert problem in status
    assert state.texts == kept


def test_a_text_for_weights_chosen_before_does_not_come_back(registry):
    state = SnapshotTexts()
    first = write_snapshots(registry, MAIN, "My", "7", state)
    next(shown for shown in first if type(shown[0]) is str)
    state.begin()
    assert [type(part) for shown in first for part in shown] == [dict, dict]  # nothing is to change


def test_a_refused_request_stops_the_text_before_it_so_that_the_refusal_stays(registry):
    state = SnapshotTexts()
    first = write_snapshots(registry, MAIN, "My", "7", state)
    next(shown for shown in first if type(shown[0]) is str)
    *_, (_, status) = write_snapshots(registry, MAIN, "My", "seven", state)
    assert "seed must be" in status
    assert [type(part) for shown in first for part in shown] == [dict, dict]  # nothing is to change


def test_stop_ends_all_texts(registry):
    state = SnapshotTexts()
    growing = write_snapshots(registry, MAIN, "My", "7", state)
    next(shown for shown in growing if type(shown[0]) is str)
    state.stop()
    *_, (html, status) = growing
    assert all(len(text) < LENGTH for text in texts(html))
    assert "stopped" in status


def test_a_new_request_stops_the_text_before_it(registry):
    state = SnapshotTexts()
    first = write_snapshots(registry, MAIN, "My", "7", state)
    next(shown for shown in first if type(shown[0]) is str)
    *_, (html, _) = write_snapshots(registry, MAIN, "My", "7", state, 8)
    assert [type(part) for shown in first for part in shown] == [dict, dict]  # no text: nothing is to change
    assert [len(text) == LENGTH for text in texts(html)] == [False, True, False]


def test_the_form_is_hidden_for_weights_without_snapshots(run_folder):
    def form_is_visible() -> bool:
        components = build_page(Registry(Session(run_folder))).get_config_file()["components"]
        button = next(each for each in components if each["props"].get("value") == "Write with every snapshot")
        return button is not None and all(
            each["props"].get("visible", True) for each in components if each["type"] == "column"
        )

    assert form_is_visible()
    (run_folder / HISTORY).rename(run_folder / "elsewhere")
    assert not form_is_visible()
