"""trace.py: what is told of a model's inside is what it really does."""

import numpy as np
import pytest
import torch

from tinygpt import fastest
from tinygpt.model import FAMILIES

IDS = [3, 1, 4, 1, 5, 9, 2]


@pytest.fixture(params=FAMILIES)
def model(request, build):
    return build(request.param, block_size=20)


@torch.no_grad()
def test_the_attention_that_is_shown_is_that_by_which_values_are_gathered(model):
    weights_LHTT = torch.from_numpy(model.trace(IDS).attention())
    assert torch.equal(weights_LHTT, weights_LHTT.tril())
    torch.testing.assert_close(weights_LHTT.sum(-1), torch.ones(weights_LHTT.shape[:-1]))
    x_BTC = model.embedding(torch.tensor([IDS]))
    for block, weights_HTT in zip(model.blocks, weights_LHTT, strict=True):
        read_BTC, attention = block.attention_norm(x_BTC), block.attention
        v_BHTD = attention.value(read_BTC).unflatten(2, (attention.n_head, -1)).transpose(1, 2)
        gathered_BTC = attention.proj((weights_HTT @ v_BHTD).transpose(1, 2).flatten(2))
        torch.testing.assert_close(attention(read_BTC), gathered_BTC, rtol=0, atol=1e-6)
        x_BTC = block(x_BTC)


@torch.no_grad()
def test_the_stream_goes_from_the_embedding_to_the_logits(model):
    trace = model.trace(IDS)
    x_BT = torch.tensor([IDS])
    np.testing.assert_allclose(trace.stream_LC[0], model.embedding(x_BT)[0, -1], atol=1e-6)
    np.testing.assert_allclose(trace.logits_LV[-1], model(x_BT)[0, -1], atol=1e-5)
    ended_after_one = model.lm_head(model.norm(model.blocks[0](model.embedding(x_BT))))
    np.testing.assert_allclose(trace.logits_LV[1], ended_after_one[0, -1], atol=1e-5)


@pytest.mark.parametrize("length", [1, 2, 7, 16])
def test_the_compiled_model_tells_the_same(model, length):
    ids = (3 * IDS)[:length]
    told, compiled = model.trace(ids), fastest(model).trace(ids)
    for name in told._fields:
        np.testing.assert_allclose(getattr(compiled, name), getattr(told, name), atol=1e-4, err_msg=name)


def test_earlier_attention_does_not_change_when_the_text_grows(model):
    """The truth that lets keys and values be kept."""
    short, long = model.trace(IDS).attention(), model.trace([*IDS, 7, 7, 7]).attention()
    np.testing.assert_allclose(long[:, :, : len(IDS), : len(IDS)], short, atol=1e-6)
