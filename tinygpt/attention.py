"""Attention: how a character gathers what it needs from the characters before it.

First one head, spelled out to be read; then all heads of a block at once, which is what the model
runs; then the modern kind. Dimensions are those at the head of model.py.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinygpt.cache import LayerCache
from tinygpt.config import GPTConfig
from tinygpt.layers import Dropout, RMSNorm

# Up to this many positions a processor trains faster with attention written out than with torch's fused
# one, whose backward pass takes three times as long there. Beyond, the T×T matrices take too much memory.
LONGEST_WRITTEN_OUT = 512


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
        self.dropout = Dropout(config.dropout)

    def forward(self, x_BTC: Tensor, cache: LayerCache | None = None) -> Tensor:
        """x_BTC -> (B, T, C). With a cache, x continues the characters it holds."""
        q_BHTD, k_BHTD, v_BHTD = (self._heads(part(x_BTC)) for part in (self.query, self.key, self.value))
        q_BHTD, k_BHTD = self.placed(q_BHTD, k_BHTD, start=cache.length if cache else 0)
        if cache:
            k_BHTD, v_BHTD = cache.extend(k_BHTD, v_BHTD)
        T, seen = q_BHTD.size(2), k_BHTD.size(2)
        assert T in (1, seen), "several characters can only be read at the start of a window"
        if torch.is_grad_enabled() and x_BTC.device.type == "cpu" and T <= LONGEST_WRITTEN_OUT:
            out_BHTD = self._written_out(q_BHTD, k_BHTD, v_BHTD)
        else:
            # The mask and softmax of Head, in one call. A single new character may see all the others.
            dropout = self.dropout.p if self.training and self.weights_dropout else 0.0
            out_BHTD = F.scaled_dot_product_attention(q_BHTD, k_BHTD, v_BHTD, dropout_p=dropout, is_causal=T > 1)
        return self.dropout(self.proj(out_BHTD.transpose(1, 2).flatten(2)))

    def compared(self, x_BTC: Tensor) -> tuple[Tensor, Tensor]:
        """The queries and the keys that attention to x compares: q_BHTD and k_BHTD."""
        return self.placed(self._heads(self.query(x_BTC)), self._heads(self.key(x_BTC)), start=0)

    def placed(self, q_BHTD: Tensor, k_BHTD: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Queries and keys as attention compares them; here as they are, positions being in x."""
        return q_BHTD, k_BHTD

    def _written_out(self, q_BHTD: Tensor, k_BHTD: Tensor, v_BHTD: Tensor) -> Tensor:
        q_BTD, k_BTD = q_BHTD.flatten(0, 1), k_BHTD.flatten(0, 1)  # heads are rows here
        T, D = q_BTD.shape[1:]
        later_TT = torch.full((T, T), float("-inf"), dtype=q_BTD.dtype, device=q_BTD.device).triu(diagonal=1)
        weights_BTT = torch.baddbmm(later_TT, q_BTD, k_BTD.transpose(1, 2), alpha=D**-0.5).softmax(dim=-1)
        if self.weights_dropout:
            weights_BTT = self.dropout(weights_BTT)
        return (weights_BTT @ v_BHTD.flatten(0, 1)).unflatten(0, v_BHTD.shape[:2])

    def _heads(self, x_BTC: Tensor) -> Tensor:
        return x_BTC.unflatten(2, (self.n_head, -1)).transpose(1, 2)  # (B, T, C) -> (B, H, T, D)


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
