"""Which files of a folder of weights are published."""

import pytest

from tests.hub.checkpoints import refusal, save
from tinygpt.checkpoint import reading
from tinygpt.hub import files
from tinygpt.hub.files import copy_published, is_published


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors",
        "config.json",
        "README.md",
        "sample.json",
        "memorization.npy",
        "history/step-000019/config.json",
        "history/step-1234567/model.safetensors",
    ],
)
def test_files_of_a_checkpoint_are_published(name):
    assert is_published(name)


@pytest.mark.parametrize(
    "name",
    [
        "output.txt",
        ".lock",
        "training_state.safetensors",
        "config.next.json",
        "metrics.jsonl.damaged",
        "sub/config.json",
        "/config.json",
        "../config.json",
        "history/config.json",
        "history/step-1/README.md",
        "history/step-1/../../config.json",
        "history/../history/step-1/config.json",
        "history/step-1/config.json/../../../x",
        "history/step-/config.json",
        "history/step-٣/config.json",
        "history/step-1/config.json\n",
        "history\\step-1\\config.json",
        "history/step-" + "1" * 300 + "/config.json",
    ],
)
def test_no_other_files_are_published(name):
    assert not is_published(name)


@pytest.mark.parametrize("name", ["", "history/step-000002"])
def test_weights_that_a_run_replaces_while_they_are_copied_are_refused(folder, tmp_path, monkeypatch, name):
    save(folder / name, seed=2)
    (tmp_path / "copy").mkdir()

    def read_facts(path):
        facts = reading.read_facts(path)
        if path == folder / name:
            save(path, seed=3)  # as a run does that goes on meanwhile
        return facts

    monkeypatch.setattr(files, "read_facts", read_facts)
    message = refusal(ValueError, copy_published, folder, tmp_path / "copy")
    assert "was replaced while it was copied" in message
    assert "after the training run has ended" in message
