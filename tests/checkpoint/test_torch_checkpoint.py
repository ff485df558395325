"""Saving and loading models: what was saved comes back exactly, and in config.json everything about it."""

import hashlib
import shutil
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from tinygpt import GPTLanguageModel, load_checkpoint, save_checkpoint
from tinygpt.checkpoint.reading import CONFIG, WEIGHTS, read_facts
from tinygpt.checkpoint.torch_checkpoint import annotate_checkpoint, load_tensors, save_tensors
from tinygpt.model.gpt import FAMILIES
from tinygpt.model.quantization import fake_quantize


@pytest.fixture
def folder(weights, tmp_path) -> Path:
    """A copy of a saved tiny model."""
    return Path(shutil.copytree(weights, tmp_path / "saved"))


@pytest.mark.parametrize("family", FAMILIES)
def test_what_was_saved_comes_back_exactly(build, tokenizer, tmp_path, family):
    model = build(family, dropout=0.1).train()
    save_checkpoint(tmp_path, model, tokenizer)
    loaded, vocabulary = load_checkpoint(tmp_path)
    assert loaded.config == model.config
    assert vocabulary.vocabulary == tokenizer.vocabulary
    assert not loaded.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


def test_a_model_in_bfloat16_comes_back_as_the_same_numbers(build, tokenizer, tmp_path):
    model = build().bfloat16()
    save_checkpoint(tmp_path, model, tokenizer)
    for name, tensor in load_checkpoint(tmp_path)[0].state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name].float()), name


def test_quantized_weights_halve_the_file_and_load_as_float32(build, tokenizer, tmp_path):
    model = build()
    save_checkpoint(tmp_path / "whole", model, tokenizer)
    save_checkpoint(tmp_path / "half", model, tokenizer, quantize=True)
    whole, half = ((tmp_path / name / WEIGHTS).stat().st_size for name in ("whole", "half"))
    assert half < 0.65 * whole
    for name, tensor in load_checkpoint(tmp_path / "half")[0].state_dict().items():
        assert tensor.dtype == torch.float32
        wanted = model.state_dict()[name].numpy()
        assert np.array_equal(tensor, fake_quantize(wanted) if wanted.ndim == 2 else wanted.astype(np.float16))


def test_a_model_of_any_shape_can_be_loaded(tokenizer, shape, tmp_path):
    """Some headers have a length whose first byte is the first byte of a pickle."""
    first_bytes = set()
    for n_embd, n_layer in product((4, 8, 16, 32, 64, 128), (1, 2, 3, 4, 6)):
        save_checkpoint(tmp_path, GPTLanguageModel(replace(shape, n_embd=n_embd, n_layer=n_layer)), tokenizer)
        first_bytes.add((tmp_path / WEIGHTS).read_bytes()[0])
        load_checkpoint(tmp_path)
    assert 0x80 in first_bytes


def test_config_json_says_everything_about_the_weights(build, tokenizer, tmp_path):
    save_checkpoint(tmp_path, build(), tokenizer, facts={"preset": "tiny", "steps": 3})
    facts = read_facts(tmp_path)
    assert facts["model"] == asdict(build().config)
    assert facts["vocabulary"] == tokenizer.vocabulary
    assert facts["weights_sha256"] == hashlib.sha256((tmp_path / WEIGHTS).read_bytes()).hexdigest()
    assert (facts["preset"], facts["steps"]) == ("tiny", 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [CONFIG, WEIGHTS]


def test_facts_can_be_added_later(folder):
    before = read_facts(folder)
    annotate_checkpoint(folder, validation_loss=1.5)
    assert read_facts(folder) == before | {"validation_loss": 1.5}
    load_checkpoint(folder)


def test_the_same_weights_make_the_same_file(build, tokenizer, tmp_path):
    for name in ("one", "two"):
        save_checkpoint(tmp_path / name, build(), tokenizer)
    assert (tmp_path / "one" / WEIGHTS).read_bytes() == (tmp_path / "two" / WEIGHTS).read_bytes()


def test_tensors_of_any_kind_come_back_with_their_facts(tmp_path):
    tensors = {"a.b": torch.arange(5, dtype=torch.uint8), "c": torch.randn(2, 3).T, "scalar": torch.tensor(7.0)}
    facts = {"step": 3, "best": float("inf"), "name": "é"}
    save_tensors(tmp_path / "state", tensors, facts)
    loaded, said = load_tensors(tmp_path / "state")
    assert said == facts
    assert loaded.keys() == tensors.keys()
    assert all(
        torch.equal(loaded[name], tensor) and loaded[name].dtype == tensor.dtype for name, tensor in tensors.items()
    )


def test_replacing_or_truncating_the_file_does_no_harm_to_a_loaded_model(folder, build):
    model, _ = load_checkpoint(folder)
    (folder / WEIGHTS).write_bytes(b"gone")  # in place, as a bad copy would
    start = torch.tensor([[1, 2]])
    assert torch.equal(model.generate(start, 30, seed=1), build().generate(start, 30, seed=1))
