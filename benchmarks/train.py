"""Time how long our presets train to reach a loss, beside nanoGPT on the same cores.

python -m benchmarks.train --nanogpt PATH   the presets quick and default beside nanoGPT; PATH is a checkout of it
python -m benchmarks.train --short          a few steps of each: a quick look, not a result
python -m benchmarks.train --parts          the fraction of a training run that each part of it takes
python -m benchmarks.train --cost           characters per second against width, depth, context and batch size
"""

import cProfile
import pstats
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.baselines import NANOGPT, nanogpt_step
from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.machine import run_training, seconds
from tinygpt.config import GPTConfig, TrainConfig
from tinygpt.data.dataset import Dataset, load_dataset
from tinygpt.data.download import DEFAULT_URL
from tinygpt.engines.device import choose_device
from tinygpt.presets import PRESETS, Preset
from tinygpt.training.precision import choose_dtype, use_large_pages
from tinygpt.training.trainer import Trainer

SHORT = 20  # steps


def main() -> None:
    """Run the command."""
    parser = make_parser("train", __doc__)
    parser.add_argument("--nanogpt", type=Path, metavar="PATH", help="a checkout of nanoGPT, to time its step")
    parser.add_argument("--presets", nargs="+", choices=NANOGPT, default=list(NANOGPT), metavar="NAME")
    parser.add_argument(
        "--data",
        nargs="+",
        default=DEFAULT_URL,
        metavar="FILE",
        help="for --parts and --cost (default: Tiny Shakespeare)",
    )
    parser.add_argument("--short", action="store_true", help="a few steps of each")
    parser.add_argument("--parts", action="store_true", help="what fraction of a run each part takes")
    parser.add_argument("--cost", action="store_true", help="characters per second with other sizes")
    args = parser.parse_args()
    use_large_pages()
    with one_line_errors(parser):
        if args.nanogpt and not (args.nanogpt / "model.py").exists():
            raise ValueError(f"{args.nanogpt / 'model.py'} does not exist: --nanogpt needs a checkout of nanoGPT")
        print(header(TrainConfig().seed))
        dataset = load_dataset(args.data) if args.parts or args.cost else None
        for name in args.presets:
            print(f"preset    {name}")
            if args.parts:
                print_parts(PRESETS[name], dataset, SHORT if args.short else PRESETS[name].train.eval_interval)
            elif args.cost:
                print_cost(PRESETS[name], dataset, 1 if args.short else 6)
            else:
                compare(name, args.nanogpt, args.short)


def compare(name: str, nanogpt: Path | None, short: bool) -> None:
    """Print the time of one of our presets, all included, and of nanoGPT's steps to the loss that it aims at."""
    preset, baseline = PRESETS[name], NANOGPT[name]
    steps = min(SHORT, preset.train.max_iters) if short else preset.train.max_iters
    cut = ["--max-iters", steps, "--warmup-iters", 0, "--no-compile"] if short else []
    ours, facts = run_training("--preset", name, *cut)
    characters = steps * preset.train.batch_size * preset.model.block_size
    print(f"  {steps:,} steps{', cut short' if short else ''}")
    print(f"  ours      {facts['validation_loss']:.4f} after {ours:.1f} s of wall time, all included; ", end="")
    print(f"{characters / facts['seconds']:,.0f} characters per second while training")
    if nanogpt:
        step = nanogpt_step(nanogpt, baseline, 2 if short else max(3, baseline.steps // 100))
        theirs = step * baseline.steps
        pace = baseline.batch_size * baseline.sizes["block_size"] / step
        print(f"  nanoGPT   {baseline.loss} (its README) after {theirs:,.0f} s of steps alone: ", end="")
        print(f"{baseline.steps:,} of {step:.3f} s, {pace:,.0f} characters per second")
        reached = facts["validation_loss"] <= baseline.loss
        print(f"  ratio     {theirs / ours:.1f}" + ("" if reached else f", but {baseline.loss} was not reached"))


def print_parts(preset: Preset, dataset: Dataset, steps: int) -> None:
    """Profile the first steps of a preset, with the evaluation after the last of them."""
    with tempfile.TemporaryDirectory() as folder:
        train = replace(preset.train, max_iters=steps, warmup_iters=min(steps, preset.train.warmup_iters))
        trainer = make_trainer(preset.model, train, dataset, folder)
        run = trainer.run()
        next(run)  # compiles
        profile = cProfile.Profile()
        total = seconds(lambda: profile.runcall(list, run))
    cumulative: dict[str, float] = {}
    optimizers = 0.0
    for (file, _, function), (_, _, _, spent, _) in pstats.Stats(profile).stats.items():
        cumulative[function] = max(cumulative.get(function, 0), spent)
        if function == "wrapper" and file.endswith("optimizer.py"):
            optimizers += spent
    parts = {
        "backward": cumulative["backward"],
        "optimizers": optimizers,
        "gradient norm": cumulative["clip_grad_norm_"],
        "averaged weights": cumulative["update_parameters"],
        "evaluation": cumulative["estimate_loss"],
        "saving": cumulative["save_checkpoint"] + cumulative["save_tensors"],
    }
    parts["forward, loss and batches"] = total - sum(parts.values())
    print(f"{steps:,} steps and one evaluation, {total:.1f} s, compiled: {trainer.compiled}")
    for name, part in sorted(parts.items(), key=lambda item: -item[1]):
        print(f"  {name:26} {100 * part / total:5.1f} %")


def print_cost(preset: Preset, dataset: Dataset, steps: int) -> None:
    """Print the characters per second of a preset, with one size changed at a time: medians of steps, not compiled."""
    print("  changed         characters per second")
    for changes in (
        {},
        *({"n_embd": width, "n_head": width // 64} for width in (128, 256, 384)),
        *({"n_layer": depth} for depth in (3, 12)),
        *({"block_size": context} for context in (64, 128, 512)),
        *({"batch_size": batch} for batch in (4, 8, 32)),
    ):
        sizes = {name: value for name, value in changes.items() if name != "batch_size"}
        batch_size = changes.get("batch_size", preset.train.batch_size)
        train = replace(preset.train, compile=False, max_iters=steps + 2, warmup_iters=0, batch_size=batch_size)
        model = replace(preset.model, **sizes)
        with tempfile.TemporaryDirectory() as folder:
            run = make_trainer(model, train, dataset, folder).run()
            next(run)
            step = sorted(seconds(lambda run=run: next(run)) for _ in range(steps))[steps // 2]
        changed = " ".join(f"{name}={value}" for name, value in changes.items() if name != "n_head") or "nothing"
        print(f"  {changed:15} {batch_size * model.block_size / step:8,.0f}")


def make_trainer(model: GPTConfig, train: TrainConfig, dataset: Dataset, folder: str) -> Trainer:
    """A run as train.py makes it."""
    device, model = choose_device(), replace(model, vocab_size=dataset.tokenizer.vocab_size)
    return Trainer(model, train, dataset, Path(folder), device=device, dtype=choose_dtype(device))


if __name__ == "__main__":
    main()
