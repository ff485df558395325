"""Settings: what a model is, how it is trained, how it is sampled. Nothing here needs torch."""

import secrets
from dataclasses import dataclass, replace
from typing import Self

from tinygpt.fields import Choice, FieldError, Integer, Number, Settings, Switch, Text, option

MAX_PARAMETERS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class GPTConfig(Settings):
    """The shape of a model. Raises FieldError, a ValueError, when a size is out of bounds."""

    family: str = option(
        "gpt",
        "gpt: the classic block; llama, qwen3: rotary positions, RMSNorm, SwiGLU",
        Choice(("gpt", "llama", "qwen3")),
    )
    vocab_size: int = option(65, "distinct characters; training sets it from the text", Integer(1, 100_000))
    block_size: int = option(256, "context: how many characters the model sees at once", Integer(1, 65_536))
    n_layer: int = option(6, "blocks, one after the other", Integer(1, 200))
    n_head: int = option(6, "attention heads in a block; must divide n_embd", Integer(1, 256))
    n_embd: int = option(384, "width: numbers that describe one character inside the model", Integer(1, 16_384))
    dropout: float = option(0.0, "fraction of activations zeroed while training", Number(0, 0.95))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_embd % self.n_head:
            raise FieldError("n_head", f"must divide n_embd: {self.n_head} does not divide {self.n_embd}")
        if self.family != "gpt" and self.head_size % 2:
            raise FieldError(
                "n_head", f"must leave an even head size for rotary positions, not n_embd / n_head = {self.head_size}"
            )
        if self.parameters_at_least > MAX_PARAMETERS:
            raise FieldError(
                "n_embd",
                f"makes a model of about {self.parameters_at_least:,} parameters, over the bound of "
                f"{MAX_PARAMETERS:,}: choose fewer or narrower layers",
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
class TrainConfig(Settings):
    """The settings of a training run. Raises FieldError, a ValueError, when one is out of bounds."""

    batch_size: int = option(64, "sequences per step", Integer(1, 65_536))
    batches: str = option(
        "random",
        "random: windows from anywhere; shuffled: all of the text once, in random order, then again",
        Choice(("random", "shuffled")),
    )
    max_iters: int = option(5000, "training steps", Integer(1, 100_000_000))
    eval_interval: int = option(500, "steps between two evaluations", Integer(1, 100_000_000))
    eval_iters: int = option(20, "random batches of each split per evaluation", Integer(1, 100_000))
    optimizer: str = option(
        "adamw",
        "adamw: one for everything; muon: Muon for the blocks' matrices, AdamW for the rest",
        Choice(("adamw", "muon")),
    )
    learning_rate: float = option(3e-4, "AdamW's highest learning rate", Number(0, 10))
    weight_decay: float = option(0.01, "AdamW's decoupled weight decay, on matrices and embeddings", Number(0, 100))
    beta2: float = option(0.999, "AdamW's decay of the mean of squared gradients", Number(0, 0.999999))
    muon_learning_rate: float = option(0.02, "Muon's highest learning rate", Number(0, 10))
    muon_weight_decay: float = option(0.2, "Muon's decoupled weight decay", Number(0, 100))
    ns_steps: int = option(5, "Newton-Schulz steps with which Muon makes a gradient orthogonal", Integer(1, 99))
    warmup_iters: int = option(0, "steps over which the learning rate rises from zero", Integer(0, 100_000_000))
    decay: str = option("none", "how the learning rate falls", Choice(("none", "linear", "cosine")))
    decay_fraction: float = option(1.0, "fraction of the steps, at the end, over which it falls", Number(0.001, 1))
    min_lr_ratio: float = option(0.0, "fraction of the highest learning rate towards which it falls", Number(0, 1))
    grad_clip: float = option(0.0, "largest gradient norm allowed, 0 for no limit", Number(0, 1e9))
    ema_decay: float = option(0.0, "decay per step of the averaged weights (EMA), 0 for none", Number(0, 0.999999))
    distill_weight: float = option(
        0.0, "weight of the teachers' predictions in the targets, the rest is the text", Number(0, 1)
    )
    ngram_weight: float = option(
        0.0, "weight of an n-gram model among the teachers, the rest is the mean of the others", Number(0, 1)
    )
    snapshots: int = option(0, "checkpoints kept on the way: at the end, at 1/8 of it, at 1/64, ...", Integer(0, 10))
    publish: str = option(
        "last",
        "weights that are kept: those of the last step, the best by validation loss, or both, the latter in best/",
        Choice(("last", "best", "both")),
    )
    compile: bool = option(
        False, "compile the blocks first, where this machine can: 20 seconds that a long run wins back", Switch()
    )
    seed: int = option(1337, "seed of the weights, the batches and dropout", Integer(0, 2**63 - 1))

    def __post_init__(self) -> None:
        super().__post_init__()
        Integer(0, self.max_iters).checked("warmup_iters", self.warmup_iters)

    def for_steps(self, max_iters: int) -> Self:
        """These settings for a run of another length, whose warm-up is at most a tenth of it."""
        return replace(self, max_iters=max_iters, warmup_iters=min(self.warmup_iters, max_iters // 10))


@dataclass(frozen=True, kw_only=True)
class SampleConfig(Settings):
    """How characters are sampled. Raises FieldError, a ValueError, for a setting that makes no sense.

    The page, its endpoint and the terminal have tighter bounds: see GenerationRequest.
    """

    max_new_tokens: int = option(500, "characters to write", Integer(1))
    temperature: float = option(0.8, "divides the logits; 0 always takes the likeliest", Number(0))
    top_k: int | None = option(None, "sample only from the k likeliest characters", Integer(1))
    top_p: float | None = option(
        None, "sample only from the likeliest characters that reach this probability", Number(0, 1, above=True)
    )
    seed: int | None = option(None, "same seed, same text; a new one if not given", Integer(0, 2**64 - 1))
    stop: str | None = option(None, "end before this text appears", Text(1))
    beam_width: int | None = option(None, "beam search with this many beams, instead of sampling", Integer(1))

    @property
    def uses_seed(self) -> bool:
        """Whether characters are sampled, so that they depend on the seed."""
        return self.beam_width is None and self.temperature > 0

    def check_vocabulary(self, vocab_size: int) -> None:
        """Raise FieldError for a top_k above the number of characters there are."""
        if self.top_k is not None and self.top_k > vocab_size:
            raise FieldError("top_k", f"must be at most {vocab_size}, the vocabulary, not {self.top_k}")

    def seeded(self) -> Self:
        """These settings with a seed: their own, or a fresh one from the operating system."""
        return self if self.seed is not None else replace(self, seed=secrets.randbits(64))
