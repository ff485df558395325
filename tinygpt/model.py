"""The transformer, readable from top to bottom: the whole, the block, the parts, the families.

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

from tinygpt.cache import KVCache, LayerCache
from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.sampling import sample


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
        self, x_BT: Tensor, targets_BT: Tensor | None = None, cache: KVCache | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Logits of the character after each position.

        Args:
            x_BT: ids of characters, T at most block_size.
            targets_BT: the ids that do come next; with them the loss is returned too.
            cache: remembers earlier characters of the same window. x_BT then continues them:
                either many characters at position 0 or a single one after that.

        Returns logits_BTV, or (logits_BTV, loss) with targets: the mean of -ln p(target), in nats.
        """
        layers = cache.layers if cache else [None] * len(self.blocks)
        x_BTC = self.embedding(x_BT, cache.length if cache else 0)
        for block, layer_cache in zip(self.blocks, layers, strict=True):
            x_BTC = block(x_BTC, layer_cache)
        logits_BTV = self.lm_head(self.norm(x_BTC))
        if targets_BT is None:
            return logits_BTV
        return logits_BTV, F.cross_entropy(logits_BTV.float().flatten(0, 1), targets_BT.flatten())

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


class Head(nn.Module):
    """One head of self-attention, spelled out. MultiHeadAttention computes all heads at once.

    From every character three vectors are made: a query (what am I looking for?), a key (what can
    I be found by?) and a value (what do I hand over when found?).
    """

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.query = nn.Linear(config.n_embd, config.head_size, bias=False)
        self.key = nn.Linear(config.n_embd, config.head_size, bias=False)
        self.value = nn.Linear(config.n_embd, config.head_size, bias=False)

    def weights(self, x_BTC: Tensor) -> Tensor:
        """How much each position (row) listens to each other one (column): B×T×T, rows sum to 1."""
        q_BTD, k_BTD = self.query(x_BTC), self.key(x_BTC)
        # A dot product of D terms grows with sqrt(D); undone, or softmax would saturate.
        scores_BTT = q_BTD @ k_BTD.transpose(1, 2) / q_BTD.size(-1) ** 0.5
        # The causal mask: what comes later is out of reach, or predicting it would be copying it.
        T = x_BTC.size(1)
        later_TT = torch.ones(T, T, dtype=torch.bool, device=x_BTC.device).triu(diagonal=1)
        return scores_BTT.masked_fill(later_TT, float("-inf")).softmax(dim=-1)

    def forward(self, x_BTC: Tensor) -> Tensor:
        return self.weights(x_BTC) @ self.value(x_BTC)  # (B, T, T) @ (B, T, D) -> (B, T, D)


