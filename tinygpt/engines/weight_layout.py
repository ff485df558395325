"""A model's weights in the memory layout and the types that kernels.py reads. For the dimensions see there."""

import math

import numpy as np

from tinygpt.config import GPTConfig
from tinygpt.engines.kernels import (
    HAS_INTEGER_PRODUCTS,
    INTEGER_WIDTH,
    WIDTH,
    Cache,
    Guesses,
    Heads,
    Matrices,
    Norms,
    Recording,
    Weights,
)
from tinygpt.model.quantization import fake_quantize, quantize

_LINE = 64  # bytes of a cache line


def empty_cache(config: GPTConfig, *, recorded: int = 0) -> Cache:
    """A cache for a full window; with `recorded`, for a text of so many characters, whose activations it records."""
    heads, T, D = (config.n_layer, config.n_head), recorded or config.block_size, config.head_size
    keys_LHGDW = _zeros((*heads, _groups(T), D, WIDTH), np.float32)
    values_LHGTW = _zeros((*heads, _groups(D), T, WIDTH), np.float32)
    queries_LHTD = np.zeros((config.n_layer if recorded else 0, config.n_head, recorded, D), np.float32)
    residual_LC = np.zeros((config.n_layer + 1 if recorded else 0, config.n_embd), np.float32)
    recording = Recording(queries_LHTD, residual_LC)
    return Cache(keys_LHGDW, values_LHGTW, np.zeros(T, np.int64), recording, np.zeros(1, np.int32))


def no_guesses(slots: int = 2**16) -> Guesses:
    """A table in which nothing has been learned yet, and nothing will be where it has no slots.

    It should have some times as many slots as there are contexts that often occur.
    """
    return Guesses(np.zeros(slots, np.int32), np.zeros(slots, np.float32))


def keys(cache: Cache, T: int) -> np.ndarray:
    """The keys of the first T characters in the cache: keys_LHTD."""
    L, H, _, D, _ = cache.keys_LHGDW.shape
    return cache.keys_LHGDW.swapaxes(3, 4).reshape(L, H, -1, D)[:, :, :T]


def largest_magnitude(cache: Cache) -> np.ndarray:
    """The largest magnitude watched since the last call, infinity or NaN if there was one: float32, shape (1,)."""
    magnitude_1 = cache.largest_1.view(np.float32).copy()
    cache.largest_1[0] = 0
    return magnitude_1


