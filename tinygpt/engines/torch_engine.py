"""A model run by torch, on any device."""

import numpy as np
import torch
from torch import Tensor

from tinygpt.config import SampleConfig
from tinygpt.engines.bounds import check_batch, check_rows, check_write, checked_ids
from tinygpt.model.activation_cache import ActivationCache
from tinygpt.model.gpt import GPTLanguageModel
from tinygpt.model.kv_cache import KVCache
from tinygpt.model.sampling import check_finite, probability, sample


class TorchEngine:
    """Runs a GPTLanguageModel on its own device and in its own precision. Puts it into evaluation mode for good."""

    pending = False

    def __init__(self, model: GPTLanguageModel, slower_because: str = ""):
        self.config, self.slower_because = model.config, slower_because
        self._model, self._device = model.eval(), model.lm_head.weight.device
        self.name = f"torch on {self._device.type}"

    def open_reader(self, batch: int) -> "TorchReader":
        """See Engine."""
        check_batch(batch)
        return TorchReader(self._model, batch)

    @torch.no_grad()
    def activations(self, ids: list[int]) -> ActivationCache:
        """See Engine."""
        ids_BN = checked_ids(self.config, [ids], batch=1, length=0)
        model = self._model
        x_BTC = model.embedding(torch.from_numpy(ids_BN).to(self._device))
        residual, compared = [x_BTC[0, -1]], []
        for block in model.blocks:
            compared.append(block.attention.queries_and_keys(block.attention_norm(x_BTC)))
            x_BTC = block(x_BTC)
            residual.append(x_BTC[0, -1])
        residual_LC = torch.stack(residual)
        logits_LV = model.lm_head(model.norm(residual_LC))
        queries_LHTD, keys_LHTD = (torch.cat(part) for part in zip(*compared, strict=True))
        check_finite(_squares(x_BTC))
        recorded = ActivationCache(*map(_to_numpy, (queries_LHTD, keys_LHTD, residual_LC, logits_LV)))
        for part in recorded:
            check_finite(part)
        return recorded


class TorchReader:
    """A Reader of a GPTLanguageModel."""

    def __init__(self, model: GPTLanguageModel, batch: int):
        self._model, self._batch, self._device = model, batch, model.lm_head.weight.device
        self._cache = KVCache(model.config)

    @torch.no_grad()
    def read(self, rows: list[list[int]]) -> np.ndarray:
        """See Reader."""
        ids_BN = checked_ids(self._model.config, rows, batch=self._batch, length=self._cache.length)
        x_BTC = self._model.residual_stream(torch.from_numpy(ids_BN).to(self._device), self._cache)
        logits_BV = _to_numpy(self._model.lm_head(self._model.norm(x_BTC[:, -1])))
        check_finite(logits_BV)
        check_finite(_squares(x_BTC))
        compared = [part for layer in self._cache.layers for part in layer.last_queries_and_keys]
        check_finite(_squares(torch.cat(compared)))
        return logits_BV

    def write(self, ids: list[int], count: int, settings: SampleConfig, i: int) -> tuple[list[int], list[float]]:
        """See Reader. Samples a single id, whatever `count` allows."""
        length = self._cache.length + len(ids)
        check_write(self._model.config, count, settings, batch=self._batch, length=length)
        (logits_V,) = self.read([ids])
        id = sample(logits_V, settings.temperature, settings.top_k, settings.top_p, settings.seed, i)
        return [id], [probability(logits_V, id)]

    def clear(self) -> None:
        """See Reader."""
        self._cache.clear()

    def select(self, rows: list[int]) -> None:
        """See Reader."""
        check_rows(rows, batch=self._batch)
        self._cache.select(rows)
        self._batch = len(rows)


def _squares(x: Tensor) -> float:
    """The sum of the squares of all elements.

    While it is finite, so are the sums of squares in norms and the dot products of queries and keys. Where those
    overflow, norms and fused attention return finite numbers, so that the logits alone do not tell.
    """
    flat_N = x.flatten().float()
    return flat_N.dot(flat_N).item()


def _to_numpy(tensor: Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()
