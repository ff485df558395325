"""The weights of a model in one file: what a page without a server downloads."""

import json

import numpy as np
import pytest

from tests.server import ROOT
from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.export.weights_file import weights_file
from tinygpt.model.quantization import fake_quantize


def unpacked(content: bytes) -> dict[str, tuple[str, np.ndarray]]:
    """The type and the float32 numbers of every tensor in a file, as the module describes it."""
    start = 4 + int.from_bytes(content[:4], "little")
    tensors = {}
    for name, entry in json.loads(content[4:start])["tensors"].items():
        assert (start + entry["offset"]) % 16 == 0

        def array(offset: int, dtype: str, shape: list[int]) -> np.ndarray:
            kind = np.dtype(dtype).newbyteorder("<")
            return np.frombuffer(content, kind, int(np.prod(shape)), start + offset).reshape(shape).astype(np.float32)

        numbers = array(entry["offset"], entry["dtype"], entry["shape"])
        if entry["dtype"] == "int8":
            numbers = numbers * array(entry["scales"], "float32", [entry["shape"][0], 1])
        tensors[name] = entry["dtype"], numbers
    return tensors


@pytest.mark.parametrize("rows", [1, 5])
def test_every_number_is_kept_exactly_in_the_smallest_type_that_holds_it(rows):
    numbers = np.random.default_rng(1).standard_normal((rows, 7), np.float32)
    tensors = {
        "int8": fake_quantize(numbers),
        "float16": numbers.astype(np.float16).astype(np.float32),
        "float32": numbers,
        "large": np.full((rows, 7), 3e38, np.float32),
        "vector": fake_quantize(numbers)[0],
    }
    found = unpacked(weights_file(tensors))
    assert {name: kind for name, (kind, _) in found.items()} == {
        "int8": "int8", "float16": "float16", "float32": "float32", "large": "float32", "vector": "float32"
    }  # fmt: skip
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name][1], tensor)


def test_the_shipped_weights_take_about_a_byte_each():
    tensors = read_checkpoint(ROOT / "weights").tensors
    content = weights_file(tensors)
    assert len(content) < 1.03 * sum(tensor.size for tensor in tensors.values())
    for name, (_, numbers) in unpacked(content).items():
        np.testing.assert_array_equal(numbers, tensors[name])
