"""Training on the page: one job at a time, in a thread of its own. The weights it trains are added to the registry."""

import atexit
import logging
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tinygpt.background import in_background
from tinygpt.checkpoint.reading import WEIGHTS
from tinygpt.config import SampleConfig, TrainConfig
from tinygpt.engines.selection import fastest
from tinygpt.fields import Integer
from tinygpt.inference.generation import stream
from tinygpt.training.divergence import DivergenceError
from tinygpt.ui.services.evaluations import Evaluation, read_evaluations
from tinygpt.ui.services.own_runs import OwnRuns, best_name
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.snapshots import thin_snapshots
from tinygpt.ui.services.trainers import MAX_STEPS, new_trainer, resumed_trainer, training_config

if TYPE_CHECKING:
    from tinygpt.training.trainer import Trainer

REPORT_INTERVAL = 0.3  # seconds
MAX_ABSENCE = 300.0  # seconds that a job goes on after its visitor has left
MAX_MEMORY = 3600.0  # seconds for which a job that has ended is remembered
MAX_REMEMBERED = 20  # jobs that have ended
_log = logging.getLogger(__name__)
_SAMPLE_CONFIG = SampleConfig(max_new_tokens=200, seed=1337)  # one seed: samples differ by what was learned since


@dataclass(kw_only=True)
class TrainingJob:
    """The progress of a job. Its own thread writes it, the page reads it."""

    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))  # who knows it can follow and stop the job
    config: TrainConfig
    goes_on: str = ""  # the name of the run that it goes on with
    folder: Path | None = None  # of the run, once it has begun
    first_step: int = 0  # the steps that the run had made before
    batch_losses: list[float] = field(default_factory=list)  # one for each step since
    evaluations: list[Evaluation] = field(default_factory=list)  # also those before
    characters: int = 0  # of the text that it learns from
    characters_per_step: int = 0
    seconds: float = 0.0  # of training since
    sample: tuple[int, str] | None = None  # (step, what the model wrote after it)
    measuring: bool = False  # trained, and being measured on the whole validation text
    loss: float | None = None  # the published loss, in nats per character, once it is measured
    best_step: int | None = None  # of the weights that are offered beside the last ones
    registered: bool = False  # finished, with its weights in the registry
    problem: str = ""  # why it failed, in a sentence for people
    stop_reason: str = ""  # why it ends before its last step: "stopped" or "left"
    seen: float = field(default_factory=time.monotonic)  # when its visitor was last there
    ended: float | None = None  # when it ended

    @property
    def step(self) -> int:
        """The number of steps done."""
        return self.first_step + len(self.batch_losses)

    @property
    def times_read(self) -> float:
        """How often the model has read its text, on average."""
        return self.step * self.characters_per_step / max(1, self.characters)

    def stop(self, reason: str = "stopped") -> None:
        """Let the job save and end after the current step."""
        self.stop_reason = self.stop_reason or reason


