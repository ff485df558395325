"""compiled.py: the compiled model says what the model says, for every kind of model and weights."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from corpus import NEEDS_CORPUS
from hypothesis import assume, given
from hypothesis import strategies as st
from numba.core.caching import CacheImpl

import tinygpt
from tinygpt import PRESETS, GPTLanguageModel, SampleConfig, beam_search, load_checkpoint, load_dataset, stream
from tinygpt.checkpoint import build_model
from tinygpt.compiled import CompiledModel, fastest
from tinygpt.eight_bits import rounded
from tinygpt.generation import Window
from tinygpt.model import FAMILIES
from tinygpt.sampling import probabilities, sample, uniform
from tinygpt.shapes import shapes
from tinygpt.stored import Stored

SHIPPED = Path(__file__).parent.parent / "weights"
BOUND = 1e-4  # of the difference between two logits, which lie between -20 and 20


@pytest.fixture(params=[(family, small) for family in FAMILIES for small in (False, True)], ids=str)
def pair(request, build) -> tuple[GPTLanguageModel, CompiledModel]:
    """A model of every family, of weights that 8 bits hold and of others; and the same compiled."""
    family, small = request.param
    model = build(family, block_size=12, n_embd=24, n_head=3)
    if small:
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.data = torch.from_numpy(rounded(parameter.detach().numpy()))
    compiled = fastest(model)
    assert compiled.weights.proj.weights_LGKW.dtype == (np.int8 if small else np.float32)
    return model, compiled


@pytest.fixture(scope="module")
def shipped() -> tuple[GPTLanguageModel, CompiledModel]:
    model, _ = load_checkpoint(SHIPPED)
    return model, fastest(model)


def expected_logits(model: GPTLanguageModel, ids_BN: torch.Tensor) -> torch.Tensor:
    """What the model, in one pass for each window, expects after each of the characters: logits_BNV."""
    size, kept = model.config.block_size, model.config.kept
    pieces, done = [], 0
    with torch.no_grad():
        while done < ids_BN.size(1):
            first = max(0, done + 1 - kept) if done else 0
            logits_BTV = model(ids_BN[:, first : first + size])
            pieces.append(logits_BTV[:, done - first :])
            done = first + logits_BTV.size(1)
    return torch.cat(pieces, dim=1)


def read_in_order(model: CompiledModel, ids: list[int]) -> torch.Tensor:
    window = Window(model, [ids[:1]])
    logits_NV = [window.read()[0]]
    for id in ids[1:]:
        window.append([id])
        logits_NV.append(window.read()[0])
    return torch.tensor(np.array(logits_NV))


def test_the_logits_are_those_of_the_model_past_the_context_too(pair):
    model, compiled = pair
    ids = torch.randint(model.config.vocab_size, (100,), generator=torch.Generator().manual_seed(1))
    difference = read_in_order(compiled, ids.tolist()) - expected_logits(model, ids[None])[0]
    assert difference.abs().max() < BOUND


@NEEDS_CORPUS
def test_on_5000_real_characters_the_shipped_weights_differ_by_less_than_the_bound(shipped):
    model, compiled = shipped
    ids = load_dataset().validation[:5000].long()
    got, wanted = read_in_order(compiled, ids.tolist()), expected_logits(model, ids[None])[0]
    assert (got - wanted).abs().max() < BOUND
    first, second = wanted.topk(2, dim=1).values.T
    clear = first - second > 2 * BOUND
    assert torch.equal(got.argmax(dim=1)[clear], wanted.argmax(dim=1)[clear])
    assert clear.float().mean() > 0.99


def test_twenty_seeds_write_the_same_2000_characters(shipped):
    model, compiled = shipped
    written, seeds = [], range(20)
    tokenizer = load_checkpoint(SHIPPED)[1]
    for seed in seeds:
        settings = SampleConfig(max_new_tokens=2000, temperature=0.8, seed=seed)
        written.append(tokenizer.encode("\n" + "".join(stream(compiled, tokenizer, "\n", settings))))
    ids_BN = torch.tensor(written)
    for row, logits_NV in enumerate(expected_logits(model, ids_BN[:, :-1]).numpy()):
        for i, (logits_V, id) in enumerate(zip(logits_NV, written[row][1:], strict=True)):
            if id != sample(logits_V, 0.8, None, None, seeds[row], i):
                # Another processor rounds otherwise: about one draw in a million falls that near to a border.
                borders_V = np.cumsum(probabilities(logits_V, 0.8))
                assert np.abs(borders_V - uniform(seeds[row], i)).min() < 1e-5


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0},
        {"temperature": 1.0},
        {"temperature": 0.6, "top_k": 5},
        {"temperature": 0.9, "top_k": 7, "top_p": 0.9},
        {"temperature": 1.0, "stop": "e"},
    ],
    ids=str,
)
@pytest.mark.parametrize("prompt", ["", "The r", "BAKER:\nThe quiet river sings"])
def test_the_compiled_stream_is_the_model_s(pair, tokenizer, settings, prompt):
    settings = SampleConfig(max_new_tokens=60, seed=5, **settings)
    plain, fast = ("".join(stream(model, tokenizer, prompt, settings)) for model in pair)
    assert fast == plain


@pytest.mark.parametrize("block_size", [1, 2, 3, 5])
@pytest.mark.parametrize(("family", "n_embd"), [("gpt", 5), ("llama", 6), ("qwen3", 6)])
def test_the_smallest_contexts_and_odd_sizes_work(build, tokenizer, family, n_embd, block_size):
    model = build(family, block_size=block_size, n_head=1, n_embd=n_embd, n_layer=1)
    settings = SampleConfig(max_new_tokens=30, seed=3, temperature=1.0)
    plain, fast = ("".join(stream(one, tokenizer, "The", settings)) for one in (model, fastest(model)))
    assert fast == plain


def test_beams_are_the_model_s(pair, tokenizer):
    settings = SampleConfig(max_new_tokens=30, beam_width=4)
    plain, fast = (list(beam_search(model, tokenizer, "The r", settings)) for model in pair)
    assert fast == plain


def test_a_text_read_in_pieces_of_any_length_is_the_text_read_at_once(pair):
    _, compiled = pair
    ids = [1, 5, 2, 8, 3, 9, 4, 7, 6, 0, 1, 2]
    whole = compiled.reader(1).read([ids])
    for length in range(1, 12):
        reader = compiled.reader(1)
        for first in range(0, 12, length):
            logits_BV = reader.read([ids[first : first + length]])
        np.testing.assert_allclose(logits_BV, whole, atol=BOUND)


@given(
    logits=st.lists(st.integers(-3, 3), min_size=1, max_size=12),  # whole numbers: many are equal
    temperature=st.sampled_from([0.0, 5e-324, 0.3, 1.0, 2.0]),
    top_k=st.none() | st.integers(1, 12),
    top_p=st.none() | st.floats(1e-9, 1.0),
    seed=st.integers(0, 2**64 - 1),
    i=st.integers(0, 5000),
)
def test_machine_code_draws_what_sampling_does(logits, temperature, top_k, top_p, seed, i):
    from tinygpt.kernels import _drawn, _uniform

    logits_V, top_k = np.array(logits, np.float32), top_k and min(top_k, len(logits))
    u = _uniform(np.uint64(seed), np.uint64(i))
    assert u == uniform(seed, i)
    if temperature == 0:
        assert _drawn(logits_V, temperature, 0, 0.0, u) == np.argmax(logits_V)
        return
    borders_V = np.cumsum(probabilities(logits_V, temperature, top_k, top_p))
    assume(np.abs(borders_V - u).min() > 1e-12)  # there either of two characters is right
    assert _drawn(logits_V, temperature, top_k or 0, top_p or 0.0, u) == sample(
        logits_V, temperature, top_k, top_p, seed, i
    )


def test_several_texts_are_read_side_by_side(pair):
    rows = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    windows = [Window(model, rows) for model in pair]
    np.testing.assert_allclose(*(window.read() for window in windows), atol=BOUND)
    for ids in ([1, 2, 3], [4, 5, 6], [7, 8, 9]):
        for window in windows:
            window.select([2, 0, 0])
            window.append(ids)
        np.testing.assert_allclose(*(window.read() for window in windows), atol=BOUND)


def test_two_readers_of_one_model_do_not_meet(pair):
    _, compiled = pair
    windows = alone, first, other = [Window(compiled, rows) for rows in ([[1, 2]], [[1, 2]], [[9, 9]])]
    for window in windows:
        window.read()
    for window, id in ((alone, 3), (other, 9), (first, 3)):
        window.append([id])
    others, mine, wanted = other.read(), first.read(), alone.read()
    assert np.array_equal(mine, wanted)
    assert not np.array_equal(others, wanted)


def test_the_exponential_is_exact_to_two_units_of_the_last_place():
    from tinygpt.kernels import _exp

    x = np.linspace(-86, 86, 20_001, dtype=np.float32)
    np.testing.assert_allclose([_exp(value) for value in x], np.exp(x.astype(np.float64)), rtol=2.5e-7)


def test_without_numba_the_model_itself_writes(build, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "tinygpt.kernels")
    monkeypatch.delattr(tinygpt, "kernels")
    model = build()
    assert fastest(model) is model


def test_where_numba_may_keep_nothing_the_model_itself_writes(build, monkeypatch):
    monkeypatch.delitem(sys.modules, "tinygpt.kernels")
    monkeypatch.delattr(tinygpt, "kernels")
    for locator in CacheImpl._locator_classes:
        monkeypatch.setattr(locator, "from_function", classmethod(lambda *_: None))
    model = build()
    assert fastest(model) is model


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_compiled_and_says_the_same(preset):
    config = PRESETS[preset].model
    random = np.random.default_rng(1)
    tensors = {name: 0.05 * random.standard_normal(shape, np.float32) for name, shape in shapes(config).items()}
    model = build_model(Stored(config, "", tensors, {}))
    compiled = CompiledModel(config, tensors)
    ids = random.integers(config.vocab_size, size=config.block_size).tolist()
    got, wanted = (one.reader(1).read([ids]) for one in (compiled, model))
    np.testing.assert_allclose(got, wanted, atol=BOUND)


@pytest.mark.parametrize("settings", [{}, {"top_k": 3}, {"top_p": 0.5}, {"temperature": 0}], ids=str)
def test_weights_that_run_out_of_all_bounds_are_refused_not_followed_out_of_the_arrays(build, tokenizer, settings):
    model = build()
    for parameter in model.parameters():
        parameter.data.fill_(3e38)
    compiled = CompiledModel(model.config, {name: tensor.numpy() for name, tensor in model.state_dict().items()})
    for writer in (model, compiled):
        with pytest.raises(ValueError, match="not finite"):
            list(stream(writer, tokenizer, "My", SampleConfig(seed=1, **settings)))
    with pytest.raises(ValueError, match="not finite"):
        fastest(model)


def test_where_numba_cannot_keep_what_it_compiles_the_model_itself_writes(build, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tinygpt.kernels.write", full)
    model = build()
    assert fastest(model) is model


def test_a_model_in_half_precision_writes_as_it_is(build):
    model = build().bfloat16()
    assert fastest(model) is model


def test_dropout_of_a_model_in_training_is_off_while_it_writes(build, tokenizer):
    model = build(dropout=0.5)
    settings = SampleConfig(max_new_tokens=30, seed=1)
    calm = "".join(stream(model, tokenizer, "The river", settings))
    compiled = fastest(model)
    model.train()
    assert "".join(stream(compiled, tokenizer, "The river", settings)) == calm


@pytest.mark.parametrize(
    "reads",
    [[[[99]]], [[[-1]]], [[[1] * 8], [[1]]], [[[1] * 5], [[1] * 4]]],
    ids=["an id too high", "an id too low", "beyond the window", "half of them beyond it"],
)
def test_the_machine_code_is_never_sent_out_of_its_arrays(build, reads):
    reader = fastest(build()).reader(1)
    *fine, wrong = reads
    for rows in fine:
        reader.read(rows)
    with pytest.raises(AssertionError):
        reader.read(wrong)


def test_many_visitors_at_once_each_get_their_own_text(pair, tokenizer):
    _, compiled = pair

    def text(seed: int) -> str:
        return "".join(stream(compiled, tokenizer, "The r", SampleConfig(max_new_tokens=80, seed=seed)))

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(text, range(16)))
    assert together == [text(seed) for seed in range(16)]
