"""Train a model on Tiny Shakespeare, or on a text of your own, and save its weights."""

import argparse
import importlib.util
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import torch
from tqdm import tqdm

from tinygpt import parallel
from tinygpt.checkpoint import load_checkpoint
from tinygpt.config import PRESETS, GPTConfig, SampleConfig, TrainConfig
from tinygpt.data import is_url, load_dataset
from tinygpt.device import choose_device, choose_dtype, use_large_pages
from tinygpt.download import DEFAULT_URL
from tinygpt.flags import DEVICES, Parser, add_flags, given
from tinygpt.generation import stream
from tinygpt.hub import check_repo_id, push
from tinygpt.output import as_text, write_output
from tinygpt.state import STATE, RunStart, saved_run
from tinygpt.training import Progress, Trainer

_SAMPLE = SampleConfig(max_new_tokens=500, seed=1337)


def main() -> None:
    use_large_pages()
    args = parse()
    try:
        check(args)
        if trainer := train(args):
            finish(trainer, args.push_to_hub)
    except (ValueError, OSError, FloatingPointError) as error:
        sys.exit(1 if parallel.rank() else f"train.py: {error}")
    except KeyboardInterrupt:
        sys.exit(1 if parallel.rank() else "train.py: ended; what was saved before is kept")


def check(args: argparse.Namespace) -> None:
    """Refuse now what would fail only after hours of training."""
    if args.push_to_hub:
        check_repo_id(args.push_to_hub)
    if args.track and not importlib.util.find_spec("trackio"):
        raise ValueError("--track needs trackio, which is not installed: pip install trackio")


def train(args: argparse.Namespace) -> Trainer | None:
    """Train to the end, or to Ctrl-C, and give the run back; of several processes, in the first alone."""
    start, folder = start_of(args)
    with parallel.joined(choose_device(args.device or start.device)) as device:
        trainer = build_trainer(args, start, folder, device)
        show_progress(trainer, args.track)
        return trainer if parallel.rank() == 0 else None


def finish(trainer: Trainer, repo_id: str | None) -> None:
    """Measure, show a sample, publish."""
    python = "python" if trainer.processes == 1 else f"torchrun --nproc_per_node={trainer.processes}"
    resume = f"{python} train.py --resume --out {trainer.folder}"
    if trainer.step < trainer.config.max_iters:
        print(f"Stopped at step {trainer.step:,}, saved. To go on: {resume}")
        return
    print(f"Validation loss: {trainer.finish()}")
    print(write_sample(trainer.folder))
    print(f"The weights are in {trainer.folder}. To open them: python app.py --weights {trainer.folder}")
    if repo_id:
        print(f"Publishing. If it fails, the weights are safe; to try again: {resume} --push-to-hub {repo_id}")
        print(f"Published at {push(trainer.folder, repo_id)}")


def parse() -> argparse.Namespace:
    parser = Parser(prog="train.py", description=__doc__)
    presets = "; ".join(f"{name} ({preset.about})" for name, preset in PRESETS.items())
    parser.add_argument("--preset", choices=PRESETS, metavar="NAME", help=f"recipe to start from: {presets}")
    parser.add_argument("--data", nargs="+", metavar="FILE", help="your own text files (default: Tiny Shakespeare)")
    parser.add_argument("--teachers", nargs="+", default=[], type=Path, metavar="FOLDER", help="weights to learn from")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the run is kept (default: runs/PRESET)")
    parser.add_argument("--resume", action="store_true", help="go on with the run kept in --out, to the bit")
    parser.add_argument("--device", choices=DEVICES, help="default: the fastest there is")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), help="default: bfloat16 where it is faster")
    parser.add_argument("--push-to-hub", metavar="USER/NAME", help="publish the weights on the Hugging Face Hub")
    parser.add_argument(
        "--track", metavar="PROJECT", help="show the run in trackio's dashboard too (pip install trackio)"
    )
    add_flags(parser, GPTConfig, skip=("vocab_size",))
    add_flags(parser, TrainConfig)
    return parser.parse_args()


