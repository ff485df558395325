"""Weights that are replaced or damaged under a running app: what has been loaded goes on writing the same texts."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tinygpt import load_checkpoint, save_checkpoint
from tinygpt.checkpoint.reading import CONFIG, WEIGHTS
from tinygpt.request import GenerationRequest
from tinygpt.ui.services.session import Session, StopSignal

REQUEST = GenerationRequest(prompt="My", length=30, seed=1)


def text(session: Session) -> str:
    *_, last = session.write(REQUEST, StopSignal())
    return last.text


def truncate(folder: Path) -> None:
    os.truncate(folder / WEIGHTS, 100)


def overwrite(folder: Path) -> None:
    with (folder / WEIGHTS).open("r+b") as file:  # in place, as a bad copy does
        file.write(bytes(10_000))


def empty(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"")
    (folder / CONFIG).write_bytes(b"")


@pytest.fixture
def replace(build, tokenizer) -> Callable[[Path], None]:
    return lambda folder: save_checkpoint(folder, build(seed=5), tokenizer)


@pytest.mark.parametrize(
    "change",
    [truncate, overwrite, empty, shutil.rmtree, "replace"],
    ids=lambda change: getattr(change, "__name__", change),
)
def test_a_running_app_goes_on_serving(folder, weights, request, change):
    expected, started, loading = text(Session(weights)), Session(folder), Session(folder)
    assert text(started) == expected
    (request.getfixturevalue("replace") if change == "replace" else change)(folder)
    assert text(started) == expected
    assert text(loading) == expected  # it was started, but had not written yet


def test_a_model_in_torch_goes_on_too(folder, build):
    model, _ = load_checkpoint(folder)
    truncate(folder)
    start = torch.tensor([[1, 2]])
    assert torch.equal(model.generate(start, 30, seed=1), build().generate(start, 30, seed=1))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the files that a process has mapped")
def test_no_file_of_a_checkpoint_stays_open_or_mapped(folder):
    """A process that reads a mapped file is killed when that is truncated."""
    session = Session(folder)
    text(session)
    loaded = load_checkpoint(folder)
    assert loaded
    assert str(folder) not in Path("/proc/self/maps").read_text()
    assert not [link for link in Path("/proc/self/fd").iterdir() if str(folder) in os.path.realpath(link)]
