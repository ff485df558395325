"""The distribution that a character is sampled from, and the uniform number that samples it."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tinygpt.model.sampling import check_finite, inverse_cdf, probabilities, sample, uniform

# Few distinct values, so that ties are common.
LOGITS = st.lists(st.floats(-30, 30, width=32) | st.sampled_from([-1.0, 0.0, 2.0]), min_size=1, max_size=40).map(
    lambda values: np.array(values, dtype=np.float32)
)
TEMPERATURE = st.floats(0.05, 2)
SEED = st.integers(0, 2**64 - 1)


def softmax(logits_V: np.ndarray, temperature: float) -> np.ndarray:
    scaled_V = logits_V.astype(np.float64) / temperature
    weights_V = np.exp(scaled_V - scaled_V.max())
    return weights_V / weights_V.sum()


# Uniform numbers


def test_the_numbers_are_the_published_outputs_of_splitmix64():
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert [uniform(1234567, i) for i in range(5)] == [(number >> 11) / 2**53 for number in published]


@given(SEED, st.integers(0, 10_000))
def test_every_number_is_at_least_zero_and_below_one(seed, i):
    assert 0 <= uniform(seed, i) < 1


@given(SEED, st.integers(0, 5_000))
def test_any_number_can_be_had_without_those_before_it(seed, i):
    golden = 0x9E3779B97F4A7C15  # a generator one step further is one whose counter starts there
    assert uniform(seed, i + 1) == uniform((seed + golden) % 2**64, i)


# The distribution


@given(LOGITS, TEMPERATURE)
def test_without_limits_it_is_the_softmax_at_that_temperature(logits_V, temperature):
    np.testing.assert_allclose(probabilities(logits_V, temperature), softmax(logits_V, temperature), atol=1e-12)


@given(LOGITS, st.floats(0, 2), st.none() | st.integers(1, 50), st.none() | st.floats(0.01, 1))
def test_it_is_always_a_distribution_in_float64(logits_V, temperature, top_k, top_p):
    p_V = probabilities(logits_V, temperature, top_k, top_p)
    assert p_V.dtype == np.float64
    assert p_V.shape == logits_V.shape
    assert np.all(p_V >= 0)
    assert p_V.sum() == pytest.approx(1)


@given(LOGITS, TEMPERATURE, st.integers(1, 50))
def test_top_k_keeps_the_k_likeliest_and_their_ties(logits_V, temperature, top_k):
    p_V = probabilities(logits_V, temperature, top_k)
    full_V = probabilities(logits_V, temperature)
    threshold = np.sort(full_V)[::-1][min(top_k, full_V.size) - 1]
    kept = full_V >= threshold
    assert np.array_equal(p_V > 0, kept & (full_V > 0))
    np.testing.assert_allclose(p_V[kept], full_V[kept] / full_V[kept].sum(), atol=1e-12)


def test_characters_tied_at_the_threshold_of_top_k_all_stay():
    p_V = probabilities(np.array([1.0, 3.0, 1.0, 0.0, 1.0]), 1.0, top_k=2)
    assert (p_V > 0).tolist() == [True, True, True, False, True]


@given(LOGITS, TEMPERATURE, st.floats(0.01, 1))
def test_top_p_keeps_the_smallest_set_that_reaches_p(logits_V, temperature, top_p):
    p_V = probabilities(logits_V, temperature, top_p=top_p)
    full_V = probabilities(logits_V, temperature)
    kept = p_V > 0
    assert full_V[kept].sum() >= top_p - 1e-12
    # Without the least likely of those that stay, p would not be reached.
    assert full_V[kept].sum() - full_V[kept].min() < top_p + 1e-12
    if not kept.all():
        assert full_V[kept].min() >= full_V[~kept].max()
    np.testing.assert_allclose(p_V[kept], full_V[kept] / full_V[kept].sum(), atol=1e-12)


def test_the_character_that_crosses_p_stays():
    logits_V = np.log([0.5, 0.3, 0.2])
    assert (probabilities(logits_V, 1.0, top_p=0.49) > 0).tolist() == [True, False, False]
    assert (probabilities(logits_V, 1.0, top_p=0.51) > 0).tolist() == [True, True, False]
    assert (probabilities(logits_V, 1.0, top_p=0.81) > 0).tolist() == [True, True, True]


def test_of_equally_likely_characters_top_p_keeps_the_first():
    assert probabilities(np.zeros(4), 1.0, top_p=0.5).tolist() == [0.5, 0.5, 0, 0]
    p_V = probabilities(np.log([1.0, 2.0] * 32), 1.0, top_p=(64 + 3.5) / 96)  # all the 2s, and four of the 1s
    assert np.flatnonzero(p_V).tolist() == sorted([*range(1, 64, 2), 0, 2, 4, 6])


def test_top_k_comes_before_top_p():
    logits_V = np.log([0.4, 0.3, 0.2, 0.1])
    # Of 0.4 and 0.3, the first alone is 0.57 of what top-k leaves; of all four it is only 0.4.
    assert (probabilities(logits_V, 1.0, top_k=2, top_p=0.5) > 0).tolist() == [True, False, False, False]
    assert (probabilities(logits_V, 1.0, top_p=0.5) > 0).tolist() == [True, True, False, False]


def test_temperature_comes_before_top_p():
    logits_V = np.log([0.6, 0.4])
    assert (probabilities(logits_V, 1.0, top_p=0.59) > 0).tolist() == [True, False]
    assert (probabilities(logits_V, 2.0, top_p=0.59) > 0).tolist() == [True, True]


@given(LOGITS, SEED, st.none() | st.integers(1, 50), st.none() | st.floats(0.01, 1))
def test_temperature_zero_takes_the_likeliest_the_lowest_id_on_ties(logits_V, seed, top_k, top_p):
    best = logits_V.tolist().index(max(logits_V.tolist()))
    assert sample(logits_V, 0, top_k, top_p, seed, 0) == best
    assert probabilities(logits_V, 0, top_k, top_p)[best] == 1


@given(LOGITS, st.sampled_from([5e-324, 1e-308, 1e-100, 1e-9]), SEED)
def test_the_smallest_temperature_neither_overflows_nor_leaves_the_likeliest(logits_V, temperature, seed):
    with np.errstate(all="raise", under="ignore"):
        p_V = probabilities(logits_V, temperature)
    assert np.isfinite(p_V).all()
    assert logits_V[sample(logits_V, temperature, None, None, seed, 0)] >= logits_V.max() - 1e-6


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("temperature", [0, 0.8])
def test_logits_that_are_not_finite_are_refused(value, temperature):
    logits_V = np.array([1.0, value, 2.0], np.float32)
    for call in (lambda: check_finite(logits_V), lambda: sample(logits_V, temperature, None, None, 1, 0)):
        with pytest.raises(ValueError, match="these weights make numbers that are not finite"):
            call()


def test_extreme_logits_do_no_harm():
    assert probabilities(np.array([1e30, -1e30, 1e30]), 0.7).tolist() == [0.5, 0, 0.5]


# Sampling


@given(
    LOGITS,
    TEMPERATURE,
    st.none() | st.integers(1, 9),
    st.none() | st.floats(0.01, 1),
    st.floats(0, 1, exclude_max=True),
)
def test_a_character_of_probability_zero_is_never_sampled(logits_V, temperature, top_k, top_p, u):
    p_V = probabilities(logits_V, temperature, top_k, top_p)
    for number in (u, 0.0, 1 - 2**-53):
        assert p_V[inverse_cdf(p_V, number)] > 0


def test_the_cumulative_distribution_is_inverted_in_vocabulary_order():
    p_V = np.array([0.0, 0.25, 0.0, 0.5, 0.25])
    sampled = [inverse_cdf(p_V, u) for u in (0.0, 0.2499, 0.25, 0.5, 0.7499, 0.75, 1 - 2**-53)]
    assert sampled == [1, 1, 3, 3, 3, 4, 4]


@pytest.mark.parametrize(("temperature", "top_k", "top_p"), [(1.0, None, None), (0.7, 4, None), (1.5, 5, 0.9)])
def test_frequencies_follow_the_probabilities(temperature, top_k, top_p):
    logits_V = np.array([0.3, -1.0, 2.0, 0.0, 1.1, -0.4])
    p_V = probabilities(logits_V, temperature, top_k, top_p)
    n = 20_000
    counts_V = np.bincount([inverse_cdf(p_V, uniform(42, i)) for i in range(n)], minlength=6)
    spread_V = np.sqrt(n * p_V * (1 - p_V))
    assert np.all(np.abs(counts_V - n * p_V) <= 4 * spread_V)
    assert np.all(counts_V[p_V == 0] == 0)


def test_a_character_depends_on_seed_and_number_alone_and_on_no_global_random_state():
    logits_V = np.linspace(0, 1, 60)
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    sampled = [sample(logits_V, 1.0, None, None, 9, i) for i in range(100)]
    backwards = [sample(logits_V, 1.0, None, None, 9, i) for i in reversed(range(100))]
    assert sampled == backwards[::-1]
    assert len(set(sampled)) > 30
    assert states == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())
