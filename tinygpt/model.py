"""The transformer, readable from top to bottom: the whole, the block, its parts, the families.

Attention has a file of its own, attention.py, to be read where Block first names it.

Dimensions, as the last letters of a tensor's name spell them:
    B  batch: sequences side by side
    T  time: positions in a sequence, at most block_size
    C  channels: the n_embd numbers that describe one character
    H  heads of attention
    D  channels of one head (C / H)
    V  vocabulary: one number for each character that could come next

Two families share everything but their parts. "gpt" is the block of "Attention Is All You Need"
(Vaswani et al., 2017) as GPT-2 arranged it (Radford et al., 2019) and Karpathy's lecture teaches
it. "llama" and "qwen3" are its modern form; their weights mean what the models of these names
mean in the transformers library.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinygpt.attention import MultiHeadAttention, NormedRotaryAttention, RotaryAttention
from tinygpt.cache import CachedReader, KVCache, LayerCache
from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.layers import Dropout, RMSNorm
from tinygpt.sampling import sample
from tinygpt.trace import Trace


class GPTLanguageModel(nn.Module):
    """Reads characters, and at each one says how likely every character is to come next."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.config = config
        family = FAMILIES[config.family]
        self.embedding = family.embedding(config)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.norm = family.norm(config.n_embd)
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        self.apply(_initialise)

    def forward(
        self, x_BT: Tensor, targets: Tensor | None = None, cache: KVCache | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Logits of the character after each position.

        Args:
            x_BT: ids of characters, T at most block_size.
            targets: the ids that do come next, targets_BT, or how likely each is to, targets_BTV;
                with them the loss is returned too.
            cache: remembers earlier characters of the same window. x_BT then continues them:
                either many characters at position 0 or a single one after that.

        Returns logits_BTV, or (logits_BTV, loss) with targets: the mean of -ln p(target), in nats.
        """
        layers = cache.layers if cache else [None] * len(self.blocks)
        x_BTC = self.embedding(x_BT, cache.length if cache else 0)
        for block, layer_cache in zip(self.blocks, layers, strict=True):
            x_BTC = block(x_BTC, layer_cache)
        logits_BTV = self.lm_head(self.norm(x_BTC))
        if targets is None:
            return logits_BTV
        return logits_BTV, F.cross_entropy(logits_BTV.float().flatten(0, 1), targets.flatten(0, 1))

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
        """Continue each row by `max_new_tokens` characters: x_B(T+N).

        The plain loop: a whole forward pass for every character. It is what every faster way to
        generate has to equal. Row b is drawn with seed + b, from a fresh seed if none is given.

        Raises ValueError for a setting out of SampleConfig's bounds.
        """
        settings = SampleConfig(
            max_new_tokens=max_new_tokens, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed
        ).seeded()
        settings.check_vocabulary(self.config.vocab_size)
        window_BT = x_BT[:, -self.config.block_size :]
        with evaluating(self):
            for i in range(max_new_tokens):
                logits_BV = self(window_BT)[:, -1].float().cpu().numpy()
                ids = [sample(row, temperature, top_k, top_p, settings.seed + b, i) for b, row in enumerate(logits_BV)]
                next_B1 = torch.tensor(ids, device=x_BT.device)[:, None]
                x_BT = torch.cat([x_BT, next_B1], dim=1)
                window_BT = torch.cat([window_BT, next_B1], dim=1)
                if window_BT.size(1) > self.config.block_size:
                    window_BT = window_BT[:, -self.config.kept :]
        return x_BT

    @torch.no_grad()
    def trace(self, ids: list[int]) -> Trace:
        """Read one text of at most a window, and tell what went on."""
        x_BTC = self.embedding(torch.tensor([ids], device=self.lm_head.weight.device))
        stream, compared = [x_BTC[0, -1]], []
        with evaluating(self):
            for block in self.blocks:
                compared.append(block.attention.compared(block.attention_norm(x_BTC)))
                x_BTC = block(x_BTC)
                stream.append(x_BTC[0, -1])
            logits_LV = self.lm_head(self.norm(torch.stack(stream)))
        queries_LHTD, keys_LHTD = (torch.cat(part) for part in zip(*compared, strict=True))
        told = queries_LHTD, keys_LHTD, torch.stack(stream), logits_LV
        return Trace(*(part.float().cpu().numpy() for part in told))

    def reader(self, batch: int) -> CachedReader:
        """To read and continue `batch` texts side by side, each character once; in evaluation mode from now on."""
        return CachedReader(self, batch)


class Block(nn.Module):
    """Attention gathers from the characters before; the feed-forward part works on what was gathered.

    Both are added to x rather than replacing it. These residual sums leave a straight path through
    the whole stack, along which the gradient reaches the first block undiminished. Each part reads
    a normalised copy of x (pre-norm), so its input has one scale however much has been added up.
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
    """Thinks about each character by itself: out to 4C, a ReLU, and back."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.expand = nn.Linear(config.n_embd, config.hidden)
        self.proj = nn.Linear(config.hidden, config.n_embd)
        self.dropout = Dropout(config.dropout)

    def forward(self, x_BTC: Tensor) -> Tensor:
        return self.dropout(self.proj(self.expand(x_BTC).relu()))


class TokenEmbedding(nn.Module):
    """A learned vector for what a character is."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.token = nn.Embedding(config.vocab_size, config.n_embd)

    def forward(self, x_BT: Tensor, start: int = 0) -> Tensor:
        return self.token(x_BT)


class Embedding(TokenEmbedding):
    """The same, plus a learned vector for where the character stands.

    Attention by itself sees a set, not a sequence: without positions, "dog" and "god" look alike.
    """

    def __init__(self, config: GPTConfig):
        super().__init__(config)
        self.position = nn.Embedding(config.block_size, config.n_embd)

    def forward(self, x_BT: Tensor, start: int = 0) -> Tensor:
        positions_T = torch.arange(start, start + x_BT.size(1), device=x_BT.device)
        return self.token(x_BT) + self.position(positions_T)


class SwiGLU(nn.Module):
    """A feed-forward part with a gate: one branch decides how much of the other passes (Shazeer, 2020)."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.gate = nn.Linear(config.n_embd, config.hidden, bias=False)
        self.expand = nn.Linear(config.n_embd, config.hidden, bias=False)
        self.proj = nn.Linear(config.hidden, config.n_embd, bias=False)
        self.dropout = Dropout(config.dropout)

    def forward(self, x_BTC: Tensor) -> Tensor:
        return self.dropout(self.proj(F.silu(self.gate(x_BTC)) * self.expand(x_BTC)))


class Family(NamedTuple):
    """The parts a model is built from."""

    embedding: Callable[[GPTConfig], nn.Module]
    norm: Callable[[int], nn.Module]
    attention: Callable[[GPTConfig], nn.Module]
    feed_forward: Callable[[GPTConfig], nn.Module]


FAMILIES = {
    "gpt": Family(Embedding, nn.LayerNorm, MultiHeadAttention, FeedForward),
    "llama": Family(TokenEmbedding, RMSNorm, RotaryAttention, SwiGLU),
    "qwen3": Family(TokenEmbedding, RMSNorm, NormedRotaryAttention, SwiGLU),
}


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Without dropout inside the block; afterwards the model is in the mode it was in."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def _initialise(module: nn.Module) -> None:
    """Small random weights: at first every character is about equally likely to come next."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
