"""Train presets as a user does, and print each one's size, loss and time."""

from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.machine import run_training
from tinygpt.config import TrainConfig
from tinygpt.model.parameter_shapes import count_parameters
from tinygpt.presets import PRESETS


def main() -> None:
    """Run the command."""
    parser = make_parser("presets", __doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="presets; all that need no teachers by default")
    parser.add_argument("--max-iters", type=int, metavar="N", help="a shorter run; its row is marked with *")
    parser.add_argument("--data", nargs="+", metavar="FILE", help="default: Tiny Shakespeare")
    args = parser.parse_args()
    with one_line_errors(parser):
        if unknown := set(args.names) - PRESETS.keys():
            raise ValueError(f"there is no preset {min(unknown)}; there are {', '.join(PRESETS)}")
        print(header(TrainConfig().seed))
        print(f"{'preset':20} {'parameters':>10} {'steps':>7} {'loss':>7}  in blocks of  {'seconds':>7}")
        for name in args.names or [name for name, preset in PRESETS.items() if not preset.train.distill_weight]:
            print(row(name, args.max_iters, args.data), flush=True)


def row(name: str, steps: int | None, data: list[str] | None) -> str:
    """Train a preset to its end, or for fewer steps, and return its row of the table."""
    preset = PRESETS[name]
    partial = steps is not None and steps < preset.train.max_iters
    warmup = min(steps, preset.train.warmup_iters) if partial else 0
    cut = ["--max-iters", steps, "--warmup-iters", warmup, "--eval-iters", 1, "--no-compile"] if partial else []
    seconds, facts = run_training("--preset", name, *cut, *(["--data", *data] if data else []))
    steps_done = f"{facts['steps']:,}{'*' if partial else ''}"
    loss, block = facts["validation_loss"], facts["validation_block_size"]
    return f"{name:20} {count_parameters(preset.model):10,} {steps_done:>7} {loss:7.4f}  {block:12}  {seconds:7,.0f}"


if __name__ == "__main__":
    main()
