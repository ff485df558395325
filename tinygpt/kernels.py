"""The model's step for one character as machine code, made by numba when first called and kept on disk.

The same sums as in model.py, for one text at a time. On a processor such a step is a walk through all of
the weights, so what counts is how few bytes they take (one each where they fit, see eight_bits.py) and that
the inner loops become vector instructions: each of them runs over numbers that lie side by side.

Dimensions, beside those at the head of model.py: K a matrix's or norm's inputs, N a matrix's outputs, L blocks.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

_F = np.float32
_compiled = njit(nogil=True, cache=True, fastmath=True, boundscheck=False, error_model="numpy")


class Matrices(NamedTuple):
    """One matrix a block, each standing so that an output's weights are a column."""

    weights_LKN: np.ndarray  # int8 or float32
    steps_LN: np.ndarray  # what an output is multiplied by
    biases_LN: np.ndarray


class Norms(NamedTuple):
    """One norm a block."""

    weights_LK: np.ndarray
    biases_LK: np.ndarray
    centred: bool  # LayerNorm subtracts the mean, RMSNorm does not
    eps: float


class Weights(NamedTuple):
    """A whole model. L blocks, H heads of D channels, C = H·D, context T, V characters."""

    token_VC: np.ndarray
    position_TC: np.ndarray  # zeros where positions are rotary
    cos_TD: np.ndarray  # ones and zeros where they are learned: then nothing is turned
    sin_TD: np.ndarray
    attention_norm: Norms
    query_key_value: Matrices
    query_norm: Norms
    key_norm: Norms
    normed_heads: bool
    proj: Matrices
    feed_forward_norm: Norms
    expand: Matrices  # with the gate's columns first, if there is one
    gated: bool
    shrink: Matrices
    norm: Norms  # the last one; of the form of one block
    lm_head: Matrices


@_compiled
def read_one(weights: Weights, keys_LHDT: np.ndarray, values_LHTD: np.ndarray, id: int, t: int, logits_V: np.ndarray):
    """Read the character `id` at position `t`: its keys and values join the others, `logits_V` are set."""
    n_layer, n_head, head_size, _ = keys_LHDT.shape
    width = n_head * head_size
    x_C = weights.token_VC[id] + weights.position_TC[t]
    normed_C, gathered_C, change_C = np.empty_like(x_C), np.empty_like(x_C), np.empty_like(x_C)
    qkv = np.empty(3 * width, _F)
    hidden = np.empty(weights.expand.weights_LKN.shape[2], _F)
    inner = np.empty(weights.shrink.weights_LKN.shape[1], _F)
    scores_T = np.empty(t + 1, _F)
    for layer in range(n_layer):
        _norm(weights.attention_norm, layer, x_C, normed_C)
        _multiply(weights.query_key_value, layer, normed_C, qkv)
        for head in range(n_head):
            first, last = head * head_size, (head + 1) * head_size
            q_D, k_D = qkv[first:last], qkv[width + first : width + last]
            v_D = qkv[2 * width + first : 2 * width + last]
            if weights.normed_heads:
                _norm(weights.query_norm, layer, q_D, q_D)
                _norm(weights.key_norm, layer, k_D, k_D)
            _turn(q_D, weights.cos_TD[t], weights.sin_TD[t])
            _turn(k_D, weights.cos_TD[t], weights.sin_TD[t])
            keys_LHDT[layer, head, :, t] = k_D
            values_LHTD[layer, head, t] = v_D
            _attend(q_D, keys_LHDT[layer, head], values_LHTD[layer, head], scores_T, gathered_C[first:last])
        _multiply(weights.proj, layer, gathered_C, change_C)
        x_C += change_C
        _norm(weights.feed_forward_norm, layer, x_C, normed_C)
        _multiply(weights.expand, layer, normed_C, hidden)
        if weights.gated:
            for i in range(len(inner)):
                inner[i] = hidden[i] / (_F(1) + _exp(-hidden[i])) * hidden[len(inner) + i]
        else:
            for i in range(len(inner)):
                inner[i] = max(hidden[i], _F(0))
        _multiply(weights.shrink, layer, inner, change_C)
        x_C += change_C
    _norm(weights.norm, 0, x_C, normed_C)
    _multiply(weights.lm_head, 0, normed_C, logits_V)


