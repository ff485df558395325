"""How soon a run reaches a loss, beside nanoGPT's own recipe on the same cores.

python benchmarks/train.py --nanogpt PATH   our quick and default against nanoGPT, PATH being a checkout of it
python benchmarks/train.py --short          a few steps of each: a quick look, no result
python benchmarks/train.py --parts          what share of a default run each part of it takes
python benchmarks/train.py --cost           characters a second against width, depth, context and batch
"""

import cProfile
import importlib.util
import pstats
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from machine import describe, seconds, trained

from tinygpt.config import PRESETS, GPTConfig, TrainConfig
from tinygpt.data import load_dataset
from tinygpt.device import choose_device, choose_dtype, use_large_pages
from tinygpt.flags import Parser
from tinygpt.training import Trainer


@dataclass(frozen=True)
class Rival:
    """A recipe of nanoGPT (github.com/karpathy/nanoGPT) and the loss its README gives for it."""

    loss: float
    steps: int
    batch_size: int
    sizes: dict[str, int | float]


# The steps: the CPU recipe's are all it does (README of the repository, read in November 2026). The other recipe
# does 5,000, but its validation loss is lowest at about step 1,750 and rises from there on: see the repository's
# issues 211 ("min val loss 1.48 after 1750 iterations") and 493 ("already after 7 validation steps" of 250).
RIVALS = {
    "quick": Rival(1.88, 2000, 12, {"block_size": 64, "n_layer": 4, "n_head": 4, "n_embd": 128, "dropout": 0.0}),
    "default": Rival(1.4697, 1750, 64, {"block_size": 256, "n_layer": 6, "n_head": 6, "n_embd": 384, "dropout": 0.2}),
}


def main() -> None:
    parser = Parser(prog="train.py", description=__doc__.split("\n")[0])
    parser.add_argument("--nanogpt", type=Path, metavar="PATH", help="a checkout of nanoGPT, to time its step")
    parser.add_argument("--presets", nargs="+", choices=RIVALS, default=list(RIVALS), metavar="NAME")
    parser.add_argument("--short", action="store_true", help="a few steps of each")
    parser.add_argument("--parts", action="store_true", help="the share of each part of a run")
    parser.add_argument("--cost", action="store_true", help="characters a second against the sizes")
    args = parser.parse_args()
    if args.nanogpt and not (args.nanogpt / "model.py").exists():
        sys.exit(f"train.py: {args.nanogpt / 'model.py'} does not exist: --nanogpt wants a checkout of nanoGPT")
    use_large_pages()
    print(f"machine   {describe()}\nseed      {TrainConfig().seed}")
    if args.parts:
        print_parts()
    elif args.cost:
        print_cost()
    else:
        for name in args.presets:
            compare(name, args.nanogpt, args.short)


