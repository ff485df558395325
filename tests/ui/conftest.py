"""What several tests of the page share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.server import free_port
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

    With `uploads`, a folder, files can be uploaded into it, `max_uploads` bytes in all.
    """
    from tinygpt.ui.blocks import build  # importing gradio takes seconds
    from tinygpt.ui.serving import serve

    @contextmanager
    def served(
        host: str = "127.0.0.1",
        root_path: str = "",
        share: bool = False,
        uploads: Path = Path("none"),
        max_uploads: int = 0,
    ) -> Iterator[str]:
        page, port = build(Registry(Session(weights)), local=True), free_port()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GRADIO_TEMP_DIR", str(uploads.absolute()))
            options = {"share": share, "auth": None, "uploads": uploads, "max_uploads": max_uploads}
            serve(page, host=host, port=port, root_path=root_path, **options)
        yield f"http://{f'[{host}]' if ':' in host else host.replace('0.0.0.0', '127.0.0.1')}:{port}"
        page.close(verbose=False)

    return served
