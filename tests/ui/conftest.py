"""What several tests of the page share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tinygpt import save_checkpoint
from tinygpt.checkpoint.reading import HISTORY
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session


@pytest.fixture
def run_folder(build, dataset, tmp_path) -> Path:
    """The folder of a run that kept snapshots of steps 1, 8 and 64; it published the weights of the last one."""
    for seed, (step, loss) in enumerate({1: 4.0, 8: 3.0, 64: 2.0}.items()):
        facts = {"steps": step, "validation_loss": loss}
        save_checkpoint(tmp_path / HISTORY / f"step-{step:06}", build(seed=seed), dataset.tokenizer, facts=facts)
    save_checkpoint(tmp_path, build(seed=2), dataset.tokenizer, facts={"steps": 64})
    return tmp_path


@pytest.fixture(scope="session")
def page_served(weights: Path) -> Callable[..., AbstractContextManager[str]]:
    """`with page_served(root_path="/below") as url` serves the page with tiny weights from this process, in a moment.

    Options are those of `launched`.
    """
    from tests.ui.launched import launched  # importing gradio takes seconds
    from tinygpt.ui.blocks import build

    @contextmanager
    def served(**options: Any) -> Iterator[str]:
        with launched(build(Registry(Session(weights)), local=True), **options) as client:
            yield str(client.base_url).rstrip("/")

    return served
