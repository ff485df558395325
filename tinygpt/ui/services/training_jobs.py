"""Training on the page: one job at a time, in a thread of its own. The weights it trains are added to the registry."""

import atexit
import logging
import shutil
from collections.abc import Container, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tinygpt.background import cores, in_background
from tinygpt.checkpoint.reading import WEIGHTS
from tinygpt.config import SampleConfig, TrainConfig
from tinygpt.data.text_files import TextFileError
from tinygpt.engines.selection import fastest
from tinygpt.fields import Choice, Integer
from tinygpt.inference.generation import stream
from tinygpt.presets import PRESETS
from tinygpt.training.divergence import DivergenceError
from tinygpt.ui.services.examples import TEXT_FILE
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import StopSignal
from tinygpt.ui.services.training_text import check_length

if TYPE_CHECKING:
    from tinygpt.training.trainer import Trainer

OFFERED_PRESETS = ("default", "quick", "little-shakespeare", "tiny-gpt")
MAX_STEPS = 10_000
EVALUATIONS = 10  # per job: points of the validation curve, and samples
REPORT_INTERVAL = 0.3  # seconds
_log = logging.getLogger(__name__)
_SAMPLE_CONFIG = SampleConfig(max_new_tokens=200, seed=1337)  # one seed: samples differ by what was learned since


@dataclass(kw_only=True)
class TrainingJob:
    """The progress of a job. Its own thread writes it, the page reads it."""

    text: bytes
    preset: str
    config: TrainConfig
    folder: Path | None = None  # of the run, once it has begun
    batch_losses: list[float] = field(default_factory=list)  # one for each step
    validation_losses: list[tuple[int, float]] = field(default_factory=list)  # (step, estimate)
    seconds: float = 0.0  # of training
    sample: tuple[int, str] | None = None  # (step, what the model wrote after it)
    measuring: bool = False  # trained, and being measured on the whole validation text
    loss: float | None = None  # the published loss, in nats per character, once it is measured
    registered: bool = False  # finished, with its weights in the registry
    stopping: bool = False

    @property
    def step(self) -> int:
        """The number of steps done."""
        return len(self.batch_losses)

    def stop(self) -> None:
        """Let the job save and end after the current step."""
        self.stopping = True


