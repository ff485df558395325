"""Reading checkpoints: of older formats too, and anything that is not a checkpoint is refused in one line."""

import hashlib
import json
import pickle
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tinygpt import TrainConfig, load_checkpoint, save_checkpoint
from tinygpt.checkpoint.reading import CONFIG, NEXT_CONFIG, WEIGHTS, read_checkpoint, read_facts
from tinygpt.checkpoint.torch_checkpoint import annotate_checkpoint


@pytest.fixture
def folder(weights, tmp_path) -> Path:
    """A copy of a saved tiny model, to be damaged."""
    return Path(shutil.copytree(weights, tmp_path / "saved"))


def assert_refused(folder: Path, complaint: str, file: str = WEIGHTS) -> None:
    """Reading fails with one line that names the file."""
    with pytest.raises(ValueError, match=complaint) as caught:
        read_checkpoint(folder)
    assert "\n" not in str(caught.value)
    assert str(folder / file) in str(caught.value)
    assert len(str(caught.value)) < 500


def reconfigure(folder: Path, **changes) -> None:
    """Change facts in config.json."""
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | changes))


def replace_tensors(folder: Path, change) -> None:
    """Change the tensors in a checkpoint that is otherwise in order, its sha256 included."""
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)
    reconfigure(folder, weights_sha256=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest())


# The format "tinygpt 1"

TRAINING = TrainConfig(ns_steps=3, decay_fraction=0.5, min_lr_ratio=0.25, ema_decay=0.75, distill_weight=0.125)
OLD_NAMES = {
    "ns_steps": "muon_steps",
    "decay_fraction": "decay_share",
    "min_lr_ratio": "final_share",
    "ema_decay": "average_decay",
    "distill_weight": "teacher_share",
}


@pytest.fixture
def save_format_1(build, tokenizer):
    """save_format_1(folder, seed): a checkpoint as it was saved by the version that wrote "tinygpt 1"."""

    def save(folder: Path, seed: int) -> None:
        save_checkpoint(folder, build(seed=seed), tokenizer, facts={"steps": seed, "training": asdict(TRAINING)})
        config = json.loads((folder / CONFIG).read_text()) | {"format": "tinygpt 1", "left_out": 12}
        config["training"] = {OLD_NAMES.get(name, name): value for name, value in config["training"].items()}
        (folder / CONFIG).write_text(json.dumps(config))

    return save


def assert_loads(folder: Path, model: torch.nn.Module, steps: int) -> None:
    """The folder holds this model, and its facts have their current names."""
    loaded, _ = load_checkpoint(folder)
    assert torch.equal(loaded.lm_head.weight, model.lm_head.weight)
    facts = read_facts(folder)
    assert (facts["format"], facts["removed"], facts["steps"]) == ("tinygpt 2", 12, steps)
    assert TrainConfig(**facts["training"]) == TRAINING
    assert "left_out" not in facts


def test_a_checkpoint_of_the_first_format_is_read_under_the_current_names(save_format_1, build, tmp_path):
    save_format_1(tmp_path, 1)
    assert_loads(tmp_path, build(seed=1), 1)
    assert read_checkpoint(tmp_path).facts == read_facts(tmp_path)


def test_annotating_a_checkpoint_of_the_first_format_writes_the_current_one(save_format_1, build, tmp_path):
    save_format_1(tmp_path, 1)
    annotate_checkpoint(tmp_path, validation_loss=1.5)
    assert_loads(tmp_path, build(seed=1), 1)
    written = json.loads((tmp_path / CONFIG).read_text())
    assert written == read_facts(tmp_path)
    assert written["validation_loss"] == 1.5


def test_a_crash_in_a_save_of_the_first_format_left_a_whole_checkpoint(save_format_1, build, tokenizer, tmp_path):
    """Killed after the new weights were in place, and before the new config was."""
    folder = tmp_path / "saved"
    save_format_1(folder, 1)
    save_format_1(tmp_path / "next", 2)
    shutil.copy(tmp_path / "next" / WEIGHTS, folder / WEIGHTS)
    shutil.copy(tmp_path / "next" / CONFIG, folder / NEXT_CONFIG)
    assert_loads(folder, build(seed=2), 2)
    annotate_checkpoint(folder, validation_loss=1.5)
    assert_loads(folder, build(seed=2), 2)
    save_checkpoint(folder, build(seed=3), tokenizer, facts={"steps": 3})
    assert read_facts(folder)["steps"] == 3
    assert sorted(path.name for path in folder.iterdir()) == [CONFIG, WEIGHTS]


