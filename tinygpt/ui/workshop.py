"""Training on the page, without gradio: one run at a time, in a thread of its own, whose weights go on the shelf."""

import atexit
import shutil
from collections.abc import Container, Iterator
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tinygpt.background import in_background
from tinygpt.compiled import fastest
from tinygpt.config import PRESETS, SampleConfig, TrainConfig, check_choice, check_integer
from tinygpt.generation import stream
from tinygpt.turns import cores
from tinygpt.ui.examples import TEXT
from tinygpt.ui.session import StopSignal
from tinygpt.ui.shelf import OWN, Shelf

if TYPE_CHECKING:
    from tinygpt.data import Dataset
    from tinygpt.training import Trainer

OFFERED = ("default", "quick", "little-shakespeare", "tiny-gpt")
MOST_STEPS = 10_000
LARGEST = 20_000_000  # bytes of text
EVALUATIONS = 10  # of a run: points on its curve, and samples
UPDATES = 0.3  # seconds between two reports
_SAMPLE = SampleConfig(max_new_tokens=200, seed=1337)  # the same dice every time: what differs was learned


@dataclass(kw_only=True)
class Run:
    """What is known of a run; its own thread writes it, the page reads."""

    text: bytes
    preset: str
    recipe: TrainConfig
    folder: Path | None = None  # where it is kept, once it has begun
    losses: list[float] = field(default_factory=list)  # of each step's batch
    held_out: list[tuple[int, float]] = field(default_factory=list)  # estimates, by step
    seconds: float = 0.0
    sample: tuple[int, str] | None = None  # the step after which it was written, and what the model wrote
    measuring: bool = False  # trained, and now read over all of the held-out text
    loss: float | None = None  # the published one, at the end
    shelved: bool = False  # over, with its weights on the shelf
    stopping: bool = False

    @property
    def step(self) -> int:
        """Steps done."""
        return len(self.losses)

    def stop(self) -> None:
        """Let the run save and end after the step it is at."""
        self.stopping = True


