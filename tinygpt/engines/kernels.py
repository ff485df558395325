"""A model as machine code, compiled by numba at its first call and cached on disk: reads characters, samples the next.

The arithmetic is that of model/gpt.py, for one text. To generate a character, a CPU passes once through all of the
weights, so what counts is how few bytes they take (weight_layout.py stores them as int8 where that is exact) and
that vector instructions do the work. Python's lock is released meanwhile, so every core can write a text.

All of it is in one file, because numba looks at no other to decide whether cached machine code is still valid. Loops
stand where an assignment to a slice would do, since numba takes seconds to compile each of those.

Nothing here checks its arguments: see bounds.py. With `fastmath`, the compiler assumes that no number is infinite or
NaN, so that a comparison may lose one. `_watch` records it from its bits, for the caller to refuse.

Dimensions, beside those of model/gpt.py: N characters read at once, R rows of them, L blocks, K inputs and O outputs
of a matrix, G groups of W = WIDTH columns. The output of a product has room for one group more than it has columns.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from llvmlite import ir  # comes with numba
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tinygpt.engines.kernel_cache import cached_njit

WIDTH = 16  # float32 numbers in the longest vector registers (AVX-512); for shorter ones LLVM uses several

_ROWS = 6  # characters multiplied with a matrix in one pass; with more, the sums would not fit into the registers
_PREFETCH_DISTANCE = 4096  # weights between the one in use and the one that is fetched from memory in advance
_VECTOR = ir.VectorType(ir.FloatType(), WIDTH)
_F, _U = np.float32, np.uint64
_njit = cached_njit(nogil=True, boundscheck=False, error_model="numpy")
_njit_fastmath = cached_njit(nogil=True, boundscheck=False, error_model="numpy", fastmath=True)


class Matrices(NamedTuple):
    """One matrix per block."""

    weights_LGKW: np.ndarray  # int8 or float32
    scales_LO: np.ndarray  # factor of each output
    biases_LO: np.ndarray


class Norms(NamedTuple):
    """One norm per block."""

    weights_LK: np.ndarray
    biases_LK: np.ndarray
    centered: bool  # LayerNorm subtracts the mean, RMSNorm does not
    eps: float


class Heads(NamedTuple):
    """Norms and rotations of queries and keys."""

    query_norm: Norms
    key_norm: Norms
    normed: bool
    cos_TD: np.ndarray  # ones, and sin_TD zeros, where positions are learned: nothing is rotated
    sin_TD: np.ndarray


class Weights(NamedTuple):
    """All weights of a model."""

    token_VC: np.ndarray
    position_TC: np.ndarray  # zeros where positions are rotary
    attention_norm: Norms
    query_key_value: Matrices  # the columns of all three, in this order
    heads: Heads
    attention_proj: Matrices
    feed_forward_norm: Norms
    expand: Matrices  # preceded by the gate's columns, if there is a gate
    gated: bool
    feed_forward_proj: Matrices
    norm: Norms  # the final one, stored like one block's
    lm_head: Matrices


class Recording(NamedTuple):
    """Arrays for the activations of a text that is read at once; of length 0 where they are not recorded."""

    queries_LHTD: np.ndarray
    residual_LC: np.ndarray


class Cache(NamedTuple):
    """What is kept of the characters read so far."""

    keys_LHGDW: np.ndarray  # in groups of WIDTH positions
    values_LHGTW: np.ndarray  # in groups of WIDTH channels
    recording: Recording
    largest_1: np.ndarray  # int32: the bits of the largest magnitude that was watched


@_njit
def write(weights, cache, ids_N, t, sampled_N, probabilities_N, temperature, top_k, top_p, seed, i):
    """Read the characters `ids_N`, the first at position `t`, then sample until `sampled_N` is full.

    All but the last sampled character are read too. The first one is character number `i` of its request. A top_k
    or top_p of 0 means none. `probabilities_N` gets the model's own probability of each.
    """
    logits_V = np.empty(len(weights.token_VC) + WIDTH, _F)
    for n in range(len(sampled_N)):
        read(weights, cache, ids_N, t, logits_V)
        t += len(ids_N)
        u = _uniform(_U(seed), _U(i + n))
        sampled_N[n] = _sample(logits_V[: len(weights.token_VC)], temperature, top_k, top_p, u)
        probabilities_N[n] = _probability(logits_V[: len(weights.token_VC)], sampled_N[n])
        ids_N = sampled_N[n : n + 1]


@_njit_fastmath
def read(weights, cache, ids_N, t, logits_V):
    """Read the characters `ids_N`, the first at position `t`, and compute the logits of the one after the last."""
    N, C = len(ids_N), weights.token_VC.shape[1]
    x_NC = np.empty((N, C), _F)
    normed_NC = np.empty((N, C), _F)
    qkv_NC = np.empty((N, 3 * C + WIDTH), _F)
    heads_NC = np.empty((N, C + WIDTH), _F)
    hidden_NK = np.empty((N, weights.expand.scales_LO.shape[1] + WIDTH), _F)
    update_NC = np.empty((N, C + WIDTH), _F)
    n_layer, inner = len(weights.attention_proj.scales_LO), weights.feed_forward_proj.weights_LGKW.shape[2]
    for n in range(N):
        for c in range(C):
            x_NC[n, c] = weights.token_VC[ids_N[n], c] + weights.position_TC[t + n, c]
    for layer in range(n_layer):
        _record(cache.recording, layer, x_NC)
        norm_rows(weights.attention_norm, layer, x_NC, normed_NC)
        multiply(weights.query_key_value, layer, normed_NC, qkv_NC)
        first = 0 if layer < n_layer - 1 else N - 1  # after the last block only the last character is needed
        attention(weights.heads, cache, layer, t, qkv_NC, first, heads_NC)
        multiply(weights.attention_proj, layer, heads_NC[first:, :C], update_NC[first:])
        _add(x_NC[first:], update_NC[first:])
        norm_rows(weights.feed_forward_norm, layer, x_NC[first:], normed_NC[first:])
        multiply(weights.expand, layer, normed_NC[first:], hidden_NK[first:])
        for n in range(first, N):
            if not weights.gated:
                _watch(hidden_NK[n, :inner], cache.largest_1)  # ReLU may turn NaN into 0
            activate(hidden_NK[n, :inner], hidden_NK[n, inner:], weights.gated)
        multiply(weights.feed_forward_proj, layer, hidden_NK[first:, :inner], update_NC[first:])
        _add(x_NC[first:], update_NC[first:])
    _record(cache.recording, n_layer, x_NC)
    unembed(weights, x_NC[N - 1 :], logits_V.reshape(1, -1))
    _watch(_squared_lengths(x_NC), cache.largest_1)
    _watch(logits_V[: len(weights.token_VC)], cache.largest_1)


@_njit_fastmath
def unembed(weights, x_NC, logits_NV):
    """Compute logits from the residual stream of N characters, after the last block or an earlier one."""
    normed_NC = np.empty_like(x_NC)
    norm_rows(weights.norm, 0, x_NC, normed_NC)
    multiply(weights.lm_head, 0, normed_NC, logits_NV)


@_njit_fastmath
def _record(recording, layer, x_NC):
    """Record the residual stream of the last character."""
    if len(recording.residual_LC):
        for c in range(x_NC.shape[1]):
            recording.residual_LC[layer, c] = x_NC[len(x_NC) - 1, c]


@_njit_fastmath
def attention(heads, cache, layer, t, qkv_NC, start, heads_NC):
    """All heads of a block: append keys and values of all N characters, and attend from those from `start` on."""
    _, n_head, _, head_size, _ = cache.keys_LHGDW.shape
    N, C = len(qkv_NC), n_head * head_size
    q_ND = np.empty((N, head_size), _F)
    k_D, normed_D = np.empty(head_size, _F), np.empty(head_size, _F)
    scores_RT = np.empty((_ROWS, t + N + WIDTH), _F)
    for head in range(n_head):
        first, last = head * head_size, (head + 1) * head_size
        keys_GDW, values_GTW = cache.keys_LHGDW[layer, head], cache.values_LHGTW[layer, head]
        for n in range(N):
            position, cos_D, sin_D = t + n, heads.cos_TD[t + n], heads.sin_TD[t + n]
            if heads.normed:
                _norm(heads.query_norm, layer, qkv_NC[n, first:last], normed_D)
                _rotate(normed_D, cos_D, sin_D, q_ND[n])
                _norm(heads.key_norm, layer, qkv_NC[n, C + first : C + last], normed_D)
                _rotate(normed_D, cos_D, sin_D, k_D)
            else:
                _rotate(qkv_NC[n, first:last], cos_D, sin_D, q_ND[n])
                _rotate(qkv_NC[n, C + first : C + last], cos_D, sin_D, k_D)
            for d in range(head_size):
                keys_GDW[position // WIDTH, d, position % WIDTH] = k_D[d]
                values_GTW[d // WIDTH, position, d % WIDTH] = qkv_NC[n, 2 * C + first + d]
        if len(cache.recording.queries_LHTD):
            for n in range(N):
                for d in range(head_size):
                    cache.recording.queries_LHTD[layer, head, t + n, d] = q_ND[n, d]
        for n in range(start, N, _ROWS):
            rows = slice(n, n + _ROWS)
            _attend(q_ND[rows], keys_GDW, values_GTW, t + n, scores_RT, heads_NC[rows, first:], cache.largest_1)


@_njit_fastmath
def _attend(q_RD, keys_GDW, values_GTW, t, scores_RT, out_RD, largest_1):
    """One head's attention from a few rows; row r is at position t + r and sees that position and those before it."""
    seen = t + len(q_RD)
    _product(q_RD, keys_GDW[: (seen + WIDTH - 1) // WIDTH], scores_RT)
    for r in range(len(q_RD)):
        _watch(scores_RT[r, :seen], largest_1)  # softmax may lose NaN
        _softmax(scores_RT[r, : t + r + 1], _F(1) / np.sqrt(_F(q_RD.shape[1])))
        scores_RT[r, t + r + 1 : seen] = _F(0)
    _product(scores_RT[: len(q_RD), :seen], values_GTW, out_RD)


@_njit_fastmath
def _softmax(scores_T, scale):
    """The softmax of the scores times `scale`, in place."""
    maximum, total = scores_T[0], _F(0)
    for t in range(len(scores_T)):
        maximum = max(maximum, scores_T[t])
    for t in range(len(scores_T)):
        scores_T[t] = _exp((scores_T[t] - maximum) * scale)
        total += scores_T[t]
    for t in range(len(scores_T)):
        scores_T[t] /= total


@_njit_fastmath
def _rotate(x_D, cos_D, sin_D, y_D):
    """Rotary position embedding, as in attention.py."""
    half = len(x_D) // 2
    for d in range(half):
        y_D[d] = x_D[d] * cos_D[d] - x_D[half + d] * sin_D[d]
    for d in range(half, len(x_D)):
        y_D[d] = x_D[d] * cos_D[d] + x_D[d - half] * sin_D[d]


@_njit_fastmath
def activate(x_K, other_K, gated):
    """The feed-forward network's activation, in place: SwiGLU with x as the gate of the other, or ReLU of x."""
    if gated:
        for k in range(len(x_K)):
            x_K[k] = x_K[k] / (_F(1) + _exp(-x_K[k])) * other_K[k]
    else:
        for k in range(len(x_K)):
            x_K[k] = max(x_K[k], _F(0))


@_njit_fastmath
def norm_rows(norms, layer, x_NK, y_NK):
    for n in range(len(x_NK)):
        _norm(norms, layer, x_NK[n], y_NK[n])


@_njit_fastmath
def _norm(norms, layer, x_K, y_K):
    weights_K, biases_K = norms.weights_LK[layer], norms.biases_LK[layer]
    mean = _F(0)
    if norms.centered:
        for k in range(len(x_K)):
            mean += x_K[k]
        mean /= _F(len(x_K))
    squares = _F(0)
    for k in range(len(x_K)):
        squares += (x_K[k] - mean) * (x_K[k] - mean)
    scale = _F(1) / np.sqrt(squares / _F(len(x_K)) + _F(norms.eps))
    for k in range(len(x_K)):
        y_K[k] = (x_K[k] - mean) * scale * weights_K[k] + biases_K[k]


@_njit_fastmath
def _exp(x):
    """e^x within 2 units in the last place, without a call or a branch, so that loops over it are vectorized.

    x = n·ln 2 + r; the polynomial in r is that of Cephes (Moshier, 1989), 2^n is composed from its bits.
    """
    x = min(max(x, _F(-87)), _F(88))
    n = np.floor(x * _F(1.44269504) + _F(0.5))
    r = (x - n * _F(0.693359375)) + n * _F(2.12194440e-4)  # ln 2 in two parts, the first with few digits
    p = _F(1.9875691500e-4)
    p = p * r + _F(1.3981999507e-3)
    p = p * r + _F(8.3334519073e-3)
    p = p * r + _F(4.1665795894e-2)
    p = p * r + _F(1.6666665459e-1)
    p = p * r + _F(5.0000001201e-1)
    return (p * r * r + r + _F(1)) * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


@_njit
def _uniform(seed, i):
    """See `uniform` in sampling.py."""
    z = seed + (i + _U(1)) * _U(0x9E3779B97F4A7C15)
    z = (z ^ (z >> _U(30))) * _U(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> _U(27))) * _U(0x94D049BB133111EB)
    return np.float64((z ^ (z >> _U(31))) >> _U(11)) / 2.0**53


@_njit
def _sample(logits_V, temperature, top_k, top_p, u):
    """See `sample` in sampling.py. Sorts only for top_k or top_p."""
    likeliest = np.argmax(logits_V)
    if temperature == 0:
        return likeliest
    weights_V = np.exp((logits_V.astype(np.float64) - np.float64(logits_V[likeliest])) / temperature)
    if top_k or top_p:
        order = np.argsort(-weights_V, kind="mergesort")  # ties stay in vocabulary order
        if top_k:
            threshold = weights_V[order[top_k - 1]]
            for id in range(len(weights_V)):
                if weights_V[id] < threshold:
                    weights_V[id] = 0
        if top_p:
            cumulative_V = np.cumsum(weights_V[order])
            border = top_p * cumulative_V[-1]
            for n in range(1, len(order)):
                if cumulative_V[n - 1] >= border:  # the character that crosses it stays
                    weights_V[order[n]] = 0
    cumulative_V = np.cumsum(weights_V)
    border = u * cumulative_V[-1]
    for id in range(len(cumulative_V)):
        if cumulative_V[id] > border:
            return id
    return len(cumulative_V) - 1  # only with NaN


@_njit
def _probability(logits_V, id):
    """See `probability` in sampling.py."""
    return 1 / np.sum(np.exp(logits_V.astype(np.float64) - np.float64(logits_V[id])))


@_njit
def _squared_lengths(x_NC):
    """What every norm of the residual stream computes first, and where its numbers overflow first."""
    squares_N = np.zeros(len(x_NC), _F)
    for n in range(len(x_NC)):
        for c in range(x_NC.shape[1]):
            squares_N[n] += x_NC[n, c] * x_NC[n, c]
    return squares_N


@_njit
def _watch(values_N, largest_1):
    """Raise `largest_1` to the bits of the largest magnitude among float32 values.

    As integers, magnitudes have the order of the numbers, followed by infinity and NaN.
    """
    largest = np.int32(0)
    for n in range(len(values_N)):
        bits = np.int32(_F(values_N[n]).view(np.int32) & np.int32(0x7FFFFFFF))  # without the sign
        largest = bits if bits > largest else largest
    largest_1[0] = max(largest_1[0], largest)


@_njit_fastmath
def multiply(matrices, layer, x_NK, y_NO):
    """y = x @ matrix · scales + biases."""
    _product(x_NK, matrices.weights_LGKW[layer], y_NO)
    for n in range(len(x_NK)):
        _scale(y_NO[n], matrices.scales_LO[layer], matrices.biases_LO[layer])


@_njit_fastmath
def _add(x_NC, update_NC):
    for n in range(len(x_NC)):
        for c in range(x_NC.shape[1]):
            x_NC[n, c] += update_NC[n, c]


@_njit_fastmath
def _scale(y_O, scales_O, biases_O):
    for o in range(len(scales_O)):
        y_O[o] = y_O[o] * scales_O[o] + biases_O[o]


@_njit_fastmath
def _product(x_NK, matrix_GKW, y_NO):
    whole = len(x_NK) // _ROWS * _ROWS
    for n in range(0, whole, _ROWS):
        _rows_product(x_NK[n : n + _ROWS], matrix_GKW, y_NO[n : n + _ROWS])
    for n in range(whole, len(x_NK)):
        _one_row_product(x_NK[n : n + 1], matrix_GKW, y_NO[n : n + 1])


def _matrix_product(rows: int, sums: int) -> Callable:
    """A function for y_RO = x_RK @ matrix_GKW with so many rows, generated in LLVM's intermediate language.

    Compiled from Python loops, the sums would be kept in memory. Here the sums of WIDTH columns stay in registers while
    the weights of these columns, which are adjacent in memory, are read once. Each row has several partial sums,
    used in turn, because an addition has to wait for the previous one to the same sum.
    """

    @intrinsic
    def product(_, x_RK, matrix_GKW, y_RO):
        def build(context, builder, signature, arguments):
            number = context.get_value_type(types.intp)
            (x, (_, inputs)), (matrix, (groups, _, _)), (y, _) = (
                _indexer(context, builder, kind, value) for kind, value in zip(signature.args, arguments, strict=True)
            )

            def add(group, k, totals):
                weights_W = _load(builder, matrix(group, k, number(0)))
                for row, total in enumerate(totals):
                    x_W = _broadcast(builder, builder.load(x(number(row), k)))
                    part_W = builder.fmul(x_W, weights_W, flags=["contract"])
                    builder.store(builder.fadd(builder.load(total), part_W, flags=["contract"]), total)

            whole = builder.sub(inputs, builder.srem(inputs, number(sums)))
            with cgutils.for_range(builder, groups) as group:
                zeros_W = _VECTOR([0.0] * WIDTH)
                totals = [[cgutils.alloca_once_value(builder, zeros_W) for _ in range(rows)] for _ in range(sums)]
                with cgutils.for_range_slice(builder, number(0), whole, number(sums)) as (k, _):
                    if rows == 1:
                        _prefetch(builder, matrix(group.index, k, number(_PREFETCH_DISTANCE)))
                    for i in range(sums):
                        add(group.index, builder.add(k, number(i)), totals[i])
                with cgutils.for_range_slice(builder, whole, inputs, number(1)) as (k, _):
                    add(group.index, k, totals[0])
                for row, (total, *others) in enumerate(zip(*totals, strict=True)):
                    total_W = builder.load(total)
                    for other in others:
                        total_W = builder.fadd(total_W, builder.load(other))
                    first = y(number(row), builder.mul(group.index, number(WIDTH)))
                    builder.store(total_W, builder.bitcast(first, _VECTOR.as_pointer()), align=4)

        return types.void(x_RK, matrix_GKW, y_RO), build

    return product


def _indexer(context, builder, kind, value) -> tuple[Callable, list]:
    """A function from indices to a pointer to the array's element, and the array's shape."""
    array = context.make_array(kind)(context, builder, value=value)
    shape = cgutils.unpack_tuple(builder, array.shape, kind.ndim)
    return lambda *indices: cgutils.get_item_pointer(context, builder, kind, array, indices), shape


def _load(builder, pointer):
    """Load the WIDTH numbers that start at the pointer, int8 or float32, as float32."""
    element = pointer.type.pointee
    vector = builder.load(builder.bitcast(pointer, ir.VectorType(element, WIDTH).as_pointer()), align=1)
    return vector if element == _VECTOR.element else builder.sitofp(vector, _VECTOR)


def _broadcast(builder, number):
    """A vector of WIDTH times the same number."""
    undefined, zeros = _VECTOR(ir.Undefined), ir.VectorType(ir.IntType(32), WIDTH)([0] * WIDTH)
    return builder.shuffle_vector(builder.insert_element(undefined, number, ir.IntType(32)(0)), undefined, zeros)


def _prefetch(builder, pointer):
    """Fetch memory into the first-level cache; an address beyond the array does no harm."""
    byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
    prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
    builder.call(prefetch, [builder.bitcast(pointer, byte), number(0), number(3), number(1)])


_one_row_product = _matrix_product(rows=1, sums=4)
_rows_product = _matrix_product(rows=_ROWS, sums=1)