@_compiled
def _multiply(matrices, layer, x_K, y_N):
    steps_N, biases_N = matrices.steps_LN[layer], matrices.biases_LN[layer]
    _product(x_K, matrices.weights_LKN[layer], y_N)
    for n in range(len(y_N)):
        y_N[n] = y_N[n] * steps_N[n] + biases_N[n]


@_compiled
def _product(x_K, matrix_KN, y_N):
    """x @ matrix, of its first len(x) rows and len(y) columns.

    Eight rows at once: y is then fetched and stored an eighth as often.
    """
    y_N[:] = _F(0)
    whole = len(x_K) // 8 * 8
    for k in range(0, whole, 8):
        a, b, c, d = x_K[k], x_K[k + 1], x_K[k + 2], x_K[k + 3]
        e, f, g, h = x_K[k + 4], x_K[k + 5], x_K[k + 6], x_K[k + 7]
        for n in range(len(y_N)):
            y_N[n] += (
                (a * _F(matrix_KN[k, n]) + b * _F(matrix_KN[k + 1, n]))
                + (c * _F(matrix_KN[k + 2, n]) + d * _F(matrix_KN[k + 3, n]))
                + (e * _F(matrix_KN[k + 4, n]) + f * _F(matrix_KN[k + 5, n]))
                + (g * _F(matrix_KN[k + 6, n]) + h * _F(matrix_KN[k + 7, n]))
            )
    for k in range(whole, len(x_K)):
        for n in range(len(y_N)):
            y_N[n] += x_K[k] * _F(matrix_KN[k, n])


@_compiled
def _norm(norms, layer, x_K, y_K):
    weights_K, biases_K = norms.weights_LK[layer], norms.biases_LK[layer]
    mean = _F(0)
    if norms.centred:
        for k in range(len(x_K)):
            mean += x_K[k]
        mean /= _F(len(x_K))
    squares = _F(0)
    for k in range(len(x_K)):
        squares += (x_K[k] - mean) * (x_K[k] - mean)
    scale = _F(1) / np.sqrt(squares / _F(len(x_K)) + _F(norms.eps))
    for k in range(len(x_K)):
        y_K[k] = (x_K[k] - mean) * scale * weights_K[k] + biases_K[k]


@_compiled
def _turn(x_D, cos_D, sin_D):
    half = len(x_D) // 2
    for d in range(half):
        first, second = x_D[d], x_D[half + d]
        x_D[d] = first * cos_D[d] - second * sin_D[d]
        x_D[half + d] = second * cos_D[half + d] + first * sin_D[half + d]


@_compiled
def _attend(q_D, keys_DT, values_TD, scores_T, out_D):
    """Attention of one head over the first len(scores) characters."""
    _product(q_D, keys_DT, scores_T)
    highest, total = scores_T[0], _F(0)
    for t in range(len(scores_T)):
        highest = max(highest, scores_T[t])
    scale = _F(1) / np.sqrt(_F(len(q_D)))
    for t in range(len(scores_T)):
        scores_T[t] = _exp((scores_T[t] - highest) * scale)
        total += scores_T[t]
    _product(scores_T, values_TD, out_D)
    for d in range(len(out_D)):
        out_D[d] /= total


@_compiled
def _exp(x):
    """e^x within 2 units of the last place, without a call or a branch, so that eight or sixteen go at once.

    x = n·ln 2 + r; the polynomial of r is that of Cephes (Moshier, 1989), 2^n is put together from bits.
    """
    x = min(max(x, _F(-87)), _F(88))
    n = np.floor(x * _F(1.44269504) + _F(0.5))
    r = (x - n * _F(0.693359375)) + n * _F(2.12194440e-4)  # ln 2 in two parts: the first has few digits
    p = _F(1.9875691500e-4)
    p = p * r + _F(1.3981999507e-3)
    p = p * r + _F(8.3334519073e-3)
    p = p * r + _F(4.1665795894e-2)
    p = p * r + _F(1.6666665459e-1)
    p = p * r + _F(5.0000001201e-1)
    return (p * r * r + r + _F(1)) * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
