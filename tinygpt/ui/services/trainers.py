"""What trains on the page: the trainer of a new run, and that of a run that goes on."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tinygpt.background import cores
from tinygpt.config import TrainConfig
from tinygpt.data.text_files import TextFileError
from tinygpt.fields import Choice, Integer
from tinygpt.page.examples import TEXT_FILE
from tinygpt.presets import PRESETS
from tinygpt.ui.services.training_text import check_length

if TYPE_CHECKING:
    from tinygpt.data.dataset import Dataset  # torch is slow to import, and writing does without it
    from tinygpt.training.trainer import Trainer

OFFERED_PRESETS = ("quick", "default", "little-shakespeare", "tiny-gpt")
MAX_STEPS = 10_000  # of a job
EVALUATIONS = 10  # per job: points of the validation curve, and samples
SNAPSHOTS = 4  # that a new run keeps


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
        snapshots=SNAPSHOTS,
        publish="both",
        compile=False,  # compiling takes 20 seconds without progress, and cannot be stopped
    )


def new_trainer(folder: Path, text: bytes, preset: str, config: TrainConfig, device: str) -> "Trainer":
    """A trainer at its first step, in an empty folder, in which it keeps the text.

    Raises ValueError for a text that cannot be trained on, and OSError.
    """
    from tinygpt.engines.device import choose_device
    from tinygpt.training.precision import choose_dtype
    from tinygpt.training.trainer import Trainer

    (folder / TEXT_FILE).write_bytes(text)
    dataset = _dataset(folder)
    check_length(dataset, preset)
    chosen = choose_device(device)
    model = replace(PRESETS[preset].model, vocab_size=dataset.tokenizer.vocab_size)
    return Trainer(
        PRESETS[preset].with_dropout(model, config, len(dataset.train)),
        config,
        dataset,
        folder,
        preset=preset,
        source=_source(folder),
        device=chosen,
        dtype=choose_dtype(chosen),
    )


def resumed_trainer(folder: Path, steps: int) -> "Trainer":
    """A trainer that makes so many more steps from what the run in a folder has saved, with the text in the folder.

    The learning rate goes on as in a run of the new length: where it had fallen, it rises again, and falls to the new
    end. Raises as Trainer.resume does.
    """
    from tinygpt.engines.device import choose_device
    from tinygpt.training.state import saved_run
    from tinygpt.training.trainer import Trainer

    start, dataset = saved_run(folder), _dataset(folder)
    before = start.training.eval_interval  # evaluations may be skipped, but not moved
    interval = before * max(1, -(-steps // (EVALUATIONS * before)))
    trainer = Trainer(
        start.model,
        replace(start.training, max_iters=start.step + steps, eval_interval=interval),
        dataset,
        folder,
        preset=start.preset,
        source=_source(folder),
        device=choose_device(start.device),
        dtype=start.precision,
    )
    trainer.resume()
    return trainer


def _dataset(folder: Path) -> "Dataset":
    from tinygpt.data.dataset import load_dataset
    from tinygpt.engines.device import leave_one_core

    leave_one_core(cores())  # for the page
    try:
        return load_dataset(folder / TEXT_FILE)
    except TextFileError as error:  # visitors need not know where their text is kept
        raise ValueError(f"the text {error.problem}") from None


def _source(folder: Path) -> list[str]:
    return [str((folder / TEXT_FILE).resolve())]
