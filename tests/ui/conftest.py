"""What several tests of the page share."""

from pathlib import Path

import pytest

from tinygpt import save_checkpoint
from tinygpt.checkpoint.reading import HISTORY


@pytest.fixture
def run_folder(build, dataset, tmp_path) -> Path:
    """The folder of a run that kept snapshots of steps 1, 8 and 64; it published the weights of the last one."""
    for seed, (step, loss) in enumerate({1: 4.0, 8: 3.0, 64: 2.0}.items()):
        facts = {"steps": step, "validation_loss": loss}
        save_checkpoint(tmp_path / HISTORY / f"step-{step:06}", build(seed=seed), dataset.tokenizer, facts=facts)
    save_checkpoint(tmp_path, build(seed=2), dataset.tokenizer, facts={"steps": 64})
    return tmp_path
