"""The training loop: step, evaluate, log, save, resume."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tinygpt import parallel
from tinygpt.checkpoint import load_tensors, measure_checkpoint, save_checkpoint, save_tensors, write_atomically
from tinygpt.config import GPTConfig, TrainConfig
from tinygpt.data import Dataset, check_fits, random_starts, shuffled_starts, stretches
from tinygpt.device import can_compile
from tinygpt.ensemble import checked_teacher, load_ensemble, predictions
from tinygpt.evaluation import FullLoss, estimate_loss
from tinygpt.model import GPTLanguageModel
from tinygpt.optim import build_optimizers, learning_rate_share, set_learning_rate
from tinygpt.state import STATE, check_same, pack, random_states, set_random_states, unpack
from tinygpt.stored import HISTORY, METRICS


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a run tells after each step."""

    step: int  # steps done
    loss: float  # of this step's batch, in nats
    seconds: float  # of training so far, over all sessions of the run
    losses: dict[str, float] | None = None  # train and validation, where they were just estimated


class Trainer:
    """One training run in one folder.

    The folder gets the published weights (model.safetensors, config.json), metrics.jsonl with a
    line for every evaluation, and apart from them the full training state, from which `resume`
    goes on to the bit: weights, averaged weights, optimizers, random states, step.
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
        """A run at its first step. `source` is where the text came from, kept for who resumes.

        `teachers` are folders of checkpoints. Together they say how likely each character was to
        come next, and the model learns that instead of only which one came (distillation, Hinton
        et al., 2015), for `teacher_share` of its targets.

        Raises ValueError when the text is too short for the model's context, when there are
        teachers without a share or a share without teachers, and when the processes that train
        together cannot share the batch evenly.
        """
        assert model_config.vocab_size == dataset.tokenizer.vocab_size, "the model needs the text's vocabulary"
        for part in (dataset.train, dataset.validation):
            check_fits(part, model_config.block_size)
        _check_recipe(config, len(teachers))
        self.config, self.dataset, self.folder, self.preset = config, dataset, Path(folder), preset
        self.source, self.teachers = list(source), [str(teacher) for teacher in teachers]
        self.device, self.dtype = device or torch.device("cpu"), dtype
        self.step, self.seconds, self.best = 0, 0.0, math.inf
        torch.manual_seed(config.seed)
        self._batches = torch.Generator().manual_seed(config.seed)
        self.model = GPTLanguageModel(model_config).to(self.device)
        forward = parallel.distributed(self.model)
        self.processes = parallel.processes()
        self.compiled = config.compile and not parallel.any_of(not can_compile(self.device))
        self._forward = torch.compile(forward) if self.compiled else forward
        self._optimizers = build_optimizers(self.model, config)
        self._averaged = None
        if config.average_decay:
            self._averaged = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(config.average_decay))
        self._teachers_sha256 = [checked_teacher(teacher, dataset) for teacher in self.teachers]
        self._snapshots = {max(1, config.max_iters // 8**i) for i in range(config.snapshots)}
        self._stopping = False
        if parallel.rank():  # all began with the same weights and draw the same batches, but not the same dropout
            torch.manual_seed(config.seed + parallel.rank())

    def run(self) -> Iterator[Progress]:
        """Train to the last step, telling of each one; the published weights are on disk at the end.

        Raises FloatingPointError when the loss is no longer finite; what was saved stays.
        """
        if parallel.rank() == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._forget_metrics_after(self.step)
        earlier, start = self.seconds, time.monotonic()
        if self.teachers and self.step < self.config.max_iters:
            ensemble = load_ensemble(self.teachers, self.dataset.tokenizer, self.device)
            with self._autocast():
                self._taught_NV = predictions(ensemble, self.dataset.train)
        while self.step < self.config.max_iters and not parallel.any_of(self._stopping):
            loss = self._train_step()
            self.seconds = earlier + time.monotonic() - start
            due = self.step % self.config.eval_interval == 0 or self.step == self.config.max_iters
            losses = self._evaluate() if due else None
            if self.step in self._snapshots and parallel.rank() == 0:
                self._publish(self._snapshot_folder(self.step))
            yield Progress(step=self.step, loss=loss, seconds=self.seconds, losses=losses)
        self.seconds = earlier + time.monotonic() - start
        if self.step < self.config.max_iters:  # otherwise the last evaluation has saved
            self.save()

    def stop(self) -> None:
        """Let the run save and end after the step it is at."""
        self._stopping = True

    @property
    def published_model(self) -> GPTLanguageModel:
        """The weights that would be published now: averaged ones if the recipe averages."""
        return self._averaged.module if self._averaged else self.model

    def save(self) -> None:
        """Write the training state and, unless the best ones are kept instead, the published weights."""
        self._save_state()
        if parallel.rank() == 0 and (self.config.publish == "last" or self.best == math.inf):
            self._publish()

    def finish(self) -> FullLoss:
        """Measure the weights as they lie on disk over the whole validation split, and note it there.

        The run's snapshots are measured likewise; what is returned is the loss of the published weights.
        """
        snapshots = [self._snapshot_folder(step) for step in sorted(self._snapshots) if step <= self.step]
        for folder in filter(Path.exists, snapshots):
            measure_checkpoint(folder, self.dataset.validation, self.device)
        return measure_checkpoint(self.folder, self.dataset.validation, self.device)

    def _train_step(self) -> float:
        x_BT, targets = self._batch()
        self.model.train()
        with self._autocast():
            _, loss = self._forward(self._here(x_BT), self._here(targets))
        loss.backward()
        value = parallel.mean(loss.detach()).item()
        if not math.isfinite(value):
            raise self._broken(value, self.step + 1)
        if self.config.grad_clip:
            clip_grad_norm_(self.model.parameters(), self.config.grad_clip)
        set_learning_rate(self._optimizers, learning_rate_share(self.step, self.config))
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad()
        if self._averaged:
            self._averaged.update_parameters(self.model)
        self.step += 1
        return value

    def _batch(self) -> tuple[Tensor, Tensor]:
        """This process's x_BT, and what to learn after each of its characters: y_BT, or with teachers probabilities."""
        data, batch_size, block_size = self.dataset.train, self.config.batch_size, self.model.config.block_size
        if self.config.batches == "shuffled":
            starts_B = shuffled_starts(data, batch_size, block_size, self.step, self.config.seed)
        else:
            starts_B = random_starts(data, batch_size, block_size, self._batches)
        starts_B = parallel.own_rows(starts_B)
        x_BT, y_BT = stretches(data, starts_B, block_size)
        if not self.teachers:
            return x_BT, y_BT
        taught_BTV = self._taught_NV[starts_B[:, None] + torch.arange(block_size)].float()
        came_BTV = F.one_hot(y_BT, self.model.config.vocab_size).float()
        return x_BT, came_BTV.lerp(taught_BTV, self.config.teacher_share)

    def _evaluate(self) -> dict[str, float] | None:
        losses = self._estimate() if parallel.rank() == 0 else None
        self._save_state()
        return losses

    def _estimate(self) -> dict[str, float]:
        with self._autocast():
            losses = estimate_loss(self.published_model, self.dataset, self.config.batch_size, self.config.eval_iters)
        if not math.isfinite(sum(losses.values())):
            raise self._broken(sum(losses.values()), self.step)
        row = {
            "step": self.step,
            "train_loss": losses["train"],
            "validation_loss": losses["validation"],
            "learning_rate_share": learning_rate_share(self.step - 1, self.config),
            "seconds": round(self.seconds, 1),
            "characters": self.step * self.config.batch_size * self.model.config.block_size,
        }
        with (self.folder / METRICS).open("a") as file:
            file.write(json.dumps(row) + "\n")
        is_best = losses["validation"] < self.best
        self.best = min(self.best, losses["validation"])
        if is_best or self.config.publish == "last":
            self._publish()
        return losses

    def _publish(self, folder: Path | None = None) -> None:
        # The published loss is measured on what the file holds, so rounding is counted in.
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
            "left_out": self.dataset.left_out,
        }
        model, tokenizer = self.published_model, self.dataset.tokenizer
        save_checkpoint(folder or self.folder, model, tokenizer, eight_bits=True, facts=facts)

    def _snapshot_folder(self, step: int) -> Path:
        return self.folder / HISTORY / f"step-{step:06}"

    def _here(self, x_BT: Tensor) -> Tensor:
        if self.device.type == "cuda":
            return x_BT.pin_memory().to(self.device, non_blocking=True)
        return x_BT.to(self.device)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)

    def _broken(self, value: float, step: int) -> FloatingPointError:
        kept = f"; what was saved before is kept in {self.folder}" if (self.folder / STATE).exists() else ""
        return FloatingPointError(
            f"the loss became {value} at step {step}{kept}; start again with a lower --learning-rate"
        )

    def _save_state(self) -> None:
        tensors = pack(self.model, self._averaged, self._optimizers) | random_states(self._batches, self.device)
        if parallel.rank() == 0:
            save_tensors(self.folder / STATE, tensors, self._identity() | self._position())

    def resume(self) -> None:
        """Go to where the folder's training state stands.

        Raises FileNotFoundError without one, and ValueError, naming the difference, when it is of
        another text, model or recipe.
        """
        tensors, facts = load_tensors(self.folder / STATE)
        for name, mine in self._identity().items():
            check_same(name, facts.get(name), mine)
        unpack(tensors, self.model, self._averaged, self._optimizers)
        set_random_states(tensors, self._batches, self.device)
        self.step, self.seconds, self.best = facts["step"], facts["seconds"], facts["best"]

    def _identity(self) -> dict:
        return {
            "text, by its sha256": self.dataset.sha256,
            "model": asdict(self.model.config),
            "recipe": asdict(self.config),
            "preset": self.preset,
            "precision": str(self.dtype).removeprefix("torch."),
            "device": self.device.type,
            "teachers, by their sha256": self._teachers_sha256,
            "number of processes": self.processes,
            "whether the step is compiled": self.compiled,
        }

    def _position(self) -> dict:
        place = {"step": self.step, "seconds": self.seconds, "best": self.best}
        return place | {"source": self.source, "teachers": self.teachers}

    def _forget_metrics_after(self, step: int) -> None:
        path = self.folder / METRICS
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        write_atomically(path, "".join(kept).encode())


def _check_recipe(config: TrainConfig, teachers: int) -> None:
    if bool(teachers) != bool(config.teacher_share):
        raise ValueError(
            f"--teachers and --teacher-share go together, not {teachers} teachers and a share of "
            f"{config.teacher_share:g}: name the folders of trained weights, or set the share to 0"
        )
    if config.batch_size % parallel.processes():
        raise ValueError(
            f"{parallel.processes()} processes cannot share a batch of {config.batch_size}: "
            f"--batch-size must be a multiple of their number"
        )
