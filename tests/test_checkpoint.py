"""checkpoint.py: what was saved comes back exactly, and anything else is refused in one line."""

import hashlib
import json
import pickle
import shutil
import sys
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from tinygpt import GPTLanguageModel, load_checkpoint, save_checkpoint
from tinygpt.checkpoint import annotate_checkpoint, load_tensors, save_tensors
from tinygpt.eight_bits import rounded
from tinygpt.model import FAMILIES
from tinygpt.stored import CONFIG, WEIGHTS, read_facts


@pytest.fixture
def folder(weights, tmp_path) -> Path:
    """A saved tiny model, to be damaged."""
    return Path(shutil.copytree(weights, tmp_path / "saved"))


def refused(folder: Path, complaint: str, file: str = WEIGHTS) -> None:
    """Loading fails with one line that names the file."""
    with pytest.raises(ValueError, match=complaint) as caught:
        load_checkpoint(folder)
    assert "\n" not in str(caught.value)
    assert str(folder / file) in str(caught.value)
    assert len(str(caught.value)) < 500


def reconfigure(folder: Path, **changes) -> None:
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | changes))


def replace_tensors(folder: Path, change) -> None:
    """Other tensors in a file that is otherwise in order, its sha256 too."""
    tensors, facts = load_tensors(folder / WEIGHTS)
    change(tensors)
    save_tensors(folder / WEIGHTS, tensors, facts)
    reconfigure(folder, weights_sha256=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest())


# There and back


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


def test_eight_bits_halve_the_file_and_load_as_float32(build, tokenizer, tmp_path):
    model = build()
    save_checkpoint(tmp_path / "whole", model, tokenizer)
    save_checkpoint(tmp_path / "half", model, tokenizer, eight_bits=True)
    whole, half = ((tmp_path / name / WEIGHTS).stat().st_size for name in ("whole", "half"))
    assert half < 0.65 * whole
    for name, tensor in load_checkpoint(tmp_path / "half")[0].state_dict().items():
        assert tensor.dtype == torch.float32
        wanted = model.state_dict()[name].numpy()
        assert np.array_equal(tensor, rounded(wanted) if wanted.ndim == 2 else wanted.astype(np.float16))


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


# Weights that are not what they should be


class Payload:
    """What a pickle could do if it were ever opened."""

    def __reduce__(self):
        return Path.touch, (Path("pickle-was-opened"),)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer.*git lfs pull"),
        (b"<!DOCTYPE html><html>Not found</html>", "web page.*download"),
        (pickle.dumps(Payload()), "pickle, which is never opened.*safetensors"),
        (b"PK\x03\x04\x00\x00\x08\x08archive/data.pkl", "pickled PyTorch file, which is never opened"),
        (b"", "is not the file that config.json describes.*download or train it again"),
        (b"{}", "is not the file that"),
        (b"\xff" * 100, "is not the file that"),
    ],
    ids=["lfs", "html", "pickle", "torch", "empty", "json", "noise"],
)
def test_another_kind_of_file_is_refused_with_the_remedy(folder, monkeypatch, content, complaint):
    monkeypatch.chdir(folder)
    (folder / WEIGHTS).write_bytes(content)
    refused(folder, complaint)
    assert not Path("pickle-was-opened").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 100, b"<html>", pickle.dumps(1)])
def test_another_kind_of_file_is_refused_even_where_its_hash_is_the_right_one(folder, content):
    (folder / WEIGHTS).write_bytes(content)
    reconfigure(folder, weights_sha256=hashlib.sha256(content).hexdigest())
    refused(folder, "safetensors|web page|pickle")


def test_a_file_that_lost_its_end_is_refused(folder):
    whole = (folder / WEIGHTS).read_bytes()
    for length in (1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1):
        (folder / WEIGHTS).write_bytes(whole[:length])
        refused(folder, "is not the file that config.json describes")


