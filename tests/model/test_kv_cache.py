"""The key-value cache by itself; what models read through it is tested with every engine."""

import pytest
import torch
from torch import Tensor

from tinygpt import GPTConfig
from tinygpt.model.gpt import FAMILIES
from tinygpt.model.kv_cache import KVCache

CONFIG = GPTConfig(block_size=5, n_layer=2, n_head=2, n_embd=6)


def numbered(first: int, count: int, batch: int = 1) -> Tensor:
    """Keys of `count` characters in every row, of which each entry is the character's number."""
    return torch.arange(first, first + count).float().view(1, 1, count, 1).expand(batch, 2, count, 3).clone()


def test_extending_gives_everything_appended_so_far_in_order():
    cache = KVCache(CONFIG)
    layer = cache.layers[0]
    for first, count in ((0, 2), (2, 1), (3, 2)):
        keys_BHTD, values_BHTD = layer.extend(numbered(first, count), -numbered(first, count))
        assert cache.length == first + count
        assert torch.equal(keys_BHTD, numbered(0, first + count))
        assert torch.equal(values_BHTD, -numbered(0, first + count))


def test_layers_share_nothing():
    first, second = KVCache(CONFIG).layers
    first.extend(numbered(7, 2), numbered(7, 2))
    assert torch.equal(second.extend(numbered(1, 1), numbered(1, 1))[0], numbered(1, 1))


def test_selected_rows_are_copies_in_every_layer():
    cache = KVCache(CONFIG)
    rows_BHTD = torch.tensor([10.0, 20.0, 30.0]).view(3, 1, 1, 1) + numbered(0, 2, batch=3)
    for layer in cache.layers:
        layer.extend(rows_BHTD, -rows_BHTD)
    cache.select([2, 0, 0, 2])
    assert cache.length == 2
    new_BHTD = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 2, 1, 3)
    for layer in cache.layers:
        keys_BHTD, values_BHTD = layer.extend(new_BHTD, -new_BHTD)
        assert torch.equal(keys_BHTD, torch.cat((rows_BHTD[[2, 0, 0, 2]], new_BHTD), dim=2))
        assert torch.equal(values_BHTD, -keys_BHTD)


def test_a_cleared_cache_starts_at_position_0_without_its_old_contents():
    cache = KVCache(CONFIG)
    for layer in cache.layers:
        layer.extend(numbered(0, 4), numbered(0, 4))
    cache.clear()
    assert cache.length == 0
    for layer in cache.layers:
        keys_BHTD, _ = layer.extend(numbered(8, 1), numbered(8, 1))
        assert torch.equal(keys_BHTD, numbered(8, 1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@torch.no_grad()
def test_a_model_of_any_precision_reads_through_it_what_it_reads_at_once(build, dtype):
    for family in FAMILIES:
        model = build(family).to(dtype)
        ids_BT, cache = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]]), KVCache(model.config)
        model(ids_BT[:, :3], cache=cache)
        logits_BTV = model(ids_BT[:, 3:], cache=cache)
        assert logits_BTV.dtype == cache.layers[0].keys_BHTD.dtype == dtype
        torch.testing.assert_close(logits_BTV[:, -1], model(ids_BT)[:, -1], rtol=0, atol=0.25)
        model.generate(ids_BT, 2, seed=1)
