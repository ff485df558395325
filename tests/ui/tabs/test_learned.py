"""The tab How it learned: what the snapshots of a run write."""

import math

import pytest

from tinygpt import SampleConfig, open_checkpoint, stream
from tinygpt.checkpoint.reading import HISTORY
from tinygpt.ui.blocks import build as build_page
from tinygpt.ui.components.events import Data
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.tabs.learned import LENGTH, write_snapshots


@pytest.fixture
def registry(run_folder) -> Registry:
    return Registry(Session(run_folder))


def texts(data: Data) -> list[str]:
    return [column["text"] for column in data["texts"].values()]


def said(data: Data) -> str:
    return " ".join(sentence for _, sentence in data["status"])


def written(registry: Registry, prompt: str, seed: str, step: object = None) -> list[Data]:
    return list(write_snapshots(registry, MAIN, prompt, seed, StopSignal(), step))


def test_every_snapshot_continues_the_same_prompt_with_the_same_seed(registry, run_folder):
    *_, last = written(registry, "My", "7")
    settings = SampleConfig(max_new_tokens=LENGTH, temperature=0.8, seed=7)
    folders = sorted((run_folder / HISTORY).iterdir())
    assert texts(last) == ["".join(stream(*open_checkpoint(folder), "My", settings)) for folder in folders]
    assert list(last["texts"]) == ["1", "8", "64"]
    assert "seed 7" in said(last)
    assert last["selected"] == ""


def test_the_texts_grow_side_by_side(registry):
    lengths = [[len(text) for text in texts(data)] for data in written(registry, "My", "7") if "texts" in data]
    assert lengths[0] == [1, 1, 1]
    assert all(len(set(each)) == 1 for each in lengths)
    assert lengths[-1] == [LENGTH] * 3


def test_one_snapshot_writes_its_own_text_alone(registry):
    *_, last = written(registry, "The", "8", 8)
    assert (list(last["texts"]), last["selected"]) == (["8"], "8")


@pytest.mark.parametrize("step", [2, "8", [8], math.nan], ids=repr)
def test_a_point_without_a_snapshot_changes_nothing(registry, step):
    assert written(registry, "My", "7", step) == []


@pytest.mark.parametrize(
    ("prompt", "seed", "problem"), [("My", "seven", "seed must be"), ("x" * 10_001, "7", "prompt must be")]
)
def test_fields_out_of_bounds_are_refused(registry, prompt, seed, problem):
    with pytest.raises(ValueError, match=problem):
        written(registry, prompt, seed)


def test_stop_ends_all_texts(registry):
    signal = StopSignal()
    growing = write_snapshots(registry, MAIN, "My", "7", signal)
    next(data for data in growing if "texts" in data)
    signal.stop()
    *_, last = growing
    assert all(len(text) < LENGTH for text in texts(last))
    assert "stopped" in said(last)


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
