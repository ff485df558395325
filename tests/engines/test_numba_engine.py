"""The machine code by itself: how exact it is, and that it samples what sampling.py does."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.corpus import NEEDS_CORPUS
from tests.engines.kinds import adapted, engine_of
from tinygpt import PRESETS, GPTLanguageModel, SampleConfig, fastest, load_checkpoint, load_dataset, stream
from tinygpt.checkpoint.reading import Checkpoint
from tinygpt.checkpoint.torch_checkpoint import build_model
from tinygpt.engines import kernels
from tinygpt.engines.numba_engine import NumbaEngine
from tinygpt.engines.selection import as_engine
from tinygpt.engines.weight_layout import convert, empty_cache, no_guesses
from tinygpt.inference.generation import WindowedReader
from tinygpt.model.gpt import FAMILIES
from tinygpt.model.parameter_shapes import shapes
from tinygpt.model.sampling import probabilities, sample, uniform

SHIPPED = Path(__file__).parents[2] / "weights"
BOUND = 1e-4  # on the difference between two logits, which lie between -20 and 20


@pytest.fixture(scope="module")
def shipped() -> tuple[GPTLanguageModel, NumbaEngine]:
    model, _ = load_checkpoint(SHIPPED)
    return model, fastest(model)


def expected_logits(model: GPTLanguageModel, ids_BN: torch.Tensor) -> torch.Tensor:
    """The logits after each id, past the context too, from one forward pass per window: logits_BNV."""
    size, kept = model.config.block_size, model.config.kept
    parts, done = [], 0
    with torch.no_grad():
        while done < ids_BN.size(1):
            first = max(0, done + 1 - kept) if done else 0
            logits_BTV = model(ids_BN[:, first : first + size])
            parts.append(logits_BTV[:, done - first :])
            done = first + logits_BTV.size(1)
    return torch.cat(parts, dim=1)


def read_in_order(engine: NumbaEngine, ids: list[int]) -> torch.Tensor:
    """The logits after each id, read one at a time."""
    reader = WindowedReader(engine, [ids[:1]])
    logits_NV = [reader.read()[0]]
    for id in ids[1:]:
        reader.append([id])
        logits_NV.append(reader.read()[0])
    return torch.tensor(np.array(logits_NV))


@NEEDS_CORPUS
def test_on_5000_real_characters_the_logits_of_the_shipped_weights_are_within_the_bound(shipped):
    model, engine = shipped
    ids = load_dataset().validation[:5000].long()
    logits_NV, expected_NV = read_in_order(engine, ids.tolist()), expected_logits(model, ids[None])[0]
    assert (logits_NV - expected_NV).abs().max() < BOUND
    first, second = expected_NV.topk(2, dim=1).values.T
    clear = first - second > 2 * BOUND
    assert torch.equal(logits_NV.argmax(dim=1)[clear], expected_NV.argmax(dim=1)[clear])
    assert clear.float().mean() > 0.99


def test_the_texts_of_three_seeds_are_those_of_the_model_over_1000_characters(shipped):
    model, engine = shipped
    texts, seeds = [], range(3)
    tokenizer = load_checkpoint(SHIPPED)[1]
    for seed in seeds:
        settings = SampleConfig(max_new_tokens=1000, temperature=0.8, seed=seed)
        texts.append(tokenizer.encode("\n" + "".join(stream(engine, tokenizer, "\n", settings))))
    ids_BN = torch.tensor(texts)
    for seed, ids_N, logits_NV in zip(seeds, ids_BN[:, 1:], expected_logits(model, ids_BN[:, :-1]), strict=True):
        borders_NV = (logits_NV.double() / 0.8).softmax(dim=1).cumsum(dim=1)
        uniform_N = torch.tensor([uniform(seed, i) for i in range(len(ids_N))])
        # About one uniform number in a million falls so near to a border that rounding decides.
        clear_N = (borders_NV - uniform_N[:, None]).abs().min(dim=1).values > 1e-5
        assert torch.equal((borders_NV < uniform_N[:, None]).sum(dim=1)[clear_N], ids_N[clear_N])
        assert clear_N.float().mean() > 0.99


@pytest.mark.parametrize("config", {replace(preset.model, dropout=0): 1 for preset in PRESETS.values()}, ids=str)
def test_the_logits_of_every_preset_are_those_of_torch(config):
    random = np.random.default_rng(1)
    tensors = {name: 0.05 * random.standard_normal(shape, np.float32) for name, shape in shapes(config).items()}
    ids = random.integers(config.vocab_size, size=config.block_size).tolist()
    logits_BV = NumbaEngine(config, tensors).open_reader(1).read([ids])
    model = build_model(Checkpoint(config, "", tensors, {}))
    np.testing.assert_allclose(logits_BV, as_engine(model).open_reader(1).read([ids]), atol=BOUND)


@pytest.mark.parametrize("family", FAMILIES)
def test_matrices_become_8_bit_integers_only_where_that_is_exact(build, family):
    for kind, dtype in (("numba", np.float32), ("numba int8", np.int8)):
        weights = engine_of(kind, adapted(kind, build(family))).weights
        assert weights.attention_proj.weights_LGKW.dtype == weights.lm_head.weights_LGKW.dtype == dtype


@pytest.mark.parametrize("kind", ["numba", "numba int8"])
@pytest.mark.parametrize("family", FAMILIES)
def test_however_many_characters_are_read_in_one_call_the_logits_are_the_same(build, kind, family):
    """Exactly, or a text would depend on how many guesses were read along."""
    engine = engine_of(kind, adapted(kind, build(family, block_size=20)))
    ids_N, V = np.random.default_rng(1).integers(engine.config.vocab_size, size=20), engine.config.vocab_size
    whole_NV, logits_NV = (np.empty((20, V + kernels.ROOM), np.float32) for _ in range(2))
    kernels.read(engine.weights, empty_cache(engine.config), ids_N, 0, whole_NV)
    for length in range(1, 20):
        cache = empty_cache(engine.config)
        for start in range(0, 20, length):
            chunk = slice(start, start + length)
            kernels.read(engine.weights, cache, ids_N[chunk], start, logits_NV[chunk])
        np.testing.assert_array_equal(logits_NV[:, :V], whole_NV[:, :V])


@pytest.mark.skipif(not kernels.HAS_INTEGER_PRODUCTS, reason="this processor does not add up products of bytes")
@pytest.mark.parametrize("family", FAMILIES)
def test_products_of_integers_and_of_floats_give_the_same_logits(build, family):
    model = adapted("numba int8", build(family))
    engine, ids = engine_of("numba int8", model), [1, 5, 2, 8, 3, 9]
    tensors = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    engine.weights = convert(model.config, tensors, integer_products=True)
    logits_BV = engine.open_reader(1).read([ids])
    engine.weights = convert(model.config, tensors, integer_products=False)
    np.testing.assert_allclose(engine.open_reader(1).read([ids]), logits_BV, atol=BOUND)


@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=40))
def test_the_bytes_of_numbers_keep_24_bits_of_the_largest(numbers):
    x_K, bytes_BK = np.array(numbers, np.float32), np.empty((3, len(numbers)), np.uint8)
    step = np.float64(kernels._to_bytes(x_K, bytes_BK))
    integers_K = (bytes_BK.astype(np.int64) * [[1], [256], [65536]]).sum(axis=0) - 2**23
    assert np.abs(integers_K * step - x_K).max() <= step
    assert step <= max(np.abs(x_K).max(), 1e-30) * 2**-22


# Guesses


def written(engine: NumbaEngine, count: int = 300, **settings: float) -> list[int]:
    """The ids after id 1, across several windows."""
    reader, ids = WindowedReader(engine, [[1]]), []
    while len(ids) < count:
        ids += reader.write(count - len(ids), SampleConfig(seed=5, **settings), len(ids))[0]
    return ids


@pytest.mark.parametrize("kind", ["numba", "numba int8"])
@pytest.mark.parametrize(
    "settings", [{"temperature": 0}, {"temperature": 0.8}, {"temperature": 1.5, "top_k": 5}], ids=str
)
def test_the_text_does_not_depend_on_what_is_guessed(build, kind, settings):
    model = adapted(kind, build("qwen3", block_size=20))
    engine = engine_of(kind, model)
    engine.guesses = no_guesses(slots=0)
    text = written(engine, **settings)
    engine.guesses = no_guesses()
    assert written(engine, **settings) == text  # with what it learns from this text
    assert engine.guesses.chances_S.any()
    engine.guesses.chances_S[:] = 1
    assert written(engine, **settings) == text  # it now knows this text
    for id in range(engine.config.vocab_size):
        engine.guesses.ids_S[:], engine.guesses.chances_S[:] = id, 1
        assert written(engine, 60, **settings) == text[:60]  # with guesses that are nearly always wrong


def test_what_was_likeliest_after_some_characters_is_guessed_when_they_come_again():
    guesses, ids_T = no_guesses(), np.array([3, 1, 4, 1, 5, 0, 0, 0])

    def guessed(most: int) -> list[int]:
        return ids_T[5 : 5 + kernels._guess(guesses, ids_T, 5, most, 1.0)].tolist()

    assert guessed(3) == []
    kernels._learn(guesses, ids_T, 5, 3, 0.97)
    assert guessed(3) == [3]
    assert guessed(0) == []
    ids_T[:4] = 2, 7, 1, 8  # the last two are others: a shorter context
    assert guessed(3) == []
    ids_T[3:5] = 1, 5
    assert guessed(3) == [3]
    kernels._learn(guesses, ids_T, 6, 3, 0.97)
    assert guessed(3) == [3, 3]
    assert guessed(1) == [3]
    kernels._learn(guesses, ids_T, 5, 2, 0.2)
    assert guessed(3) == []


def test_texts_written_at_once_share_guesses_and_are_those_written_alone(shipped):
    _, engine = shipped

    def write(seed: int) -> list[int]:
        return engine.open_reader(1).write([0], 200, SampleConfig(seed=seed), 0)[0]

    alone = [write(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(8))) == alone


# Sampling


@given(
    logits=st.lists(st.integers(-3, 3), min_size=1, max_size=12),  # integers, so that many are equal
    temperature=st.sampled_from([0.0, 5e-324, 0.3, 1.0, 2.0]),
    top_k=st.none() | st.integers(1, 12),
    top_p=st.none() | st.floats(1e-9, 1.0),
    seed=st.integers(0, 2**64 - 1),
    i=st.integers(0, 5000),
)
def test_it_samples_what_sampling_does(logits, temperature, top_k, top_p, seed, i):
    logits_V, top_k = np.array(logits, np.float32), top_k and min(top_k, len(logits))
    u = kernels._uniform(np.uint64(seed), np.uint64(i))
    assert u == uniform(seed, i)
    if temperature == 0:
        assert kernels._sample(logits_V, temperature, 0, 0.0, u) == np.argmax(logits_V)
        return
    borders_V = np.cumsum(probabilities(logits_V, temperature, top_k, top_p))
    assume(np.abs(borders_V - u).min() > 1e-12)  # there either of two characters is right
    sampled = kernels._sample(logits_V, temperature, top_k or 0, top_p or 0.0, u)
    assert sampled == sample(logits_V, temperature, top_k, top_p, seed, i)


@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=40))
def test_the_maximum_is_that_of_numpy(values):
    values_N = np.array(values, np.float32)
    assert kernels._maximum(values_N) == values_N.max()


def test_the_exponential_is_exact_to_two_units_in_the_last_place():
    x = np.linspace(-86, 86, 20_001, dtype=np.float32)
    np.testing.assert_allclose([kernels._exp(value) for value in x], np.exp(x.astype(np.float64)), rtol=2.5e-7)


@given(st.lists(st.floats(width=32), min_size=1, max_size=40))
def test_a_number_that_is_not_finite_is_found_by_its_bits_among_any_others(values):
    values_N, largest_1 = np.array(values, np.float32), np.zeros(1, np.int32)
    kernels._watch(values_N, largest_1)
    found = largest_1.view(np.float32)[0]
    assert np.isfinite(found) == np.isfinite(values_N).all()
    assert found == np.abs(values_N).max() or np.isnan(values_N).any()
