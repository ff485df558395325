"""A model as machine code, compiled by numba at its first call and cached on disk: reads characters, samples the next.

The arithmetic is that of model/gpt.py, for one text. To generate a character, a CPU passes once through all of the
weights, so what counts is how few bytes they take (weight_layout.py stores them as int8 where that is exact), that a
pass serves several characters, and that vector instructions do the work. Python's lock is released meanwhile, so every
core can write a text.

All of it is in one file, because numba looks at no other to decide whether cached machine code is still valid. Loops
stand where an assignment to a slice would do, since numba takes seconds to compile each of those.

Nothing here checks its arguments: see bounds.py. With `fastmath`, the compiler assumes that no number is infinite or
NaN, so that a comparison may lose one. `_watch` records it from its bits, for the caller to refuse.

Dimensions, beside those of model/gpt.py: N characters read at once, R rows of them, M whose logits are wanted, L
blocks, P planes that a head is rotated in, K inputs and O outputs of a matrix, G groups of W = WIDTH or INTEGER_WIDTH
columns, Q groups of F = 4 inputs, B bytes of a number, S slots of the table of guesses. The output of a product has
room for ROOM more columns than it has.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from llvmlite import binding, ir  # comes with numba
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic, overload

from tinygpt.engines.kernel_cache import cached_njit

WIDTH = 16  # 4-byte numbers in the longest vector registers (AVX-512); for shorter ones LLVM uses several
INTEGER_WIDTH = 2 * WIDTH  # columns for which a product of integers loads a character's numbers once
ROOM = INTEGER_WIDTH  # more than the columns that the last group of a product's output lacks
# Whether numba compiles for processors with an instruction for sums of products of bytes (AVX-512 VNNI).
HAS_INTEGER_PRODUCTS = "+avx512vnni" in cpu_target.target_context.codegen().magic_tuple()[2]

_ROWS = 4  # characters multiplied with a matrix in one pass; with more, the sums would not fit into the registers
_SUMS = 2  # partial sums of each, because an addition has to wait for the previous one to the same sum
_PREFETCH_DISTANCE = 2048  # bytes from the int8 weights in use to those that are fetched, in products of floats
_BYTES = 3  # of an integer that stands for a float32 number, the lowest first
_ORDERS = (4, 3, 2)  # lengths of the contexts after which a character is guessed, the one that knows most first
_WORTHWHILE = 0.4  # the least chance of a guess that is read along; fewer wrong ones while the table knows little
_F, _I, _U = np.float32, np.int32, np.uint64
_TINY = _F(1e-30).view(_I)  # more than 0, for a quotient
_FLOATS, _INTEGERS = (ir.VectorType(kind, WIDTH) for kind in (ir.FloatType(), ir.IntType(32)))
_FAST = {"boundscheck": False, "error_model": "numpy"}
_njit = cached_njit(nogil=True, **_FAST)
_njit_fastmath = cached_njit(nogil=True, fastmath=True, **_FAST)
if HAS_INTEGER_PRODUCTS:
    binding.initialize_native_asmparser()  # for the instruction in _add_products


class Matrices(NamedTuple):
    """One matrix per block."""

    weights_LGKW: np.ndarray  # int8 or float32; int8 for products of integers as weights_LGQWF
    sums_LO: np.ndarray  # int32: the sum of each column, if it is of integers
    scales_LO: np.ndarray  # factor of each output
    biases_LO: np.ndarray
    inputs: int  # K, which the padded weights do not tell


class Norms(NamedTuple):
    """One norm per block."""

    weights_LK: np.ndarray
    biases_LK: np.ndarray
    centered: bool  # LayerNorm subtracts the mean, RMSNorm does not
    eps: float


class Heads(NamedTuple):
    """Norms and rotations of queries and keys."""

    query_norms_LD: np.ndarray  # weights; ones where heads are not normed
    key_norms_LD: np.ndarray
    normed: bool
    eps: float
    cos_TP: np.ndarray  # ones, and sin_TP zeros, where positions are learned: nothing is rotated
    sin_TP: np.ndarray


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
    ids_T: np.ndarray  # the characters, followed by guesses
    recording: Recording
    largest_1: np.ndarray  # int32: the bits of the largest magnitude that was watched


class Guesses(NamedTuple):
    """What a model thought likeliest after the last few characters, in the slots of a hash table.

    All texts of an engine share it without a lock: whatever two threads leave in a slot, it is a guess, and verified.
    """

    ids_S: np.ndarray
    chances_S: np.ndarray  # the model's probability of that character; 0 in a slot that was never filled


@_njit
def write(weights, cache, guesses, ids_N, t, sampled_N, probabilities_N, temperature, top_k, top_p, seed, i):
    """Read the characters `ids_N`, the first at position `t`, then sample until `sampled_N` is full.

    All but the last sampled character are read too. The first one is character number `i` of its request. A top_k
    or top_p of 0 means none. `probabilities_N` gets the model's own probability of each.

    A pass over the weights takes little longer for a few characters than for one. So each pass also reads guesses of
    the characters to come (speculative decoding, Leviathan et al., 2023). As logits and uniform number determine a
    character, the text is the same: a guess is kept if it is what is sampled in its place. Only weights whose numbers
    overflow are refused for guesses, too.
    """
    V, T = len(weights.token_VC), len(cache.ids_T)
    logits_MV = np.empty((_ROWS, V + ROOM), _F)
    unread, n, guessing = len(ids_N), 0, len(guesses.ids_S) > 0
    for position in range(unread):
        cache.ids_T[t + position] = ids_N[position]
    while n < len(sampled_N):
        end = t + unread  # of what is known: the position of the next character
        guessed = 0
        if guessing:
            guessed = _guess(guesses, cache.ids_T, end, min(T - end, len(sampled_N) - n - 1, _ROWS - 1), temperature)
        read(weights, cache, cache.ids_T[t : end + guessed], t, logits_MV[: guessed + 1])
        t, unread = end, 1
        for m in range(guessed + 1):
            logits_V = logits_MV[m, :V]
            id = _sample(logits_V, temperature, top_k, top_p, _uniform(_U(seed), _U(i + n)))
            likeliest = np.argmax(logits_V)  # one sum of exponentials is enough: other chances follow from its own
            chance = _probability(logits_V, likeliest)
            relative = np.exp(np.float64(logits_V[id]) - np.float64(logits_V[likeliest]))
            sampled_N[n], probabilities_N[n] = id, chance * relative
            n += 1
            if guessing:
                _learn(guesses, cache.ids_T, end + m, likeliest, chance)
            if m == guessed or cache.ids_T[end + m] != id:
                if end + m < T:
                    cache.ids_T[end + m] = id
                t = end + m
                break


@_njit
def _guess(guesses, ids_T, end, most, temperature):
    """Put guesses of the characters from position `end` on, at most so many, into `ids_T`; return their number."""
    chance = 1.0
    for n in range(most):
        known, slot = _F(0), 0
        for order in _ORDERS:
            if not known and end + n >= order:
                slot = _slot(guesses, ids_T, end + n, order)
                known = guesses.chances_S[slot]
        chance *= known**temperature  # nearly what is left of it at that temperature
        if not known or chance < _WORTHWHILE:
            return n
        ids_T[end + n] = guesses.ids_S[slot]
    return most


@_njit
def _learn(guesses, ids_T, position, id, chance):
    """Remember what is likeliest at a position, after the characters before it, and its chance."""
    for order in _ORDERS:
        if position >= order:
            slot = _slot(guesses, ids_T, position, order)
            guesses.ids_S[slot], guesses.chances_S[slot] = id, chance


@_njit
def _slot(guesses, ids_T, position, order):
    """The slot for the last few characters before a position. Others may share it."""
    hashed = _U(order)
    for id in ids_T[position - order : position]:
        hashed = (hashed ^ _U(id)) * _U(0x9E3779B97F4A7C15)
        hashed ^= hashed >> _U(32)
    return np.int64(hashed % _U(len(guesses.ids_S)))


@_njit_fastmath
def read(weights, cache, ids_N, t, logits_MV):
    """Read the characters `ids_N`, the first at position `t`, and compute the logits after each of the last M."""
    N, C = len(ids_N), weights.token_VC.shape[1]
    x_NC = np.empty((N, C), _F)
    normed_NC = np.empty((N, C), _F)
    qkv_NC = np.empty((N, 3 * C + ROOM), _F)
    heads_NC = np.empty((N, C + ROOM), _F)
    hidden_NK = np.empty((N, weights.expand.scales_LO.shape[1] + ROOM), _F)
    update_NC = np.empty((N, C + ROOM), _F)
    n_layer, columns = weights.expand.scales_LO.shape
    inner = columns // 2 if weights.gated else columns
    for n in range(N):
        cache.ids_T[t + n] = ids_N[n]
        for c in range(C):
            x_NC[n, c] = weights.token_VC[ids_N[n], c] + weights.position_TC[t + n, c]
    for layer in range(n_layer):
        _record(cache.recording, layer, x_NC)
        norm_rows(weights.attention_norm, layer, x_NC, normed_NC)
        multiply(weights.query_key_value, layer, normed_NC, qkv_NC)
        first = 0 if layer < n_layer - 1 else N - len(logits_MV)  # of the others, only keys and values
        attention(weights.heads, cache, layer, t, qkv_NC, first, heads_NC)
        multiply(weights.attention_proj, layer, heads_NC[first:], update_NC[first:])
        _add(x_NC[first:], update_NC[first:])
        norm_rows(weights.feed_forward_norm, layer, x_NC[first:], normed_NC[first:])
        multiply(weights.expand, layer, normed_NC[first:], hidden_NK[first:])
        for n in range(first, N):
            if not weights.gated:
                _watch(hidden_NK[n, :inner], cache.largest_1)  # ReLU may turn NaN into 0
            activate(hidden_NK[n, :inner], hidden_NK[n, inner:], weights.gated)
        multiply(weights.feed_forward_proj, layer, hidden_NK[first:], update_NC[first:])
        _add(x_NC[first:], update_NC[first:])
    _record(cache.recording, n_layer, x_NC)
    unembed(weights, x_NC[N - len(logits_MV) :], logits_MV)
    _watch(_squared_lengths(x_NC), cache.largest_1)
    for logits_V in logits_MV:
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
    q_ND, k_D = np.empty((N, head_size), _F), np.empty(head_size, _F)
    scores_RT = np.empty((_ROWS, t + N + ROOM), _F)
    for head in range(n_head):
        first, last = head * head_size, (head + 1) * head_size
        keys_GDW, values_GTW = cache.keys_LHGDW[layer, head], cache.values_LHGTW[layer, head]
        for n in range(N):
            _norm_and_rotate(heads, heads.query_norms_LD[layer], t + n, qkv_NC[n, first:last], q_ND[n])
            _norm_and_rotate(heads, heads.key_norms_LD[layer], t + n, qkv_NC[n, C + first : C + last], k_D)
            group, lane = (t + n) // WIDTH, (t + n) % WIDTH
            for d in range(head_size):
                keys_GDW[group, d, lane] = k_D[d]
                values_GTW[d // WIDTH, t + n, d % WIDTH] = qkv_NC[n, 2 * C + first + d]
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
    maximum, total = _maximum(scores_T), _F(0)
    for t in range(len(scores_T)):
        scores_T[t] = _exp((scores_T[t] - maximum) * scale)
        total += scores_T[t]
    for t in range(len(scores_T)):
        scores_T[t] /= total


@_njit_fastmath
def _maximum(x_N):
    """The largest of float32 values, found among integers of the same order: LLVM does not vectorize it for floats."""
    largest = _I(-0x80000000)
    for n in range(len(x_N)):
        bits = _F(x_N[n]).view(_I)
        ordered = _I(bits ^ ((bits >> _I(31)) & _I(0x7FFFFFFF)))  # of negative numbers the larger has the smaller bits
        largest = ordered if ordered > largest else largest
    return _I(largest ^ ((largest >> _I(31)) & _I(0x7FFFFFFF))).view(_F)


@_njit_fastmath
def _norm_and_rotate(heads, weights_D, position, x_D, y_D):
    """Normalize a query or key, if it has a norm, and rotate it, as in attention.py."""
    half, scale = len(y_D) // 2, _F(1)
    if heads.normed:
        scale = _inverse_deviation(x_D, _F(0), heads.eps)
    for d in range(half):  # a loop for each half would take nearly twice as long, as LLVM compiles it
        first, second = x_D[d] * scale * weights_D[d], x_D[half + d] * scale * weights_D[half + d]
        cos, sin = heads.cos_TP[position, d], heads.sin_TP[position, d]
        y_D[d], y_D[half + d] = first * cos - second * sin, second * cos + first * sin
    for d in range(2 * half, len(y_D)):  # the last of an odd number, which only models have that rotate nothing
        y_D[d] = x_D[d] * scale * weights_D[d]


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
    scale = _inverse_deviation(x_K, mean, norms.eps)
    for k in range(len(x_K)):
        y_K[k] = (x_K[k] - mean) * scale * weights_K[k] + biases_K[k]


@_njit_fastmath
def _inverse_deviation(x_K, mean, eps):
    """What a norm multiplies with: 1 / sqrt(variance + eps)."""
    squares = _F(0)
    for k in range(len(x_K)):
        squares += (x_K[k] - mean) * (x_K[k] - mean)
    return _F(1) / np.sqrt(squares / _F(len(x_K)) + _F(eps))


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
    """Raise `largest_1` to the bits of the largest magnitude among float32 values."""
    largest_1[0] = max(largest_1[0], _largest(values_N))


@_njit
def _largest(values_N):
    """The bits of the largest magnitude among float32 values.

    As integers, magnitudes have the order of the numbers, followed by infinity and NaN.
    """
    largest = _I(0)
    for n in range(len(values_N)):
        bits = _I(_F(values_N[n]).view(_I) & _I(0x7FFFFFFF))  # without the sign
        largest = bits if bits > largest else largest
    return largest


def multiply(matrices, layer, x_NK, y_NO):
    """y = x @ matrix · scales + biases, where x may have more columns than the matrix has inputs."""
    raise NotImplementedError("this is compiled: see _multiply_by_type")


@overload(multiply, jit_options={"fastmath": True, **_FAST})
def _multiply_by_type(matrices, layer, x_NK, y_NO):
    """The same for each type of matrix. Beside int8 weights for products of integers, x is rounded to 24 bits."""

    def floats(matrices, layer, x_NK, y_NO):
        _product(x_NK[:, : matrices.inputs], matrices.weights_LGKW[layer], y_NO)
        for n in range(len(x_NK)):
            _scale(y_NO[n], _F(1), matrices.scales_LO[layer], matrices.biases_LO[layer])

    def integers(matrices, layer, x_NK, y_NO):
        matrix_GQWF = matrices.weights_LGKW[layer]
        bytes_RBK = np.empty((_ROWS, _BYTES, matrix_GQWF.shape[1] * matrix_GQWF.shape[3]), np.uint8)
        steps_R = np.empty(_ROWS, _F)
        for n in range(0, len(x_NK), _ROWS):
            x_RK, y_RO = x_NK[n : n + _ROWS], y_NO[n : n + _ROWS]
            for r in range(len(x_RK)):  # cut row by row: of cut columns, numba would not know that they are adjacent
                steps_R[r] = _to_bytes(x_RK[r, : matrices.inputs], bytes_RBK[r])
            _integer_rows_product(bytes_RBK[: len(x_RK)], matrix_GQWF, matrices.sums_LO[layer], y_RO)
            for r in range(len(x_RK)):
                _scale(y_RO[r], steps_R[r], matrices.scales_LO[layer], matrices.biases_LO[layer])

    return integers if matrices.types[0].ndim == 5 else floats


@_njit_fastmath
def _to_bytes(x_K, bytes_BK):
    """Round x to integers of 24 bits times a step, about as exact as float32: their bytes, lowest first.

    Returns the step. The bytes are those of the integer plus 2^23, since the instruction takes them without a sign. A
    step that is not finite makes the product so, as infinity or NaN in x would.
    """
    step = _I(max(_largest(x_K), _TINY)).view(_F) / _F(0x7FFF00)  # compared as integers, so that NaN stays
    inverse = _F(1) / step
    for k in range(len(x_K)):
        integer = _I(_I(np.floor(x_K[k] * inverse + _F(0.5))) + _I(0x800000))
        bytes_BK[0, k] = np.uint8(integer & 0xFF)
        bytes_BK[1, k] = np.uint8((integer >> _I(8)) & 0xFF)
        bytes_BK[2, k] = np.uint8((integer >> _I(16)) & 0xFF)
    return step


@_njit_fastmath
def _add(x_NC, update_NC):
    for n in range(len(x_NC)):
        for c in range(x_NC.shape[1]):
            x_NC[n, c] += update_NC[n, c]


@_njit_fastmath
def _scale(y_O, step, scales_O, biases_O):
    for o in range(len(scales_O)):
        y_O[o] = y_O[o] * step * scales_O[o] + biases_O[o]


@_njit_fastmath
def _product(x_NK, matrix_GKW, y_NO):
    for n in range(0, len(x_NK), _ROWS):
        _rows_product(x_NK[n : n + _ROWS], matrix_GKW, y_NO[n : n + _ROWS])


# Products in LLVM's intermediate language. Compiled from Python loops, the sums would be kept in memory. Here the sums
# of a group of columns stay in registers while the weights of these columns, which are adjacent in memory, are read
# once. The order of additions does not depend on the number of rows, so a text is the same whatever is read along.


@intrinsic
def _rows_product(_, x_RK, matrix_GKW, y_RO):
    """y = x @ matrix for up to _ROWS rows."""

    def build(context, builder, signature, arguments):
        (x, (count, inputs)), (matrix, (groups, _, _)), (y, _) = _arrays(context, builder, signature, arguments)
        number = inputs.type

        def emit(rows, group):
            totals = _zeros(builder, _FLOATS, _SUMS, rows)

            def add(k, partial):
                if matrix_GKW.dtype == types.int8:
                    _prefetch(builder, matrix(group, k, number(0)))
                weights_W = _load_floats(builder, matrix(group, k, number(0)))
                for row in range(rows):
                    x_W = _broadcast(builder, builder.load(x(number(row), k)))
                    part_W = builder.fmul(x_W, weights_W, flags=["contract"])
                    total = totals[partial][row]
                    builder.store(builder.fadd(builder.load(total), part_W, flags=["contract"]), total)

            _in_turn(builder, inputs, _SUMS, add)
            for row in range(rows):
                total_W = _sum(builder, builder.fadd, [partial[row] for partial in totals])
                _store(builder, total_W, y(number(row), builder.mul(group, number(WIDTH))))

        _for_each_group(builder, count, groups, emit)

    return types.void(x_RK, matrix_GKW, y_RO), build


@intrinsic
def _integer_rows_product(_, bytes_RBK, matrix_GQWF, sums_O, y_RO):
    """y = (integers - 2^23) @ matrix for up to _ROWS rows of integers in bytes.

    The sums are exact: those of 255 · 127 fit into 32 bits for up to 65,536 inputs. Joining them rounds, as float32
    does.
    """

    def build(context, builder, signature, arguments):
        (bytes, (count, _, _)), (matrix, (groups, inputs, _, _)), (sums, _), (y, _) = _arrays(
            context, builder, signature, arguments
        )
        number, vectors = inputs.type, INTEGER_WIDTH // WIDTH

        def emit(rows, group):
            partial_sums = 1 if rows > _ROWS // 2 else 2  # as many as there are registers for
            totals = _zeros(builder, _INTEGERS, partial_sums, rows, _BYTES, vectors)

            def add(q, partial):
                weights = [
                    _load(builder, matrix(group, q, number(vector * WIDTH), number(0)), _INTEGERS)
                    for vector in range(vectors)
                ]
                for row in range(rows):
                    for byte in range(_BYTES):
                        first = bytes(number(row), number(byte), builder.mul(q, number(4)))
                        four = builder.load(builder.bitcast(first, _INTEGERS.element.as_pointer()), align=1)
                        four_W = _broadcast(builder, four)
                        for weights_W, total in zip(weights, totals[partial][row][byte], strict=True):
                            builder.store(_add_products(builder, builder.load(total), four_W, weights_W), total)

            _in_turn(builder, inputs, partial_sums, add)
            for vector in range(vectors):
                column = builder.add(builder.mul(group, number(INTEGER_WIDTH)), number(vector * WIDTH))
                for row in range(rows):
                    parts = [
                        _sum(builder, builder.add, [partial[row][byte][vector] for partial in totals])
                        for byte in range(_BYTES)
                    ]
                    _store(builder, _joined(builder, parts, sums(column)), y(number(row), column))

        _for_each_group(builder, count, groups, emit)

    return types.void(bytes_RBK, matrix_GQWF, sums_O, y_RO), build


def _for_each_group(builder, count, groups, emit: Callable) -> None:
    """Emit code for each number of rows up to _ROWS; what runs is that for `count` rows, once for each group."""
    for rows in range(1, _ROWS + 1):
        matches = builder.icmp_signed("==", count, count.type(rows))
        with builder.if_then(matches), cgutils.for_range(builder, groups) as group:
            emit(rows, group.index)


def _in_turn(builder, count, sums: int, add: Callable) -> None:
    """Emit a loop that calls `add(index, partial)` for each index, with the partial sums in turn."""
    number = count.type
    whole = builder.sub(count, builder.srem(count, number(sums)))
    with cgutils.for_range_slice(builder, number(0), whole, number(sums)) as (index, _):
        for partial in range(sums):
            add(builder.add(index, number(partial)), partial)
    with cgutils.for_range_slice(builder, whole, count, number(1)) as (index, _):
        add(index, 0)


def _zeros(builder, kind, *shape: int) -> list:
    """Variables for vectors, which LLVM keeps in registers: nested lists of this shape."""
    if not shape:
        return cgutils.alloca_once_value(builder, kind([0] * WIDTH))
    return [_zeros(builder, kind, *shape[1:]) for _ in range(shape[0])]


def _sum(builder, add: Callable, variables: list):
    total_W, *others = (builder.load(variable) for variable in variables)
    for other_W in others:
        total_W = add(total_W, other_W)
    return total_W


def _joined(builder, parts: list, sums):
    """The float32 numbers of which `parts` are the bytes, lowest first, less 2^23 times the sums of the columns."""
    *lower, highest_W = parts
    # 2^23 is 128 in the highest byte.
    excess_W = builder.mul(_load(builder, sums, _INTEGERS), _INTEGERS([128] * WIDTH))
    total_W = builder.sitofp(builder.sub(highest_W, excess_W), _FLOATS)
    for part_W in reversed(lower):
        higher_W = builder.fmul(total_W, _FLOATS([256.0] * WIDTH))
        total_W = builder.fadd(higher_W, builder.sitofp(part_W, _FLOATS))
    return total_W


def _arrays(context, builder, signature, arguments) -> list[tuple[Callable, list]]:
    """For each array a function from indices to a pointer to an element, and the array's shape."""

    def indexed(kind, value):
        array = context.make_array(kind)(context, builder, value=value)
        shape = cgutils.unpack_tuple(builder, array.shape, kind.ndim)
        return lambda *indices: cgutils.get_item_pointer(context, builder, kind, array, indices), shape

    return [indexed(kind, value) for kind, value in zip(signature.args, arguments, strict=True)]