def test_one_flipped_bit_is_noticed_wherever_it_is(folder):
    whole = bytearray((folder / WEIGHTS).read_bytes())
    for place in [0, 8, 9, *range(10, len(whole), len(whole) // 20), len(whole) - 1]:
        whole[place] ^= 1
        (folder / WEIGHTS).write_bytes(whole)
        refused(folder, "is not the file that config.json describes")
        whole[place] ^= 1


def test_a_missing_or_an_extra_tensor_is_refused_by_name(folder):
    replace_tensors(folder, lambda tensors: tensors.pop("blocks.1.attention.key.weight"))
    refused(folder, "lacks blocks.1.attention.key.weight")
    replace_tensors(
        folder, lambda t: t.update({"blocks.1.attention.key.weight": torch.zeros(16, 16), "bonus": torch.ones(1)})
    )
    refused(folder, "has bonus")


@pytest.mark.parametrize(
    ("tensor", "complaint"),
    [
        (torch.zeros(8, 16), r"norm.weight is float32 of shape \(8, 16\), not .* shape \(16,\)"),
        (torch.zeros(17), r"shape \(17,\)"),
        (torch.zeros(16, dtype=torch.int64), "norm.weight is int64"),
        (torch.full((16,), float("nan")), "norm.weight holds NaN or infinite"),
        (torch.full((16,), -float("inf")), "norm.weight holds NaN or infinite"),
        (torch.full((16,), 1e300, dtype=torch.float64), "norm.weight holds NaN or infinite"),
        (torch.ones(16, dtype=torch.bfloat16), "numbers of type .BF16."),
    ],
    ids=["shape", "length", "integers", "nan", "infinite", "too large", "bfloat16"],
)
def test_a_tensor_that_cannot_be_the_models_is_refused_by_name(folder, tensor, complaint):
    replace_tensors(folder, lambda tensors: tensors.update({"norm.weight": tensor}))
    refused(folder, complaint)


# Configs that are not what they should be


@pytest.mark.parametrize(
    "lie",
    [
        {"n_embd": 10**12},
        {"n_layer": -1},
        {"n_head": 3},
        {"n_embd": 16.0},
        {"n_layer": "2"},
        {"n_layer": None},
        {"block_size": 10**9},
        {"vocab_size": 10**9},
        {"n_layer": 200, "n_embd": 16_384},
        {"family": "bert"},
        {"colour": "blue"},
    ],
    ids=str,
)
def test_a_config_of_a_model_that_cannot_be_is_refused(folder, lie):
    reconfigure(folder, model=read_facts(folder)["model"] | lie)
    refused(folder, "describes no model that can be built", CONFIG)


def test_a_config_that_lies_about_the_size_allocates_nothing(folder):
    resource = pytest.importorskip("resource", reason="Windows does not tell how much memory was used")
    huge = {"n_embd": 8192, "n_layer": 1}  # 800 million parameters, 3 GB
    reconfigure(folder, model=read_facts(folder)["model"] | huge)
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    refused(folder, "shape|lacks")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before < 200_000_000


@pytest.mark.parametrize("vocabulary", ["abc", "", None, 5, ["a"]], ids=repr)
def test_a_vocabulary_of_another_length_is_refused(folder, vocabulary):
    reconfigure(folder, vocabulary=vocabulary)
    refused(folder, "needs a vocabulary of", CONFIG)


def test_a_vocabulary_out_of_order_or_with_repeats_is_refused(folder, tokenizer):
    characters = tokenizer.vocabulary
    for wrong in (characters[::-1], characters[0] + characters[:-1]):
        reconfigure(folder, vocabulary=wrong)
        refused(folder, "different characters in order", CONFIG)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is not JSON"),
        (b"<html>", "is not JSON"),
        (b'{"format": "tinygpt 1"', "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1]", 'lacks "format"'),
        (b'{"model_type": "llama"}', 'lacks "format"'),
        (b" " * 10_000_001, "too large"),
    ],
    ids=["empty", "html", "cut", "utf-16", "deep", "list", "another", "large"],
)
def test_another_kind_of_config_is_refused(folder, content, complaint):
    (folder / CONFIG).write_bytes(content)
    refused(folder, complaint, CONFIG)


def test_a_config_without_a_model_or_a_vocabulary_is_refused(folder):
    reconfigure(folder, model=None)
    refused(folder, "describes no model", CONFIG)


@pytest.mark.parametrize("missing", [WEIGHTS, CONFIG])
def test_a_missing_file_is_named_with_the_next_step(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(FileNotFoundError, match=f"{missing} does not exist: train it"):
        load_checkpoint(folder)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_checkpoint(folder / "nowhere")
