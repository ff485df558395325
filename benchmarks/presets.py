"""Every preset's size, loss and time: python benchmarks/presets.py [NAME ...] [--max-iters N]"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from machine import describe, trained

from tinygpt.config import PRESETS, TrainConfig
from tinygpt.flags import Parser
from tinygpt.model import GPTLanguageModel


def main() -> None:
    parser = Parser(prog="presets.py", description="Train presets to their end, or part of the way.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="presets; without any, all of them")
    parser.add_argument("--max-iters", type=int, metavar="N", help="a shorter run; its row is marked with *")
    args = parser.parse_args()
    if unknown := set(args.names) - PRESETS.keys():
        sys.exit(f"presets.py: there is no preset {min(unknown)}; there are {', '.join(PRESETS)}")
    print(f"machine   {describe()}\nseed      {TrainConfig().seed}\n")
    print(f"{'preset':20} {'parameters':>10} {'steps':>7} {'loss':>7}  in blocks of  {'seconds':>7}")
    # What learns from teachers needs them first; the README says how they are made.
    for name in args.names or [name for name, preset in PRESETS.items() if not preset.train.teacher_share]:
        print(row(name, args.max_iters), flush=True)


def row(name: str, steps: int | None) -> str:
    """Train a preset as a user would, and tell what came of it."""
    preset = PRESETS[name]
    partial = steps is not None and steps < preset.train.max_iters
    warmup = min(steps, preset.train.warmup_iters) if partial else 0
    cut = ["--max-iters", steps, "--warmup-iters", warmup, "--eval-iters", 1] if partial else []
    seconds, facts = trained("--preset", name, *cut)
    with torch.device("meta"):
        parameters = sum(parameter.numel() for parameter in GPTLanguageModel(preset.model).parameters())
    steps_done = f"{facts['steps']:,}{'*' if partial else ''}"
    loss, block = facts["validation_loss"], facts["validation_block_size"]
    return f"{name:20} {parameters:10,} {steps_done:>7} {loss:7.4f}  {block:12}  {seconds:7,.0f}"


if __name__ == "__main__":
    main()