class Workshop:
    """Where the page trains. The machine has room for one run at a time."""

    def __init__(self, shelf: Shelf, home: Path = Path("runs")):
        """Runs are kept in `home` as page-1, page-2, ..."""
        self._shelf, self._home, self._busy = shelf, home, Lock()

    def train(self, text: bytes, preset: str, steps: int, signal: StopSignal) -> Iterator[Run]:
        """The run, again and again as it goes on, until its weights are on the shelf.

        When the signal says so, or when nobody wants to hear more of it, it is saved and ends. Raises
        ValueError, with a sentence for a person, for what cannot be trained, while another run is
        under way, and when the run breaks off.
        """
        run = Run(text=text, preset=preset, recipe=recipe(preset, steps))
        if not self._busy.acquire(blocking=False):
            raise ValueError("another training is under way on this page: stop it, or wait for its end")
        outcome = in_background(lambda: self._work(run))

        def end() -> None:
            run.stop()
            wait([outcome])

        atexit.register(end)  # at Ctrl-C too, what was learned is saved
        outcome.add_done_callback(lambda _: atexit.unregister(end))
        try:
            while not outcome.done():
                yield run
                wait([outcome], timeout=UPDATES)
                if signal.reason:
                    run.stop()
            outcome.result()
            yield run
        finally:
            run.stop()

    def _work(self, run: Run) -> None:
        try:
            trainer = self._begun(run)
            self._run(run, trainer)
            self._shelf.add(run.folder.name, run.folder)
            run.shelved = True
        except OSError as error:
            where = run.folder or self._home
            raise ValueError(f"the run cannot be kept in {where}: {error.strerror or error}") from error
        except FloatingPointError as error:
            from tinygpt.state import STATE

            what = str(error).partition(";")[0]
            kept = f"; what was saved is in {run.folder}" if (run.folder / STATE).exists() else ""
            raise ValueError(f"{what}: take another preset for this text{kept}") from error
        finally:
            self._busy.release()

    def _begun(self, run: Run) -> "Trainer":
        """The run at its first step. A text that cannot be trained on leaves nothing behind."""
        from tinygpt.data import load_dataset  # torch takes seconds, and the page does without it until here
        from tinygpt.device import choose_device, choose_dtype, leave_a_core
        from tinygpt.training import Trainer

        folder = next_free(self._home, self._shelf)  # a run's folder may be gone, and its weights still here
        path = folder / TEXT
        try:
            path.write_bytes(run.text)
            try:
                dataset = load_dataset(path)
            except ValueError as error:
                raise ValueError(str(error).replace(str(path), "the text")) from None
            check_length(dataset, run.preset)
            leave_a_core(cores())  # the last one is the page's
            device = choose_device(self._shelf[OWN].device)
            trainer = Trainer(
                replace(PRESETS[run.preset].model, vocab_size=dataset.tokenizer.vocab_size),
                run.recipe,
                dataset,
                folder,
                preset=run.preset,
                source=[str(path.resolve())],
                device=device,
                dtype=choose_dtype(device),
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        run.folder = folder
        return trainer

    def _run(self, run: Run, trainer: "Trainer") -> None:
        for progress in trainer.run():
            run.losses.append(progress.loss)
            run.seconds = progress.seconds
            if progress.losses:
                run.held_out.append((progress.step, progress.losses["validation"]))
                tokenizer = trainer.dataset.tokenizer
                start = "\n" if "\n" in tokenizer.vocabulary else tokenizer.vocabulary[0]
                written = stream(fastest(trainer.published_model), tokenizer, start, _SAMPLE)
                run.sample = progress.step, "".join(written)
            if run.stopping:
                trainer.stop()
        if run.step == run.recipe.max_iters:
            run.measuring = True
            run.loss = trainer.finish().nats


def recipe(preset: object, steps: object) -> TrainConfig:
    """A preset's recipe for so many steps, with as many evaluations as a page wants to show.

    Raises ValueError for what is not offered.
    """
    check_choice("preset", preset, OFFERED)
    check_integer("steps", steps, 1, MOST_STEPS)
    usual = PRESETS[preset].train
    return replace(
        usual,
        max_iters=steps,
        eval_interval=-(-steps // EVALUATIONS),
        eval_iters=min(usual.eval_iters, 20),
        warmup_iters=min(usual.warmup_iters, steps // 10),
        compile=False,  # half a minute in which nothing moves, and nothing can be stopped
    )


def given_text(pasted: object, upload: str | None) -> bytes:
    """The text that a visitor gave in one of two ways. Raises ValueError when there is none, or too much of it."""
    pasted = pasted if isinstance(pasted, str) else ""
    if upload and pasted.strip():
        raise ValueError("there are a pasted text and a file: empty the box, or take the file away")
    try:
        content = Path(upload).read_bytes() if upload else pasted.encode()
    except UnicodeEncodeError:
        raise ValueError("the pasted text holds half a character, which no text file can: paste it anew") from None
    except OSError:
        raise ValueError("the file is no longer there: choose it again") from None
    if not content.strip():
        what = "the file is empty" if upload else "there is no text yet"
        raise ValueError(f"{what}: paste some pages of text, or choose a text file")
    if len(content) > LARGEST:
        raise ValueError(
            f"the text has {len(content) / 1e6:.1f} MB, and the page takes {LARGEST / 1e6:.0f}: "
            "train on it in a terminal, by python train.py --data FILE"
        )
    return content


def check_length(dataset: "Dataset", preset: str) -> None:
    """Raise ValueError unless a preset's context, and the character after it, fit into both parts of a text."""
    context, shorter = PRESETS[preset].model.block_size, min(len(dataset.train), len(dataset.validation))
    if shorter <= context:
        raise ValueError(
            f"the text is too short for {preset}: its last tenth is held out, and must be longer than the "
            f"{context} characters that the model sees at once, but has {shorter}; about {10 * (context + 1):,} "
            "characters are the least"
        )


def next_free(home: Path, taken: Container[str] = ()) -> Path:
    """A new folder, page-1 or the next that is neither there nor taken. Raises OSError where none can be made."""
    home.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = home / f"page-{number}"
        if folder.name not in taken:
            with suppress(FileExistsError):
                folder.mkdir()
                return folder
    raise AssertionError("numbers do not end")


def smoothed(losses: list[float], steps: int) -> list[tuple[int, float]]:
    """A line through the losses of single batches: means over the last twentieth of the run, at most 200 of them."""
    span, every = max(1, steps // 20), max(1, -(-steps // 200))
    sums = [0.0]
    for loss in losses:
        sums.append(sums[-1] + loss)
    return [
        (step, (sums[step] - sums[max(0, step - span)]) / min(step, span))
        for step in range(every, len(losses) + 1, every)
    ]
