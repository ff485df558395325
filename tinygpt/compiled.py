"""A trained model in the form that writes fastest on a processor: kernels.py over packed weights."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from tinygpt.attention import NormedRotaryAttention, RotaryAttention
from tinygpt.cache import KVCache
from tinygpt.eight_bits import rounded, whole_numbers
from tinygpt.layers import RMSNorm
from tinygpt.model import Embedding, GPTLanguageModel, SwiGLU

if TYPE_CHECKING:
    from tinygpt import kernels


class CompiledModel:
    """A GPTLanguageModel whose single steps are machine code. Shared by any number of readers."""

    def __init__(self, model: GPTLanguageModel):
        from tinygpt import kernels  # numba is optional, and takes a while to import

        self.config, self.model = model.config, model
        self.weights, self.read_one = _weights(model), kernels.read_one

    def reader(self, batch: int) -> "CompiledReader":
        """To read `batch` texts side by side."""
        self.model.eval()
        return CompiledReader(self, batch)


LanguageModel = GPTLanguageModel | CompiledModel  # what can be asked to write


def fastest(model: GPTLanguageModel) -> LanguageModel:
    """The model compiled, if it is on the processor and numba is there and can work; otherwise as it is.

    Both write the same text, but for a draw that falls within rounding of the border between two
    characters. To be made anew whenever the model's weights have changed. The very first step on
    a machine takes seconds, since numba compiles it then and keeps the result.
    """
    weight = model.lm_head.weight
    if weight.device.type != "cpu" or weight.dtype != torch.float32:
        return model
    try:
        return CompiledModel(model)
    except (ImportError, RuntimeError):  # no numba, or no folder where it may keep what it compiles
        return model


class CompiledReader:
    """Texts being read, row by row of a batch, and the keys and values of what was read."""

    def __init__(self, model: CompiledModel, batch: int):
        config = model.config
        self._model, self._length = model, 0
        layers = (batch, config.n_layer, config.n_head)
        self._keys_BLHDT = np.zeros((*layers, config.head_size, config.block_size), np.float32)
        self._values_BLHTD = np.zeros((*layers, config.block_size, config.head_size), np.float32)

    def read(self, rows: list[list[int]]) -> np.ndarray:
        """Read the next characters of each row: logits_BV of the one after the last.

        They are either many characters of a new window or a single one after that.
        """
        if len(rows[0]) > 1:
            return self._read_many(rows)
        model, config = self._model, self._model.config
        assert self._length < config.block_size, "the window is full"
        logits_BV = np.empty((len(rows), config.vocab_size), np.float32)
        for row, (id,) in enumerate(rows):
            assert 0 <= id < config.vocab_size, "machine code reads wherever it is told to"
            keys_LHDT, values_LHTD = self._keys_BLHDT[row], self._values_BLHTD[row]
            model.read_one(model.weights, keys_LHDT, values_LHTD, id, self._length, logits_BV[row])
        self._length += 1
        return logits_BV

    def clear(self) -> None:
        """Start new windows at position 0."""
        self._length = 0

    def select(self, rows: list[int]) -> None:
        """Make row i of the batch a copy of row rows[i]."""
        if rows != list(range(len(self._keys_BLHDT))):
            self._keys_BLHDT, self._values_BLHTD = self._keys_BLHDT[rows], self._values_BLHTD[rows]

    @torch.no_grad()
    def _read_many(self, rows: list[list[int]]) -> np.ndarray:
        # One pass of torch, whose large products need no help.
        assert not self._length, "several characters can only be read at the start of a window"
        cache = KVCache(self._model.config, batch=len(rows))
        logits_BV = self._model.model(torch.tensor(rows), cache=cache)[:, -1].numpy()
        self._length = cache.length
        for number, layer in enumerate(cache.layers):
            self._keys_BLHDT[:, number] = layer.keys_BHTD.transpose(2, 3).numpy()
            self._values_BLHTD[:, number] = layer.values_BHTD.numpy()
        return logits_BV


@torch.no_grad()
def _weights(model: GPTLanguageModel) -> "kernels.Weights":
    from tinygpt import kernels

    linears = [module.weight for module in model.modules() if isinstance(module, nn.Linear)]
    eight_bits = all(torch.equal(rounded(weight), weight) for weight in linears)

    def matrices(*layers: tuple[nn.Linear, ...]) -> kernels.Matrices:
        """Those of each layer side by side."""
        weights_LNK = torch.stack([torch.cat([part.weight for part in parts]) for parts in layers])
        biases_LN = torch.stack([torch.cat([_bias(part) for part in parts]) for parts in layers])
        steps_LN1 = torch.ones(*biases_LN.shape, 1)
        if eight_bits:
            weights_LNK, steps_LN1 = whole_numbers(weights_LNK)
        return kernels.Matrices(_array(weights_LNK.transpose(1, 2)), _array(steps_LN1.squeeze(2)), _array(biases_LN))

    def norms(*layers: nn.Module) -> kernels.Norms:
        weights_LK = torch.stack([layer.weight for layer in layers])
        biases_LK = torch.stack([_bias(layer) for layer in layers])
        centred = isinstance(layers[0], nn.LayerNorm)
        return kernels.Norms(_array(weights_LK), _array(biases_LK), centred, layers[0].eps)

    config, embedding = model.config, model.embedding
    attention, feed_forward = (
        [block.attention for block in model.blocks],
        [block.feed_forward for block in model.blocks],
    )
    rotary, normed_heads = (isinstance(attention[0], kind) for kind in (RotaryAttention, NormedRotaryAttention))
    gated, learned = isinstance(feed_forward[0], SwiGLU), isinstance(embedding, Embedding)
    unturned_TD = torch.ones(config.block_size, config.head_size)
    unused = [RMSNorm(config.head_size)] * config.n_layer
    return kernels.Weights(
        token_VC=_array(embedding.token.weight),
        position_TC=_array(embedding.position.weight if learned else torch.zeros(config.block_size, config.n_embd)),
        cos_TD=_array(attention[0].cos_TD if rotary else unturned_TD),
        sin_TD=_array(attention[0].sin_TD if rotary else 0 * unturned_TD),
        attention_norm=norms(*(block.attention_norm for block in model.blocks)),
        query_key_value=matrices(*((part.query, part.key, part.value) for part in attention)),
        query_norm=norms(*([part.query_norm for part in attention] if normed_heads else unused)),
        key_norm=norms(*([part.key_norm for part in attention] if normed_heads else unused)),
        normed_heads=normed_heads,
        proj=matrices(*((part.proj,) for part in attention)),
        feed_forward_norm=norms(*(block.feed_forward_norm for block in model.blocks)),
        expand=matrices(*((part.gate, part.expand) if gated else (part.expand,) for part in feed_forward)),
        gated=gated,
        shrink=matrices(*((part.proj,) for part in feed_forward)),
        norm=norms(model.norm),
        lm_head=matrices((model.lm_head,)),
    )


def _bias(part: nn.Module) -> Tensor:
    """A layer's bias, or zeros for one that has none."""
    bias = getattr(part, "bias", None)
    return torch.zeros(len(part.weight)) if bias is None else bias


def _array(values: Tensor) -> np.ndarray:
    return values.clone(memory_format=torch.contiguous_format).numpy()