def start_of(args: argparse.Namespace) -> tuple[RunStart, Path]:
    """What the run starts from, a preset or the state of the run to go on with, and its folder."""
    preset = args.preset or "default"
    folder = args.out or Path("runs") / preset
    if args.resume:
        return saved_run(folder), folder
    if (folder / STATE).exists():
        raise ValueError(f"{folder} already holds a run: add --resume to go on with it, or --out to start elsewhere")
    recipe = PRESETS[preset]
    return RunStart(model=recipe.model, recipe=recipe.train, preset=preset, source=[DEFAULT_URL]), folder


def build_trainer(args: argparse.Namespace, start: RunStart, folder: Path, device: torch.device) -> Trainer:
    """The run: what it starts from, with the changes that the flags make."""
    source = [path if is_url(path) else str(Path(path).resolve()) for path in args.data or start.source]
    dataset = load_dataset(source)
    if dataset.left_out and parallel.rank() == 0:
        print(f"Left out {dataset.left_out:,} characters of the training text: they stand in the validation text too.")
    trainer = Trainer(
        replace(start.model, **given(args, GPTConfig), vocab_size=dataset.tokenizer.vocab_size),
        replace(start.recipe, **given(args, TrainConfig)),
        dataset,
        folder,
        preset=args.preset or start.preset,
        source=source,
        teachers=[str(teacher.resolve()) for teacher in args.teachers] or start.teachers,
        device=device,
        dtype=getattr(torch, args.dtype) if args.dtype else start.precision or fastest_dtype(device),
    )
    if args.resume:
        trainer.resume()  # refuses what differs from the saved run
    return trainer


def fastest_dtype(device: torch.device) -> torch.dtype:
    """One process's stopwatch may differ from another's: all go by the same."""
    return torch.bfloat16 if parallel.any_of(choose_dtype(device) == torch.bfloat16) else torch.float32


def show_progress(trainer: Trainer, project: str | None) -> None:
    """Run to the end, or to Ctrl-C, with a progress bar and a line for every evaluation."""

    def finish_step(number: int, _: object) -> None:
        if number == signal.SIGINT:
            if parallel.rank() == 0:
                print("\nFinishing this step, then saving. Ctrl-C again ends it at once.", file=sys.stderr)
            signal.signal(signal.SIGINT, before[signal.SIGINT])
        trainer.stop()

    # torchrun passes Ctrl-C on as SIGTERM, and a host that shuts down sends the same.
    before = {number: signal.signal(number, finish_step) for number in (signal.SIGINT, signal.SIGTERM)}
    first = parallel.rank() == 0
    steps = tracked(trainer, project) if project and first else trainer.run()
    per_step = trainer.config.batch_size * trainer.model.config.block_size
    bar = tqdm(
        initial=trainer.step * per_step,
        total=trainer.config.max_iters * per_step,
        unit=" characters",
        unit_scale=True,
        smoothing=0.05,
        disable=not first,
    )
    with bar:
        for progress in steps:
            bar.set_postfix_str(f"loss {progress.loss:.3f}", refresh=False)
            bar.update(per_step)
            if progress.losses:
                train, validation = progress.losses["train"], progress.losses["validation"]
                bar.write(f"step {progress.step:6,}   train {train:.4f}   validation {validation:.4f}")
    for number, handler in before.items():
        signal.signal(number, handler)


def tracked(trainer: Trainer, project: str) -> Iterator[Progress]:
    """The run's steps; their losses go to trackio, which keeps and shows them on this machine."""
    import trackio  # optional, and it brings gradio along

    trackio.init(project=project, name=str(trainer.folder), config=asdict(trainer.config), resume="allow")
    for progress in trainer.run():
        if progress.losses:
            trackio.log({f"{split}_loss": loss for split, loss in progress.losses.items()}, step=progress.step)
        yield progress
    trackio.finish()


def write_sample(folder: Path) -> str:
    """What the saved weights write, also kept as output.txt in the run's folder."""
    model, tokenizer = load_checkpoint(folder)
    prompt, _ = tokenizer.normalise("ROMEO:\n")
    continuation = "".join(stream(model, tokenizer, prompt, _SAMPLE))
    write_output(folder / "output.txt", prompt, continuation)
    return as_text(prompt, continuation)


if __name__ == "__main__":
    main()
