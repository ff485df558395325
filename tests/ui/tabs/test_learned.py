"""The tab How it learned: what the snapshots of a run write."""

import os
import re
from pathlib import Path

import pytest

from tests.corpus import NEEDS_CORPUS
from tinygpt import SampleConfig, open_checkpoint, stream
from tinygpt.checkpoint.reading import HISTORY
from tinygpt.data.text_files import CORPUS_VARIABLE
from tinygpt.flags import SHIPPED
from tinygpt.ui.blocks import build as build_page
from tinygpt.ui.components.events import Data
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.tabs.learned import LENGTH, write_snapshots


@pytest.fixture
def registry(run_folder) -> Registry:
    return Registry(Session(run_folder))


def texts(data: Data) -> list[str]:
    return [column["text"] for column in data["columns"]]


def said(data: Data) -> str:
    return " ".join(sentence for _, sentence in data["status"])


def written(registry: Registry, prompt: str, seed: str) -> list[Data]:
    return list(write_snapshots(registry, MAIN, prompt, seed, StopSignal()))


def test_every_snapshot_continues_the_same_prompt_with_the_same_seed(registry, run_folder):
    *_, last = written(registry, "My", "7")
    settings = SampleConfig(max_new_tokens=LENGTH, temperature=0.8, seed=7)
    folders = sorted((run_folder / HISTORY).iterdir())
    assert texts(last) == ["".join(stream(*open_checkpoint(folder), "My", settings)) for folder in folders]
    assert [each["heading"] for each in last["columns"]] == ["Step 1", "Step 8", "Step 64"]
    assert "seed (7)" in said(last)


def test_the_texts_grow_side_by_side(registry):
    lengths = [[len(text) for text in texts(data)] for data in written(registry, "My", "7") if "columns" in data]
    assert lengths[0] == [1, 1, 1]
    assert all(len(set(each)) == 1 for each in lengths)
    assert lengths[-1] == [LENGTH] * 3


def test_every_answer_but_the_last_says_that_others_are_to_come(registry):
    *growing, last = written(registry, "My", "7")
    assert growing
    assert all(data["writing"] for data in growing)
    assert "writing" not in last


def test_weights_without_snapshots_are_answered_with_nothing_to_say(registry, run_folder):
    (run_folder / HISTORY).rename(run_folder / "elsewhere")
    assert written(registry, "My", "7") == [{"status": []}]


@pytest.mark.parametrize(
    ("prompt", "seed", "problem"), [("My", "seven", "seed must be"), ("x" * 10_001, "7", "prompt must be")]
)
def test_fields_out_of_bounds_are_refused(registry, prompt, seed, problem):
    with pytest.raises(ValueError, match=problem):
        written(registry, prompt, seed)


def test_stop_ends_all_texts(registry):
    signal = StopSignal()
    growing = write_snapshots(registry, MAIN, "My", "7", signal)
    next(data for data in growing if "columns" in data)
    signal.stop()
    *_, last = growing
    assert all(len(text) < LENGTH for text in texts(last))
    assert "Stopped" in said(last)


def test_the_form_is_hidden_for_weights_without_snapshots(run_folder):
    def form_is_visible() -> bool:
        components = build_page(Registry(Session(run_folder))).get_config_file()["components"]
        button = next(each for each in components if each["props"].get("value") == "Write side by side")
        return button is not None and all(
            each["props"].get("visible", True) for each in components if each["type"] == "row"
        )

    assert form_is_visible()
    (run_folder / HISTORY).rename(run_folder / "elsewhere")
    assert not form_is_visible()


@NEEDS_CORPUS
def test_what_is_said_of_the_shipped_snapshots_is_true_of_their_texts():
    words = re.compile(r"[A-Za-z']+")
    corpus = Path(os.environ[CORPUS_VARIABLE]).read_text(encoding="utf-8")
    known, registry = set(words.findall(corpus.lower())), Registry(Session(SHIPPED))
    columns = [written(registry, "ROMEO:\n", str(seed))[-1]["columns"] for seed in range(4)]
    stages = {"almost at random": (0, 0.2), "Most words are real.": (0.5, 0.9), "Nearly all words are real": (0.9, 1)}
    for snapshot in zip(*columns, strict=True):
        low, high = next(share for words, share in stages.items() if words in snapshot[0]["caption"])
        found = words.findall(" ".join(column["text"] for column in snapshot).lower())
        assert low <= sum(word in known for word in found) / len(found) <= high
        assert high < 1 or all(column["text"].count("\n") >= 5 for column in snapshot)  # in lines
