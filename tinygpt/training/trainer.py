"""The training loop: step, evaluate, save, resume."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch

from tinygpt.checkpoint.reading import BEST, HISTORY, checkpoint_damage
from tinygpt.checkpoint.torch_checkpoint import save_checkpoint
from tinygpt.config import GPTConfig, TrainConfig
from tinygpt.data.dataset import Dataset, check_fits
from tinygpt.fields import FieldError
from tinygpt.model.gpt import GPTLanguageModel
from tinygpt.system.os_errors import explained
from tinygpt.training import distributed, metrics
from tinygpt.training.distillation import check_teacher, check_weights, load_ensemble
from tinygpt.training.divergence import DivergenceError
from tinygpt.training.evaluation import FullLoss, estimate_loss, measure_run
from tinygpt.training.learner import Learner
from tinygpt.training.machine import describe_machine
from tinygpt.training.optim import lr_multiplier
from tinygpt.training.run_folder import check_free_disk, check_unused, locked
from tinygpt.training.state import check_continues, read_state, write_state

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The result of one training step."""

    step: int  # steps done
    loss: float  # of this step's batch, in nats per character
    seconds: float  # of training so far, over all sessions of the run
    losses: dict[str, float] | None = None  # "train" and "validation", at the steps that are evaluated


class Trainer:
    """One training run in one folder.

    The folder gets the published weights (model.safetensors and config.json), metrics.jsonl with a
    row for each evaluation, and the training state: weights, averaged weights, optimizers, random
    states and step. A run that is stopped and resumed is bit-exact with one that is not; on a GPU, up to rounding.
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
        check_weights(config, len(teachers))
        distributed.check_batch_size(config.batch_size)
        self.config, self.dataset, self.folder, self.preset = config, dataset, Path(folder), preset
        self.source, self.teachers = list(source), [str(teacher) for teacher in teachers]
        self.device, self.dtype = device or torch.device("cpu"), dtype
        self.step, self.seconds, self.best = 0, 0.0, math.inf
        self._learner = Learner(model_config, config, dataset.train, self.device, dtype)
        self.model, self.compiled = self._learner.model, self._learner.compiled
        self.processes = distributed.world_size()
        self.machines = [describe_machine(self.device)]
        self._teachers_sha256 = [check_teacher(teacher, dataset) for teacher in self.teachers]
        self._snapshots = {max(1, config.max_iters // 8**i) for i in range(config.snapshots)}
        self._stopping = self._begun = False

    def run(self) -> Iterator[Progress]:
        """Train to the last step, yielding after each one; at the end the published weights are saved.

        Raises BlockingIOError when another process trains in the folder, FileExistsError when it holds another run or
        checkpoint, OSError when the files cannot be written, and DivergenceError when the loss is no longer finite;
        what was saved before stays.
        """
        with ExitStack() as stack:
            distributed.in_first_process(partial(self._open_folder, stack))
            if not self._begun:
                self._save()  # so that it can be resumed from its first step on
                self._begun = True
            earlier, start = self.seconds, time.monotonic()
            if self.teachers and self.step < self.config.max_iters:
                self._learner.learn_from(load_ensemble(self.teachers, self.dataset.tokenizer, self.device))
            while self.step < self.config.max_iters and not distributed.any_process(self._stopping):
                loss = self._train_step()
                self.seconds = earlier + time.monotonic() - start
                due = self.step % self.config.eval_interval == 0 or self.step == self.config.max_iters
                losses = self._save(self._evaluate) if due else None
                if self.step in self._snapshots and not due:
                    distributed.in_first_process(self._save_snapshot)
                yield Progress(step=self.step, loss=loss, seconds=self.seconds, losses=losses)
            self.seconds = earlier + time.monotonic() - start
            if self.step < self.config.max_iters:  # otherwise the last evaluation has saved
                self.save()

    def stop(self) -> None:
        """Let the run end after the current step, saved."""
        self._stopping = True

    @property
    def characters_per_step(self) -> int:
        """How many characters of the text a step reads."""
        return self.config.batch_size * self.model.config.block_size

    @property
    def published_model(self) -> GPTLanguageModel:
        """The model as it would be published now: with averaged weights if there are any."""
        return self._learner.published_model

    def save(self) -> None:
        """Write the training state and, unless the best weights are kept instead, the published weights."""
        self._save(self._publish)

    def resume(self) -> None:
        """Load the training state of the run's folder.

        The run may have another number of steps than when it was saved: then it ends earlier or later, and the
        learning rate follows the schedule of that number from here on. It may skip evaluations, too: all but every
        second one, or third one, and so on.

        Raises FileNotFoundError when there is no state, and ValueError naming the difference (FieldError for
        a setting) when it belongs to another text, model, training config, device or precision, or when the
        run has made as many steps already.
        """
        tensors, facts = read_state(self.folder)
        check_continues(facts, self._identity(), ", ".join(self.source) or "the text")
        self._learner.load_state(tensors)
        self.step, self.seconds, self.best = facts["step"], facts["seconds"], facts["best"]
        before = facts.get("machines", ["an unknown machine"])  # states of earlier versions do not tell
        self.machines = list(dict.fromkeys([*before, *self.machines]))
        self._begun = True

    def finish(self) -> FullLoss:
        """Measure the saved weights, and those of the snapshots, on the whole validation split.

        Each loss is added to the config.json beside its weights. Returns that of the published weights. Raises as
        measure_run does, and OSError when the losses cannot be written.
        """
        problem, remedy = "the loss of the saved weights could not be written", "resume the run to measure it again"
        with locked(self.folder), explained(problem, remedy):
            return measure_run(self.folder, self.dataset.validation, self.device)

    def _open_folder(self, stack: ExitStack) -> None:
        """Lock the folder until the stack is closed, and check that the run can be kept in it."""
        stack.enter_context(locked(self.folder))
        if not self._begun:
            check_unused(self.folder)
        weights = 2 * sum(parameter.numel() for parameter in self.model.parameters())
        others = len(self._snapshots) + (self.config.publish == "both")
        check_free_disk(self.folder, self._learner.state_bytes(), weights, others)
        with self._saving():
            evaluated = self.step - self.step % self.config.eval_interval
            metrics.keep_rows_until(self.folder, self.step, evaluated)
            if self.step:
                self._check_published()

    def _check_published(self) -> None:
        """Write published weights that are damaged anew. Raises ValueError if the training state lacks them."""
        damage = checkpoint_damage(self.folder)
        if damage and self.config.publish != "best":
            _log.warning("The published weights are written anew from the training state: %s", damage)
            self._publish()
        elif damage and self.best < math.inf:
            lost = "the training state lacks these weights, the best so far"
            raise ValueError(f"{damage}; {lost}: put a copy in their place, or start a new run")
        if self.config.publish == "both" and self.best < math.inf and (damage := checkpoint_damage(self.folder / BEST)):
            _log.warning("The best weights so far are lost; those of later steps are kept: %s", damage)
            self.best = math.inf

    def _train_step(self) -> float:
        loss = self._learner.train_step(self.step)
        if not math.isfinite(loss):
            raise DivergenceError(loss, self.step + 1, self.folder)
        self.step += 1
        return loss

    def _evaluate(self) -> dict[str, float]:
        """Estimate the losses, and write them and the weights."""
        with self._learner.autocast():
            losses = estimate_loss(self.published_model, self.dataset, self.config.batch_size, self.config.eval_iters)
        if not math.isfinite(sum(losses.values())):
            raise DivergenceError(sum(losses.values()), self.step, self.folder)
        row = {
            "step": self.step,
            "train_loss": losses["train"],
            "validation_loss": losses["validation"],
            "lr_multiplier": lr_multiplier(self.step - 1, self.config),
            "seconds": round(self.seconds, 1),
            "characters": self.step * self.characters_per_step,
        }
        metrics.append_row(self.folder, row)
        is_best = losses["validation"] < self.best
        self.best = min(self.best, losses["validation"])
        if is_best and self.config.publish != "last":
            self._save_checkpoint(self.folder / BEST if self.config.publish == "both" else self.folder, "best")
        if self.config.publish != "best":
            self._save_checkpoint(self.folder)
        self._save_snapshot()
        return losses

    def _save_checkpoint(self, folder: Path, publish: str = "last") -> None:
        # The published loss is measured on the saved file, so that quantization is part of it.
        facts = {
            "preset": self.preset,
            "steps": self.step,
            "publish": publish,
            "training": asdict(self.config),
            "seconds": round(self.seconds, 1),
            "machines": self.machines,
            "precision": str(self.dtype).removeprefix("torch."),
            "device": self.device.type,
            "data_sha256": self.dataset.sha256,
            "teachers_sha256": self._teachers_sha256,
            "removed": self.dataset.removed,
        }
        save_checkpoint(folder, self.published_model, self.dataset.tokenizer, quantize=True, facts=facts)

    def _save_snapshot(self) -> None:
        if self.step in self._snapshots:
            with self._saving():
                self._save_checkpoint(self.folder / HISTORY / f"step-{self.step:06}")

    def _publish(self) -> None:
        if self.config.publish != "best" or self.best == math.inf:
            self._save_checkpoint(self.folder)

    def _saving(self) -> AbstractContextManager[None]:
        kept = "what was saved before is kept; resume the run once that is mended"
        return explained(f"step {self.step:,} could not be saved in {self.folder}", kept)

    def _save(self, before: Callable[[], T] = lambda: None) -> T | None:
        """Write the training state in the first process, after `before` has been called there, and return its result.

        So a state is never newer than the files that resuming does not write again.
        """
        random = self._learner.random_states()  # in every process

        def write() -> T:
            with self._saving():
                result = before()
                tensors = self._learner.state_tensors() | random
                write_state(self.folder, tensors, self._identity() | self._position())
                return result

        return distributed.in_first_process(write)

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
        names = ("step", "seconds", "best", "machines", "source", "teachers")
        return {name: getattr(self, name) for name in names}