class MultiHeadAttention(nn.Module):
    """All heads of a block side by side, each free to look for something else.

    Their results are concatenated and mixed by one projection. Rows h·D to (h+1)·D of query, key
    and value are those of head h.
    """

    proj_bias = True
    weights_dropout = True  # in training, some characters go unheard

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.n_head = config.n_head
        self.query = nn.Linear(config.n_embd, config.n_embd, bias=False)
        self.key = nn.Linear(config.n_embd, config.n_embd, bias=False)
        self.value = nn.Linear(config.n_embd, config.n_embd, bias=False)
        self.proj = nn.Linear(config.n_embd, config.n_embd, bias=self.proj_bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x_BTC: Tensor, cache: LayerCache | None = None) -> Tensor:
        """x_BTC -> (B, T, C). With a cache, x continues the characters it holds."""
        q_BHTD, k_BHTD, v_BHTD = (self._heads(part(x_BTC)) for part in (self.query, self.key, self.value))
        q_BHTD, k_BHTD = self.placed(q_BHTD, k_BHTD, start=cache.length if cache else 0)
        if cache:
            k_BHTD, v_BHTD = cache.extend(k_BHTD, v_BHTD)
        T, seen = q_BHTD.size(2), k_BHTD.size(2)
        assert T in (1, seen), "several characters can only be read at the start of a window"
        # The mask and softmax of Head, in one call. A single new character may see all the others.
        dropout = self.dropout.p if self.training and self.weights_dropout else 0.0
        out_BHTD = F.scaled_dot_product_attention(q_BHTD, k_BHTD, v_BHTD, dropout_p=dropout, is_causal=T > 1)
        return self.dropout(self.proj(out_BHTD.transpose(1, 2).flatten(2)))

    def placed(self, q_BHTD: Tensor, k_BHTD: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Queries and keys as attention compares them; here as they are, positions being in x."""
        return q_BHTD, k_BHTD

    def _heads(self, x_BTC: Tensor) -> Tensor:
        return x_BTC.unflatten(2, (self.n_head, -1)).transpose(1, 2)  # (B, T, C) -> (B, H, T, D)


class FeedForward(nn.Module):
    """Thinks about each character by itself: out to 4C, a ReLU, and back."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.expand = nn.Linear(config.n_embd, 4 * config.n_embd)
        self.proj = nn.Linear(4 * config.n_embd, config.n_embd)
        self.dropout = nn.Dropout(config.dropout)

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


# The modern family: the same roles, other parts. Positions are told in attention, by rotation.


class RotaryAttention(MultiHeadAttention):
    """Attention whose queries and keys are turned by an angle that grows with their position.

    The product of two turned vectors depends only on the angle between them, that is on how far
    apart the characters are (RoPE, Su et al., 2021). Channels i and i + D/2 form the turning pairs.
    """

    proj_bias = False
    weights_dropout = False  # it would need the whole T×T matrix, which fused attention never writes down

    def __init__(self, config: GPTConfig):
        super().__init__(config)
        pairs = torch.arange(0, config.head_size, 2) / config.head_size
        angles_TD = torch.outer(torch.arange(config.block_size), 10_000.0**-pairs).repeat(1, 2)
        self.register_buffer("cos_TD", angles_TD.cos(), persistent=False)
        self.register_buffer("sin_TD", angles_TD.sin(), persistent=False)

    def placed(self, q_BHTD: Tensor, k_BHTD: Tensor, start: int) -> tuple[Tensor, Tensor]:
        return self._turned(q_BHTD, start), self._turned(k_BHTD, start)

    def _turned(self, x_BHTD: Tensor, start: int) -> Tensor:
        here = slice(start, start + x_BHTD.size(2))
        first, second = x_BHTD.chunk(2, dim=-1)
        return x_BHTD * self.cos_TD[here] + torch.cat([-second, first], dim=-1) * self.sin_TD[here]


class NormedRotaryAttention(RotaryAttention):
    """Rotary attention that first brings every query and key to one length (Qwen3; Henry et al., 2020).

    A few large scores can then not run away with the softmax, and training bears a higher rate.
    """

    def __init__(self, config: GPTConfig):
        super().__init__(config)
        self.query_norm = RMSNorm(config.head_size)
        self.key_norm = RMSNorm(config.head_size)

    def placed(self, q_BHTD: Tensor, k_BHTD: Tensor, start: int) -> tuple[Tensor, Tensor]:
        return super().placed(self.query_norm(q_BHTD), self.key_norm(k_BHTD), start)


class SwiGLU(nn.Module):
    """A feed-forward part with a gate: one branch decides how much of the other passes (Shazeer, 2020)."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        # Three matrices of 8/3 C hold as many weights as FeedForward's two of 4C; in steps of 64.
        width = 64 * -(-8 * config.n_embd // (3 * 64))
        self.gate = nn.Linear(config.n_embd, width, bias=False)
        self.expand = nn.Linear(config.n_embd, width, bias=False)
        self.proj = nn.Linear(width, config.n_embd, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x_BTC: Tensor) -> Tensor:
        return self.dropout(self.proj(F.silu(self.gate(x_BTC)) * self.expand(x_BTC)))


class RMSNorm(nn.RMSNorm):
    """Scales a vector to length sqrt(width), without LayerNorm's shift (Zhang and Sennrich, 2019)."""

    def __init__(self, width: int):
        super().__init__(width, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.to(self.weight.dtype))  # squares want more than half precision


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
