"""From the logits of one position to one character's id. Pure functions, no global random state.

Everything is computed in float64, so that another implementation (compiled, or in a browser)
can arrive at the same characters.
"""

import numpy as np

_MASK = 2**64 - 1


def uniform(seed: int, i: int) -> float:
    """The number in [0, 1) that draws character number `i` of the request with this seed.

    The i-th output of SplitMix64 (Steele, Lea and Flood, 2014), upper 53 bits over 2^53.
    Its state is a counter, so any output can be had without those before it.
    """
    z = (seed + (i + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) >> 11) / 2**53


def probabilities(
    logits_V: np.ndarray, temperature: float, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """The distribution a character is drawn from: float64, shape (V,), sums to 1.

    In this order: temperature, top-k (ties at the threshold stay), top-p (the smallest set
    that reaches p; the crossing character stays), normalise. Temperature 0 puts everything on
    the largest logit, the lowest id on ties.
    """
    logits_V = np.asarray(logits_V, dtype=np.float64)
    if temperature == 0:
        weights_V = np.zeros_like(logits_V)
        weights_V[logits_V.argmax()] = 1.0
        return weights_V
    # Subtracting the maximum first keeps the tiniest temperature from overflowing to nan.
    with np.errstate(over="ignore"):
        weights_V = np.exp((logits_V - logits_V.max()) / temperature)
    if top_k is not None and top_k < weights_V.size:
        weights_V[weights_V < np.partition(weights_V, -top_k)[-top_k]] = 0.0
    if top_p is not None:
        order = np.argsort(-weights_V, kind="stable")
        reached = np.cumsum(weights_V[order])
        last = np.searchsorted(reached, top_p * reached[-1])
        weights_V[order[last + 1 :]] = 0.0
    return weights_V / weights_V.sum()


def probability(logits_V: np.ndarray, id: int) -> float:
    """How likely the model holds this character: at temperature 1, with nothing left out."""
    probabilities_V = probabilities(logits_V, temperature=1)
    check_finite(probabilities_V)
    return float(probabilities_V[id])


def check_finite(probabilities_N: np.ndarray) -> None:
    """Raise ValueError where a model's numbers ran out of all bounds, so that there is nothing to draw from."""
    if not np.isfinite(probabilities_N).all():
        raise ValueError("these weights make numbers that are not finite: take others, or train them again")


def draw(probabilities_V: np.ndarray, u: float) -> int:
    """The id at `u` in the cumulative distribution, in vocabulary order."""
    cumulative_V = np.cumsum(probabilities_V)
    check_finite(cumulative_V[-1:])
    # Scaling u by the last sum keeps rounding from pointing past the end or at a zero.
    return int(np.searchsorted(cumulative_V, u * cumulative_V[-1], side="right"))


def sample(
    logits_V: np.ndarray,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seed: int,
    i: int,
) -> int:
    """The id of character number `i`: the whole way from logits, for one seeded request."""
    if temperature == 0:
        return int(np.argmax(logits_V))
    return draw(probabilities(logits_V, temperature, top_k, top_p), uniform(seed, i))