def _load(builder, pointer, kind):
    """Load the vector that starts at the pointer."""
    return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=1)


def _load_floats(builder, pointer):
    """Load the WIDTH numbers that start at the pointer, int8 or float32, as float32."""
    element = pointer.type.pointee
    vector = _load(builder, pointer, ir.VectorType(element, WIDTH))
    return vector if element == _FLOATS.element else builder.sitofp(vector, _FLOATS)


def _store(builder, vector, pointer) -> None:
    builder.store(vector, builder.bitcast(pointer, vector.type.as_pointer()), align=4)


def _broadcast(builder, number):
    """A vector of WIDTH times the same number."""
    undefined, zeros = ir.VectorType(number.type, WIDTH)(ir.Undefined), _INTEGERS([0] * WIDTH)
    return builder.shuffle_vector(builder.insert_element(undefined, number, ir.IntType(32)(0)), undefined, zeros)


def _add_products(builder, totals, bytes, weights):
    """Add the sum of four products, of unsigned and signed bytes, to each of WIDTH integers: one instruction."""
    kind = ir.FunctionType(_INTEGERS, [_INTEGERS] * 3)
    return builder.asm(kind, "vpdpbusd $2, $1, $0", "=v,v,v,0", [bytes, weights, totals], side_effect=False)


def _prefetch(builder, pointer):
    """Fetch what follows at a distance into the first-level cache; an address beyond the array does no harm."""
    byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
    prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
    ahead = builder.gep(builder.bitcast(pointer, byte), [number(_PREFETCH_DISTANCE)])
    builder.call(prefetch, [ahead, number(0), number(3), number(1)])
