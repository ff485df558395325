"""ONNX Runtime runs what is exported for it, and writes the same text."""

import json
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.ci import needed
from tests.export.conftest import TEXT
from tinygpt import GPTConfig, SampleConfig, open_checkpoint, stream
from tinygpt.checkpoint.reading import Checkpoint, read_checkpoint
from tinygpt.export.to_onnx import build_onnx, export_onnx
from tinygpt.flags import SHIPPED
from tinygpt.model.gpt import FAMILIES

onnx, onnxruntime = needed("onnx"), needed("onnxruntime")
each_family = pytest.mark.parametrize("family", FAMILIES)
ODD = {"n_head": 1, "n_embd": 6, "n_layer": 1}


class Session:
    """Reads texts with an exported model, and keeps the cache."""

    def __init__(self, checkpoint: Checkpoint, batch: int):
        model = build_onnx(checkpoint).SerializeToString()
        self._session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        self._cache = {
            each.name: np.zeros((batch, each.shape[1], 0, each.shape[3]), np.float32)
            for each in self._session.get_inputs()[1:]
        }

    def read(self, x_BT: torch.Tensor) -> np.ndarray:
        logits_BTV, *present = self._session.run(None, {"input_ids": x_BT.numpy(), **self._cache})
        self._cache = dict(zip(self._cache, present, strict=True))
        return logits_BTV


def example(folder: Path) -> str:
    """The example of an export's README.md."""
    return re.search(r"^```python\n(.*?)^```", (folder / "README.md").read_text(encoding="utf-8"), re.M | re.S)[1]


@pytest.fixture
def written_by_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], tuple[str, dict]]:
    """What the example of an export writes when it is run as it stands, and its names."""

    def run(weights: Path) -> tuple[str, dict]:
        folder = tmp_path / "out"
        folder.mkdir()
        export_onnx(read_checkpoint(weights), folder)
        monkeypatch.chdir(folder)
        names = {}
        with redirect_stdout(StringIO()) as printed:
            exec(example(folder), names)
        return printed.getvalue(), names

    return run


@each_family
@pytest.mark.parametrize("sizes", [{}, *({**ODD, "block_size": size} for size in (1, 2, 3))], ids=str)
@torch.no_grad()
def test_the_logits_are_the_same_for_any_prefill_and_batch(save, family, sizes):
    weights, model, _ = save(family, **sizes)
    checkpoint, T = read_checkpoint(weights), model.config.block_size
    x_BT = torch.randint(model.config.vocab_size, (3, T), generator=torch.Generator().manual_seed(0))
    expected_BTV = model(x_BT).numpy()
    assert expected_BTV.std() > 0.1
    for cuts in ([T], [1] * T, [T // 2, T - T // 2], [T - 1, 1]):  # pieces of several ids continue a cache, too
        session = Session(checkpoint, batch=3)
        pieces = [session.read(x_BT) for x_BT in x_BT.split([cut for cut in cuts if cut], dim=1)]
        np.testing.assert_allclose(np.concatenate(pieces, axis=1), expected_BTV, rtol=0, atol=1e-5)


@each_family
def test_past_the_context_it_fails_instead_of_computing_something_else(save, family):
    weights, model, _ = save(family)
    session = Session(read_checkpoint(weights), batch=1)
    session.read(torch.zeros((1, model.config.block_size), dtype=torch.int64))
    with pytest.raises(Exception, match="out of data bounds"):
        session.read(torch.zeros((1, 1), dtype=torch.int64))


@pytest.mark.parametrize(("family", "block_size"), [("gpt", 1), ("llama", 5), ("qwen3", 2), ("qwen3", 12)])
def test_the_example_writes_the_same_text_past_many_contexts(save, written_by_the_example, family, block_size):
    weights, model, tokenizer = save(family, block_size=block_size)
    text, names = written_by_the_example(weights)
    assert len(text) == 500
    for prompt, temperature in (("", 0), ("ab" * 10, 1.3), ("a", 0.8)):
        settings = SampleConfig(max_new_tokens=60, temperature=temperature, seed=2**64 - 1)
        expected = "".join(stream(model, tokenizer, prompt, settings))
        assert "".join(names["write"](prompt, 60, temperature, 2**64 - 1)) == expected


def test_the_example_writes_what_the_shipped_weights_write(written_by_the_example):
    text, _ = written_by_the_example(SHIPPED)
    settings = SampleConfig(max_new_tokens=500, seed=7)
    assert text == "".join(stream(*open_checkpoint(SHIPPED), "ROMEO:", settings))


@each_family
def test_the_file_is_valid_and_holds_the_weights_once(save, family):
    weights, _, _ = save(family, n_embd=64, n_layer=3)
    checkpoint = read_checkpoint(weights)
    model = build_onnx(checkpoint)
    onnx.checker.check_model(model, full_check=True)
    stored = 4 * sum(tensor.size for tensor in checkpoint.tensors.values())
    tables = 0 if family == "gpt" else 2 * 4 * 12 * 32
    assert stored + tables < model.ByteSize() < stored + tables + 30_000


def test_the_file_tells_all_that_is_needed_to_write_with_it(save, tmp_path):
    weights, model, tokenizer = save("qwen3", TEXT)
    export_onnx(read_checkpoint(weights), tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    told = {name: json.loads(fact) for name, fact in session.get_modelmeta().custom_metadata_map.items()}
    assert told == json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert told["vocabulary"] == tokenizer.vocabulary
    assert "\0" in told["vocabulary"]
    assert GPTConfig.from_json(told["model"]) == model.config
    assert told["block_size"] == 12
    assert told["weights_sha256"] == read_checkpoint(weights).facts["weights_sha256"]


def test_a_model_that_no_file_can_hold_is_refused(save):
    checkpoint = read_checkpoint(save("gpt")[0])
    large = GPTConfig(family="llama", n_layer=40, n_head=8, n_embd=1024)
    with pytest.raises(ValueError, match=r"parameters does not fit into an ONNX file, of 2 GB"):
        build_onnx(Checkpoint(large, checkpoint.vocabulary, {}, checkpoint.facts))
