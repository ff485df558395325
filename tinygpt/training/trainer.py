"""The training loop: step, evaluate, save, resume."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tinygpt.checkpoint.reading import HISTORY
from tinygpt.checkpoint.torch_checkpoint import save_checkpoint
from tinygpt.config import GPTConfig, TrainConfig
from tinygpt.data.dataset import Dataset, check_fits
from tinygpt.fields import FieldError
from tinygpt.model.gpt import GPTLanguageModel
from tinygpt.training import distributed, metrics
from tinygpt.training.batches import Batches
from tinygpt.training.distillation import check_teacher, load_ensemble
from tinygpt.training.evaluation import FullLoss, estimate_loss, measure_checkpoint
from tinygpt.training.optim import build_optimizers, lr_multiplier, set_learning_rate
from tinygpt.training.precision import can_compile
from tinygpt.training.state import (
    STATE,
    check_same,
    load_random_states,
    load_state_tensors,
    random_states,
    read_state,
    state_tensors,
    write_state,
)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The result of one training step."""

    step: int  # steps done
    loss: float  # of this step's batch, in nats per character
    seconds: float  # of training so far, over all sessions of the run
    losses: dict[str, float] | None = None  # "train" and "validation", at the steps that are evaluated


class DivergenceError(FloatingPointError):
    """The loss of a run is infinite or not a number. `problem` is the part of the message that says where."""

    def __init__(self, problem: str, remedy: str):
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem


