"""A model as machine code, made by numba when first called and kept on disk: it reads characters and draws the next.

The same sums as in model.py, for one text. On a processor a character is a walk through all of the weights,
so what counts is how few bytes they take (packed.py holds them, in one byte each where that is enough) and
that vector instructions do the work. Python's lock is free meanwhile, so every core can write a text.

All of it is in one file, because numba looks at no other when it asks whether what it kept is still right.

Dimensions, beside those at the head of model.py: N characters read at once, R rows of them, L blocks, K inputs
and O outputs of a matrix, G groups of W = 16 columns. What a product is put into has room for one group more
than it has columns.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from llvmlite import ir  # comes with numba
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

WIDTH = 16  # numbers in the longest vectors of today; where they are shorter, LLVM takes several for one

_ROWS = 6  # characters that pass over a matrix together; the sums of more would not fit into all registers
_AHEAD = 4096  # weights from the one at work to the one that is fetched from memory, to be there in time
_VECTOR = ir.VectorType(ir.FloatType(), WIDTH)
_F, _U = np.float32, np.uint64
_exactly = njit(nogil=True, cache=True, boundscheck=False, error_model="numpy")
_compiled = njit(nogil=True, cache=True, boundscheck=False, error_model="numpy", fastmath=True)


class Matrices(NamedTuple):
    """One matrix a block."""

    weights_LGKW: np.ndarray  # int8 or float32
    steps_LO: np.ndarray  # what an output is multiplied by
    biases_LO: np.ndarray


class Norms(NamedTuple):
    """One norm a block."""

    weights_LK: np.ndarray
    biases_LK: np.ndarray
    centred: bool  # LayerNorm subtracts the mean, RMSNorm does not
    eps: float


class Heads(NamedTuple):
    """What attention does to queries and keys before it compares them."""

    query_norm: Norms
    key_norm: Norms
    normed: bool
    cos_TD: np.ndarray  # ones and zeros where positions are learned: then nothing is turned
    sin_TD: np.ndarray


class Weights(NamedTuple):
    """A whole model."""

    token_VC: np.ndarray
    position_TC: np.ndarray  # zeros where positions are rotary
    attention_norm: Norms
    query_key_value: Matrices  # side by side
    heads: Heads
    proj: Matrices
    feed_forward_norm: Norms
    expand: Matrices  # with the gate's columns first, if there is one
    gated: bool
    shrink: Matrices
    norm: Norms  # the last one; of the form of one block
    lm_head: Matrices


class Notes(NamedTuple):
    """What Trace tells of a text that is read at once. Nobody notes it where there is no room for it."""

    queries_LHTD: np.ndarray
    stream_LC: np.ndarray


class Cache(NamedTuple):
    """Keys and values of what was read, in groups of 16 positions and of 16 channels."""

    keys_LHGDW: np.ndarray
    values_LHGTW: np.ndarray
    notes: Notes


@_exactly
def write(weights, cache, ids_N, t, written, expected, temperature, top_k, top_p, seed, i):
    """Read the characters `ids_N`, the first at position `t`, then draw as many as `written` holds.

    Of these all but the last are read too. The first is character number `i` of its request. A top_k or
    top_p of 0 is none. `expected` is how likely the model held each that was drawn.
    """
    logits_V = np.empty(len(weights.token_VC) + WIDTH, _F)
    for n in range(len(written)):
        read(weights, cache, ids_N, t, logits_V)
        t += len(ids_N)
        u = _uniform(_U(seed), _U(i + n))
        written[n] = _drawn(logits_V[: len(weights.token_VC)], temperature, top_k, top_p, u)
        expected[n] = _probability(logits_V[: len(weights.token_VC)], written[n])
        ids_N = written[n : n + 1]


@_compiled
def read(weights, cache, ids_N, t, logits_V):
    """Read the characters `ids_N`, the first at position `t`, and set the logits of the one after the last."""
    N, C = len(ids_N), weights.token_VC.shape[1]
    x_NC = np.empty((N, C), _F)
    normed_NC = np.empty((N, C), _F)
    qkv_NC = np.empty((N, 3 * C + WIDTH), _F)
    gathered_NC = np.empty((N, C + WIDTH), _F)
    hidden_NK = np.empty((N, weights.expand.steps_LO.shape[1] + WIDTH), _F)
    change_NC = np.empty((N, C + WIDTH), _F)
    n_layer, inner = len(weights.proj.steps_LO), weights.shrink.weights_LGKW.shape[2]
    for n in range(N):
        x_NC[n] = weights.token_VC[ids_N[n]] + weights.position_TC[t + n]
    for layer in range(n_layer):
        _note(cache.notes, layer, x_NC)
        _norm_rows(weights.attention_norm, layer, x_NC, normed_NC)
        _multiply(weights.query_key_value, layer, normed_NC, qkv_NC)
        first = 0 if layer < n_layer - 1 else N - 1  # after the last block nobody asks for all but the last character
        _attention(weights.heads, cache, layer, t, qkv_NC, first, gathered_NC)
        _multiply(weights.proj, layer, gathered_NC[first:, :C], change_NC[first:])
        _add(x_NC[first:], change_NC[first:])
        _norm_rows(weights.feed_forward_norm, layer, x_NC[first:], normed_NC[first:])
        _multiply(weights.expand, layer, normed_NC[first:], hidden_NK[first:])
        for n in range(first, N):
            _activate(hidden_NK[n, :inner], hidden_NK[n, inner:], weights.gated)
        _multiply(weights.shrink, layer, hidden_NK[first:, :inner], change_NC[first:])
        _add(x_NC[first:], change_NC[first:])
    _note(cache.notes, n_layer, x_NC)
    unembed(weights, x_NC[N - 1 :], logits_V.reshape(1, -1))


@_compiled
def unembed(weights, x_NC, logits_NV):
    """Set the logits of the character after each of those that the last block, or another, left like this."""
    normed_NC = np.empty_like(x_NC)
    _norm_rows(weights.norm, 0, x_NC, normed_NC)
    _multiply(weights.lm_head, 0, normed_NC, logits_NV)


@_compiled
def _note(notes, layer, x_NC):
    if len(notes.stream_LC):
        notes.stream_LC[layer] = x_NC[-1]


@_compiled
def _attention(heads, cache, layer, t, qkv_NC, start, gathered_NC):
    """All heads of a block: keys and values of all N characters join the cache, those from `start` on gather."""
    _, n_head, _, head_size, _ = cache.keys_LHGDW.shape
    N, C = len(qkv_NC), n_head * head_size
    q_ND = np.empty((N, head_size), _F)
    k_D, normed_D = np.empty(head_size, _F), np.empty(head_size, _F)
    scores_RT = np.empty((_ROWS, t + N + WIDTH), _F)
    for head in range(n_head):
        first, last = head * head_size, (head + 1) * head_size
        keys_GDW, values_GTW = cache.keys_LHGDW[layer, head], cache.values_LHGTW[layer, head]
        for n in range(N):
            place, cos_D, sin_D = t + n, heads.cos_TD[t + n], heads.sin_TD[t + n]
            if heads.normed:
                _norm(heads.query_norm, layer, qkv_NC[n, first:last], normed_D)
                _turn(normed_D, cos_D, sin_D, q_ND[n])
                _norm(heads.key_norm, layer, qkv_NC[n, C + first : C + last], normed_D)
                _turn(normed_D, cos_D, sin_D, k_D)
            else:
                _turn(qkv_NC[n, first:last], cos_D, sin_D, q_ND[n])
                _turn(qkv_NC[n, C + first : C + last], cos_D, sin_D, k_D)
            for d in range(head_size):
                keys_GDW[place // WIDTH, d, place % WIDTH] = k_D[d]
                values_GTW[d // WIDTH, place, d % WIDTH] = qkv_NC[n, 2 * C + first + d]
        if len(cache.notes.queries_LHTD):
            cache.notes.queries_LHTD[layer, head, t : t + N] = q_ND
        for n in range(start, N, _ROWS):
            _attend(q_ND[n : n + _ROWS], keys_GDW, values_GTW, t + n, scores_RT, gathered_NC[n : n + _ROWS, first:])


@_compiled
def _attend(q_RD, keys_GDW, values_GTW, t, scores_RT, out_RD):
    """One head's attention; row r is at position t + r, and sees what is there and before."""
    seen = t + len(q_RD)
    _product(q_RD, keys_GDW[: (seen + WIDTH - 1) // WIDTH], scores_RT)
    for r in range(len(q_RD)):
        _softmax(scores_RT[r, : t + r + 1], _F(1) / np.sqrt(_F(q_RD.shape[1])))
        scores_RT[r, t + r + 1 : seen] = _F(0)
    _product(scores_RT[: len(q_RD), :seen], values_GTW, out_RD)


@_compiled
def _softmax(scores_T, scale):
    highest, total = scores_T[0], _F(0)
    for t in range(len(scores_T)):
        highest = max(highest, scores_T[t])
    for t in range(len(scores_T)):
        scores_T[t] = _exp((scores_T[t] - highest) * scale)
        total += scores_T[t]
    for t in range(len(scores_T)):
        scores_T[t] /= total


@_compiled
def _turn(x_D, cos_D, sin_D, y_D):
    half = len(x_D) // 2
    for d in range(half):
        y_D[d] = x_D[d] * cos_D[d] - x_D[half + d] * sin_D[d]
    for d in range(half, len(x_D)):
        y_D[d] = x_D[d] * cos_D[d] + x_D[d - half] * sin_D[d]


@_compiled
def _activate(x_K, other_K, gated):
    """The feed-forward part's activation, in place: SwiGLU with x as the gate of the other, or ReLU of x alone."""
    if gated:
        for k in range(len(x_K)):
            x_K[k] = x_K[k] / (_F(1) + _exp(-x_K[k])) * other_K[k]
    else:
        for k in range(len(x_K)):
            x_K[k] = max(x_K[k], _F(0))


@_compiled
def _norm_rows(norms, layer, x_NK, y_NK):
    for n in range(len(x_NK)):
        _norm(norms, layer, x_NK[n], y_NK[n])


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
def _exp(x):
    """e^x within 2 units of the last place, without a call or a branch, so that many go at once.

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


@_exactly
def _uniform(seed, i):
    """As `uniform` in sampling.py."""
    z = seed + (i + _U(1)) * _U(0x9E3779B97F4A7C15)
    z = (z ^ (z >> _U(30))) * _U(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> _U(27))) * _U(0x94D049BB133111EB)
    return np.float64((z ^ (z >> _U(31))) >> _U(11)) / 2.0**53


@_exactly
def _drawn(logits_V, temperature, top_k, top_p, u):
    """As `sample` in sampling.py, without sorting where nothing is left out."""
    highest = np.argmax(logits_V)
    if temperature == 0:
        return highest
    weights_V = np.exp((logits_V.astype(np.float64) - np.float64(logits_V[highest])) / temperature)
    if top_k or top_p:
        order = np.argsort(-weights_V, kind="mergesort")  # equal ones stay in vocabulary order
        if top_k:
            weights_V[weights_V < weights_V[order[top_k - 1]]] = 0
        if top_p:
            reached = np.cumsum(weights_V[order])
            last = np.searchsorted(reached, top_p * reached[-1])
            weights_V[order[last + 1 :]] = 0
    cumulative_V = np.cumsum(weights_V)
    drawn = np.searchsorted(cumulative_V, u * cumulative_V[-1], side="right")
    return min(drawn, len(logits_V) - 1)  # where there is nan, it points past the end


@_exactly
def _probability(logits_V, id):
    """As `probability` in sampling.py."""
    return 1 / np.sum(np.exp(logits_V.astype(np.float64) - np.float64(logits_V[id])))


@_compiled
def _multiply(matrices, layer, x_NK, y_NO):
    _product(x_NK, matrices.weights_LGKW[layer], y_NO)
    for n in range(len(x_NK)):
        _scale(y_NO[n], matrices.steps_LO[layer], matrices.biases_LO[layer])


@_compiled
def _add(x_NC, change_NC):
    for n in range(len(x_NC)):
        for c in range(x_NC.shape[1]):
            x_NC[n, c] += change_NC[n, c]


@_compiled
def _scale(y_O, steps_O, biases_O):
    for o in range(len(steps_O)):
        y_O[o] = y_O[o] * steps_O[o] + biases_O[o]


@_compiled
def _product(x_NK, matrix_GKW, y_NO):
    whole = len(x_NK) // _ROWS * _ROWS
    for n in range(0, whole, _ROWS):
        _some_rows(x_NK[n : n + _ROWS], matrix_GKW, y_NO[n : n + _ROWS])
    for n in range(whole, len(x_NK)):
        _one_row(x_NK[n : n + 1], matrix_GKW, y_NO[n : n + 1])


def _rows_product(rows: int, sums: int) -> Callable:
    """y_RO = x_RK @ matrix_GKW for so many rows, spelled out in LLVM's own language.

    Left to find the vectors in loops, a compiler keeps sums in memory. Here those of 16 columns stay in
    registers, while the columns' weights, which lie side by side, pass by once. Each row has several sums
    that take turns, since an addition waits for the one before.
    """

    @intrinsic
    def product(_, x_RK, matrix_GKW, y_RO):
        def build(context, builder, signature, arguments):
            number = context.get_value_type(types.intp)
            (x, (_, inputs)), (matrix, (groups, _, _)), (y, _) = (
                _array(context, builder, kind, value) for kind, value in zip(signature.args, arguments, strict=True)
            )

            def add(group, k, totals):
                weights_W = _floats(builder, matrix(group, k, number(0)))
                for row, total in enumerate(totals):
                    x_W = _spread(builder, builder.load(x(number(row), k)))
                    part_W = builder.fmul(x_W, weights_W, flags=["contract"])
                    builder.store(builder.fadd(builder.load(total), part_W, flags=["contract"]), total)

            whole = builder.sub(inputs, builder.srem(inputs, number(sums)))
            with cgutils.for_range(builder, groups) as group:
                zeros_W = _VECTOR([0.0] * WIDTH)
                totals = [[cgutils.alloca_once_value(builder, zeros_W) for _ in range(rows)] for _ in range(sums)]
                with cgutils.for_range_slice(builder, number(0), whole, number(sums)) as (k, _):
                    if rows == 1:
                        _fetch(builder, matrix(group.index, k, number(_AHEAD)))
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


def _array(context, builder, kind, value) -> tuple[Callable, list]:
    """A function from an array's indices to a pointer, and the array's shape."""
    array = context.make_array(kind)(context, builder, value=value)
    shape = cgutils.unpack_tuple(builder, array.shape, kind.ndim)
    return lambda *indices: cgutils.get_item_pointer(context, builder, kind, array, indices), shape


def _floats(builder, pointer):
    """The 16 numbers that begin there, of any type, as float32."""
    element = pointer.type.pointee
    vector = builder.load(builder.bitcast(pointer, ir.VectorType(element, WIDTH).as_pointer()), align=1)
    return vector if element == _VECTOR.element else builder.sitofp(vector, _VECTOR)


def _spread(builder, number):
    """One number 16 times."""
    nothing, everywhere = _VECTOR(ir.Undefined), ir.VectorType(ir.IntType(32), WIDTH)([0] * WIDTH)
    return builder.shuffle_vector(builder.insert_element(nothing, number, ir.IntType(32)(0)), nothing, everywhere)


def _fetch(builder, pointer):
    """Have what lies there brought into the first cache; what is no memory of ours is left alone."""
    byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
    prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
    builder.call(prefetch, [builder.bitcast(pointer, byte), number(0), number(3), number(1)])


_one_row = _rows_product(rows=1, sums=4)
_some_rows = _rows_product(rows=_ROWS, sums=1)
