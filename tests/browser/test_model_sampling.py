"""The browser samples the same characters as Python: uniform numbers, distributions, and what they select."""

import random

import numpy as np
import pytest

from tinygpt.model.sampling import inverse_cdf, probabilities, probability, sample, uniform

SEEDS = [0, 1, 2**32, 2**53 + 1, 2**64 - 1]
TEMPERATURES = [0, 5e-324, 1e-9, 0.05, 0.8, 1.0, 2.0]


@pytest.fixture(scope="module")
def run(modules):
    return modules("model/sampling")


def vectors() -> list[tuple[list[float], float, int | None, float | None]]:
    """Logits with and without ties, and all settings of the sampling; the same ones every time."""
    pick = random.Random(3)
    found = []
    for number in range(300):
        size = pick.choice([1, 2, 3, 65, 65, 200])
        tied = [pick.choice([-1.0, 0.0, 2.0]) for _ in range(size)]
        free = [float(np.float32(pick.gauss(0, 4))) for _ in range(size)]
        logits = {0: tied, 1: free}.get(number % 3, [pick.choice(pair) for pair in zip(tied, free, strict=True)])
        top_k, top_p = pick.choice([None, 1, 2, size, 300]), pick.choice([None, 0.01, 0.5, 0.9, 1.0])
        found.append((logits, pick.choice(TEMPERATURES), top_k, top_p))
    return [*found, ([1e30, -1e30, 1e30], 0.7, None, None)]


def test_uniform_numbers_are_the_same_to_the_last_bit(run):
    numbers = [(seed, i) for seed in SEEDS for i in [*range(20), 4_999, 5_000]]
    script = "({ uniform }, pairs) => pairs.map(([seed, i]) => uniform(BigInt(seed), i))"
    assert run(script, [(str(seed), i) for seed, i in numbers]) == [uniform(seed, i) for seed, i in numbers]


def test_distributions_are_the_same_and_keep_the_same_characters(run):
    script = """({ probabilities }, vectors) => vectors.map(([logits, temperature, top_k, top_p]) =>
        [...probabilities(Float32Array.from(logits), { temperature, top_k, top_p })])"""
    for vector, found_V in zip(vectors(), run(script, vectors()), strict=True):
        expected_V = probabilities(np.array(vector[0], np.float32), *vector[1:])
        assert np.array_equal(np.array(found_V) > 0, expected_V > 0), vector
        np.testing.assert_allclose(found_V, expected_V, rtol=1e-9, atol=1e-15)


def test_the_same_characters_are_sampled(run):
    script = """({ sample }, vectors) => vectors.map(([logits, temperature, top_k, top_p, seed], i) =>
        sample(Float32Array.from(logits), { temperature, top_k, top_p }, BigInt(seed), i))"""
    found = run(script, [(*vector, str(SEEDS[i % 5])) for i, vector in enumerate(vectors())])
    assert found == [
        sample(np.array(logits, np.float32), *settings, SEEDS[i % 5], i)
        for i, (logits, *settings) in enumerate(vectors())
    ]


def test_the_model_s_own_probability_of_a_character_is_the_same(run):
    script = "({ probability }, vectors) => vectors.map(([logits]) => probability(Float32Array.from(logits), 0))"
    expected = [probability(np.array(logits, np.float32), 0) for logits, *_ in vectors()]
    np.testing.assert_allclose(run(script, vectors()), expected, rtol=1e-12)


def test_no_number_selects_a_character_of_probability_zero(run):
    p_V = [0.0, 0.25, 0.0, 0.5, 0.25, 0.0]
    numbers = [0.0, 0.2499, 0.25, 0.5, 0.7499, 0.75, 1 - 2**-53]
    script = "({ inverseCdf }, [p_V, numbers]) => numbers.map((u) => inverseCdf(p_V, u))"
    assert run(script, [p_V, numbers]) == [inverse_cdf(np.array(p_V), u) for u in numbers] == [1, 1, 3, 3, 3, 4, 4]
