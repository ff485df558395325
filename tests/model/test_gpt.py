"""What the model and each of its parts compute, for all families."""

import math
import re
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from tinygpt import PRESETS, Block, FeedForward, GPTLanguageModel, Head, MultiHeadAttention
from tinygpt.model import attention
from tinygpt.model.gpt import FAMILIES
from tinygpt.model.kv_cache import KVCache

each_family = pytest.mark.parametrize("family", FAMILIES)


def ids(model: GPTLanguageModel, batch: int, length: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(model.config.vocab_size, (batch, length), generator=generator)


# The model


@each_family
def test_there_is_a_logit_for_every_character_after_every_position(build, family):
    model = build(family)
    for batch, length in ((1, 1), (3, 5), (2, model.config.block_size)):
        assert model(ids(model, batch, length)).shape == (batch, length, model.config.vocab_size)


@each_family
def test_the_loss_is_the_mean_cross_entropy(build, family):
    model = build(family)
    x_BT, y_BT = ids(model, 3, 8), ids(model, 3, 8).flip(0)
    logits_BTV, loss = model(x_BT, y_BT)
    assert torch.equal(logits_BTV, model(x_BT))
    p_BT = logits_BTV.double().softmax(-1).gather(2, y_BT[..., None])
    torch.testing.assert_close(loss, -p_BT.log().mean().float())


@each_family
def test_eager_attention_is_the_fused_one_and_so_are_its_gradients(build, family, monkeypatch):
    model = build(family)
    x_BT, y_BT = ids(model, 3, 8), ids(model, 3, 8).flip(0)
    losses, gradients = [], []
    for longest in (8, 7):  # the second is too short for eager attention
        monkeypatch.setattr(attention, "MAX_EAGER_LENGTH", longest)
        model.zero_grad()
        _, loss = model(x_BT, y_BT)
        loss.backward()
        losses.append(loss)
        gradients.append([parameter.grad.clone() for parameter in model.parameters()])
    torch.testing.assert_close(*losses)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-6)


@each_family
@torch.no_grad()
def test_a_cache_is_continued_one_character_at_a_time_and_by_more_at_once_not(build, family):
    model = build(family)
    x_BT, cache = ids(model, 2, 5), KVCache(model.config)
    model(x_BT[:, :3], cache=cache)
    with pytest.raises(ValueError, match="a cache that holds 3 characters can only be continued one by one, not by 2"):
        model(x_BT[:, 3:], cache=cache)
    model(x_BT[:, 3:4], cache=cache)
    torch.testing.assert_close(model(x_BT[:, 4:], cache=cache)[:, -1], model(x_BT)[:, -1])


@each_family
def test_a_fresh_model_finds_every_character_about_equally_likely(family, shape):
    torch.manual_seed(0)
    fresh = GPTLanguageModel(replace(shape, family=family))
    _, loss = fresh(ids(fresh, 8, 8), ids(fresh, 8, 8).flip(0))
    assert loss.item() == pytest.approx(math.log(shape.vocab_size), abs=0.1)


@each_family
def test_a_prediction_has_no_gradient_from_later_characters(build, family):
    model = build(family)
    seen = []
    model.embedding.register_forward_hook(lambda *call: seen.append(call[2]) or call[2].retain_grad())
    for t in range(8):
        model(ids(model, 1, 8))[0, t].square().sum().backward()
        strength_T = seen[-1].grad[0].abs().sum(-1)
        assert torch.all(strength_T[t + 1 :] == 0)
        assert torch.all(strength_T[: t + 1] > 0)


@each_family
def test_changing_a_character_changes_no_earlier_prediction(build, family):
    model = build(family)
    x_BT = ids(model, 1, 8)
    before = model(x_BT)[0]
    for t in range(8):
        changed = x_BT.clone()
        changed[0, t] = (changed[0, t] + 1) % model.config.vocab_size
        after = model(changed)[0]
        torch.testing.assert_close(after[:t], before[:t], rtol=0, atol=1e-6)
        assert not torch.allclose(after[t:], before[t:], atol=1e-4)


@each_family
def test_order_matters(build, family):
    model = build(family)
    x_BT = torch.tensor([[1, 2, 3, 4]])
    swapped = torch.tensor([[2, 1, 3, 4]])
    assert not torch.allclose(model(x_BT)[0, -1], model(swapped)[0, -1], atol=1e-4)


