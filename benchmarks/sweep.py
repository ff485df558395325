"""Compare training configs by the loss that they reach in the same time, or steps, on held-out training text.

python -m benchmarks.sweep --minutes 5 --seeds 1 2 3 --dropout 0.2   train with one setting, and add it to sweep.jsonl
python -m benchmarks.sweep --max-iters 2000 --preset teacher         the same for a number of steps
python -m benchmarks.sweep                                           show what was measured

The validation text is not used: a run trains on the first 90 % of the training text, and its loss is that of
evaluate_full on the rest of it.
"""

import argparse
import json
import math
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean

import torch

from benchmarks.command import header, make_parser, one_line_errors
from tinygpt.config import GPTConfig, TrainConfig
from tinygpt.data.dataset import Dataset, load_dataset
from tinygpt.data.download import DEFAULT_URL
from tinygpt.engines.device import choose_device
from tinygpt.fields import FieldError, Number
from tinygpt.flags import add_flags, given
from tinygpt.presets import PRESETS
from tinygpt.training.evaluation import evaluate_full
from tinygpt.training.machine import describe_machine
from tinygpt.training.precision import choose_dtype, use_large_pages
from tinygpt.training.trainer import Trainer

TABLE = Path(__file__).with_suffix(".jsonl")
_TRIAL = 20  # steps that are timed to find how many fit into the minutes


def main() -> None:
    """Run the command."""
    parser = make_parser("sweep", __doc__)
    parser.add_argument("--preset", choices=PRESETS, default="default", metavar="NAME")
    parser.add_argument(
        "--minutes", type=float, metavar="X", help="of a core, for each run; without it or --max-iters, show the table"
    )
    parser.add_argument("--name", metavar="TEXT", help="name of the setting in the table (default: the flags)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], metavar="N")
    parser.add_argument("--teachers", nargs="+", default=[], metavar="FOLDER", help="runs of this command, from --keep")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where to keep the weights")
    parser.add_argument("--data", nargs="+", default=DEFAULT_URL, metavar="FILE", help="default: Tiny Shakespeare")
    parser.add_argument("--table", type=Path, default=TABLE, metavar="FILE", help="default: benchmarks/sweep.jsonl")
    add_flags(parser, GPTConfig, skip=("vocab_size",))
    add_flags(parser, TrainConfig, skip=("seed", "eval_interval", "eval_iters"))
    args = parser.parse_args()
    changes = given(args, GPTConfig) | given(args, TrainConfig)
    if args.minutes is None and "max_iters" not in changes:
        print(table([json.loads(line) for line in args.table.read_text(encoding="utf-8").splitlines()]))
        return
    use_large_pages()
    torch.set_num_threads(1)
    name = args.name or " ".join([args.preset, *(f"{key}={value}" for key, value in changes.items())])
    device = choose_device()
    print(header(", ".join(map(str, args.seeds)), describe_machine(device)))
    with one_line_errors(parser):
        if args.minutes is not None:
            if "max_iters" in changes:
                raise FieldError("minutes", "cannot be combined with --max-iters: name one of them")
            Number(0.01, 1000).checked("minutes", args.minutes)
        for seed in args.seeds:
            row = one_run(args, name, seed, device)
            with args.table.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{row['loss']:.4f}  {name}, seed {seed}", flush=True)


def one_run(args: argparse.Namespace, name: str, seed: int, device: torch.device) -> dict:
    """Train with one setting and seed, and return its row of the table."""
    preset, dataset = PRESETS[args.preset], held_out(load_dataset(args.data))
    model = replace(preset.model, vocab_size=dataset.tokenizer.vocab_size, **given(args, GPTConfig))
    train = replace(preset.train, **given(args, TrainConfig), seed=seed)

    def trainer(folder: str | Path, **changes) -> Trainer:
        config = replace(train, **changes)
        dtype = choose_dtype(device)
        return Trainer(model, config, dataset, Path(folder), teachers=args.teachers, device=device, dtype=dtype)

    with tempfile.TemporaryDirectory() as folder:
        steps = train.max_iters
        if args.minutes is not None:
            trial = trainer(Path(folder) / "trial", max_iters=2 * _TRIAL, eval_interval=2 * _TRIAL, warmup_iters=0)
            steps = steps_in(60 * args.minutes, trial)
        kept = args.keep or Path(folder)
        run = trainer(kept / f"{name} {seed}", max_iters=steps, eval_interval=steps)
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
        "config": asdict(model) | asdict(run.config),
        "machine": describe_machine(device),
    }


def held_out(dataset: Dataset) -> Dataset:
    """The training text alone, with its last 10 % as the validation text."""
    cut = int(0.9 * len(dataset.train))
    sha256 = f"{dataset.sha256} without its last tenth"  # so that teachers of the whole text are refused
    return replace(dataset, train=dataset.train[:cut], validation=dataset.train[cut:], sha256=sha256)


def steps_in(seconds: float, trial: Trainer) -> int:
    """How many steps fit into so many seconds of a core's time, without the time to compile."""
    steps = trial.run()
    for _ in range(_TRIAL):
        next(steps)
    start = time.process_time()
    for _ in range(_TRIAL - 1):
        next(steps)
    return max(1, round(seconds * (_TRIAL - 1) / (time.process_time() - start)))


def table(rows: list[dict]) -> str:
    """The table as text: the machines, then a line per setting, lowest mean loss first among those of equal minutes.

    Runs of a given number of steps come last, lowest first among those of equal steps.
    """
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        steps = 0 if row["minutes"] else row["steps"]
        groups.setdefault((row["minutes"] or math.inf, steps, row["setting"]), []).append(row)
    lines = [f"machine   {machine}" for machine in dict.fromkeys(row["machine"] for row in rows)]
    lines += ["", f"{'minutes':>7}  {'loss':7} {'seeds':>5} {'spread':>7} {'train':>7} {'steps':>6}  setting"]
    ranked = sorted(groups.items(), key=lambda group: (*group[0][:2], mean(row["loss"] for row in group[1])))
    for (minutes, _, setting), runs in ranked:
        losses = [r["loss"] for r in runs]
        shown = f"{minutes:g}" if minutes < math.inf else ""
        lines.append(
            f"{shown:>7}  {mean(losses):.4f}  {len(runs):5} {max(losses) - min(losses):7.4f} "
            f"{mean(r['train_loss'] for r in runs):7.4f} {runs[0]['steps']:6}  {setting}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