def test_a_checkpoint_of_the_first_format_is_checked_as_strictly(save_format_1, tmp_path):
    save_format_1(tmp_path, 1)
    reconfigure(tmp_path, left_out="many")
    assert_refused(tmp_path, "removed must be a whole number from 0 to .*, not 'many'", CONFIG)
    save_format_1(tmp_path, 1)
    reconfigure(tmp_path, training=[1])
    assert_refused(tmp_path, "training must be an object", CONFIG)


def test_a_later_format_is_refused(folder):
    reconfigure(folder, format="tinygpt 3")
    assert_refused(folder, 'lacks "format": "tinygpt 2"', CONFIG)


# Damaged or foreign weights


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
    assert_refused(folder, complaint)
    assert not Path("pickle-was-opened").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 100, b"<html>", pickle.dumps(1)])
def test_another_kind_of_file_is_refused_even_where_its_hash_is_the_right_one(folder, content):
    (folder / WEIGHTS).write_bytes(content)
    reconfigure(folder, weights_sha256=hashlib.sha256(content).hexdigest())
    assert_refused(folder, "safetensors|web page|pickle")


def test_a_file_that_lost_its_end_is_refused(folder):
    whole = (folder / WEIGHTS).read_bytes()
    for length in (1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1):
        (folder / WEIGHTS).write_bytes(whole[:length])
        assert_refused(folder, "is not the file that config.json describes")


def test_one_flipped_bit_is_noticed_wherever_it_is(folder):
    whole = bytearray((folder / WEIGHTS).read_bytes())
    for place in [0, 8, 9, *range(10, len(whole), len(whole) // 20), len(whole) - 1]:
        whole[place] ^= 1
        (folder / WEIGHTS).write_bytes(whole)
        assert_refused(folder, "is not the file that config.json describes")
        whole[place] ^= 1


def test_a_missing_or_an_extra_tensor_is_refused_by_name(folder):
    replace_tensors(folder, lambda tensors: tensors.pop("blocks.1.attention.key.weight"))
    assert_refused(folder, "lacks blocks.1.attention.key.weight")
    replace_tensors(
        folder, lambda t: t.update({"blocks.1.attention.key.weight": torch.zeros(16, 16), "bonus": torch.ones(1)})
    )
    assert_refused(folder, "has 'bonus' and 0 other tensors")


@pytest.mark.parametrize(
    ("tensor", "complaint"),
    [
        (torch.zeros(8, 16), r"norm.weight is of shape \(8, 16\), not \(16,\)"),
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
    assert_refused(folder, complaint)


# Damaged or foreign configs


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
        {"color": "blue"},
    ],
    ids=str,
)
def test_a_config_of_a_model_that_cannot_be_is_refused(folder, lie):
    reconfigure(folder, model=read_facts(folder)["model"] | lie)
    assert_refused(folder, "describes no model that can be built", CONFIG)


def test_a_config_that_lies_about_the_size_allocates_nothing(folder):
    resource = pytest.importorskip("resource", reason="Windows does not tell how much memory was used")
    huge = {"n_embd": 8192, "n_layer": 1}  # 800 million parameters, 3 GB
    reconfigure(folder, model=read_facts(folder)["model"] | huge)
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    assert_refused(folder, "shape|lacks")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before < 200_000_000


@pytest.mark.parametrize("vocabulary", ["abc", "", None, 5, ["a"]], ids=repr)
def test_a_vocabulary_of_another_length_is_refused(folder, vocabulary):
    reconfigure(folder, vocabulary=vocabulary)
    assert_refused(folder, "vocabulary must be 48 different characters", CONFIG)


def test_a_vocabulary_out_of_order_or_with_repeats_is_refused(folder, tokenizer):
    characters = tokenizer.vocabulary
    for wrong in (characters[::-1], characters[0] + characters[:-1]):
        reconfigure(folder, vocabulary=wrong)
        assert_refused(folder, "different characters in order", CONFIG)


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
    assert_refused(folder, complaint, CONFIG)


def test_a_config_without_a_model_or_a_vocabulary_is_refused(folder):
    reconfigure(folder, model=None)
    assert_refused(folder, "describes no model", CONFIG)


@pytest.mark.parametrize("missing", [WEIGHTS, CONFIG])
def test_a_missing_file_is_named_with_the_next_step(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(FileNotFoundError, match=f"{missing} does not exist: train it"):
        read_checkpoint(folder)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_checkpoint(folder / "nowhere")