@each_family
def test_a_batch_that_is_overfitted_is_generated_greedily_from_its_beginning(family, shape, tokenizer, text):
    torch.manual_seed(0)
    passage = torch.tensor(tokenizer.encode(text[:25]))
    model = GPTLanguageModel(replace(shape, family=family, n_embd=32, block_size=24))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(120):
        loss = model(passage[None, :-1], passage[None, 1:])[1]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.05
    start = passage[None, :1]
    assert model.generate(start, max_new_tokens=23, temperature=0)[0].tolist() == passage[:24].tolist()


@each_family
def test_dropout_is_active_only_in_training(build, family):
    model = build(family, dropout=0.5)
    x_BT = ids(model, 1, 8)
    assert torch.equal(model(x_BT), model(x_BT))
    model.train()
    assert not torch.equal(model(x_BT), model(x_BT))


@pytest.mark.parametrize(
    ("preset", "parameters"),
    [
        # Karpathy's lecture counts 209,729 and 10,788,929: its last layer has 65 biases, ours has none.
        ("little-shakespeare", 209_729 - 65),
        ("tiny-gpt", 209_729 - 65 - (32 - 8) * 64),  # 24 positions fewer
        ("gpt-from-scratch", 10_788_929 - 65),
        ("shakespeare-gpt", 10_788_929 - 65),
        ("nanogpt", 10_788_929 - 65),
        # 6 blocks of 4 C² + 3 · 512 C in matrices, 2 C + 2 · 32 in norms; two tables of 65 C and one more norm.
        ("default", 6 * (4 * 192**2 + 3 * 512 * 192 + 2 * 192 + 2 * 64) + 2 * 65 * 192 + 192),
    ],
)
def test_a_preset_has_the_number_of_parameters_it_should(preset, parameters):
    with torch.device("meta"):
        model = GPTLanguageModel(PRESETS[preset].model)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters


# The parts


