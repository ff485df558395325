"""A model's weights in the order and the types in which kernels.py reads them.

Dimensions as in kernels.py; V characters, T positions, C channels, H heads of D.
"""

import numpy as np

from tinygpt.config import GPTConfig
from tinygpt.eight_bits import rounded, whole_numbers
from tinygpt.kernels import WIDTH, Cache, Heads, Matrices, Norms, Notes, Weights


def empty_cache(config: GPTConfig, *, noted: int = 0) -> Cache:
    """Room for a full window, and for the notes on a text of `noted` characters."""
    heads, T, D = (config.n_layer, config.n_head), config.block_size, config.head_size
    keys_LHGDW = np.zeros((*heads, _groups(T), D, WIDTH), np.float32)
    values_LHGTW = np.zeros((*heads, _groups(D), T, WIDTH), np.float32)
    looked = 1 if noted else 0
    queries_LHTD = np.zeros((looked * config.n_layer, config.n_head, noted, D), np.float32)
    stream_LC = np.zeros((looked * (config.n_layer + 1), config.n_embd), np.float32)
    return Cache(keys_LHGDW, values_LHGTW, Notes(queries_LHTD, stream_LC))


def keys(cache: Cache, T: int) -> np.ndarray:
    """The keys of the first T characters: keys_LHTD."""
    L, H, _, D, _ = cache.keys_LHGDW.shape
    return cache.keys_LHGDW.swapaxes(3, 4).reshape(L, H, -1, D)[:, :, :T]


def pack(config: GPTConfig, tensors: dict[str, np.ndarray]) -> Weights:
    """The float32 tensors of a model's state_dict. Matrices become int8 if that loses nothing in any of them."""
    blocks = [f"blocks.{number}." for number in range(config.n_layer)]
    classic, normed_heads = config.family == "gpt", config.family == "qwen3"
    linear = [array for name, array in tensors.items() if array.ndim == 2 and not name.startswith("embedding")]
    eight_bits = all(np.array_equal(rounded(array), array) for array in linear)

    def weight(part: str) -> np.ndarray:
        return tensors[f"{part}.weight"]

    def bias(part: str) -> np.ndarray:
        return tensors.get(f"{part}.bias", np.zeros(len(weight(part)), np.float32))

    def matrices(*parts: str, owners: list[str] = blocks) -> Matrices:
        weights_LOK = np.stack([np.concatenate([weight(owner + part) for part in parts]) for owner in owners])
        biases_LO = np.stack([np.concatenate([bias(owner + part) for part in parts]) for owner in owners])
        steps_LO1 = np.ones((*biases_LO.shape, 1), np.float32)
        if eight_bits:
            weights_LOK, steps_LO1 = whole_numbers(weights_LOK)
        return Matrices(_grouped(weights_LOK.swapaxes(1, 2)), steps_LO1.squeeze(2), biases_LO)

    def norms(part: str, owners: list[str] = blocks) -> Norms:
        weights_LK = np.stack([weight(owner + part) for owner in owners])
        biases_LK = np.stack([bias(owner + part) for owner in owners])
        return Norms(weights_LK, biases_LK, centred=classic, eps=1e-5 if classic else 1e-6)

    unplaced_TC = np.zeros((config.block_size, config.n_embd), np.float32)
    # Where heads have no norms, others fill the place: machine code wants some, and does not look at them.
    query_norm, key_norm = ("attention.query_norm", "attention.key_norm") if normed_heads else 2 * ("attention_norm",)
    return Weights(
        token_VC=weight("embedding.token").copy(),
        position_TC=weight("embedding.position").copy() if classic else unplaced_TC,
        attention_norm=norms("attention_norm"),
        query_key_value=matrices("attention.query", "attention.key", "attention.value"),
        heads=Heads(norms(query_norm), norms(key_norm), normed_heads, *_rotations(config)),
        proj=matrices("attention.proj"),
        feed_forward_norm=norms("feed_forward_norm"),
        expand=matrices(*([] if classic else ["feed_forward.gate"]), "feed_forward.expand"),
        gated=not classic,
        shrink=matrices("feed_forward.proj"),
        norm=norms("norm", owners=[""]),
        lm_head=matrices("lm_head", owners=[""]),
    )


def _rotations(config: GPTConfig) -> tuple[np.ndarray, np.ndarray]:
    """cos_TD and sin_TD of the angles of attention.py."""
    shape = config.block_size, config.head_size
    if config.family == "gpt":
        return np.ones(shape, np.float32), np.zeros(shape, np.float32)
    pairs = np.arange(0, config.head_size, 2, dtype=np.float32) / np.float32(config.head_size)
    angles_TD = np.tile(np.outer(np.arange(config.block_size, dtype=np.float32), np.float32(10_000) ** -pairs), 2)
    return np.cos(angles_TD), np.sin(angles_TD)


def _grouped(matrices_LKO: np.ndarray) -> np.ndarray:
    """Their columns in groups, in the order in which a product reads them, filled up with zeros: matrices_LGKW."""
    L, K, columns = matrices_LKO.shape
    filled = np.zeros((L, K, _groups(columns) * WIDTH), matrices_LKO.dtype)
    filled[:, :, :columns] = matrices_LKO
    return np.ascontiguousarray(filled.reshape(L, K, -1, WIDTH).swapaxes(1, 2))


def _groups(columns: int) -> int:
    return -(-columns // WIDTH)
