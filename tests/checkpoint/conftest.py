"""What the tests of checkpoints share."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def folder(weights, tmp_path) -> Path:
    """A copy of a saved tiny model, to be damaged."""
    return Path(shutil.copytree(weights, tmp_path / "saved"))