def compare(name: str, nanogpt: Path | None, short: bool) -> None:
    """One of our presets from the start of python to its end, and nanoGPT's recipe of the same aim."""
    preset, rival = PRESETS[name], RIVALS[name]
    steps = min(20, preset.train.max_iters) if short else preset.train.max_iters
    cut = ["--max-iters", steps, "--warmup-iters", 0, "--no-compile"] if short else []
    ours, facts = trained("--preset", name, *cut)
    characters = steps * preset.train.batch_size * preset.model.block_size
    print(f"\n{name}, {steps:,} steps{', cut short' if short else ''}")
    print(f"  ours      {facts['validation_loss']:.4f} after {ours:.1f} s of wall time, all counted; ", end="")
    print(f"{characters / facts['seconds']:,.0f} characters a second while training")
    if nanogpt:
        step = nanogpt_step(nanogpt, rival, 2 if short else max(3, rival.steps // 100))
        theirs = step * rival.steps
        pace = rival.batch_size * rival.sizes["block_size"] / step
        print(f"  nanoGPT   {rival.loss} (its README) after {theirs:,.0f} s of steps alone: ", end="")
        print(f"{rival.steps:,} of {step:.3f} s, {pace:,.0f} characters a second")
        reached = facts["validation_loss"] <= rival.loss
        print(f"  ratio     {theirs / ours:.1f}" + ("" if reached else f", but {rival.loss} was not reached"))


def nanogpt_step(path: Path, rival: Rival, steps: int) -> float:
    """Seconds of one training step of nanoGPT, the median of several, in float32 as it computes on a processor."""
    spec = importlib.util.spec_from_file_location("nanogpt_model", path / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    torch.manual_seed(TrainConfig().seed)
    model = module.GPT(module.GPTConfig(vocab_size=65, bias=False, **rival.sizes))
    optimizer = model.configure_optimizers(0.1, 1e-3, (0.9, 0.99), "cpu")
    x_BT = torch.randint(65, (rival.batch_size, rival.sizes["block_size"]))

    def step() -> None:
        _, loss = model(x_BT, x_BT)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    step()
    return sorted(seconds(step) for _ in range(steps))[steps // 2]


def print_parts() -> None:
    """A run of the default's first steps, by what its time went to."""
    preset = PRESETS["default"]
    with tempfile.TemporaryDirectory() as folder:
        trainer = made(preset.model, replace(preset.train, max_iters=preset.train.eval_interval), folder)
        steps = trainer.run()
        next(steps)  # compiles
        profile = cProfile.Profile()
        profile.runcall(list, steps)
    stats = pstats.Stats(profile).stats
    spent: dict[str, float] = {}
    for (_, _, function), (_, _, _, cumulative, _) in stats.items():
        spent[function] = max(spent.get(function, 0), cumulative)
    parts = {
        "backward": spent["backward"],
        "optimizers": sum(
            cumulative
            for (file, _, function), (_, _, _, cumulative, _) in stats.items()
            if function == "wrapper" and file.endswith("optimizer.py")
        ),
        "gradient's length": spent["clip_grad_norm_"],
        "averaged weights": spent["update_parameters"],
        "batch": spent["_batch"],
    }
    parts["forward and loss"] = spent["_train_step"] - sum(parts.values())
    parts["evaluation"] = spent["estimate_loss"]
    parts["saving"] = spent["_publish"] + spent["_save_state"]
    total = sum(parts.values())
    print(f"\n{trainer.step:,} steps and one evaluation, {total:.1f} s, compiled: {trainer.compiled}")
    for name, part in sorted(parts.items(), key=lambda item: -item[1]):
        print(f"  {name:24} {100 * part / total:5.1f} %")


def print_cost() -> None:
    """Characters a second of the default, one size changed at a time, not compiled."""
    model, train = PRESETS["default"].model, replace(PRESETS["default"].train, compile=False)
    print("\n  changed         characters a second")
    for changes in (
        {},
        *({"n_embd": width, "n_head": width // 64} for width in (128, 256, 384)),
        *({"n_layer": depth} for depth in (3, 12)),
        *({"block_size": context} for context in (64, 128, 512)),
        *({"batch_size": batch} for batch in (4, 8, 32)),
    ):
        sizes = {name: value for name, value in changes.items() if name != "batch_size"}
        recipe = replace(train, max_iters=8, warmup_iters=0, batch_size=changes.get("batch_size", train.batch_size))
        shape = replace(model, **sizes)
        with tempfile.TemporaryDirectory() as folder:
            steps = made(shape, recipe, folder).run()
            next(steps)
            each = sorted(seconds(lambda steps=steps: next(steps)) for _ in range(6))[3]
        changed = " ".join(f"{name}={value}" for name, value in changes.items() if name != "n_head") or "nothing"
        print(f"  {changed:15} {recipe.batch_size * shape.block_size / each:8,.0f}")


def made(model: GPTConfig, train: TrainConfig, folder: str) -> Trainer:
    device = choose_device()
    return Trainer(model, train, load_dataset(), Path(folder), device=device, dtype=choose_dtype(device))


if __name__ == "__main__":
    main()
