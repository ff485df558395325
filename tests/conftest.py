"""What several test files need: a text of our own, tiny models, and scripts run as real processes."""

import hashlib
import io
import os
import random
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from tinygpt import GPTConfig, GPTLanguageModel, TextEncoderDecoder, TrainConfig, Trainer, save_checkpoint
from tinygpt.data import Dataset, split

ROOT = Path(__file__).parent.parent

torch.set_num_threads(1)
# The same examples every time: a run that fails here fails everywhere.
settings.register_profile(
    "tinygpt", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tinygpt")


def _written(speeches: int) -> str:
    """Made-up English in the shape of a play."""
    pick = random.Random(1).choice
    who = ["BAKER", "MILLER", "OLD SAILOR", "THE QUEEN"]
    lines = []
    for _ in range(speeches):
        lines.append(f"{pick(who)}:")
        for _ in range(pick([1, 2, 3])):
            first = f"{pick(['My', 'The', 'A', 'No'])} {pick(['quiet', 'warm', 'salty', 'broken'])}"
            noun, verb = pick(["bread", "river", "harbour", "candle"]), pick(["waits", "sings", "burns", "is gone"])
            lines.append(
                f"{first} {noun} {verb}, {pick(['and', 'but', 'for'])} I don't {pick(['know', 'weep'])}{pick('.!?;')}"
            )
        lines.append("")
    return "\n".join(lines)


@pytest.fixture(scope="session")
def text() -> str:
    return _written(80)


@pytest.fixture(scope="session")
def dataset(text: str) -> Dataset:
    return split(text, hashlib.sha256(text.encode()).hexdigest())


@pytest.fixture(scope="session")
def tokenizer(dataset: Dataset) -> TextEncoderDecoder:
    return dataset.tokenizer


@pytest.fixture(scope="session")
def shape(tokenizer: TextEncoderDecoder) -> GPTConfig:
    """The config of a model that takes no time; tests change what they are about with `replace`."""
    return GPTConfig(vocab_size=tokenizer.vocab_size, block_size=8, n_layer=2, n_head=2, n_embd=16)


@pytest.fixture(scope="session")
def recipe() -> TrainConfig:
    """A training run that takes no time."""
    return TrainConfig(batch_size=4, max_iters=6, eval_interval=2, eval_iters=2, learning_rate=1e-2)


@pytest.fixture
def train(shape, recipe, dataset):
    """train(folder, max_iters=..., ...): a trainer of a tiny model with dropout, not yet run."""

    def made(folder: Path, model: dict | None = None, data=dataset, dtype=torch.float32, teachers=(), **changes):
        shaped = replace(shape, **{"family": "qwen3", "dropout": 0.1} | (model or {}))
        return Trainer(shaped, replace(recipe, **changes), data, folder, preset="tiny", dtype=dtype, teachers=teachers)

    return made


@pytest.fixture(scope="session")
def build(shape: GPTConfig) -> Callable[..., GPTLanguageModel]:
    """build(family, block_size=...): a tiny model in evaluation mode, the same one every time."""

    def built(family: str = "gpt", seed: int = 0, **changes) -> GPTLanguageModel:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = GPTLanguageModel(replace(shape, family=family, **changes)).eval()
            # Fresh weights are so small that every character is about as likely as any other.
            for parameter in model.parameters():
                parameter.data += 0.15 * torch.randn_like(parameter)
        return model

    return built


@pytest.fixture(scope="session")
def weights(build, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a saved tiny model, only to be read."""
    folder = tmp_path_factory.mktemp("weights")
    save_checkpoint(folder, build(), dataset.tokenizer, facts={"data_sha256": dataset.sha256})
    return folder


@pytest.fixture(scope="session")
def text_file(text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "play.txt"
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """start("-m", "tinygpt"): Python as a process of its own, with pipes, in an empty folder.

    What still runs when the test is over is killed.
    """
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TINYGPT_"))}
    environment |= {"HOME": str(home), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    environment |= {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "0"}
    processes = []

    def started(*arguments: object) -> subprocess.Popen:
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
            pipesize=4096,  # small, so that one who writes more than is read waits
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def run(start) -> Callable[..., subprocess.CompletedProcess]:
    """run("-m", "tinygpt", piped="..."): the same, waited for."""

    def ran(*arguments: object, piped: str = "") -> subprocess.CompletedProcess:
        process = start(*arguments)
        out, err = process.communicate(piped, timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return ran


@pytest.fixture
def called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., subprocess.CompletedProcess]:
    """called("tinygpt", "--length", 5): a script or a module run here as if from the command line.

    Much quicker than a process of its own; ends the same way.
    """

    def ran(script: str | Path, *arguments: object, piped: str = "") -> subprocess.CompletedProcess:
        monkeypatch.setattr(sys, "argv", [str(script), *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(piped))
        code, said = 0, ""
        try:
            if str(script).endswith(".py"):
                runpy.run_path(str(script), run_name="__main__")
            else:
                runpy.run_module(script, run_name="__main__", alter_sys=False)
        except SystemExit as end:  # a text is what Python prints before it fails with 1
            code, said = (1, f"{end.code}\n") if isinstance(end.code, str) else (end.code or 0, "")
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(sys.argv, code, out, err + said)

    return ran
