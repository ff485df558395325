"""Which files of a folder of weights are published."""

import os

import numpy as np
import pytest

from tests.disks import small_file_system
from tests.hub.checkpoints import refusal, save
from tinygpt.checkpoint import reading
from tinygpt.data.memorization import INDEX, build_index
from tinygpt.hub import files
from tinygpt.hub.files import INDEX_FILES, copy_published, is_published


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


def test_weights_that_a_run_replaces_while_they_are_copied_are_refused(folder, tmp_path, monkeypatch):
    (tmp_path / "copy").mkdir()

    def read_facts(path):
        facts = reading.read_facts(path)
        if path == folder:
            save(path, seed=3)  # as a run does that goes on meanwhile
        return facts

    monkeypatch.setattr(files, "read_facts", read_facts)
    message = refusal(ValueError, copy_published, folder, tmp_path / "copy")
    assert "was replaced while it was copied" in message
    assert "after the training run has ended" in message


@pytest.fixture
def copy(tmp_path):
    (tmp_path / "copy").mkdir()
    return tmp_path / "copy"


def copied(copy):
    return {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}


links = pytest.mark.skipif(os.name == "nt", reason="Windows lets only administrators make links")


@links
@pytest.mark.parametrize("name", ["metrics.jsonl", "README.md", "sample.json", "memorization.npy", "model.safetensors"])
def test_a_file_that_links_out_of_the_folder_is_refused(folder, tmp_path, copy, name):
    secret = tmp_path / "secret"
    secret.write_bytes((folder / name).read_bytes() if (folder / name).exists() else b"{}\n")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(secret)
    message = refusal(ValueError, copy_published, folder, copy, with_index=True)
    assert f"{folder / name} is a link to {secret}" in message
    assert copied(copy) == set()


@links
def test_a_snapshot_that_lies_elsewhere_is_left_out(folder, tmp_path, copy, caplog):
    save(tmp_path / "private", seed=2)
    (folder / "history").mkdir()
    (folder / "history" / "step-000002").symlink_to(tmp_path / "private")
    copy_published(folder, copy)
    assert copied(copy) == {"model.safetensors", "config.json", "metrics.jsonl"}
    assert "step-000002" in caplog.text


@links
def test_links_within_the_folder_and_within_the_cache_of_downloads_are_followed(folder, tmp_path, copy):
    cached = tmp_path / "models--ann--gpt" / "snapshots" / "0123"
    cached.mkdir(parents=True)
    (tmp_path / "models--ann--gpt" / "blobs").mkdir()
    for name in ("model.safetensors", "config.json", "metrics.jsonl"):
        (folder / name).rename(tmp_path / "models--ann--gpt" / "blobs" / name)
        (cached / name).symlink_to(f"../../blobs/{name}")
    (tmp_path / "models--ann--gpt" / "secret").write_text("private")
    (cached / "notes.md").write_text("Mine.")
    (cached / "README.md").symlink_to("notes.md")
    (tmp_path / "link").symlink_to(cached)
    copy_published(tmp_path / "link", copy)
    assert copied(copy) == {"model.safetensors", "config.json", "metrics.jsonl", "README.md"}
    (cached / "sample.json").symlink_to("../../secret")
    assert "secret" in refusal(ValueError, copy_published, cached, copy)


def test_what_is_too_large_is_refused_and_metrics_that_are_none_are_left_out(folder, copy, caplog):
    (folder / "metrics.jsonl").write_text('{"step": 1}\n{"step": 2')  # as a crash leaves it
    copy_published(folder, copy)
    assert (copy / "metrics.jsonl").read_text() == '{"step": 1}\n'
    (copy / "metrics.jsonl").unlink()
    (folder / "metrics.jsonl").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    copy_published(folder, copy)
    assert "metrics.jsonl" not in copied(copy)
    assert "metrics.jsonl: it does not hold rows" in caplog.text
    with (folder / "README.md").open("wb") as file:
        file.truncate(10**10)  # a sparse file
    assert "README.md is too large" in refusal(ValueError, copy_published, folder, copy)


def test_a_snapshot_that_the_run_removes_meanwhile_is_left_out(folder, copy, monkeypatch, caplog):
    for step in (1, 2):
        save(folder / "history" / f"step-{step:06}", seed=step)

    def read_checkpoint(path):
        checkpoint = reading.read_checkpoint(path)
        if path.name == "step-000001":
            (path / "model.safetensors").unlink()  # as a run does that keeps the newest
        return checkpoint

    monkeypatch.setattr(files, "read_checkpoint", read_checkpoint)
    copy_published(folder, copy)
    assert [path.name for path in (copy / "history").iterdir()] == ["step-000002"]
    assert "step-000001" in caplog.text


def test_without_room_for_a_snapshot_nothing_counts_as_copied(folder, tmp_path):
    save(folder / "history" / "step-000001", seed=1)
    with small_file_system(tmp_path / "disk", kilobytes=28) as disk:
        assert "No space left" in refusal(OSError, copy_published, folder, disk)
        assert (disk / "metrics.jsonl").exists()


def test_the_index_of_a_text_is_no_larger_than_its_limit(tmp_path):
    np.save(tmp_path / INDEX, build_index("To be, or not to be, that is the question."))
    assert (tmp_path / INDEX).stat().st_size <= INDEX_FILES[INDEX]
