"""The training loop: step, evaluate, log, save, resume."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tinygpt.checkpoint import (
    annotate_checkpoint,
    load_checkpoint,
    load_tensors,
    save_checkpoint,
    save_tensors,
    write_atomically,
)
from tinygpt.config import GPTConfig, TrainConfig
from tinygpt.data import Dataset, check_fits, get_batch
from tinygpt.evaluation import FullLoss, estimate_loss, evaluate_full
from tinygpt.model import GPTLanguageModel
from tinygpt.optim import build_optimizers, learning_rate_share, set_learning_rate

STATE = "training_state.safetensors"
METRICS = "metrics.jsonl"


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
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
    ):
        """A run at its first step. `source` is where the text came from, kept for who resumes.

        Raises ValueError when the text is too short for the model's context.
        """
        assert model_config.vocab_size == dataset.tokenizer.vocab_size, "the model needs the text's vocabulary"
        for part in (dataset.train, dataset.validation):
            check_fits(part, model_config.block_size)
        self.config, self.dataset, self.folder, self.preset = config, dataset, Path(folder), preset
        self.source = list(source)
        self.device, self.dtype = device or torch.device("cpu"), dtype
        self.step, self.seconds, self.best = 0, 0.0, math.inf
        torch.manual_seed(config.seed)
        self._batches = torch.Generator().manual_seed(config.seed)
        self.model = GPTLanguageModel(model_config).to(self.device)
        self._optimizers = build_optimizers(self.model, config)
        self._averaged = None
        if config.average_decay:
            self._averaged = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(config.average_decay))
        self._stopping = False

    def run(self) -> Iterator[Progress]:
        """Train to the last step, telling of each one; the published weights are on disk at the end.

        Raises FloatingPointError when the loss is no longer finite; what was saved stays.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._forget_metrics_after(self.step)
        earlier, start = self.seconds, time.monotonic()
        while self.step < self.config.max_iters and not self._stopping:
            loss = self._train_step()
            self.seconds = earlier + time.monotonic() - start
            due = self.step % self.config.eval_interval == 0 or self.step == self.config.max_iters
            losses = self._evaluate() if due else None
            yield Progress(step=self.step, loss=loss, seconds=self.seconds, losses=losses)
        self.seconds = earlier + time.monotonic() - start
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
        if self.config.publish == "last" or self.best == math.inf:
            self._publish()

    def finish(self) -> FullLoss:
        """Measure the weights as they lie on disk over the whole validation split, and note it there."""
        model, _ = load_checkpoint(self.folder, self.device)
        full = evaluate_full(model, self.dataset.validation)
        annotate_checkpoint(self.folder, validation_loss=full.nats, validation_block_size=full.block_size)
        return full

    def _train_step(self) -> float:
        x_BT, y_BT = get_batch(self.dataset.train, self.config.batch_size, self.model.config.block_size, self._batches)
        self.model.train()
        with self._autocast():
            _, loss = self.model(x_BT.to(self.device), y_BT.to(self.device))
        loss.backward()
        value = loss.item()
        if not math.isfinite(value):
            raise self._broken(value)
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

    def _evaluate(self) -> dict[str, float]:
        with self._autocast():
            losses = estimate_loss(self.published_model, self.dataset, self.config.batch_size, self.config.eval_iters)
        if not math.isfinite(sum(losses.values())):
            raise self._broken(losses["train"])
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
        self._save_state()
        return losses

    def _publish(self) -> None:
        # Half precision halves the file; the published loss is measured on what it holds.
        facts = {
            "preset": self.preset,
            "steps": self.step,
            "publish": self.config.publish,
            "training": asdict(self.config),
            "seconds": round(self.seconds, 1),
            "precision": str(self.dtype).removeprefix("torch."),
            "device": self.device.type,
            "data_sha256": self.dataset.sha256,
        }
        save_checkpoint(self.folder, self.published_model, self.dataset.tokenizer, dtype=torch.float16, facts=facts)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)

    def _broken(self, value: float) -> FloatingPointError:
        kept = f"; what was saved before is kept in {self.folder}" if (self.folder / STATE).exists() else ""
        return FloatingPointError(
            f"the loss became {value} at step {self.step + 1}{kept}; start again with a lower --learning-rate"
        )

    # The training state: everything a run needs to go on as if it had never stopped.

    def _save_state(self) -> None:
        tensors = _under("model", self.model.state_dict())
        if self._averaged:
            tensors |= _under("averaged", self._averaged.state_dict())
        for i, optimizer in enumerate(self._optimizers):
            for j, values in optimizer.state_dict()["state"].items():
                tensors |= _under(f"optimizer.{i}.{j}", values)
        tensors |= _under("random", self._random_states())
        save_tensors(self.folder / STATE, tensors, self._identity() | self._position())

    def resume(self) -> None:
        """Go to where the folder's training state stands.

        Raises FileNotFoundError without one, and ValueError, naming the difference, when it is of
        another text, model or recipe.
        """
        tensors, facts = load_tensors(self.folder / STATE)
        for name, mine in self._identity().items():
            check_same(name, facts.get(name), mine)
        self.model.load_state_dict(_below("model", tensors))
        if self._averaged:
            self._averaged.load_state_dict(_below("averaged", tensors))
        for i, optimizer in enumerate(self._optimizers):
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in _below(f"optimizer.{i}", tensors).items():
                j, name = key.split(".")
                state.setdefault(int(j), {})[name] = value
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        self._batches.set_state(tensors["random.batches"])
        torch.set_rng_state(tensors["random.cpu"])
        if self.device.type != "cpu":
            getattr(torch, self.device.type).set_rng_state(tensors[f"random.{self.device.type}"])
        self.step, self.seconds, self.best = facts["step"], facts["seconds"], facts["best"]

    def _identity(self) -> dict:
        return {
            "text, by its sha256": self.dataset.sha256,
            "model": asdict(self.model.config),
            "recipe": asdict(self.config),
            "preset": self.preset,
            "precision": str(self.dtype).removeprefix("torch."),
            "device": self.device.type,
        }

    def _position(self) -> dict:
        return {"step": self.step, "seconds": self.seconds, "best": self.best, "source": self.source}

    def _random_states(self) -> dict[str, Tensor]:
        states = {"batches": self._batches.get_state(), "cpu": torch.get_rng_state()}
        if self.device.type != "cpu":
            states[self.device.type] = getattr(torch, self.device.type).get_rng_state()
        return states

    def _forget_metrics_after(self, step: int) -> None:
        path = self.folder / METRICS
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        write_atomically(path, "".join(kept).encode())


@dataclass(frozen=True, kw_only=True)
class RunStart:
    """What a run starts from: a preset, or the training state of the run to go on with."""

    model: GPTConfig
    recipe: TrainConfig
    preset: str
    precision: torch.dtype
    source: list[str]  # of the text, as load_dataset takes it


def saved_run(folder: Path) -> RunStart:
    """The run whose training state is in `folder`. Raises FileNotFoundError, or ValueError for another file."""
    path = Path(folder) / STATE
    _, facts = load_tensors(path)
    try:
        return RunStart(
            model=GPTConfig(**facts["model"]),
            recipe=TrainConfig(**facts["recipe"]),
            preset=facts["preset"],
            precision=getattr(torch, facts["precision"]),
            source=facts["source"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not the training state of a run ({error!r}): start again with --out") from None


def check_same(name: str, saved: object, now: object) -> None:
    """Raise ValueError naming what differs between a saved run and the one that is to continue it."""
    if isinstance(saved, dict) and isinstance(now, dict):
        for key in saved.keys() | now.keys():
            check_same(f"{name}'s {key}", saved.get(key), now.get(key))
    elif saved != now:
        raise ValueError(f"the saved run differs in {name}: {saved!r} there, {now!r} now; resume with what it had")


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """What _under put there."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