def convert(
    config: GPTConfig, tensors: dict[str, np.ndarray], *, integer_products: bool = HAS_INTEGER_PRODUCTS
) -> Weights:
    """Convert the float32 tensors of a model's state_dict. Matrices become int8 if that is exact for all of them."""
    blocks = [f"blocks.{number}." for number in range(config.n_layer)]
    classic, normed_heads = config.family == "gpt", config.family == "qwen3"
    eps = 1e-5 if classic else 1e-6
    linear = [array for name, array in tensors.items() if array.ndim == 2 and not name.startswith("embedding")]
    quantized = all(np.array_equal(fake_quantize(array), array) for array in linear)

    def weight(part: str) -> np.ndarray:
        return tensors[f"{part}.weight"]

    def bias(part: str) -> np.ndarray:
        return tensors.get(f"{part}.bias", np.zeros(len(weight(part)), np.float32))

    def matrices(*parts: str, owners: list[str] = blocks) -> Matrices:
        weights_LOK = np.stack([np.concatenate([weight(owner + part) for part in parts]) for owner in owners])
        biases_LO = np.stack([np.concatenate([bias(owner + part) for part in parts]) for owner in owners])
        scales_LO1 = np.ones((*biases_LO.shape, 1), np.float32)
        if quantized:
            weights_LOK, scales_LO1 = quantize(weights_LOK)
        weights_LKO, sums_LO = weights_LOK.swapaxes(1, 2), np.zeros(biases_LO.shape, np.int32)
        K = weights_LKO.shape[1]
        if not quantized or not integer_products:
            return Matrices(_grouped(weights_LKO, WIDTH), sums_LO, scales_LO1.squeeze(2), biases_LO, K)
        weights_LGKW = _grouped(weights_LKO, INTEGER_WIDTH)
        sums_LO = weights_LGKW.sum(axis=2, dtype=np.int32).reshape(len(owners), -1)
        return Matrices(_in_fours(weights_LGKW), sums_LO, scales_LO1.squeeze(2), biases_LO, K)

    def norms(part: str, owners: list[str] = blocks) -> Norms:
        weights_LK = np.stack([weight(owner + part) for owner in owners])
        biases_LK = np.stack([bias(owner + part) for owner in owners])
        return Norms(weights_LK, biases_LK, centered=classic, eps=eps)

    no_positions_TC = np.zeros((config.block_size, config.n_embd), np.float32)
    cos_TP, sin_TP = _rotations(config)
    ones_LD = np.ones((config.n_layer, config.head_size), np.float32)
    return Weights(
        token_VC=weight("embedding.token").copy(),
        position_TC=weight("embedding.position").copy() if classic else no_positions_TC,
        attention_norm=norms("attention_norm"),
        query_key_value=matrices("attention.query", "attention.key", "attention.value"),
        heads=Heads(
            query_norms_LD=norms("attention.query_norm").weights_LK if normed_heads else ones_LD,
            key_norms_LD=norms("attention.key_norm").weights_LK if normed_heads else ones_LD,
            normed=normed_heads,
            eps=eps,
            cos_TP=cos_TP,
            sin_TP=sin_TP,
        ),
        attention_proj=matrices("attention.proj"),
        feed_forward_norm=norms("feed_forward_norm"),
        expand=matrices(*([] if classic else ["feed_forward.gate"]), "feed_forward.expand"),
        gated=not classic,
        feed_forward_proj=matrices("feed_forward.proj"),
        norm=norms("norm", owners=[""]),
        lm_head=matrices("lm_head", owners=[""]),
    )


def _rotations(config: GPTConfig) -> tuple[np.ndarray, np.ndarray]:
    """cos_TP and sin_TP of the rotary angles, as in attention.py."""
    shape = config.block_size, config.head_size // 2
    if config.family == "gpt":
        return np.ones(shape, np.float32), np.zeros(shape, np.float32)
    exponents = np.arange(0, config.head_size, 2, dtype=np.float32) / np.float32(config.head_size)
    angles_TP = np.outer(np.arange(config.block_size, dtype=np.float32), np.float32(10_000) ** -exponents)
    return np.cos(angles_TP), np.sin(angles_TP)


def _grouped(matrices_LKO: np.ndarray, width: int) -> np.ndarray:
    """Group the columns in the order in which a product reads them, padded with zeros: matrices_LGKW."""
    L, K, columns = matrices_LKO.shape
    padded = np.zeros((L, K, -(-columns // width) * width), matrices_LKO.dtype)
    padded[:, :, :columns] = matrices_LKO
    return _aligned(padded.reshape(L, K, -1, width).swapaxes(1, 2))


def _in_fours(matrices_LGKW: np.ndarray) -> np.ndarray:
    """Put the weights of four inputs beside each other, for each column, padded with zeros: matrices_LGQWF."""
    L, G, K, W = matrices_LGKW.shape
    padded = np.zeros((L, G, -(-K // 4) * 4, W), matrices_LGKW.dtype)
    padded[:, :, :K] = matrices_LGKW
    return _aligned(padded.reshape(L, G, -1, 4, W).swapaxes(3, 4))


def _aligned(array: np.ndarray) -> np.ndarray:
    """A copy in which no vector crosses a border between cache lines."""
    copy = _zeros(array.shape, array.dtype)
    copy[...] = array
    return copy


def _zeros(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Zeros from an address on at which a cache line begins."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def _groups(columns: int) -> int:
    return -(-columns // WIDTH)
