"""What callers rely on, of every engine with every family of models."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from tests.engines.kinds import BROWSER, EXACT, KINDS, PYTHON, adapted
from tinygpt import GPTLanguageModel, SampleConfig, TextEncoderDecoder, beam_search, stream
from tinygpt.engines.engine import Engine
from tinygpt.inference.generation import WindowedReader, current_window
from tinygpt.model.gpt import FAMILIES
from tinygpt.model.sampling import probabilities

IDS = [1, 5, 2, 8, 3, 9, 4, 7, 6, 0, 1, 2]  # a full window

each_kind = pytest.mark.parametrize("kind", KINDS)
each_kind_in_python = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in BROWSER])
each_exact_kind = pytest.mark.parametrize("kind", EXACT)
each_family = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture
def model(build, kind: str, family: str) -> GPTLanguageModel:
    return adapted(kind, build(family, block_size=12, n_embd=24, n_head=3))


@pytest.fixture
def engine(engine_of, kind: str, model: GPTLanguageModel) -> Engine:
    return engine_of(kind, model)


@pytest.fixture
def tolerance(kind: str) -> float:
    """For logits between -20 and 20, and activations about as large."""
    return 0.25 if kind == "torch bfloat16" else 1e-4


@torch.no_grad()
def reference_logits(model: GPTLanguageModel, ids: list[int]) -> np.ndarray:
    """The logits after each of the ids, which fit into a window, from one pass without a cache."""
    return model(torch.tensor([ids]))[0].float().numpy()


def plain_text(model: GPTLanguageModel, tokenizer: TextEncoderDecoder, prompt: str, settings: SampleConfig) -> str:
    """What the plain loop generates."""
    ids, sampling = tokenizer.encode(prompt or "\n"), ("max_new_tokens", "temperature", "top_k", "top_p", "seed")
    written = model.generate(torch.tensor([ids]), **{name: getattr(settings, name) for name in sampling})
    return tokenizer.decode(written[0, len(ids) :].tolist())


# Reading


@each_kind
@each_family
def test_cached_logits_are_the_uncached_ones_for_any_prefill(model, engine, tolerance):
    expected = reference_logits(model, IDS)
    for prefill in (1, 2, 7, 12):
        reader = engine.open_reader(1)
        np.testing.assert_allclose(reader.read([IDS[:prefill]])[0], expected[prefill - 1], atol=tolerance)
        for id, expected_V in zip(IDS[prefill:], expected[prefill:], strict=True):
            np.testing.assert_allclose(reader.read([[id]])[0], expected_V, atol=tolerance)


@each_kind
@each_family
def test_logits_past_the_context_are_those_of_the_window_that_the_contract_names(model, engine, tolerance):
    ids = torch.randint(model.config.vocab_size, (40,), generator=torch.Generator().manual_seed(1)).tolist()
    reader = WindowedReader(engine, [ids[:3]])
    for n in range(3, 40):
        expected_V = reference_logits(model, current_window(model.config, ids[:3], ids[3:n]))[-1]
        np.testing.assert_allclose(reader.read()[0], expected_V, atol=tolerance)
        reader.append([ids[n]])


@each_kind
@each_family
def test_several_texts_are_read_side_by_side(model, engine, tolerance):
    rows = [IDS[:4], IDS[4:8], IDS[8:]]
    expected = [reference_logits(model, row)[-1] for row in rows]
    np.testing.assert_allclose(engine.open_reader(3).read(rows), expected, atol=tolerance)


@each_kind
@each_family
def test_select_copies_rows_and_the_copies_do_not_affect_each_other(model, engine, tolerance):
    reader, rows = engine.open_reader(3), [[1, 2], [3, 4], [5, 6]]
    reader.read(rows)
    for selection, ids in (([2, 0, 0, 2], [7, 8, 9, 0]), ([1, 1, 3], [1, 2, 3])):
        reader.select(selection)
        rows = [[*rows[row], id] for row, id in zip(selection, ids, strict=True)]
        expected = [reference_logits(model, row)[-1] for row in rows]
        np.testing.assert_allclose(reader.read([[id] for id in ids]), expected, atol=tolerance)


@each_kind
@each_family
def test_clear_starts_again_at_position_0(engine):
    reader = engine.open_reader(1)
    first = reader.read([IDS[:5]])
    reader.read([[7]])
    reader.clear()
    np.testing.assert_array_equal(reader.read([IDS[:5]]), first)


@each_kind
@each_family
def test_two_readers_of_one_engine_do_not_affect_each_other(engine):
    alone, first, second = (engine.open_reader(1) for _ in range(3))
    alone.read([[1, 2]])
    first.read([[1, 2]])
    second.read([[9, 9]])
    other_BV = second.read([[9]])
    np.testing.assert_array_equal(first.read([[3]]), alone.read([[3]]))
    assert not np.array_equal(other_BV, alone.read([[9]]))


# Writing


@each_exact_kind
@each_family
@pytest.mark.parametrize(
    ("prompt", "settings"),
    [
        ("The quiet ri", {"temperature": 0}),
        ("", {"temperature": 1.0}),
        ("BAKER:\nThe quiet river sings", {"temperature": 0.6, "top_k": 5}),
        ("The r", {"temperature": 1.3, "top_p": 0.8}),
        ("The quiet ri", {"temperature": 0.9, "top_k": 7, "top_p": 0.9}),
    ],
    ids=str,
)
def test_the_text_is_that_of_the_plain_loop(model, engine, tokenizer, prompt, settings):
    settings = SampleConfig(max_new_tokens=50, seed=5, **settings)
    assert "".join(stream(engine, tokenizer, prompt, settings)) == plain_text(model, tokenizer, prompt, settings)


@each_exact_kind
@pytest.mark.parametrize("block_size", [1, 2, 3, 5])
@pytest.mark.parametrize(("family", "n_embd"), [("gpt", 5), ("llama", 6), ("qwen3", 6)])
def test_so_it_is_for_the_smallest_contexts_and_odd_widths(
    engine_of, build, tokenizer, kind, family, n_embd, block_size
):
    model = adapted(kind, build(family, block_size=block_size, n_head=1, n_embd=n_embd, n_layer=1))
    settings = SampleConfig(max_new_tokens=15, seed=3, temperature=1.0)
    expected = plain_text(model, tokenizer, "The", settings)
    assert "".join(stream(engine_of(kind, model), tokenizer, "The", settings)) == expected


@each_exact_kind
@pytest.mark.parametrize(("family", "n_embd"), [("gpt", 5), ("llama", 6), ("qwen3", 6)])
def test_the_logits_are_those_of_the_model_for_odd_widths_too(engine_of, build, kind, family, n_embd):
    model, ids = adapted(kind, build(family, n_head=1, n_embd=n_embd)), [1, 2, 3, 4, 5]
    logits_V = engine_of(kind, model).open_reader(1).read([ids])[0]
    np.testing.assert_allclose(logits_V, reference_logits(model, ids)[-1], atol=1e-5)


@each_exact_kind
@each_family
def test_beams_are_those_of_every_other_engine(engine_of, build, tokenizer, kind, family):
    model, settings = adapted(kind, build(family)), SampleConfig(max_new_tokens=20, beam_width=3)
    found = list(beam_search(engine_of(kind, model), tokenizer, "The r", settings))
    assert found == list(beam_search(model, tokenizer, "The r", settings))


@each_kind
@each_family
def test_write_samples_at_most_the_count_and_gives_the_model_s_own_probabilities(model, engine, tolerance):
    settings = SampleConfig(seed=4, temperature=0.5, top_k=4)
    reader, ids, unread = engine.open_reader(1), [1, 2, 3], [1, 2, 3]
    while len(ids) <= model.config.block_size:
        count = min(4, model.config.block_size - len(ids) + 1)
        sampled, given = reader.write(unread, count, settings, len(ids) - 3)
        assert 1 <= len(sampled) == len(given) <= count
        for id, probability in zip(sampled, given, strict=True):
            expected_V = probabilities(reference_logits(model, ids)[-1], temperature=1)
            assert probability == pytest.approx(expected_V[id], rel=10 * tolerance)
            ids.append(id)
        unread = ids[-1:]


@each_kind_in_python
def test_numpy_s_integers_are_ids_and_numbers_of_rows_too(engine_of, build, kind):
    engine = engine_of(kind, adapted(kind, build()))
    settings = SampleConfig(seed=np.uint64(2**64 - 1), temperature=np.float32(0.5), top_k=np.int64(3))
    reader = engine.open_reader(np.int64(2))
    np.testing.assert_array_equal(reader.read(np.array([[1, 2], [3, 4]])), engine.open_reader(2).read([[1, 2], [3, 4]]))
    reader.select(np.array([1], np.int32).tolist())
    plain, numpys = (engine.open_reader(1).write([id], 1, settings, 0) for id in (1, np.uint8(1)))
    assert plain == numpys


@each_kind
def test_dropout_of_a_model_in_training_is_off(engine_of, build, kind):
    engine = engine_of(kind, adapted(kind, build(dropout=0.5).train()))
    first, second = (engine.open_reader(1).read([IDS[:8]]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", PYTHON)
@each_family
def test_several_threads_at_once_each_get_the_text_they_would_get_alone(engine, tokenizer):
    def text(seed: int) -> str:
        return "".join(stream(engine, tokenizer, "The r", SampleConfig(max_new_tokens=40, seed=seed)))

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(text, range(6)))
    assert together == [text(seed) for seed in range(6)]


# Activations


@each_kind
@each_family
@torch.no_grad()
def test_the_attention_shown_is_the_one_that_mixes_the_values(model, engine, tolerance):
    weights_LHTT = torch.from_numpy(engine.activations(IDS[:7]).attention())
    assert torch.equal(weights_LHTT, weights_LHTT.tril())
    torch.testing.assert_close(weights_LHTT.sum(-1), torch.ones(weights_LHTT.shape[:-1]))
    x_BTC = model.embedding(torch.tensor([IDS[:7]]))
    for block, weights_HTT in zip(model.blocks, weights_LHTT.to(x_BTC.dtype), strict=True):
        normed_BTC, attention = block.attention_norm(x_BTC), block.attention
        v_BHTD = attention.value(normed_BTC).unflatten(2, (attention.n_head, -1)).transpose(1, 2)
        mixed_BTC = attention.proj((weights_HTT @ v_BHTD).transpose(1, 2).flatten(2))
        torch.testing.assert_close(attention(normed_BTC), mixed_BTC, rtol=0, atol=tolerance)
        x_BTC = block(x_BTC)


@each_kind
@each_family
@torch.no_grad()
@pytest.mark.parametrize("length", [1, 2, 7, 12])
def test_the_residual_stream_goes_from_the_embedding_to_the_logits(model, engine, tolerance, length):
    recorded, x_BTC = engine.activations(IDS[:length]), model.embedding(torch.tensor([IDS[:length]]))
    assert len(recorded.residual_LC) == len(recorded.logits_LV) == model.config.n_layer + 1
    for layer, block in enumerate([*model.blocks, None]):
        np.testing.assert_allclose(recorded.residual_LC[layer], x_BTC[0, -1].float(), atol=tolerance)
        logits_V = model.lm_head(model.norm(x_BTC))[0, -1].float()
        np.testing.assert_allclose(recorded.logits_LV[layer], logits_V, atol=tolerance)
        x_BTC = block(x_BTC) if block else x_BTC


@each_kind
@each_family
def test_the_activations_of_a_text_do_not_change_when_it_grows(engine, tolerance):
    """This is why keys and values can be cached."""
    short, long = engine.activations(IDS[:7]), engine.activations(IDS)
    assert long.queries_LHTD.shape == (2, 3, 12, 8)
    for name in ("queries_LHTD", "keys_LHTD"):
        np.testing.assert_allclose(getattr(long, name)[:, :, :7], getattr(short, name), atol=tolerance)


# Weights that overflow

OVERFLOWS = {
    "embedding": ["embedding.token.weight", "embedding.position.weight"],
    "attention norm": ["blocks.0.attention_norm.weight"],
    "queries and keys": ["blocks.0.attention.query.weight", "blocks.0.attention.key.weight"],
    "values": ["blocks.0.attention.value.weight"],
    "attention output": ["blocks.1.attention.proj.weight"],
    "feed-forward input": ["blocks.0.feed_forward.expand.weight"],
    "feed-forward output": ["blocks.1.feed_forward.proj.weight"],
    "final norm": ["norm.weight"],
    "logits": ["lm_head.weight"],
}


@pytest.mark.parametrize("kind", ["torch", "numba", "numba int8", "browser", "torch bfloat16"])
@each_family
@pytest.mark.parametrize("part", OVERFLOWS)
def test_finite_weights_that_overflow_inside_are_refused_wherever_it_happens(engine_of, model, kind, part):
    for name, parameter in model.named_parameters():
        if name in OVERFLOWS[part]:
            parameter.data.fill_(3e38)
    refuses_to_compute(engine_of(kind, model))


@each_kind
@each_family
def test_weights_that_are_all_too_large_are_refused(engine_of, model, kind):
    for parameter in model.parameters():
        parameter.data.fill_(3e38)
    refuses_to_compute(engine_of(kind, model))


def refuses_to_compute(engine: Engine) -> None:
    for settings in ({"top_k": 3, "top_p": 0.5}, {"temperature": 0}):
        with pytest.raises(ValueError, match="these weights make numbers that are not finite"):
            engine.open_reader(1).write(IDS[:6], 3, SampleConfig(seed=1, **settings), 0)
    with pytest.raises(ValueError, match="these weights make numbers that are not finite"):
        engine.open_reader(1).read([IDS[:6]])
    with pytest.raises(ValueError, match="these weights make numbers that are not finite"):
        engine.activations(IDS[:6])
