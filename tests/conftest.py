"""Fixtures that many tests share: a made-up text, tiny models, scripts run as real processes, and the page."""

import hashlib
import io
import os
import random
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import HealthCheck, settings

from tests.ci import needed
from tests.scheduling import pytest_collection_modifyitems, pytest_xdist_make_scheduler  # noqa: F401
from tests.server import ROOT, serving
from tinygpt import (
    GPTConfig,
    GPTLanguageModel,
    TextEncoderDecoder,
    TrainConfig,
    Trainer,
    open_checkpoint,
    save_checkpoint,
)
from tinygpt.data.dataset import Dataset, dataset_from_text
from tinygpt.engines.device import choose_device
from tinygpt.ui.environment import without_type_stubs

if TYPE_CHECKING:
    from playwright.sync_api import Browser

torch.set_num_threads(1)
# A shell without job control starts a command in the background deaf to Ctrl-C, and `nohup` deaf to SIGHUP; so would be
# what the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGTERM, signal.default_int_handler)  # tests that are ended say what had failed until then
if find_spec("gradio"):
    with without_type_stubs():
        import gradio  # noqa: F401
# The same examples every time, so that a failure can be reproduced.
settings.register_profile(
    "tinygpt", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tinygpt")

QUIET = (  # no calls home, which a machine without internet would answer with a row of errors
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
)


def _made_up_play(speeches: int) -> str:
    """Return made-up English in the form of a play."""
    pick = random.Random(1).choice
    who = ["BAKER", "MILLER", "OLD SAILOR", "THE QUEEN"]
    lines = []
    for _ in range(speeches):
        lines.append(f"{pick(who)}:")
        for _ in range(pick([1, 2, 3])):
            first = f"{pick(['My', 'The', 'A', 'No'])} {pick(['quiet', 'warm', 'salty', 'broken'])}"
            noun, verb = pick(["bread", "river", "harbor", "candle"]), pick(["waits", "sings", "burns", "is gone"])
            lines.append(
                f"{first} {noun} {verb}, {pick(['and', 'but', 'for'])} I don't {pick(['know', 'weep'])}{pick('.!?;')}"
            )
        lines.append("")
    return "\n".join(lines)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of engines and of training run on a GPU."""
    told = "where torch computes in tests of engines and training; with any other than cpu, only those are run"
    parser.addoption("--device", default="cpu", help=told)


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> torch.device:
    """The device of the option --device, on which tests train and run torch's engines."""
    return choose_device(request.config.getoption("--device"))


@pytest.fixture(scope="session")
def text() -> str:
    return _made_up_play(80)


@pytest.fixture(scope="session")
def dataset(text: str) -> Dataset:
    return dataset_from_text(text, hashlib.sha256(text.encode()).hexdigest())


@pytest.fixture(scope="session")
def tokenizer(dataset: Dataset) -> TextEncoderDecoder:
    return dataset.tokenizer


@pytest.fixture(scope="session")
def shape(tokenizer: TextEncoderDecoder) -> GPTConfig:
    """The config of a model that trains in milliseconds. Tests change the fields they are about with `replace`."""
    return GPTConfig(vocab_size=tokenizer.vocab_size, block_size=8, n_layer=2, n_head=2, n_embd=16)


@pytest.fixture(scope="session")
def train_config() -> TrainConfig:
    """The config of a training run that takes milliseconds."""
    return TrainConfig(batch_size=4, max_iters=6, eval_interval=2, eval_iters=2, learning_rate=1e-2)


@pytest.fixture
def train(shape, train_config, dataset, device):
    """train(folder, max_iters=..., ...) returns a Trainer of a tiny model with dropout that has not run yet."""

    def make(folder: Path, model: dict | None = None, data=dataset, dtype=torch.float32, teachers=(), **changes):
        config = replace(shape, **{"family": "qwen3", "dropout": 0.1} | (model or {}))
        changed = replace(train_config, **changes)
        return Trainer(config, changed, data, folder, preset="tiny", device=device, dtype=dtype, teachers=teachers)

    return make


@pytest.fixture(scope="session")
def build(shape: GPTConfig) -> Callable[..., GPTLanguageModel]:
    """build(family, block_size=...) returns a tiny model in evaluation mode, with the same weights every time."""

    def make(family: str = "gpt", seed: int = 0, **changes) -> GPTLanguageModel:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = GPTLanguageModel(replace(shape, family=family, **changes)).eval()
            # Freshly initialized weights are so small that all characters are about equally likely.
            for parameter in model.parameters():
                parameter.data += 0.15 * torch.randn_like(parameter)
        return model

    return make


@pytest.fixture(scope="session")
def weights(build, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a saved tiny model. Tests only read it."""
    folder = tmp_path_factory.mktemp("weights")
    save_checkpoint(folder, build(), dataset.tokenizer, facts={"data_sha256": dataset.sha256})
    return folder


@pytest.fixture(scope="session")
def text_file(text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "play.txt"
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The URL of the page with the shipped weights, started once for all tests that change nothing in it."""
    open_checkpoint(ROOT / "weights")  # or in a new copy, the page would write slowly at first
    with serving() as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    sync_playwright = needed("playwright.sync_api").sync_playwright
    from benchmarks.serving import find_browser

    path = find_browser()
    if path is None:
        reason = "the browser tests need Chromium, Chrome or Edge, and none was found"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    sandbox = not hasattr(os, "geteuid") or os.geteuid() != 0  # Chromium's sandbox refuses root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET, chromium_sandbox=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """start("-m", "tinygpt") starts Python as a separate process, with pipes, in an empty folder.

    Processes that still run when the test ends are killed.
    """
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TINYGPT_"))}
    environment |= {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    environment |= {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "0"}
    processes = []

    def launch(*arguments: object) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=home,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            pipesize=4096,  # small, so that a process that writes more than the test reads has to wait
        )
        processes.append(process)
        return process

    yield launch
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def run(start) -> Callable[..., subprocess.CompletedProcess]:
    """run("-m", "tinygpt", piped="...") starts Python like `start`, waits for its end and returns what it printed."""

    def wait(*arguments: object, piped: str = "") -> subprocess.CompletedProcess:
        process = start(*arguments)
        out, err = process.communicate(piped, timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return wait


@pytest.fixture
def called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., subprocess.CompletedProcess]:
    """called("tinygpt", "--length", 5) runs a script or a module in this process, as if from the command line.

    Returns what a separate process would, much faster.
    """

    def call(script: str | Path, *arguments: object, piped: str = "") -> subprocess.CompletedProcess:
        monkeypatch.setattr(sys, "argv", [str(script), *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(piped))
        code, message = 0, ""
        try:
            if str(script).endswith(".py"):
                runpy.run_path(str(script), run_name="__main__")
            else:
                monkeypatch.delitem(sys.modules, f"{script}.__main__", raising=False)  # or runpy warns
                runpy.run_module(script, run_name="__main__", alter_sys=False)
        except SystemExit as end:  # Python prints a text and ends with status 1
            code, message = (1, f"{end.code}\n") if isinstance(end.code, str) else (end.code or 0, "")
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(sys.argv, code, out, err + message)

    return call
