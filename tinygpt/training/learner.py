"""What a training step changes: a model, its averaged weights, its optimizers, and the random states."""

import math

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tinygpt.config import GPTConfig, TrainConfig
from tinygpt.model.gpt import GPTLanguageModel
from tinygpt.training import distributed, state
from tinygpt.training.batches import Batches
from tinygpt.training.distillation import Ensemble
from tinygpt.training.optim import build_optimizers, lr_multiplier, set_learning_rate
from tinygpt.training.precision import can_compile, compile_blocks


class Learner:
    """A model that learns a text, step by step."""

    def __init__(
        self, model_config: GPTConfig, config: TrainConfig, data: Tensor, device: torch.device, dtype: torch.dtype
    ):
        """Set up the model, with random weights, and the optimizers.

        Args:
            model_config: of the model to train.
            config: of the training.
            data: the ids of the training text, (N,).
            device: where the model is trained.
            dtype: in which autocast computes matrix products; weights stay in float32.
        """
        self._config, self._device, self._dtype = config, device, dtype
        torch.manual_seed(config.seed)
        self._batches = Batches(data, model_config.block_size, config)
        self.model = GPTLanguageModel(model_config).to(device)
        self._forward = distributed.data_parallel(self.model)
        self.compiled = config.compile and distributed.every_process(can_compile(device))
        if self.compiled:
            compile_blocks(self.model)
        self._optimizers = build_optimizers(self.model, config)
        self._averaged = None
        if config.ema_decay:
            self._averaged = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(config.ema_decay))
        if distributed.rank():  # all start with the same weights and sample the same batches, but dropout differs
            torch.manual_seed(config.seed + distributed.rank())

    @property
    def published_model(self) -> GPTLanguageModel:
        """The model as it would be published now: with averaged weights if there are any."""
        return self._averaged.module if self._averaged else self.model

    def learn_from(self, ensemble: Ensemble) -> None:
        """From now on, mix an ensemble's predictions into the targets (see Batches.learn_from)."""
        with self.autocast():
            self._batches.learn_from(ensemble)

    def train_step(self, step: int) -> float:
        """Do training step `step`, counted from 0, and return its loss in nats per character.

        If that is not finite, no weight has changed.
        """
        x_BT, targets = self._batches.at(step)
        self.model.train()
        with self.autocast():
            _, loss = self._forward(self._to_device(x_BT), self._to_device(targets))
        loss.backward()
        value = distributed.mean(loss.detach()).item()
        if not math.isfinite(value):
            return value
        if self._config.grad_clip:
            clip_grad_norm_(self.model.parameters(), self._config.grad_clip)
        set_learning_rate(self._optimizers, lr_multiplier(step, self._config))
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad()
        if self._averaged:
            self._averaged.update_parameters(self.model)
        return value

    def autocast(self) -> torch.autocast:
        """A context in which products are computed in the precision of the training."""
        return torch.autocast(self._device.type, self._dtype, enabled=self._dtype != torch.float32)

    def random_states(self) -> dict[str, Tensor]:
        """Collect the random states of all processes, each of which must call this."""
        return state.random_states(self._batches.generator, self._device)

    def state_tensors(self) -> dict[str, Tensor]:
        """Collect the tensors of the model, its averaged weights and the optimizers."""
        return state.state_tensors(self.model, self._averaged, self._optimizers)

    def state_bytes(self) -> int:
        """Return about how many bytes state_tensors has once a step was made."""
        return state.state_bytes(self.model, self._averaged, self._optimizers)

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Load what state_tensors and random_states collected."""
        state.load_state_tensors(tensors, self.model, self._averaged, self._optimizers)
        state.load_random_states(tensors, self._batches.generator, self._device)

    def _to_device(self, batch: Tensor) -> Tensor:
        if self._device.type == "cuda":
            # Windows of the text have gaps between their rows, with which a copy would not be asynchronous.
            return batch.contiguous().pin_memory().to(self._device, non_blocking=True)
        return batch.to(self._device)
