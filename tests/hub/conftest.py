"""The real library, in a process of its own, in front of a small Hub on this machine."""

import multiprocessing
import os
import re
import socket
from concurrent.futures import ProcessPoolExecutor
from unittest.mock import patch

import pytest
from checkpoints import save
from hub_server import Server


@pytest.fixture(scope="module")
def server():
    with Server() as hub_here:
        yield hub_here


@pytest.fixture(scope="module")
def environment(server, tmp_path_factory):
    """What makes the library speak to our Hub alone; it looks when it is imported."""
    ours = {
        "HF_ENDPOINT": server.url,
        "HF_HOME": str(tmp_path_factory.mktemp("home")),
        "HF_TOKEN": "hf_fake",
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1",
        "OMP_NUM_THREADS": "1",
    }
    return {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))} | ours


@pytest.fixture(scope="module")
def far(environment):
    """Calls a function in one process that lives, and imported everything, in that environment."""
    with (
        patch.dict(os.environ, environment, clear=True),
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
    ):
        yield lambda function, *args: pool.submit(function, *args).result(60)


@pytest.fixture
def here(server):
    yield server
    server.heal()


@pytest.fixture
def offline():
    """An address that refuses every connection."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        yield f"http://127.0.0.1:{nobody.getsockname()[1]}"


@pytest.fixture
def repo(request, here):
    return "ann/" + re.sub(r"\W+", "-", request.node.name).strip("-")


@pytest.fixture
def folder(tmp_path):
    """What a run leaves: the published files, and others that are nobody's business."""
    run = tmp_path / "run"
    save(run, seed=1)
    (run / "metrics.jsonl").write_text('{"step": 250, "validation_loss": 2.0}\n')
    (run / "training_state.safetensors").write_bytes(b"large and private")
    (run / "output.txt").write_text("a sample")
    return run
