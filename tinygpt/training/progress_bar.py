"""A run in the terminal: a progress bar, Ctrl-C, and trackio's dashboard."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from tqdm import tqdm

from tinygpt.training import distributed
from tinygpt.training.trainer import Progress, Trainer


def run_with_progress_bar(trainer: Trainer, project: str | None) -> None:
    """Run until the last step or Ctrl-C, with a progress bar and a line for each evaluation.

    With `project`, the losses are logged to that project of trackio too.
    """
    first = distributed.rank() == 0
    steps = run_with_trackio(trainer, project) if project and first else trainer.run()
    per_step = trainer.config.batch_size * trainer.model.config.block_size
    bar = tqdm(
        initial=trainer.step * per_step,
        total=trainer.config.max_iters * per_step,
        unit=" characters",
        unit_scale=True,
        smoothing=0.05,
        disable=not first,
    )
    with stop_on_signals(trainer), bar:
        for progress in steps:
            bar.set_postfix_str(f"loss {progress.loss:.3f}", refresh=False)
            bar.update(per_step)
            if progress.losses:
                train, validation = progress.losses["train"], progress.losses["validation"]
                bar.write(f"step {progress.step:6,}   train {train:.4f}   validation {validation:.4f}")


@contextmanager
def stop_on_signals(trainer: Trainer) -> Iterator[None]:
    """Within the block, let Ctrl-C or SIGTERM, which a host sends that shuts down, stop the run after its step."""

    def finish_step(number: int, _: object) -> None:
        if number == signal.SIGINT:
            if distributed.rank() == 0:
                print("\nFinishing this step, then saving. Press Ctrl-C again to stop at once.", file=sys.stderr)
            signal.signal(signal.SIGINT, before[signal.SIGINT])
        trainer.stop()

    before = {number: signal.signal(number, finish_step) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_with_trackio(trainer: Trainer, project: str) -> Iterator[Progress]:
    """Run as Trainer.run does, and log the losses to trackio, which keeps them on this machine."""
    import trackio  # optional, and slow to import

    trackio.init(project=project, name=str(trainer.folder), config=asdict(trainer.config), resume="allow")
    for progress in trainer.run():
        if progress.losses:
            trackio.log({f"{split}_loss": loss for split, loss in progress.losses.items()}, step=progress.step)
        yield progress
    trackio.finish()