class TrainingJobs:
    """Trains models for visitors, one at a time, since the machine has room for no more."""

    def __init__(self, registry: Registry, home: Path = Path("runs")):
        """Runs are kept in `home`, in the folders page-1, page-2, ..."""
        self._registry, self._home, self._busy = registry, home, Lock()
        self._latest: tuple[TrainingJob, Future[None]] | None = None
        atexit.register(self.finish)  # so that Ctrl-C saves what was learned

    def train(self, text: bytes, preset: str, steps: int, signal: StopSignal) -> Iterator[TrainingJob]:
        """Train, yielding the job about every REPORT_INTERVAL seconds until its weights are in the registry.

        The job is saved and ends early when the signal has a reason, or when the iterator is closed.

        Raises ValueError, with a sentence for people, for settings or a text that cannot be trained on, while
        another job runs, and when the training fails.
        """
        job = TrainingJob(text=text, preset=preset, config=training_config(preset, steps))
        if not self._busy.acquire(blocking=False):
            raise ValueError("another training is under way on this page: stop it, or wait for its end")
        outcome = in_background(lambda: self._run(job))
        self._latest = job, outcome
        try:
            while not outcome.done():
                yield job
                wait([outcome], timeout=REPORT_INTERVAL)
                if signal.reason:
                    job.stop()
            outcome.result()
            yield job
        finally:
            job.stop()

    def finish(self) -> None:
        """Stop the job that is running, if there is one, and wait until it is saved."""
        if self._latest:
            job, outcome = self._latest
            job.stop()
            wait([outcome])

    def _run(self, job: TrainingJob) -> None:
        """Train a job's model and add its weights to the registry.

        Raises ValueError, with a sentence for people. A failure is logged, too: the visitor may have left.
        """
        try:
            trainer = self._create_trainer(job)
            _train(job, trainer)
            self._registry.add(job.folder.name, job.folder)
            job.registered = True
        except Exception as error:
            if isinstance(error, ValueError) and not job.folder:  # the text is refused, and nothing is lost
                raise
            expected = isinstance(error, OSError | DivergenceError)
            problem = self._problem(job, error) if expected else type(error).__name__
            _log.error("A training on the page failed: %s", problem, exc_info=not expected)
            raise ValueError(problem if expected else "the training failed unexpectedly: try again") from error
        finally:
            self._busy.release()

    def _problem(self, job: TrainingJob, error: OSError | DivergenceError) -> str:
        """Why a job failed, and what to do next."""
        if isinstance(error, DivergenceError):
            saved = f"; what was saved is in {job.folder}" if (job.folder / WEIGHTS).exists() else ""
            return f"{error.problem}: choose another preset for this text{saved}"
        where = job.folder or self._home
        remedy = "make room there, or start the page in another folder"
        return f"the run cannot be kept in {where} ({error.strerror}): {remedy}" if error.strerror else str(error)

    def _create_trainer(self, job: TrainingJob) -> "Trainer":
        """A trainer at its first step, in a new folder, which is removed if the text cannot be trained on."""
        from tinygpt.data.dataset import load_dataset  # torch is slow to import, and writing does without it
        from tinygpt.engines.device import choose_device, leave_one_core
        from tinygpt.training.precision import choose_dtype
        from tinygpt.training.trainer import Trainer

        # A run's folder may have been removed while its weights are still in the registry.
        folder = create_run_folder(self._home, taken=self._registry)
        path = folder / TEXT_FILE
        try:
            path.write_bytes(job.text)
            try:
                dataset = load_dataset(path)
            except TextFileError as error:  # visitors need not know where their text is kept
                raise ValueError(f"the text {error.problem}") from None
            check_length(dataset, job.preset)
            leave_one_core(cores())  # for the page
            device = choose_device(self._registry[MAIN].device)
            trainer = Trainer(
                replace(PRESETS[job.preset].model, vocab_size=dataset.tokenizer.vocab_size),
                job.config,
                dataset,
                folder,
                preset=job.preset,
                source=[str(path.resolve())],
                device=device,
                dtype=choose_dtype(device),
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        job.folder = folder
        return trainer


def training_config(preset: object, steps: object) -> TrainConfig:
    """A preset's training config for a number of steps, evaluated as often as the page shows.

    Raises FieldError, a ValueError, for a preset or a number of steps that the page does not offer.
    """
    Choice(OFFERED_PRESETS).checked("preset", preset)
    Integer(1, MAX_STEPS).checked("steps", steps)
    config = PRESETS[preset].train
    return replace(
        config.for_steps(steps),
        eval_interval=-(-steps // EVALUATIONS),
        eval_iters=min(config.eval_iters, 20),
        compile=False,  # compiling takes half a minute without progress, and cannot be stopped
    )


def create_run_folder(home: Path, taken: Container[str] = ()) -> Path:
    """Create the first of page-1, page-2, ... that neither exists nor is `taken`. Raises OSError if it cannot."""
    home.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = home / f"page-{number}"
        if folder.name not in taken:
            with suppress(FileExistsError):
                folder.mkdir()
                return folder
    raise AssertionError("unreachable: numbers do not end")


def _train(job: TrainingJob, trainer: "Trainer") -> None:
    """Run the trainer to the job's end, noting its progress in the job. Raises DivergenceError and OSError."""
    for progress in trainer.run():
        job.batch_losses.append(progress.loss)
        job.seconds = progress.seconds
        if progress.losses:
            job.validation_losses.append((progress.step, progress.losses["validation"]))
            job.sample = progress.step, _sample(trainer)
        if job.stopping:
            trainer.stop()
    if job.step == job.config.max_iters:
        job.measuring = True
        job.loss = trainer.finish().nats


def _sample(trainer: "Trainer") -> str:
    """What the model writes now."""
    tokenizer = trainer.dataset.tokenizer
    prompt = "\n" if "\n" in tokenizer.vocabulary else tokenizer.vocabulary[0]
    return "".join(stream(fastest(trainer.published_model), tokenizer, prompt, _SAMPLE_CONFIG))
