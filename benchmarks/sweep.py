"""Compare recipes by the loss they reach in the same time, on text held out of the training text.

    python benchmarks/sweep.py --minutes 5 --seeds 1 2 3 --dropout 0.2   run one setting, add it to sweep.jsonl
    python benchmarks/sweep.py                                           show what was measured

The validation text is not touched: a run here trains on the first 90 % of the training text and is scored
by evaluate_full on the rest of it.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from machine import describe

from tinygpt.config import PRESETS, GPTConfig, TrainConfig, check_number
from tinygpt.data import Dataset, load_dataset
from tinygpt.device import choose_device, choose_dtype, use_large_pages
from tinygpt.evaluation import evaluate_full
from tinygpt.flags import Parser, add_flags, given
from tinygpt.training import Trainer

TABLE = Path(__file__).with_suffix(".jsonl")
_TRIAL = 20  # steps that are timed to tell how many fit into the minutes


def main() -> None:
    parser = Parser(prog="sweep.py", description=__doc__.split("\n")[0])
    parser.add_argument("--preset", choices=PRESETS, default="default", metavar="NAME")
    parser.add_argument("--minutes", type=float, metavar="X", help="of a core's time a run; without: show the table")
    parser.add_argument("--name", metavar="TEXT", help="of the setting in the table (default: the flags given)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], metavar="N")
    parser.add_argument("--teachers", nargs="+", default=[], metavar="FOLDER", help="runs of this script, by --keep")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the weights here")
    add_flags(parser, GPTConfig, skip=("vocab_size",))
    add_flags(parser, TrainConfig, skip=("seed", "max_iters", "eval_interval", "eval_iters"))
    args = parser.parse_args()
    if args.minutes is None:
        print(table([json.loads(line) for line in TABLE.read_text().splitlines()]))
        return
    use_large_pages()
    torch.set_num_threads(1)
    changes = given(args, GPTConfig) | given(args, TrainConfig)
    name = args.name or " ".join([args.preset, *(f"{key}={value}" for key, value in changes.items())])
    try:
        check_number("minutes", args.minutes, 0.01, 1000)
        for seed in args.seeds:
            row = one_run(args, name, seed)
            with TABLE.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{row['loss']:.4f}  {name}, seed {seed}", flush=True)
    except (ValueError, OSError, FloatingPointError) as error:
        sys.exit(f"sweep.py: {error}")


def one_run(args: argparse.Namespace, name: str, seed: int) -> dict:
    """A row of the table: the recipe, and what it came to in the minutes it was given."""
    preset, dataset = PRESETS[args.preset], held_out(load_dataset())
    model = replace(preset.model, **given(args, GPTConfig))
    train = replace(preset.train, **given(args, TrainConfig), seed=seed)

    def trainer(folder: str | Path, **changes) -> Trainer:
        device = choose_device()
        recipe = replace(train, **changes)
        dtype = choose_dtype(device)
        return Trainer(model, recipe, dataset, Path(folder), teachers=args.teachers, device=device, dtype=dtype)

    with tempfile.TemporaryDirectory() as folder:
        steps = steps_in(
            60 * args.minutes, trainer(folder, max_iters=2 * _TRIAL, eval_interval=2 * _TRIAL, warmup_iters=0)
        )
        run = trainer(args.keep / f"{name} {seed}" if args.keep else folder, max_iters=steps, eval_interval=steps)
        start = time.process_time()
        for _ in run.run():
            pass
        seconds = time.process_time() - start
        loss = evaluate_full(run.published_model, dataset.validation)
        train_loss = evaluate_full(run.published_model, dataset.train[:100_000])
    return {
        "setting": name,
        "seed": seed,
        "minutes": args.minutes,
        "steps": steps,
        "loss": round(loss.nats, 4),
        "train_loss": round(train_loss.nats, 4),
        "characters": steps * train.batch_size * model.block_size,
        "core_seconds": round(seconds),
        "recipe": asdict(model) | asdict(run.config),
        "machine": describe(),
    }


def held_out(dataset: Dataset) -> Dataset:
    """The training text alone, its last 10 % standing in for the validation text."""
    cut = int(0.9 * len(dataset.train))
    sha256 = f"{dataset.sha256}, its last tenth left out"  # teachers of the whole text may not teach here
    return replace(dataset, train=dataset.train[:cut], validation=dataset.train[cut:], sha256=sha256)


def steps_in(seconds: float, trial: Trainer) -> int:
    """How many steps fit into this much of a core's time, compiling left out."""
    steps = trial.run()
    for _ in range(_TRIAL):
        next(steps)
    start = time.process_time()
    for _ in range(_TRIAL - 1):
        next(steps)
    return max(1, round(seconds * (_TRIAL - 1) / (time.process_time() - start)))


def table(rows: list[dict]) -> str:
    """One line a setting, best first within its minutes: mean loss, its seeds, steps, seconds."""
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault((row["minutes"], row["setting"]), []).append(row)
    lines = [f"{'minutes':>7}  {'loss':7} {'seeds':>5} {'spread':>7} {'train':>7} {'steps':>6}  setting"]
    ranked = sorted(groups.items(), key=lambda group: (group[0][0], mean(row["loss"] for row in group[1])))
    for (minutes, setting), runs in ranked:
        losses = [r["loss"] for r in runs]
        lines.append(
            f"{minutes:7g}  {mean(losses):.4f}  {len(runs):5} {max(losses) - min(losses):7.4f} "
            f"{mean(r['train_loss'] for r in runs):7.4f} {runs[0]['steps']:6}  {setting}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
