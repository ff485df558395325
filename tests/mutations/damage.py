"""Random damage to the files of a checkpoint and of a training run. The same random.Random does the same damage."""

import json
import pickle
import struct
from collections.abc import Callable
from random import Random
from typing import Any

SPARSE = 10**12  # bytes that a file grows to without taking room on the disk

_FOREIGN = [
    b"",
    b"\0" * 5000,
    b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    b"<!DOCTYPE html><html><body>Not found</body></html>",
    b"\n\n<html>",
    pickle.dumps({"a": [1, 2]}),
    b"PK\x03\x04\x00\x00\x08\x08archive/data.pkl",
    b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (9,), }",
    b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"-" * 8999 + b"1",
    b"\x93NUMPY\x01\x00\x10\x00{1: 2, 'a': 3}  ",
    b"null",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"__metadata__": 1}',
    "\ufeff{}".encode(),
    "{}".encode("utf-16"),
    '"\u202e\u0000\U0001f600"'.encode(),
    struct.pack("<Q", 2) + b"{}",
    struct.pack("<Q", 2**63),
    struct.pack("<Q", 10**8) + b"{" * 1000,
    struct.pack("<Q", 50_000) + b'{"a":' + b"[" * 49_995,
]
_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2, 3, 1.5, -0.0, 10**12, 2**63, -(2**63), 10**400, 10**4200, 1e308, 5e-324),
    *(
        float("nan"),
        float("inf"),
        -float("inf"),
        "",
        "x",
        "2",
        "../..",
        "/etc/passwd",
        "a\nb",
        "<script>",
        "\0",
        "\ud800",
    ),
    *("x" * 100_000, "\U0001f600\u202e", [], {}, [[]], [1] * 1000, {"a": {"b": None}}, {"": 0}, ["x", 1]),
]


def damage_bytes(content: bytes, pick: Random) -> bytes:
    """Flip, cut, insert, repeat or overwrite bytes, or put another kind of file in place of the content."""
    content = bytearray(content)
    start = pick.randrange(len(content) + 1)
    end = min(len(content), start + pick.choice([1, 8, 100, 5000]))
    match pick.randrange(8):
        case 0 if content:
            for _ in range(pick.choice([1, 2, 20])):
                content[pick.randrange(min(len(content), pick.choice([16, 3000, 10**9])))] ^= 1 << pick.randrange(8)
        case 1:
            del content[start:]
        case 2:
            del content[start:end]
        case 3:
            content[start:start] = pick.randbytes(pick.choice([1, 8, 5000]))
        case 4:
            content[start:end] = content[start:end] * 2
        case 5:
            content[start:end] = bytes(end - start)
        case 6:
            content[:8] = struct.pack("<Q", pick.choice([0, 1, 2**16, 10**8, 2**31, 2**40, 2**64 - 1]))
        case 7:
            return pick.choice(_FOREIGN)
    return bytes(content)


def damage_json(value: Any, pick: Random) -> Any:
    """Replace, remove, rename or add one value somewhere in a JSON value."""
    if isinstance(value, dict | list) and value and pick.random() < 0.85:
        return _damage_container(value, pick)
    return pick.choice(_VALUES)


def dump_json(value: Any, pick: Random) -> bytes:
    """JSON as bytes, sometimes with a key that stands twice, or nested deeply."""
    text = json.dumps(value)
    if isinstance(value, dict) and value and pick.random() < 0.1:
        text = f"{text[:-1]}, {json.dumps(pick.choice(list(value)))}: {json.dumps(pick.choice(_VALUES))}}}"
    if pick.random() < 0.03:
        text = text.replace(":", ': {"a":' * pick.choice([3, 5000]), 1)
    return text.encode(errors="surrogatepass")


def damage_safetensors(content: bytes, pick: Random) -> bytes:
    """Change the header of a safetensors file, or its numbers, so that the length of the header is right."""
    size = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + size]), bytearray(content[8 + size :])
    change: Callable = pick.choice([_damage_header, _damage_header, _damage_shape, _damage_numbers])
    header = change(header, data, pick)
    new = dump_json(header, pick)
    return struct.pack("<Q", len(new)) + new + data


def _damage_container(value: Any, pick: Random) -> Any:
    value = value.copy()
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = pick.choice(keys)
    match pick.randrange(6):
        case 0:
            del value[key]
        case 1 if isinstance(value, dict):
            value[pick.choice(["", "x", "\n", "é" * 1000, key.upper(), f"_orig_mod.{key}"])] = value.pop(key)
        case 2 if isinstance(value, dict):
            value[pick.choice(["", "extra", "a\nb", "__metadata__"])] = pick.choice(_VALUES)
        case _:
            value[key] = damage_json(value[key], pick)
    return value


def _damage_header(header: Any, data: bytearray, pick: Random) -> Any:
    return damage_json(header, pick)


def _damage_shape(header: Any, data: bytearray, pick: Random) -> Any:
    tensor = header[pick.choice([name for name in header if name != "__metadata__"])]
    match pick.randrange(4):
        case 0:
            tensor["shape"] = pick.choice([[], [0], [1, *tensor["shape"]], tensor["shape"][::-1], [2**40, 2**40], [-1]])
        case 1:
            tensor["dtype"] = pick.choice(["F16", "F64", "BF16", "I32", "BOOL", "C64", "F8_E4M3", "F4", "X\ny", "f32"])
        case 2:
            tensor["data_offsets"] = [pick.choice([-1, 0, 4, 2**63, 10**30]) for _ in range(2)]
        case 3:
            tensor["shape"] = [tensor["shape"][0] * 2**20, *tensor["shape"][1:]]
            tensor["data_offsets"][1] += 2**30
    return header


def _damage_numbers(header: Any, data: bytearray, pick: Random) -> Any:
    for _ in range(pick.choice([1, 10, 1000])):
        at = 4 * pick.randrange(len(data) // 4)
        data[at : at + 4] = struct.pack("<f", pick.choice([float("nan"), float("inf"), 1e38, -1e38, 1e-45, 0.0]))
    return header
