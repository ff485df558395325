"""Saving and loading models: what was saved comes back exactly, and in config.json everything about it."""

import hashlib
import os
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.optim.swa_utils import AveragedModel

from tinygpt import GPTLanguageModel, TextEncoderDecoder, load_checkpoint, save_checkpoint
from tinygpt.checkpoint.reading import CONFIG, WEIGHTS, read_facts
from tinygpt.checkpoint.torch_checkpoint import annotate_checkpoint, load_tensors, save_tensors
from tinygpt.model.gpt import FAMILIES
from tinygpt.model.quantization import fake_quantize


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


def test_weights_that_begin_like_a_pickle_can_be_loaded(tokenizer, shape, tmp_path):
    model = GPTLanguageModel(replace(shape, n_embd=64, n_layer=1))  # whose header has a length that begins with 0x80
    save_checkpoint(tmp_path, model, tokenizer)
    whole = (tmp_path / WEIGHTS).read_bytes()
    assert whole.startswith(b"\x80")
    load_checkpoint(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=r"is not the file that config\.json describes"):
        load_checkpoint(tmp_path)


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


# What could not be loaded is not saved


def test_the_model_inside_a_wrapper_is_saved(build, tokenizer, tmp_path):
    save_checkpoint(tmp_path, AveragedModel(build()), tokenizer)
    assert torch.equal(load_checkpoint(tmp_path)[0].lm_head.weight, build().lm_head.weight)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64], ids=str)
def test_a_model_in_another_precision_can_be_loaded(build, tokenizer, tmp_path, dtype):
    save_checkpoint(tmp_path, build().to(dtype), tokenizer)
    assert torch.equal(load_checkpoint(tmp_path)[0].lm_head.weight, build().to(dtype).lm_head.weight.float())


def test_a_model_whose_parts_share_a_tensor_can_be_loaded(build, tokenizer, tmp_path):
    model = build()
    model.lm_head.weight = model.embedding.token.weight
    save_checkpoint(tmp_path, model, tokenizer)
    assert torch.equal(load_checkpoint(tmp_path)[0].lm_head.weight, model.lm_head.weight)


class Subclass(GPTLanguageModel):
    """A model with a part that the checkpoint format does not know."""

    def __init__(self, config):
        super().__init__(config)
        self.extra = torch.nn.Linear(2, 2)


def without_its_norm(model: GPTLanguageModel) -> GPTLanguageModel:
    model.norm = torch.nn.Identity()
    return model


def of_another_shape(model: GPTLanguageModel) -> GPTLanguageModel:
    model.config = replace(model.config, block_size=4)
    return model


def broken(model: GPTLanguageModel) -> GPTLanguageModel:
    model.norm.weight.data[3] = torch.nan
    return model


@pytest.mark.parametrize(
    ("change", "characters", "facts", "complaint"),
    [
        (lambda model: Subclass(model.config), None, {}, "the model has 'extra.bias' and 1 other tensors"),
        (without_its_norm, None, {}, "the model lacks norm.bias"),
        (of_another_shape, None, {}, r"the model: embedding.position.weight is of shape \(8, 16\), not \(4, 16\)"),
        (broken, None, {}, "norm.weight holds numbers that are not finite"),
        (None, "abc", {}, "vocabulary must be 48 different characters"),
        (None, None, {"steps": "many"}, "steps must be a whole number"),
        (None, None, {"training": {"ema_decay": 2}}, "ema_decay must be a number"),
    ],
    ids=["another part", "a part less", "another shape", "NaN", "vocabulary", "facts", "settings"],
)
def test_what_could_not_be_loaded_is_refused_before_anything_is_written(
    build, tokenizer, folder, tmp_path, change, characters, facts, complaint
):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    model = change(build()) if change else build()
    other = TextEncoderDecoder(characters) if characters else tokenizer
    for place in (folder, tmp_path / "new"):
        with pytest.raises(ValueError, match=complaint):
            save_checkpoint(place, model, other, facts=facts)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not (tmp_path / "new").exists()


def test_facts_cannot_replace_what_describes_the_weights(build, tokenizer, tmp_path):
    save_checkpoint(tmp_path, build(), tokenizer, facts={"format": "mine", "model": {}, "vocabulary": "ab"})
    assert load_checkpoint(tmp_path)[0].config == build().config


# Other files of tensors


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "state"
    save_tensors(path, {"a": torch.ones(50), "b": torch.zeros(3, dtype=torch.bfloat16)}, {"step": 3})
    return path


def test_a_file_of_tensors_that_lost_or_grew_an_end_is_refused_unread(file):
    whole = file.read_bytes()
    for size in (0, 1, 8, 9, 100, len(whole) - 1, len(whole) + 1, 10**12):  # the last one would not fit into memory
        file.write_bytes(whole)
        os.truncate(file, size)
        with pytest.raises(ValueError, match=f"{file} is not a safetensors file of tinygpt"):
            load_tensors(file)


@pytest.mark.parametrize("size", [500, 10**12])
@pytest.mark.parametrize("header", [10**12 - 8, 2**63, 2**64 - 1])
def test_a_header_that_says_it_would_not_fit_into_memory_is_refused_unread(file, size, header):
    file.write_bytes(header.to_bytes(8, "little") + b"{")
    os.truncate(file, size)
    with pytest.raises(ValueError, match="is not a safetensors file of tinygpt"):
        load_tensors(file)


@pytest.mark.parametrize("facts", ["[" * 100_000, "{", ""], ids=["deep", "cut", "empty"])
def test_a_file_of_tensors_with_other_facts_is_refused(file, facts):
    for metadata in ({"facts": facts}, {"others": "{}"}, None):
        save_file({"a": torch.ones(2)}, file, metadata)
        with pytest.raises(ValueError, match="is not a safetensors file of tinygpt"):
            load_tensors(file)