class Trainer:
    """One training run in one folder.

    The folder gets the published weights (model.safetensors and config.json), metrics.jsonl with a
    row for each evaluation, and the training state: weights, averaged weights, optimizers, random
    states and step. A run that is stopped and resumed is bit-exact with one that is not.
    """

    def __init__(
        self,
        model_config: GPTConfig,
        config: TrainConfig,
        dataset: Dataset,
        folder: Path,
        *,
        preset: str = "",
        source: Sequence[str] = (),
        teachers: Sequence[str | Path] = (),
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
    ):
        """Set up a run at its first step.

        Args:
            model_config: of the model to train; its vocabulary is the dataset's.
            config: of the training.
            dataset: the text.
            folder: where the run is kept; created by `run`.
            preset: the name of the preset that the configs come from, for the record.
            source: where the text comes from, for the record and for resuming.
            teachers: folders of checkpoints trained on the same text; the model learns from their
                predictions, with the weight `distill_weight`, beside the text (see distillation.py).
            device: CPU by default.
            dtype: the precision of a step's products; weights stay in float32.

        Raises FieldError when vocab_size is not that of the dataset, when teachers and distill_weight do
        not go together, or when the processes cannot share a batch evenly; ValueError when the text is too
        short for the model's context, or a teacher was trained on another text.
        """
        if model_config.vocab_size != dataset.tokenizer.vocab_size:
            characters = f"{dataset.tokenizer.vocab_size:,}, the number of different characters in the text"
            raise FieldError("vocab_size", f"must be {characters}, not {model_config.vocab_size:,}")
        for part in (dataset.train, dataset.validation):
            check_fits(part, model_config.block_size)
        _check_settings(config, len(teachers))
        self.config, self.dataset, self.folder, self.preset = config, dataset, Path(folder), preset
        self.source, self.teachers = list(source), [str(teacher) for teacher in teachers]
        self.device, self.dtype = device or torch.device("cpu"), dtype
        self.step, self.seconds, self.best = 0, 0.0, math.inf
        torch.manual_seed(config.seed)
        self._batches = Batches(dataset.train, model_config.block_size, config)
        self.model = GPTLanguageModel(model_config).to(self.device)
        forward = distributed.data_parallel(self.model)
        self.processes = distributed.world_size()
        self.compiled = config.compile and distributed.every_process(can_compile(self.device))
        self._forward = torch.compile(forward) if self.compiled else forward
        self._optimizers = build_optimizers(self.model, config)
        self._averaged = None
        if config.ema_decay:
            self._averaged = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(config.ema_decay))
        self._teachers_sha256 = [check_teacher(teacher, dataset) for teacher in self.teachers]
        self._snapshots = {max(1, config.max_iters // 8**i) for i in range(config.snapshots)}
        self._stopping = False
        if distributed.rank():  # all start with the same weights and sample the same batches, but dropout differs
            torch.manual_seed(config.seed + distributed.rank())

    def run(self) -> Iterator[Progress]:
        """Train to the last step, yielding after each one; at the end the published weights are saved.

        Raises DivergenceError when the loss is no longer finite; what was saved before stays.
        """
        if distributed.rank() == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            metrics.keep_rows_until(self.folder, self.step)
        earlier, start = self.seconds, time.monotonic()
        if self.teachers and self.step < self.config.max_iters:
            ensemble = load_ensemble(self.teachers, self.dataset.tokenizer, self.device)
            with self._autocast():
                self._batches.learn_from(ensemble)
        while self.step < self.config.max_iters and not distributed.any_process(self._stopping):
            loss = self._train_step()
            self.seconds = earlier + time.monotonic() - start
            due = self.step % self.config.eval_interval == 0 or self.step == self.config.max_iters
            losses = self._evaluate() if due else None
            if self.step in self._snapshots and distributed.rank() == 0:
                self._save_checkpoint(self._snapshot_folder(self.step))
            yield Progress(step=self.step, loss=loss, seconds=self.seconds, losses=losses)
        self.seconds = earlier + time.monotonic() - start
        if self.step < self.config.max_iters:  # otherwise the last evaluation has saved
            self.save()

    def stop(self) -> None:
        """Let the run end after the current step, saved."""
        self._stopping = True

    @property
    def published_model(self) -> GPTLanguageModel:
        """The model as it would be published now: with averaged weights if there are any."""
        return self._averaged.module if self._averaged else self.model

    def save(self) -> None:
        """Write the training state and, unless the best weights are kept instead, the published weights."""
        self._save_state()
        if distributed.rank() == 0 and (self.config.publish == "last" or self.best == math.inf):
            self._save_checkpoint(self.folder)

    def resume(self) -> None:
        """Load the training state of the run's folder.

        Raises FileNotFoundError when there is none, and ValueError naming the difference (FieldError for
        a setting) when it belongs to another text, model, training config, device or precision.
        """
        tensors, facts = read_state(self.folder)
        check_same(facts, self._identity())
        load_state_tensors(tensors, self.model, self._averaged, self._optimizers)
        load_random_states(tensors, self._batches.generator, self.device)
        self.step, self.seconds, self.best = facts["step"], facts["seconds"], facts["best"]

    def finish(self) -> FullLoss:
        """Measure the saved weights, and those of the snapshots, on the whole validation split.

        Each loss is added to the config.json beside its weights. Returns that of the published weights.
        """
        snapshots = [self._snapshot_folder(step) for step in sorted(self._snapshots) if step <= self.step]
        for folder in filter(Path.exists, snapshots):
            measure_checkpoint(folder, self.dataset.validation, self.device)
        return measure_checkpoint(self.folder, self.dataset.validation, self.device)

    def _train_step(self) -> float:
        x_BT, targets = self._batches.at(self.step)
        self.model.train()
        with self._autocast():
            _, loss = self._forward(self._to_device(x_BT), self._to_device(targets))
        loss.backward()
        value = distributed.mean(loss.detach()).item()
        if not math.isfinite(value):
            raise self._divergence(value, self.step + 1)
        if self.config.grad_clip:
            clip_grad_norm_(self.model.parameters(), self.config.grad_clip)
        set_learning_rate(self._optimizers, lr_multiplier(self.step, self.config))
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad()
        if self._averaged:
            self._averaged.update_parameters(self.model)
        self.step += 1
        return value

    def _evaluate(self) -> dict[str, float] | None:
        """Estimate the losses in the first process, and save."""
        losses = self._estimate() if distributed.rank() == 0 else None
        self._save_state()
        return losses

    def _estimate(self) -> dict[str, float]:
        with self._autocast():
            losses = estimate_loss(self.published_model, self.dataset, self.config.batch_size, self.config.eval_iters)
        if not math.isfinite(sum(losses.values())):
            raise self._divergence(sum(losses.values()), self.step)
        row = {
            "step": self.step,
            "train_loss": losses["train"],
            "validation_loss": losses["validation"],
            "lr_multiplier": lr_multiplier(self.step - 1, self.config),
            "seconds": round(self.seconds, 1),
            "characters": self.step * self.config.batch_size * self.model.config.block_size,
        }
        metrics.append_row(self.folder, row)
        is_best = losses["validation"] < self.best
        self.best = min(self.best, losses["validation"])
        if is_best or self.config.publish == "last":
            self._save_checkpoint(self.folder)
        return losses

    def _save_checkpoint(self, folder: Path) -> None:
        # The published loss is measured on the saved file, so that quantization is part of it.
        facts = {
            "preset": self.preset,
            "steps": self.step,
            "publish": self.config.publish,
            "training": asdict(self.config),
            "seconds": round(self.seconds, 1),
            "precision": str(self.dtype).removeprefix("torch."),
            "device": self.device.type,
            "data_sha256": self.dataset.sha256,
            "teachers_sha256": self._teachers_sha256,
            "removed": self.dataset.removed,
        }
        save_checkpoint(folder, self.published_model, self.dataset.tokenizer, quantize=True, facts=facts)

    def _snapshot_folder(self, step: int) -> Path:
        return self.folder / HISTORY / f"step-{step:06}"

    def _save_state(self) -> None:
        tensors = state_tensors(self.model, self._averaged, self._optimizers)
        tensors |= random_states(self._batches.generator, self.device)  # in every process: they are gathered
        if distributed.rank() == 0:
            write_state(self.folder, tensors, self._identity() | self._position())

    def _identity(self) -> dict:
        """What a run that resumes must have in common with the saved one."""
        return {
            "data_sha256": self.dataset.sha256,
            "model": asdict(self.model.config),
            "training": asdict(self.config),
            "preset": self.preset,
            "precision": str(self.dtype).removeprefix("torch."),
            "device": self.device.type,
            "teachers_sha256": self._teachers_sha256,
            "processes": self.processes,
            "compiled": self.compiled,
        }

    def _position(self) -> dict:
        position = {"step": self.step, "seconds": self.seconds, "best": self.best}
        return position | {"source": self.source, "teachers": self.teachers}

    def _to_device(self, batch: Tensor) -> Tensor:
        if self.device.type == "cuda":
            return batch.pin_memory().to(self.device, non_blocking=True)
        return batch.to(self.device)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)

    def _divergence(self, loss: float, step: int) -> DivergenceError:
        kept = f"what was saved before is kept in {self.folder}; " if (self.folder / STATE).exists() else ""
        return DivergenceError(
            f"the loss became {loss} at step {step}", f"{kept}start again with a lower learning rate"
        )


def _check_settings(config: TrainConfig, teachers: int) -> None:
    if config.distill_weight and not teachers:
        raise FieldError(
            "distill_weight",
            f"of {config.distill_weight:g} needs teachers: name the folders of trained weights, or set it to 0",
        )
    if teachers and not config.distill_weight:
        raise FieldError("distill_weight", "must be above 0 when there are teachers, not 0")
    if config.batch_size % distributed.world_size():
        raise FieldError(
            "batch_size",
            f"must be a multiple of the {distributed.world_size()} processes that share it, not {config.batch_size}",
        )
