"""From the logits of one position to the id of one character: pure functions without global random state.

All arithmetic is in float64, so that other implementations, compiled or in a browser, sample the same characters."""

import numpy as np

_MASK = 2**64 - 1


class NonFiniteError(ValueError):
    """A model computed infinities or NaN, so there is nothing to sample from."""

    def __init__(self) -> None:
        super().__init__("these weights make numbers that are not finite: take others, or train them again")


def uniform(seed: int, i: int) -> float:
    """The uniform number in [0, 1) that samples character number `i` of a request with this seed.

    It is the i-th output of SplitMix64 (Steele, Lea and Flood, 2014), its upper 53 bits divided by 2^53.
    The generator's state is a counter, so no output depends on having computed those before it.
    """
    z = (seed + (i + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) >> 11) / 2**53


def probabilities(
    logits_V: np.ndarray, temperature: float, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """The distribution that a character is sampled from: float64, shape (V,), sums to 1.

    Applied in this order: temperature, top-k (ties at the threshold stay), top-p (the smallest set that
    reaches p, with the character that crosses it), normalization. Temperature 0 gives all probability to
    the largest logit, on ties the one with the lowest id.
    """
    logits_V = np.asarray(logits_V, dtype=np.float64)
    if temperature == 0:
        weights_V = np.zeros_like(logits_V)
        weights_V[logits_V.argmax()] = 1.0
        return weights_V
    # Subtracting the maximum first keeps the smallest temperatures from overflowing to NaN.
    with np.errstate(over="ignore"):
        weights_V = np.exp((logits_V - logits_V.max()) / temperature)
    if top_k is not None and top_k < weights_V.size:
        weights_V[weights_V < np.partition(weights_V, -top_k)[-top_k]] = 0.0
    if top_p is not None:
        order = np.argsort(-weights_V, kind="stable")
        cumulative = np.cumsum(weights_V[order])
        crossing = np.searchsorted(cumulative, top_p * cumulative[-1])
        weights_V[order[crossing + 1 :]] = 0.0
    return weights_V / weights_V.sum()


def probability(logits_V: np.ndarray, id: int) -> float:
    """The model's own probability of a character: at temperature 1, without top-k or top-p."""
    return float(probabilities(logits_V, temperature=1)[id])


def check_finite(values: np.ndarray | float) -> None:
    """Raise NonFiniteError, a ValueError, if any of a model's activations or logits is infinite or NaN."""
    if not np.isfinite(values).all():
        raise NonFiniteError


def inverse_cdf(probabilities_V: np.ndarray, u: float) -> int:
    """The id at which the cumulative distribution, in vocabulary order, passes `u`, a number in [0, 1)."""
    cumulative_V = np.cumsum(probabilities_V)
    # Scaling u by the last sum keeps rounding from selecting an id past the end or of probability 0.
    return int(np.searchsorted(cumulative_V, u * cumulative_V[-1], side="right"))


def sample(
    logits_V: np.ndarray,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seed: int,
    i: int,
) -> int:
    """Sample the id of character number `i` of a request with this seed.

    Raises NonFiniteError, a ValueError, for logits that are infinite or NaN.
    """
    check_finite(logits_V)
    if temperature == 0:
        return int(np.argmax(logits_V))
    return inverse_cdf(probabilities(logits_V, temperature, top_k, top_p), uniform(seed, i))
