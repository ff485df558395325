"""The batches of a training run: which windows of the text each step reads, and the targets it learns."""

import torch
from torch import Tensor, nn

from tinygpt.config import TrainConfig
from tinygpt.data.dataset import random_starts, shuffled_starts, windows
from tinygpt.training import distributed
from tinygpt.training.distillation import predictions, soft_targets
from tinygpt.training.ngram import ngram_predictions


class Batches:
    """Samples the batches of a run.

    `generator` samples where the windows start. It has the same seed in all processes of a run, so
    that each one samples the same batch and takes its own rows of it.
    """

    def __init__(self, data: Tensor, block_size: int, config: TrainConfig):
        self.generator = torch.Generator().manual_seed(config.seed)
        self._data, self._block_size, self._config = data, block_size, config
        self._predictions_NV: Tensor | None = None

    def learn_from(self, teacher: nn.Module) -> None:
        """Mix the teacher's predictions for the whole text into the targets, with the weight `distill_weight`.

        An n-gram model's have the weight `ngram_weight` among them.
        """
        self._predictions_NV = predictions(teacher, self._data)
        if self._config.ngram_weight:
            ngram_NV = ngram_predictions(self._data, self._predictions_NV.size(1))
            self._predictions_NV.lerp_(ngram_NV, self._config.ngram_weight)

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Sample the batch of a step: this process's rows of it.

        Returns x_BT and the characters that follow, y_BT; with a teacher, x_BT and their
        probabilities, targets_BTV.
        """
        if self._config.batches == "shuffled":
            starts_B = shuffled_starts(self._data, self._config.batch_size, self._block_size, step, self._config.seed)
        else:
            starts_B = random_starts(self._data, self._config.batch_size, self._block_size, self.generator)
        starts_B = distributed.local_rows(starts_B)
        x_BT, y_BT = windows(self._data, starts_B, self._block_size)
        if self._predictions_NV is None:
            return x_BT, y_BT
        return x_BT, soft_targets(self._predictions_NV, starts_B, y_BT, self._config.distill_weight)
