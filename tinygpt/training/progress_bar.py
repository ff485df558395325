"""A run in the terminal: a progress bar, a line for each evaluation, and trackio's dashboard."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict

from tqdm import tqdm

from tinygpt.training import distributed
from tinygpt.training.console import leave_closed_streams, say, stop_on_signals
from tinygpt.training.trainer import Progress, Trainer


def run_with_progress_bar(trainer: Trainer, project: str | None) -> None:
    """Run until the last step, with a progress bar and a line for each evaluation.

    The run stops, saved, on Ctrl-C and the like (see stop_on_signals), and when nothing reads what it prints.
    With `project`, the losses are logged to that project of trackio too.
    """
    first = distributed.rank() == 0
    steps = run_with_trackio(trainer, project) if project and first else trainer.run()
    per_step = trainer.characters_per_step
    bar = tqdm(
        initial=trainer.step * per_step,
        total=trainer.config.max_iters * per_step,
        unit=" characters",
        unit_scale=True,
        smoothing=0.05,
        disable=not first,
    )
    with stop_on_signals(trainer), bar, closing(steps):
        for progress in steps:
            try:
                _show(progress, bar, per_step)
            except OSError:
                leave_closed_streams()
                trainer.stop()
                say("Nothing reads this output any more: finishing this step, then saving.")


def run_with_trackio(trainer: Trainer, project: str) -> Iterator[Progress]:
    """Run as Trainer.run does, and log the losses to trackio, which keeps them on this machine."""
    import trackio  # optional, and slow to import

    trackio.init(project=project, name=str(trainer.folder), config=asdict(trainer.config), resume="allow")
    try:
        for progress in trainer.run():
            if progress.losses:
                trackio.log({f"{split}_loss": loss for split, loss in progress.losses.items()}, step=progress.step)
            yield progress
    finally:
        trackio.finish()  # sends what was logged


def _show(progress: Progress, bar: tqdm, per_step: int) -> None:
    """Print a step's progress. Raises OSError when it cannot be printed."""
    bar.set_postfix_str(f"loss {progress.loss:.3f}", refresh=False)
    bar.update(per_step)
    if progress.losses:
        train, validation = progress.losses["train"], progress.losses["validation"]
        with bar.external_write_mode():
            print(f"step {progress.step:6,}   train {train:.4f}   validation {validation:.4f}", flush=True)