class TrainingJobs:
    """Trains models for visitors, one at a time, since the machine has room for no more.

    A job goes on while its visitor is away, for MAX_ABSENCE seconds: whoever reloads the page finds it again.
    """

    def __init__(self, registry: Registry, home: Path = Path("runs")):
        """Runs are kept in `home`, in the folders page-1, page-2, ... Those that are there join the registry."""
        self.home, self.runs = home, OwnRuns(registry, home)
        self._registry, self._busy = registry, Lock()
        self._jobs: dict[str, tuple[TrainingJob, Future[None]]] = {}  # by id, the latest one last
        atexit.register(self.finish)  # so that Ctrl-C saves what was learned
        self.runs.load()

    def start(self, text: bytes, preset: str, steps: int) -> TrainingJob:
        """Begin to train on a text.

        Raises ValueError, with a sentence for people, for settings that are not offered, and while another job runs or
        as many runs are kept as may be.
        """
        job = TrainingJob(config=training_config(preset, steps))
        self.runs.check_room()
        return self._begin(job, lambda: self._new_trainer(preset, job.config, text))

    def go_on(self, name: object, steps: object) -> TrainingJob:
        """Begin to train a run further, by a number of steps.

        Raises ValueError, with a sentence for people, for a run that is not there or a number that is not offered, and
        while another job runs.
        """
        Integer(1, MAX_STEPS).checked("steps", steps)
        folder, facts = self.runs.folder(name), self._registry[name].facts
        # What it goes on from is read later; until then, only how many steps it will have made is shown.
        planned = TrainConfig(max_iters=facts.get("steps", 0) + steps)
        job = TrainingJob(config=planned, goes_on=name)
        return self._begin(job, lambda: resumed_trainer(folder, steps))

    def _begin(self, job: TrainingJob, create_trainer: "Callable[[], Trainer]") -> TrainingJob:
        """Run a job in the background."""
        if not self._busy.acquire(blocking=False):
            raise ValueError("another training run is in progress: wait until it finishes, then press Train again")
        if job.goes_on:
            try:
                self.runs.hold(job.goes_on)
            except ValueError:  # deleted at this moment
                self._busy.release()
                raise
        self._forget()
        self._jobs[job.id] = job, in_background(lambda: self._run(job, create_trainer))
        return job

    def follow(self, id: object) -> Iterator[TrainingJob]:
        """Yield a job about every REPORT_INTERVAL seconds, until it has ended and its weights are in the registry.

        Raises ValueError, with a sentence for people, for a text that cannot be trained on, when the training fails,
        and if there is no such job.
        """
        job, outcome = self._find(id)
        while not outcome.done():
            job.seen = time.monotonic()
            yield job
            wait([outcome], timeout=REPORT_INTERVAL)
        if job.problem:
            raise ValueError(job.problem)
        yield job

    def stop(self, id: object) -> None:
        """Let a job save and end after the current step. Raises ValueError if there is none."""
        self._find(id)[0].stop()

    def finish(self) -> None:
        """Stop the job that is running, if there is one, and wait until it is saved."""
        for job, outcome in list(self._jobs.values()):
            job.stop()
            wait([outcome])

    def _find(self, id: object) -> tuple[TrainingJob, "Future[None]"]:
        self._forget()
        if not isinstance(id, str) or id not in self._jobs:
            raise ValueError(
                "your last training run is no longer listed: the page was restarted, or the run ended long ago. "
                "Press Train to start a new one"
            )
        return self._jobs[id]

    def _forget(self) -> None:
        """Forget jobs that ended long ago, or before many others."""
        ended = [(id, job.ended) for id, (job, _) in list(self._jobs.items()) if job.ended is not None]
        for number, (id, when) in enumerate(reversed(ended)):
            if number >= MAX_REMEMBERED or time.monotonic() - when > MAX_MEMORY:
                self._jobs.pop(id, None)

    def _run(self, job: TrainingJob, create_trainer: "Callable[[], Trainer]") -> None:
        """Train a job's model and add its weights to the registry, or note its problem.

        The error itself is not kept: it holds on to the text and the model. A failure is logged, too: the visitor may
        have left.
        """
        try:
            trainer = create_trainer()
            _note_start(job, trainer)
            _train(job, trainer)
            thin_snapshots(job.folder)
            self.runs.add(job.folder)
            best = self._registry.get(best_name(job.folder.name))
            job.best_step = best.facts.get("steps") if best else None
            job.registered = True
        except Exception as error:
            if isinstance(error, ValueError) and not job.folder:  # the text is refused, and nothing is lost
                job.problem = str(error)
            elif isinstance(error, OSError | DivergenceError):
                job.problem = self._problem(job, error)
                _log.error("A training on the page failed: %s", job.problem)
            else:
                job.problem = "the training failed unexpectedly: try again"
                _log.exception("A training on the page failed: %s", type(error).__name__)
            if job.folder and not job.goes_on and not (job.folder / WEIGHTS).exists():
                shutil.rmtree(job.folder, ignore_errors=True)  # it would take the room of a run that can be used
        finally:
            self.runs.release(job.goes_on)
            job.ended = time.monotonic()
            self._busy.release()

    def _new_trainer(self, preset: str, config: TrainConfig, text: bytes) -> "Trainer":
        """A trainer at its first step, in a new folder, which is removed if the text cannot be trained on."""
        folder = self.runs.create_folder()
        try:
            return new_trainer(folder, text, preset, config, self._registry[MAIN].device)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _problem(self, job: TrainingJob, error: OSError | DivergenceError) -> str:
        """Why a job failed, and what to do next."""
        if isinstance(error, DivergenceError):
            saved = f"; what was saved is in {job.folder}" if (job.folder / WEIGHTS).exists() else ""
            return f"{error.problem}: choose another preset for this text{saved}"
        where = job.folder or self.home
        remedy = "make room there, or start the page in another folder"
        return f"the run cannot be kept in {where} ({error.strerror}): {remedy}" if error.strerror else str(error)


def _note_start(job: TrainingJob, trainer: "Trainer") -> None:
    """Note in a job what its trainer begins with."""
    job.config, job.first_step = trainer.config, trainer.step
    job.evaluations = read_evaluations(trainer.folder) if trainer.step else []
    job.characters, job.characters_per_step = len(trainer.dataset.train), trainer.characters_per_step
    job.folder = trainer.folder


def _train(job: TrainingJob, trainer: "Trainer") -> None:
    """Run the trainer to the job's end, noting its progress in the job. Raises DivergenceError and OSError."""
    before = trainer.seconds
    for progress in trainer.run():
        job.batch_losses.append(progress.loss)
        job.seconds = progress.seconds - before
        if progress.losses:
            job.evaluations.append(Evaluation(progress.step, **progress.losses))
            job.sample = progress.step, _sample(trainer)
        if time.monotonic() - job.seen > MAX_ABSENCE:
            job.stop("left")
        if job.stop_reason:
            trainer.stop()
    if job.step == job.config.max_iters:
        job.measuring = True
        job.loss = trainer.finish().nats


def _sample(trainer: "Trainer") -> str:
    """What the model writes now."""
    tokenizer = trainer.dataset.tokenizer
    prompt = "\n" if "\n" in tokenizer.vocabulary else tokenizer.vocabulary[0]
    return "".join(stream(fastest(trainer.published_model), tokenizer, prompt, _SAMPLE_CONFIG))