@pytest.fixture
def x_BTC(shape) -> torch.Tensor:
    return torch.randn(3, 6, shape.n_embd, generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def test_a_head_attends_to_earlier_characters_with_weights_that_sum_to_one(shape, x_BTC):
    torch.manual_seed(0)
    head = Head(shape)
    weights_BTT = head.weights(x_BTC)
    assert weights_BTT.shape == (3, 6, 6)
    assert torch.equal(weights_BTT, weights_BTT.tril())
    torch.testing.assert_close(weights_BTT.sum(-1), torch.ones(3, 6))
    assert torch.all(weights_BTT[:, 0, 0] == 1)
    assert head(x_BTC).shape == (3, 6, shape.head_size)


@torch.no_grad()
def test_a_head_follows_the_formula_of_attention(shape, x_BTC):
    torch.manual_seed(0)
    head = Head(shape)
    weights_BTT, out_BTD = head.weights(x_BTC), head(x_BTC)
    for b in range(3):
        q_TD, k_TD, v_TD = (x_BTC[b] @ part.weight.T for part in (head.query, head.key, head.value))
        for t in range(6):
            scores = torch.stack([q_TD[t] @ k_TD[s] / shape.head_size**0.5 for s in range(t + 1)])
            weights = scores.exp() / scores.exp().sum()
            torch.testing.assert_close(weights_BTT[b, t, : t + 1], weights)
            torch.testing.assert_close(out_BTD[b, t], sum(weights[s] * v_TD[s] for s in range(t + 1)))


@torch.no_grad()
def test_attention_with_all_heads_at_once_is_their_concatenation_projected(shape, x_BTC):
    torch.manual_seed(0)
    attention = MultiHeadAttention(shape)
    heads = []
    for h in range(shape.n_head):
        head = Head(shape)
        rows = slice(h * shape.head_size, (h + 1) * shape.head_size)
        for name in ("query", "key", "value"):
            getattr(head, name).weight.copy_(getattr(attention, name).weight[rows])
        heads.append(head)
    together_BTC = torch.cat([head(x_BTC) for head in heads], dim=-1)
    assert together_BTC.shape == x_BTC.shape
    torch.testing.assert_close(attention(x_BTC), attention.proj(together_BTC), rtol=0, atol=1e-6)


@torch.no_grad()
def test_feed_forward_processes_each_character_by_itself(shape, x_BTC):
    torch.manual_seed(0)
    feed_forward = FeedForward(shape)
    assert feed_forward.expand.out_features == 4 * shape.n_embd
    hidden = (x_BTC[1, 2] @ feed_forward.expand.weight.T + feed_forward.expand.bias).clamp(min=0)
    expected = hidden @ feed_forward.proj.weight.T + feed_forward.proj.bias
    torch.testing.assert_close(feed_forward(x_BTC)[1, 2], expected)


@torch.no_grad()
def test_a_block_adds_attention_and_feed_forward_to_its_input(shape, x_BTC):
    torch.manual_seed(0)
    block = Block(shape)
    normed_BTC = F.layer_norm(x_BTC, (shape.n_embd,))
    after_BTC = x_BTC + block.attention(normed_BTC)
    expected_BTC = after_BTC + block.feed_forward(F.layer_norm(after_BTC, (shape.n_embd,)))
    torch.testing.assert_close(block(x_BTC), expected_BTC)


# The plain loop


@each_family
def test_generate_is_the_loop_it_says_it_is(build, family):
    model = build(family)
    text = ids(model, 1, 3)[0].tolist()
    window = list(text)
    for _ in range(30):
        best = model(torch.tensor([window]))[0, -1].argmax().item()
        text.append(best)
        window.append(best)
        if len(window) > 8:  # the block: its last half starts a new window
            window = window[-4:]
    assert model.generate(ids(model, 1, 3), 30, temperature=0)[0].tolist() == text


def test_generate_works_as_in_the_lecture(build, tokenizer):
    decode, m = tokenizer.decode, build(n_layer=1)
    context = torch.zeros((1, 1), dtype=torch.long)
    generated_text = decode(m.generate(context, max_new_tokens=2000)[0].tolist())
    assert len(generated_text) == 2001
    assert generated_text[0] == tokenizer.vocabulary[0] == "\n"


def test_each_row_of_a_batch_is_sampled_with_its_own_seed(build):
    model = build()
    x_BT = ids(model, 1, 4).expand(3, -1)
    rows = model.generate(x_BT, 20, seed=2**64 - 2)
    for b, seed in enumerate((2**64 - 2, 2**64 - 1, 0)):  # the next one after the largest is 0
        assert torch.equal(rows[b], model.generate(x_BT[:1], 20, seed=seed)[0])
    assert not torch.equal(rows[0], rows[1])


def test_generate_repeats_with_a_seed_and_not_without(build):
    model = build()
    x_BT = ids(model, 1, 2)
    assert torch.equal(model.generate(x_BT, 30, seed=3), model.generate(x_BT, 30, seed=3))
    assert not torch.equal(model.generate(x_BT, 30), model.generate(x_BT, 30))


def test_generate_leaves_the_mode_and_the_global_random_state_alone(build):
    model = build(dropout=0.5).train()
    before = torch.get_rng_state()
    first = model.generate(ids(model, 1, 2), 10, seed=3)
    assert model.training
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, model.eval().generate(ids(model, 1, 2), 10, seed=3))


@pytest.mark.parametrize("sizes", [(), (0,), (3,), (1, 0), (0, 1), (0, 0), (1, 1, 1)], ids=str)
def test_prompts_that_are_no_rows_of_ids_are_refused_with_their_shape(build, sizes):
    with pytest.raises(ValueError, match=re.escape(f"at least one id per row, not of shape {sizes}")):
        build().generate(torch.zeros(sizes, dtype=torch.long), 3)


@each_family
@pytest.mark.parametrize("ids", [[[-1]], [[20]], [[1], [99]], [[99, *[1] * 20]], [[1.0]], [[True]]], ids=str)
def test_ids_that_are_not_in_the_vocabulary_are_refused(build, family, ids):
    with pytest.raises(ValueError, match="ids must be whole numbers from 0 to 19, the vocabulary, not torch"):
        build(family, vocab_size=20).generate(torch.tensor(ids), 3)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32])
def test_whole_numbers_of_any_size_are_ids(build, dtype):
    model, x_BT = build(), torch.tensor([[1, 2], [3, 4]])
    written = model.generate(x_BT.to(dtype), 20, seed=3)
    assert torch.equal(written, model.generate(x_BT, 20, seed=3))
    assert written.dtype == torch.long
