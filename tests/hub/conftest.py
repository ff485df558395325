"""huggingface_hub itself, in a process of its own, with a local server in place of the Hub."""

import multiprocessing
import os
import re
import socket
from concurrent.futures import ProcessPoolExecutor
from unittest.mock import patch

import pytest

from tests.hub.checkpoints import save
from tests.hub.hub_server import Server


@pytest.fixture(scope="session")
def server():
    with Server() as hub:
        yield hub


@pytest.fixture(scope="session")
def environment(server, tmp_path_factory):
    """The environment variables of a process whose huggingface_hub speaks to our server alone."""
    ours = {
        "HF_ENDPOINT": server.url,
        "HF_HOME": str(tmp_path_factory.mktemp("home")),
        "HF_TOKEN": "hf_fake",
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1",
        "OMP_NUM_THREADS": "1",
    }
    return {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))} | ours


@pytest.fixture(scope="session")
def call(environment):
    """call(function, *args): run a function in one process with that environment, which imports everything once."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        with patch.dict(os.environ, environment, clear=True):
            pool.submit(os.getpid).result(60)  # the process starts, and keeps this environment
        yield lambda function, *args: pool.submit(function, *args).result(60)


@pytest.fixture
def hub(server):
    """The server, without faults."""
    yield server
    server.heal()


@pytest.fixture
def offline():
    """An address that refuses every connection."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # the port is taken, but nothing listens on it
        yield f"http://127.0.0.1:{unused.getsockname()[1]}"


@pytest.fixture
def repo(request, hub):
    """A name of its own for each test, no longer than the Hub allows."""
    return "ann/" + re.sub(r"\W+", "-", request.node.name)[-80:].strip("-")


@pytest.fixture
def folder(tmp_path):
    """The folder of a training run: the files to publish, and others that stay private."""
    run = tmp_path / "run"
    save(run, seed=1)
    (run / "metrics.jsonl").write_text('{"step": 250, "validation_loss": 2.0}\n')
    (run / "training_state.safetensors").write_bytes(b"large and private")
    (run / "output.txt").write_text("a sample")
    return run
