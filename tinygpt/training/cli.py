"""The command line of training: from its flags to the saved weights."""

import argparse
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from tinygpt.checkpoint.torch_checkpoint import load_checkpoint
from tinygpt.config import GPTConfig, SampleConfig, TrainConfig
from tinygpt.data.dataset import load_dataset
from tinygpt.data.download import DEFAULT_URL, is_url
from tinygpt.engines.device import choose_device
from tinygpt.flags import DEVICES, Parser, add_flags, explained, given
from tinygpt.inference.generation import stream
from tinygpt.output import format_output, write_output
from tinygpt.presets import PRESETS
from tinygpt.system.shell import own_command, program
from tinygpt.training import distributed
from tinygpt.training.console import say
from tinygpt.training.optim import lr_multiplier
from tinygpt.training.precision import choose_dtype, use_large_pages
from tinygpt.training.progress_bar import run_with_progress_bar
from tinygpt.training.run_folder import OUTPUT, check_unused
from tinygpt.training.state import STATE, RunStart, saved_run
from tinygpt.training.trainer import Trainer

_NO_FLAGS = ("vocab_size",)  # fields that the text determines
_TRACKIO = "trackio>=0.40,<1"  # as in requirements-dev.txt
_DESCRIPTION = "Train a model on Tiny Shakespeare, or on your own text, and save its weights."
_SAMPLE = SampleConfig(max_new_tokens=500, seed=1337)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments. Exits with a message if they are wrong."""
    parser = Parser(prog=program("train"), description=_DESCRIPTION)
    presets = "; ".join(f"{name} ({preset.about})" for name, preset in PRESETS.items())
    parser.add_argument("--preset", choices=PRESETS, metavar="NAME", help=f"named settings to start from: {presets}")
    parser.add_argument("--data", nargs="+", metavar="FILE", help="your own text files (default: Tiny Shakespeare)")
    parser.add_argument(
        "--teachers", nargs="+", default=[], type=Path, metavar="FOLDER", help="trained weights to distill from"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the run is kept (default: runs/PRESET)")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue the run in --out as if it had not stopped; with --max-iters, up to another step",
    )
    parser.add_argument("--device", choices=DEVICES, help="default: the fastest one available")
    parser.add_argument(
        "--dtype", choices=("float32", "bfloat16"), help="default: bfloat16 where the hardware computes in it"
    )
    parser.add_argument("--push-to-hub", metavar="USER/NAME", help="push the weights to the Hugging Face Hub")
    parser.add_argument(
        "--private", action="store_true", help="with --push-to-hub, let only you see a repository that is created"
    )
    parser.add_argument(
        "--with-index",
        action="store_true",
        help="with --push-to-hub, push memorization.npy too, from which the training text can be recovered",
    )
    parser.add_argument("--track", metavar="PROJECT", help="log the losses to trackio too (pip install trackio)")
    add_flags(parser, GPTConfig, skip=_NO_FLAGS)
    add_flags(parser, TrainConfig)
    return parser.parse_args(arguments)


def train(args: argparse.Namespace) -> Trainer | None:
    """Train until the last step or Ctrl-C. Returns the run in the first process, None in the others.

    Raises ValueError and OSError for what the user can correct, and FloatingPointError when the loss diverges.
    """
    use_large_pages()
    if args.track and not importlib.util.find_spec("trackio"):  # now, rather than after hours
        raise ValueError(f'--track needs trackio, which is not installed: pip install "{_TRACKIO}"')
    start, folder = run_start(args)
    with distributed.process_group(choose_device(args.device or start.device)) as device:
        trainer = build_trainer(args, start, folder, device)
        run_with_progress_bar(trainer, args.track)
        return trainer if distributed.rank() == 0 else None


def report(trainer: Trainer) -> bool:
    """Print where the weights of a run are and their loss, or how to resume it. Returns whether it is complete."""
    if trainer.step < trainer.config.max_iters:
        say(f"Stopped at step {trainer.step:,} and saved. To resume: {resume_command(trainer)}")
        return False
    to_open = own_command("app", "--weights", trainer.folder)
    say(f"The weights are in {trainer.folder}. To open them: {to_open}")
    say(f"Validation loss: {trainer.finish()}")
    return True


def print_sample(folder: Path) -> None:
    """Print what the saved weights write, and keep it in output.txt. If that fails, say so: the run succeeded."""
    try:
        say(write_sample(folder))
    except (ValueError, OSError) as error:
        print(f"{program('train')}: the weights are saved, but no sample of them: {error}", file=sys.stderr)


def resume_command(trainer: Trainer, *flags: str) -> str:
    """Return the command line that resumes a run, with these flags too."""
    return own_command("train", "--resume", "--out", trainer.folder, *flags, processes=trainer.processes)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn the errors that a user can correct into an exit with one line, printed by the first process."""
    try:
        yield
    except (ValueError, OSError, FloatingPointError) as error:
        sys.exit(1 if distributed.rank() else f"{program('train')}: {explained(error, _NO_FLAGS)}")
    except KeyboardInterrupt:
        if not distributed.rank():
            print(f"{program('train')}: interrupted; what was saved before is kept", file=sys.stderr)
        sys.exit(130)


