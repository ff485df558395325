"""Reading checkpoints: anything that is not the weights of its config is refused in one line."""

import hashlib
import pickle
from pathlib import Path

import pytest
import torch

from tests.checkpoint.damage import assert_refused, reconfigure, replace_tensors
from tinygpt.checkpoint.reading import CONFIG, WEIGHTS, read_checkpoint

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


@pytest.mark.parametrize("missing", [WEIGHTS, CONFIG])
def test_a_missing_file_is_named_with_the_next_step(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(FileNotFoundError, match=f"{missing} does not exist: train it"):
        read_checkpoint(folder)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_checkpoint(folder / "nowhere")
