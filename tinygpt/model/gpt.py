"""The transformer, to be read from top to bottom: the language model, its block, the block's parts, the families.

Attention has a file of its own, attention.py; read it where Block first uses it.

The last letters of a tensor's name are its dimensions:
    B  batch: sequences side by side
    T  time: positions in a sequence, at most block_size
    C  channels: the n_embd numbers that describe one character
    H  heads of attention
    D  channels of one head (C / H)
    V  vocabulary: one number for each character that could come next

All families have the same structure and differ in the modules it is built from: FAMILIES, near the end, lists
them. "gpt" is the block of "Attention Is All You Need" (Vaswani et al., 2017) in the arrangement of GPT-2
(Radford et al., 2019), as in Karpathy's lecture. "llama" and "qwen3" are its modern form, compatible with the
models of these names in the transformers library: the same weights give the same logits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.model.attention import MultiHeadAttention, NormedRotaryAttention, RotaryAttention
from tinygpt.model.kv_cache import KVCache, LayerCache
from tinygpt.model.layers import Dropout, RMSNorm
from tinygpt.model.sampling import sample


class GPTLanguageModel(nn.Module):
    """A decoder-only transformer: for each character of a text, the logits of the one that follows."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.config = config
        family = FAMILIES[config.family]
        self.embedding = family.embedding(config)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.norm = family.norm(config.n_embd)
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        self.apply(_initialize)

    def forward(
        self, x_BT: Tensor, targets: Tensor | None = None, cache: KVCache | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Predict the character after each position.

        Args:
            x_BT: ids of characters, T at most block_size.
            targets: the ids that follow, targets_BT, or their probabilities, targets_BTV.
            cache: keys and values of the characters before x_BT in the same window. x_BT is then
                either many characters at position 0 or a single one at a later position.

        Returns:
            logits_BTV, or (logits_BTV, loss) if targets are given: the loss is the mean of
            -ln p(target), in nats per character.
        """
        logits_BTV = self.lm_head(self.norm(self.residual_stream(x_BT, cache)))
        if targets is None:
            return logits_BTV
        return logits_BTV, F.cross_entropy(logits_BTV.float().flatten(0, 1), targets.flatten(0, 1))

    def residual_stream(self, x_BT: Tensor, cache: KVCache | None = None) -> Tensor:
        """The hidden state of each position after the last block: x_BTC. Arguments as for forward."""
        layers = cache.layers if cache else [None] * len(self.blocks)
        x_BTC = self.embedding(x_BT, start=cache.length if cache else 0)
        for block, layer_cache in zip(self.blocks, layers, strict=True):
            x_BTC = block(x_BTC, layer_cache)
        return x_BTC

    @torch.no_grad()
    def generate(
        self,
        x_BT: Tensor,
        max_new_tokens: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Tensor:
        """Continue each row by `max_new_tokens` characters.

        This is the plain loop, with a whole forward pass for every character: the reference for
        every faster way to generate. When the window is full, its last half starts the next one.

        Args:
            x_BT: ids of the prompts, at least one per row.
            max_new_tokens: number N of characters to add.
            temperature, top_k, top_p: see SampleConfig.
            seed: row b is sampled with seed + b; a fresh seed if None.

        Returns:
            The prompts with their continuations: ids of shape (B, T + N).

        Raises:
            ValueError: for prompts that are no ids of this shape; FieldError, a ValueError, for a setting out of
                SampleConfig's bounds.
        """
        x_BT = _checked_prompts(x_BT, self.config.vocab_size)
        settings = SampleConfig(
            max_new_tokens=max_new_tokens, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed
        ).seeded()
        settings.check_vocabulary(self.config.vocab_size)
        window_BT = x_BT[:, -self.config.block_size :]
        with evaluating(self):
            for i in range(settings.max_new_tokens):
                logits_BV = self(window_BT)[:, -1].float().cpu().numpy()
                ids = [
                    sample(logits_V, settings.temperature, settings.top_k, settings.top_p, settings.seed + b, i)
                    for b, logits_V in enumerate(logits_BV)
                ]
                next_B1 = torch.tensor(ids, device=x_BT.device)[:, None]
                x_BT = torch.cat([x_BT, next_B1], dim=1)
                window_BT = torch.cat([window_BT, next_B1], dim=1)
                if window_BT.size(1) > self.config.block_size:
                    window_BT = window_BT[:, -self.config.kept :]
        return x_BT


class Block(nn.Module):
    """Attention lets characters exchange information; the feed-forward network then processes each by itself.

    Both add their output to x instead of replacing it. These residual connections leave a direct path
    through the whole stack, along which the gradient reaches the first block undiminished. Each part
    reads a normalized copy of x (pre-norm), so that its input keeps the same scale as the sum grows.
    """

    def __init__(self, config: GPTConfig):
        super().__init__()
        family = FAMILIES[config.family]
        self.attention_norm = family.norm(config.n_embd)
        self.attention = family.attention(config)
        self.feed_forward_norm = family.norm(config.n_embd)
        self.feed_forward = family.feed_forward(config)

    def forward(self, x_BTC: Tensor, cache: LayerCache | None = None) -> Tensor:
        x_BTC = x_BTC + self.attention(self.attention_norm(x_BTC), cache)
        return x_BTC + self.feed_forward(self.feed_forward_norm(x_BTC))


class FeedForward(nn.Module):
    """A multilayer perceptron applied to each character by itself: C -> 4C, ReLU, 4C -> C."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.expand = nn.Linear(config.n_embd, config.hidden)
        self.proj = nn.Linear(config.hidden, config.n_embd)
        self.dropout = Dropout(config.dropout)

    def forward(self, x_BTC: Tensor) -> Tensor:
        return self.dropout(self.proj(self.expand(x_BTC).relu()))


class TokenEmbedding(nn.Module):
    """A learned vector for each character of the vocabulary.

    It ignores `start`, the first position: in the families that use it, attention encodes the positions.
    """

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.token = nn.Embedding(config.vocab_size, config.n_embd)

    def forward(self, x_BT: Tensor, start: int = 0) -> Tensor:
        return self.token(x_BT)


class TokenAndPositionEmbedding(TokenEmbedding):
    """A learned vector for each character plus a learned vector for each position.

    Attention compares contents only: without positions, a character cannot tell directly how far back
    another one is.
    """

    def __init__(self, config: GPTConfig):
        super().__init__(config)
        self.position = nn.Embedding(config.block_size, config.n_embd)

    def forward(self, x_BT: Tensor, start: int = 0) -> Tensor:
        positions_T = torch.arange(start, start + x_BT.size(1), device=x_BT.device)
        return self.token(x_BT) + self.position(positions_T)


class SwiGLU(nn.Module):
    """A feed-forward network with a gate: one branch scales what the other passes on (Shazeer, 2020)."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.gate = nn.Linear(config.n_embd, config.hidden, bias=False)
        self.expand = nn.Linear(config.n_embd, config.hidden, bias=False)
        self.proj = nn.Linear(config.hidden, config.n_embd, bias=False)
        self.dropout = Dropout(config.dropout)

    def forward(self, x_BTC: Tensor) -> Tensor:
        return self.dropout(self.proj(F.silu(self.gate(x_BTC)) * self.expand(x_BTC)))


class Family(NamedTuple):
    """The modules that a model of one family is built from."""

    embedding: Callable[[GPTConfig], nn.Module]
    norm: Callable[[int], nn.Module]
    attention: Callable[[GPTConfig], nn.Module]
    feed_forward: Callable[[GPTConfig], nn.Module]


FAMILIES = {
    "gpt": Family(TokenAndPositionEmbedding, nn.LayerNorm, MultiHeadAttention, FeedForward),
    "llama": Family(TokenEmbedding, RMSNorm, RotaryAttention, SwiGLU),
    "qwen3": Family(TokenEmbedding, RMSNorm, NormedRotaryAttention, SwiGLU),
}


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put the model into evaluation mode, without dropout; on exit, back into the mode it was in."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def _checked_prompts(x_BT: Tensor, vocab_size: int) -> Tensor:
    """The prompts as int64. Raises ValueError unless they are ids of shape (B, T), with B and T at least 1."""
    if x_BT.ndim != 2 or not x_BT.numel():
        raise ValueError(f"prompts must be ids of shape (B, T), at least one id per row, not of shape {(*x_BT.shape,)}")
    whole = not (x_BT.is_floating_point() or x_BT.is_complex() or x_BT.dtype == torch.bool)
    if not whole or x_BT.min() < 0 or x_BT.max() >= vocab_size:
        raise ValueError(
            f"ids must be whole numbers from 0 to {vocab_size - 1}, the vocabulary, "
            f"not {x_BT.dtype} from {x_BT.min().item()} to {x_BT.max().item()}"
        )
    return x_BT.long()


def _initialize(module: nn.Module) -> None:
    """Set small random weights, with which all characters are about equally likely to come next."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