def run_start(args: argparse.Namespace) -> tuple[RunStart, Path]:
    """Return what the run starts from, a preset or the saved run that is to be resumed, and the run's folder.

    Raises FileExistsError for a new run in a folder that already holds one, or a checkpoint.
    """
    preset = args.preset or "default"
    folder = args.out or Path("runs") / preset
    if args.resume:
        return saved_run(folder), folder
    try:
        check_unused(folder)
    except FileExistsError as error:
        flags = "--resume or --out" if (folder / STATE).exists() else "--out"
        raise FileExistsError(f"{error} ({flags})") from None
    settings = PRESETS[preset]
    return RunStart(model=settings.model, training=settings.train, preset=preset, source=[DEFAULT_URL]), folder


def build_trainer(args: argparse.Namespace, start: RunStart, folder: Path, device: torch.device) -> Trainer:
    """Build the run from its start and the flags that change it; with --resume, load its training state."""
    source = [path if is_url(path) else os.path.abspath(path) for path in args.data or start.source]
    try:
        dataset = load_dataset(source)
    except FileNotFoundError as error:
        if not args.resume or args.data:
            raise
        raise FileNotFoundError(f"{error}; or name a copy of the text that the run learns with --data") from None
    first = distributed.rank() == 0
    if dataset.removed and first:
        say(f"Removed {dataset.removed:,} characters of the training text that the validation text has too.")
    changes, training, sizes = given(args, TrainConfig), start.training, given(args, GPTConfig)
    if "max_iters" in changes and not args.resume:
        training = training.for_steps(changes["max_iters"])
    training = replace(training, **changes)
    model = replace(start.model, **sizes, vocab_size=dataset.tokenizer.vocab_size)
    if not args.resume and "dropout" not in sizes:
        model = PRESETS[start.preset].with_dropout(model, training, len(dataset.train))
        if first and model.dropout != start.model.dropout:
            say(f"Dropout is {model.dropout:g}, because this run reads its text often. --dropout sets another.")
    trainer = Trainer(
        model,
        training,
        dataset,
        folder,
        preset=args.preset or start.preset,
        source=source,
        teachers=[str(teacher.resolve()) for teacher in args.teachers] or start.teachers,
        device=device,
        dtype=getattr(torch, args.dtype) if args.dtype else start.precision or common_dtype(device),
    )
    if args.resume:
        trainer.resume()
        if first and trainer.config.max_iters != start.training.max_iters:
            say(describe_extension(start.training, trainer.config, trainer.step))
    return trainer


def describe_extension(before: TrainConfig, now: TrainConfig, step: int) -> str:
    """Say what becomes of the learning rate when a run that has made `step` steps gets another number of them."""
    text = f"The run ends at step {now.max_iters:,} instead of {before.max_iters:,}. The learning rate "
    if now.decay == "none":
        return text + "does not depend on that and goes on unchanged."
    old, new = lr_multiplier(max(0, step - 1), before), lr_multiplier(step, now)
    return text + (
        f"goes on as in a run of {now.max_iters:,} steps: from {old:.3f} of its highest at step {step:,} "
        f"to {new:.3f} at the next, and falls to {now.min_lr_ratio:.3f} at the end."
    )


def common_dtype(device: torch.device) -> torch.dtype:
    """Return the precision for all processes: bfloat16 if the hardware of each computes in it."""
    return torch.bfloat16 if distributed.every_process(choose_dtype(device) == torch.bfloat16) else torch.float32


def write_sample(folder: Path) -> str:
    """Generate a sample with the saved weights. Writes it to output.txt in the run's folder, and returns it."""
    model, tokenizer = load_checkpoint(folder)
    prompt, _ = tokenizer.normalize("ROMEO:\n")
    prompt = prompt or tokenizer.vocabulary[0]  # of a text in another script, without line ends
    continuation = "".join(stream(model, tokenizer, prompt, _SAMPLE))
    write_output(folder / OUTPUT, prompt, continuation)
    return format_output(prompt, continuation)
