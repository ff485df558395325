"""The weights of a model in one binary file, for a page without a server; web/model/weights_file.js reads it.

The file is a uint32 with the length of a header, the header, and arrays, all little-endian. The header is JSON:

    {"tensors": {name: {"dtype": "int8", "shape": [512, 192], "offset": 1024, "scales": 99328}}}

Names are those of the state_dict. Offsets count bytes from the end of the header, which is padded with spaces; every
array begins at a multiple of 16 bytes in the file. A tensor has the smallest type that holds it exactly, so that the
page writes the same text as every other engine: a matrix int8, with a float32 factor per row at `scales` (see
model/quantization.py), or float16, or float32; a vector float32.
"""

import json

import numpy as np

from tinygpt.model.quantization import fake_quantize, quantize

_ALIGNMENT = 16


def weights_file(tensors: dict[str, np.ndarray]) -> bytes:
    """The file for the float32 tensors of a model's state_dict."""
    entries, content = {}, bytearray()

    def append(array: np.ndarray) -> int:
        offset = len(content)
        content.extend(array.astype(array.dtype.newbyteorder("<")).tobytes())
        content.extend(bytes(-len(content) % _ALIGNMENT))
        return offset

    for name, tensor in tensors.items():
        numbers, scales = _smallest(tensor)
        entries[name] = {"dtype": numbers.dtype.name, "shape": tensor.shape, "offset": append(numbers)}
        if scales is not None:
            entries[name]["scales"] = append(scales)
    header = json.dumps({"tensors": entries}, separators=(",", ":")).encode()
    header += b" " * (-(4 + len(header)) % _ALIGNMENT)
    return len(header).to_bytes(4, "little") + header + content


def _smallest(tensor: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """The numbers of a tensor in the smallest type that holds them, and the factors of its rows if it is int8."""
    if tensor.ndim == 2:
        if np.array_equal(fake_quantize(tensor), tensor):
            return quantize(tensor)
        with np.errstate(over="ignore"):
            half = tensor.astype(np.float16)
        if np.array_equal(half, tensor):
            return half, None
    return tensor.astype(np.float32), None
