"""Settings: what a model is, how it is trained, how it is sampled. Nothing here needs torch.

Every config is frozen and checks itself when it is made, so a config that exists is a
config that works. A field's help text is also its command-line help (see flags.py).
"""

import secrets
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

MAX_PROMPT = 10_000  # characters
MAX_LENGTH = 5_000  # characters written in one request
MAX_PARAMETERS = 1_000_000_000


def option(default: Any, help: str) -> Any:
    """A dataclass field with a default and one line of help."""
    return field(default=default, metadata={"help": help})


def check_integer(name: str, value: Any, low: int, high: int) -> None:
    """Raise ValueError unless `value` is an int (2.0 and True are not) in [low, high]."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low:,} to {high:,}, not {value!r}")


def check_number(name: str, value: Any, low: float, high: float) -> None:
    """Raise ValueError unless `value` is an int or float in [low, high]."""
    if type(value) not in (int, float) or not low <= value <= high:  # nan is in no range
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}, not {value!r}")


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class GPTConfig:
    """The shape of a model. Raises ValueError when a size is out of bounds."""

    family: Literal["gpt", "llama", "qwen3"] = option(
        "gpt", "gpt: the classic block; llama, qwen3: rotary positions, RMSNorm, SwiGLU"
    )
    vocab_size: int = option(65, "distinct characters; training sets it from the text")
    block_size: int = option(256, "context: how many characters the model sees at once")
    n_layer: int = option(6, "blocks, one after the other")
    n_head: int = option(6, "attention heads in a block; must divide n_embd")
    n_embd: int = option(384, "width: numbers that describe one character inside the model")
    dropout: float = option(0.0, "share of activations zeroed while training, 0 to below 1")

    def __post_init__(self) -> None:
        check_choice("family", self.family, ("gpt", "llama", "qwen3"))
        check_integer("vocab_size", self.vocab_size, 1, 100_000)
        check_integer("block_size", self.block_size, 1, 65_536)
        check_integer("n_layer", self.n_layer, 1, 200)
        check_integer("n_head", self.n_head, 1, 256)
        check_integer("n_embd", self.n_embd, 1, 16_384)
        check_number("dropout", self.dropout, 0, 0.95)
        if self.n_embd % self.n_head:
            raise ValueError(f"n_head must divide n_embd: {self.n_head} does not divide {self.n_embd}")
        if self.family != "gpt" and self.head_size % 2:
            raise ValueError(f"rotary positions need an even head size, not n_embd / n_head = {self.head_size}")
        if self.parameters_at_least > MAX_PARAMETERS:
            raise ValueError(
                f"a model of about {self.parameters_at_least:,} parameters is over the bound of {MAX_PARAMETERS:,}"
            )

    @property
    def head_size(self) -> int:
        return self.n_embd // self.n_head

    @property
    def hidden(self) -> int:
        """Width inside the feed-forward part."""
        if self.family == "gpt":
            return 4 * self.n_embd
        # Three matrices of 8/3 C hold as many weights as the classic part's two of 4C; in steps of 64.
        return 64 * -(-8 * self.n_embd // (3 * 64))

    @property
    def parameters_at_least(self) -> int:
        """The matrices' parameters, without norms, biases and what `hidden` is rounded up by."""
        blocks = self.n_layer * 12 * self.n_embd**2  # 4 squares of the width in attention, 8 in the feed-forward part
        tables = 2 * self.vocab_size + (self.block_size if self.family == "gpt" else 0)
        return blocks + tables * self.n_embd

    @property
    def kept(self) -> int:
        """Characters that a new window starts with when the old one is full."""
        return max(1, self.block_size // 2)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The recipe of a training run. Raises ValueError when a setting is out of bounds."""

    batch_size: int = option(64, "sequences in one step")
    batches: Literal["random", "shuffled"] = option(
        "random", "random: stretches from anywhere; shuffled: all of the text once, in random order, then again"
    )
    max_iters: int = option(5000, "training steps")
    eval_interval: int = option(500, "steps between two evaluations")
    eval_iters: int = option(20, "random batches of each split in one evaluation")
    optimizer: Literal["adamw", "muon"] = option(
        "adamw", "adamw: one for everything; muon: Muon for the blocks' matrices, AdamW for the rest"
    )
    learning_rate: float = option(3e-4, "AdamW's highest learning rate")
    weight_decay: float = option(0.01, "AdamW's decoupled weight decay, on matrices and embeddings")
    beta2: float = option(0.999, "AdamW's memory of squared gradients")
    muon_learning_rate: float = option(0.02, "Muon's highest learning rate")
    muon_weight_decay: float = option(0.2, "Muon's decoupled weight decay")
    muon_steps: int = option(5, "Newton-Schulz steps with which Muon makes a gradient orthogonal")
    warmup_iters: int = option(0, "steps over which the learning rate rises from zero")
    decay: Literal["none", "linear", "cosine"] = option("none", "how the learning rate falls")
    decay_share: float = option(1.0, "share of the steps, at the end, over which it falls")
    final_share: float = option(0.0, "share of the highest learning rate that is left at the last step")
    grad_clip: float = option(0.0, "longest gradient allowed, 0 for no limit")
    average_decay: float = option(0.0, "decay a step of the averaged weights, 0 for no averaging")
    teacher_share: float = option(0.0, "share learned from what the --teachers predict, the rest from the text")
    snapshots: int = option(0, "checkpoints kept of the run's course: at its end, at 1/8 of it, at 1/64, ...")
    publish: Literal["last", "best"] = option(
        "last", "weights that are kept: those of the last step, or the best by validation loss"
    )
    compile: bool = option(
        False, "compile the step first, where this machine can: half a minute that a long run wins back"
    )
    seed: int = option(1337, "seed of the weights, the batches and dropout")

    def __post_init__(self) -> None:
        check_integer("batch_size", self.batch_size, 1, 65_536)
        check_choice("batches", self.batches, ("random", "shuffled"))
        check_integer("max_iters", self.max_iters, 1, 100_000_000)
        check_integer("eval_interval", self.eval_interval, 1, 100_000_000)
        check_integer("eval_iters", self.eval_iters, 1, 100_000)
        check_choice("optimizer", self.optimizer, ("adamw", "muon"))
        check_number("learning_rate", self.learning_rate, 0, 10)
        check_number("weight_decay", self.weight_decay, 0, 100)
        check_number("beta2", self.beta2, 0, 0.999999)
        check_number("muon_learning_rate", self.muon_learning_rate, 0, 10)
        check_number("muon_weight_decay", self.muon_weight_decay, 0, 100)
        check_integer("muon_steps", self.muon_steps, 1, 99)
        check_integer("warmup_iters", self.warmup_iters, 0, self.max_iters)
        check_choice("decay", self.decay, ("none", "linear", "cosine"))
        check_number("decay_share", self.decay_share, 0.001, 1)
        check_number("final_share", self.final_share, 0, 1)
        check_number("grad_clip", self.grad_clip, 0, 1e9)
        check_number("average_decay", self.average_decay, 0, 0.999999)
        check_number("teacher_share", self.teacher_share, 0, 1)
        check_integer("snapshots", self.snapshots, 0, 10)
        check_choice("publish", self.publish, ("last", "best"))
        check_choice("compile", self.compile, (True, False))
        check_integer("seed", self.seed, 0, 2**63 - 1)


@dataclass(frozen=True, kw_only=True)
class SampleConfig:
    """How characters are drawn. Raises ValueError when a setting is out of bounds."""

    max_new_tokens: int = option(500, f"characters to write, 1 to {MAX_LENGTH:,} (default: 500)")
    temperature: float = option(
        0.8, "0 always takes the likeliest, 1 is the model's own spread, 2 is wild (default: 0.8)"
    )
    top_k: int | None = option(None, "draw only from the k likeliest characters")
    top_p: float | None = option(None, "draw only from the likeliest characters that reach this probability")
    seed: int | None = option(None, "same seed, same text: 0 to 2^64 - 1; drawn when not given")
    stop: str | None = option(None, "end before this text appears, up to 100 characters")
    beam_width: int | None = option(None, "beam search with this many beams, 1 to 8, instead of sampling")

    def __post_init__(self) -> None:
        check_integer("length", self.max_new_tokens, 1, MAX_LENGTH)
        check_number("temperature", self.temperature, 0, 2)
        if self.top_k is not None:
            check_integer("top_k", self.top_k, 1, 100_000)
        if self.top_p is not None:
            check_number("top_p", self.top_p, 0, 1)
            if self.top_p == 0:
                raise ValueError("top_p must be above 0 and at most 1, not 0")
        if self.seed is not None:
            check_integer("seed", self.seed, 0, 2**64 - 1)
        if self.stop is not None and (type(self.stop) is not str or not 1 <= len(self.stop) <= 100):
            raise ValueError(f"stop must be a text of 1 to 100 characters, not {self.stop!r:.120}")
        if self.beam_width is not None:
            check_integer("beam_width", self.beam_width, 1, 8)

    @property
    def draws(self) -> bool:
        """Whether characters are drawn, and so depend on the seed."""
        return self.beam_width is None and self.temperature > 0

    def check_vocabulary(self, vocab_size: int) -> None:
        """Raise ValueError for a top_k above the number of characters there are."""
        if self.top_k is not None and self.top_k > vocab_size:
            raise ValueError(f"top_k must be at most {vocab_size}, the vocabulary, not {self.top_k}")

    def seeded(self) -> Self:
        """These settings with a seed: their own, or a fresh one from the operating system."""
        return self if self.seed is not None else replace(self, seed=secrets.randbits(64))


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A named starting point of train.py."""

    about: str
    model: GPTConfig
    train: TrainConfig


# The lecture's larger model (Karpathy, "Let's build GPT", 2023), which has nanoGPT's sizes.
_LECTURE = GPTConfig(block_size=256, n_layer=6, n_head=6, n_embd=384, dropout=0.2)

_MODERN = GPTConfig(family="qwen3", block_size=256, n_layer=6, n_head=3, n_embd=192, dropout=0.15)
# What was tried beside it, and what that came to: python benchmarks/sweep.py
_RECIPE = TrainConfig(
    batch_size=16,
    batches="shuffled",
    max_iters=1200,
    eval_interval=200,
    eval_iters=20,
    optimizer="muon",
    learning_rate=0.01,
    weight_decay=0.1,
    beta2=0.99,
    warmup_iters=50,
    decay="linear",
    decay_share=0.9,
    grad_clip=1.0,
    average_decay=0.99,
    compile=True,
)

PRESETS = {
    "default": Preset(
        about="ours: a modern block, Muon, a long fall of the learning rate, averaged weights",
        model=_MODERN,
        train=_RECIPE,
    ),
    "quick": Preset(
        about="the same, small and short: seconds, to see that it works",
        model=replace(_MODERN, block_size=64, n_layer=2, n_head=2, n_embd=64, dropout=0.0),
        train=replace(
            _RECIPE,
            max_iters=400,
            eval_interval=400,
            learning_rate=0.02,
            muon_steps=3,
            warmup_iters=10,
            average_decay=0.9,
            compile=False,
        ),
    ),
    "teacher": Preset(
        about="the default for longer; several of them, by --seed, teach best",
        model=_MODERN,
        train=replace(_RECIPE, max_iters=2000, eval_interval=500),
    ),
    "best": Preset(
        about="the weights that come along: learns from --teachers, for hours",
        model=replace(_MODERN, dropout=0.1),
        train=replace(_RECIPE, max_iters=10_000, eval_interval=500, teacher_share=1.0, snapshots=4),
    ),
    "little-shakespeare": Preset(
        about="4 layers, 64 wide, context 32: minutes on a laptop",
        model=GPTConfig(block_size=32, n_layer=4, n_head=4, n_embd=64),
        train=TrainConfig(batch_size=16, learning_rate=1e-3, eval_iters=200, publish="best"),
    ),
    "tiny-gpt": Preset(
        about="the first transformer of the lecture: context 8",
        model=GPTConfig(block_size=8, n_layer=4, n_head=4, n_embd=64),
        train=TrainConfig(batch_size=32, learning_rate=1e-3, eval_iters=200, publish="best"),
    ),
    "gpt-from-scratch": Preset(
        about="the lecture's larger model with weight decay against overfitting; wants a GPU",
        model=_LECTURE,
        train=TrainConfig(weight_decay=0.1, eval_iters=200, publish="best"),
    ),
    "shakespeare-gpt": Preset(
        about="the lecture's larger model as it is; wants a GPU",
        model=_LECTURE,
        train=TrainConfig(eval_iters=200, publish="best"),
    ),
    "nanogpt": Preset(
        about="nanoGPT's sizes and recipe (its shakespeare_char) on our classic block; wants a GPU",
        model=_LECTURE,
        train=TrainConfig(
            eval_interval=250,
            eval_iters=200,
            learning_rate=1e-3,
            weight_decay=0.1,
            beta2=0.99,
            warmup_iters=100,
            decay="cosine",
            final_share=0.1,
            grad_clip=1.0,
            publish="best",
        ),
    ),
}
