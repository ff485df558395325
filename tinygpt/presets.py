"""Presets: named settings of a model and its training. Nothing here needs torch."""

from dataclasses import dataclass, replace

from tinygpt.config import GPTConfig, TrainConfig

# How often a run may read its text without dropout, and the dropout of one that reads it more often: see "Training
# time" in docs/benchmarks.md.
_READS_WITHOUT_DROPOUT = 10
_DROPOUT_IF_READ_OFTEN = 0.15


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Named settings of a training run. `about` describes them in one line of a list."""

    about: str
    model: GPTConfig
    train: TrainConfig
    dropout_if_read_often: float | None = None  # instead of the model's, where a run would memorize its text

    def with_dropout(self, model: GPTConfig, train: TrainConfig, characters: int) -> GPTConfig:
        """The config of a model for a run that learns so many characters, with the dropout that the run needs."""
        times_read = train.max_iters * train.batch_size * model.block_size / characters
        if self.dropout_if_read_often is None or times_read <= _READS_WITHOUT_DROPOUT:
            return model
        return replace(model, dropout=self.dropout_if_read_often)


# The lecture's larger model (Karpathy, "Let's build GPT", 2023), which has nanoGPT's sizes.
_LECTURE = GPTConfig(block_size=256, n_layer=6, n_head=6, n_embd=384, dropout=0.2)

_MODERN = GPTConfig(family="qwen3", block_size=256, n_layer=6, n_head=3, n_embd=192)
# `python -m benchmarks.sweep` lists the settings that were compared with these, and their losses.
_TRAINING = TrainConfig(
    batch_size=16,
    batches="shuffled",
    max_iters=1000,
    eval_interval=250,
    eval_iters=20,
    optimizer="muon",
    learning_rate=0.01,
    weight_decay=0.1,
    beta2=0.99,
    warmup_iters=50,
    decay="linear",
    decay_fraction=0.9,
    grad_clip=1.0,
    ema_decay=0.99,
    compile=True,
)

PRESETS = {
    "default": Preset(
        about="modern block, Muon, averaged weights: minutes on a CPU",
        model=_MODERN,
        train=_TRAINING,
        dropout_if_read_often=_DROPOUT_IF_READ_OFTEN,
    ),
    "quick": Preset(
        about="the default, but small and short: seconds, to see that it works",
        model=replace(_MODERN, block_size=64, n_layer=2, n_head=2, n_embd=64),
        train=replace(
            _TRAINING,
            max_iters=400,
            eval_interval=400,
            learning_rate=0.02,
            ns_steps=3,
            warmup_iters=10,
            ema_decay=0.9,
            compile=False,
        ),
    ),
    "teacher": Preset(
        about="the default for more steps; eight with different seeds are the teachers of best",
        model=_MODERN,
        train=replace(_TRAINING, max_iters=2000, eval_interval=500),
        dropout_if_read_often=_DROPOUT_IF_READ_OFTEN,
    ),
    "best": Preset(
        about="the shipped weights: distilled from teachers, 40 minutes on two cores of a CPU",
        model=replace(_MODERN, dropout=0.05),
        train=replace(
            _TRAINING,
            max_iters=10_000,
            eval_interval=500,
            distill_weight=1.0,
            ngram_weight=0.1,
            snapshots=4,
        ),
    ),
    "little-shakespeare": Preset(
        about="4 layers, width 64, context 32: minutes on a CPU",
        model=GPTConfig(block_size=32, n_layer=4, n_head=4, n_embd=64),
        train=TrainConfig(batch_size=16, learning_rate=1e-3, eval_iters=200, publish="best"),
    ),
    "tiny-gpt": Preset(
        about="the first transformer of Karpathy's lecture, context 8",
        model=GPTConfig(block_size=8, n_layer=4, n_head=4, n_embd=64),
        train=TrainConfig(batch_size=32, learning_rate=1e-3, eval_iters=200, publish="best"),
    ),
    "gpt-from-scratch": Preset(
        about="the lecture's larger model with weight decay against overfitting: for a GPU",
        model=_LECTURE,
        train=TrainConfig(weight_decay=0.1, eval_iters=200, publish="best"),
    ),
    "shakespeare-gpt": Preset(
        about="the lecture's larger model unchanged: for a GPU",
        model=_LECTURE,
        train=TrainConfig(eval_iters=200, publish="best"),
    ),
    "nanogpt": Preset(
        about="sizes and settings of nanoGPT's shakespeare_char: for a GPU",
        model=_LECTURE,
        train=TrainConfig(
            eval_interval=250,
            eval_iters=200,
            learning_rate=1e-3,
            weight_decay=0.1,
            beta2=0.99,
            warmup_iters=100,
            decay="cosine",
            min_lr_ratio=0.1,
            grad_clip=1.0,
            publish="best",
        ),
    ),
}
