"""Damage to a saved checkpoint, and how reading it has to fail."""

import hashlib
import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tinygpt.checkpoint.reading import CONFIG, WEIGHTS, read_checkpoint


def assert_refused(folder: Path, complaint: str, file: str = WEIGHTS) -> None:
    """Reading fails with one line that names the file."""
    with pytest.raises(ValueError, match=complaint) as caught:
        read_checkpoint(folder)
    assert "\n" not in str(caught.value)
    assert str(folder / file) in str(caught.value)
    assert len(str(caught.value)) < 500


def reconfigure(folder: Path, **changes) -> None:
    """Change facts in config.json."""
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | changes))


def replace_tensors(folder: Path, change) -> None:
    """Change the tensors in a checkpoint that is otherwise in order, its sha256 included."""
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)
    reconfigure(folder, weights_sha256=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest())
