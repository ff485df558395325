"""Attention: how each character collects information from the characters before it.

First a single head, spelled out; then all heads of a block at once, which is what the models use;
then the variants of modern models. The dimension letters are those of gpt.py.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinygpt.config import GPTConfig
from tinygpt.model.kv_cache import LayerCache
from tinygpt.model.layers import Dropout, RMSNorm

# Up to this T, training on a CPU uses plain matrix products. Their backward pass is faster there (in bfloat16 by 1.2 to
# 2.2 times, at T = 256 on two cores of an Intel Xeon), but they need memory for T×T matrices.
MAX_EAGER_LENGTH = 512


class Head(nn.Module):
    """A single head of causal self-attention. MultiHeadAttention computes all heads at once.

    Each character makes three vectors: a query (what am I looking for?), a key (what do I offer?)
    and a value (what do I pass on?). A character's output is the average of the values before it
    and its own, weighted by how well their keys match its query.
    """

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.query = nn.Linear(config.n_embd, config.head_size, bias=False)
        self.key = nn.Linear(config.n_embd, config.head_size, bias=False)
        self.value = nn.Linear(config.n_embd, config.head_size, bias=False)

    def weights(self, x_BTC: Tensor) -> Tensor:
        """How much each position (row) attends to each other one (column): weights_BTT, rows sum to 1."""
        q_BTD, k_BTD = self.query(x_BTC), self.key(x_BTC)
        # A dot product of D terms grows with sqrt(D). Without this division the softmax would saturate.
        scores_BTT = q_BTD @ k_BTD.transpose(1, 2) / q_BTD.size(-1) ** 0.5
        # The causal mask hides later characters: a model that saw the next one would learn to copy it.
        T = x_BTC.size(1)
        later_TT = torch.ones(T, T, dtype=torch.bool, device=x_BTC.device).triu(diagonal=1)
        return scores_BTT.masked_fill(later_TT, float("-inf")).softmax(dim=-1)

    def forward(self, x_BTC: Tensor) -> Tensor:
        return self.weights(x_BTC) @ self.value(x_BTC)  # (B, T, T) @ (B, T, D) -> (B, T, D)


class MultiHeadAttention(nn.Module):
    """All heads of a block side by side, each free to look for something else.

    The outputs of the heads are concatenated and mixed by a linear projection. Head h owns the rows
    h·D to (h + 1)·D of the query, key and value matrices.
    """

    proj_bias = True
    weights_dropout = True  # in training, also drop attention weights

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.n_head = config.n_head
        self.query = nn.Linear(config.n_embd, config.n_embd, bias=False)
        self.key = nn.Linear(config.n_embd, config.n_embd, bias=False)
        self.value = nn.Linear(config.n_embd, config.n_embd, bias=False)
        self.proj = nn.Linear(config.n_embd, config.n_embd, bias=self.proj_bias)
        self.dropout = Dropout(config.dropout)

    def forward(self, x_BTC: Tensor, cache: LayerCache | None = None) -> Tensor:
        """Attend within x_BTC, and to the characters in the cache, which x_BTC continues: (B, T, C).

        Raises ValueError when x_BTC continues a cache by more than one character.
        """
        if cache and cache.length and x_BTC.size(1) > 1:
            raise ValueError(
                f"a cache that holds {cache.length:,} characters can only be continued one by one, not by "
                f"{x_BTC.size(1):,} at once: clear it first, or read them one after the other"
            )
        q_BHTD, k_BHTD = self.queries_and_keys(x_BTC, start=cache.length if cache else 0)
        v_BHTD = self._split_heads(self.value(x_BTC))
        if cache:
            cache.last_queries_and_keys = q_BHTD, k_BHTD  # for TorchEngine's overflow check
            k_BHTD, v_BHTD = cache.extend(k_BHTD, v_BHTD)
        T = q_BHTD.size(2)
        use_eager = torch.is_grad_enabled() and x_BTC.device.type == "cpu" and T <= MAX_EAGER_LENGTH
        if use_eager:
            out_BHTD = self._eager_attention(q_BHTD, k_BHTD, v_BHTD)
        else:
            # The fused form of Head's formula. A single new character needs no mask: all keys come before it.
            dropout = self.dropout.p if self.training and self.weights_dropout else 0.0
            out_BHTD = F.scaled_dot_product_attention(q_BHTD, k_BHTD, v_BHTD, dropout_p=dropout, is_causal=T > 1)
        return self.dropout(self.proj(out_BHTD.transpose(1, 2).flatten(2)))

    def queries_and_keys(self, x_BTC: Tensor, start: int = 0) -> tuple[Tensor, Tensor]:
        """The vectors that attention compares, q_BHTD and k_BHTD, of characters at positions from `start` on."""
        q_BHTD, k_BHTD = self._split_heads(self.query(x_BTC)), self._split_heads(self.key(x_BTC))
        return self.apply_positions(q_BHTD, k_BHTD, start)

    def apply_positions(self, q_BHTD: Tensor, k_BHTD: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Encode positions from `start` on in queries and keys. Nothing to do here: the embedding has added them."""
        return q_BHTD, k_BHTD

    def _eager_attention(self, q_BHTD: Tensor, k_BHTD: Tensor, v_BHTD: Tensor) -> Tensor:
        """Head's formula for all heads, as plain matrix products: out_BHTD.

        There are as many queries as keys, or a single query, for which the mask hides nothing.
        """
        q_NTD, k_NTD, v_NTD = (x_BHTD.flatten(0, 1) for x_BHTD in (q_BHTD, k_BHTD, v_BHTD))  # N = B·H
        T, D = q_NTD.shape[1:]
        mask_TT = torch.full((T, T), float("-inf"), dtype=q_NTD.dtype, device=q_NTD.device).triu(diagonal=1)
        weights_NTT = torch.baddbmm(mask_TT, q_NTD, k_NTD.transpose(1, 2), alpha=D**-0.5).softmax(dim=-1)
        if self.weights_dropout:
            weights_NTT = self.dropout(weights_NTT)
        return (weights_NTT @ v_NTD).unflatten(0, v_BHTD.shape[:2])

    def _split_heads(self, x_BTC: Tensor) -> Tensor:
        return x_BTC.unflatten(2, (self.n_head, -1)).transpose(1, 2)  # (B, T, C) -> (B, H, T, D)


class RotaryAttention(MultiHeadAttention):
    """Attention with rotary position embeddings (RoPE; Su et al., 2021).

    Queries and keys are rotated by angles that grow with their position. The dot product of two
    rotated vectors depends only on the difference of their angles, that is, on how far apart the
    characters are. Channels i and i + D/2 form the plane that is rotated.
    """

    proj_bias = False
    weights_dropout = False  # as in Llama and Qwen3

    def __init__(self, config: GPTConfig):
        super().__init__(config)
        exponents = torch.arange(0, config.head_size, 2) / config.head_size
        angles_TD = torch.outer(torch.arange(config.block_size), 10_000.0**-exponents).repeat(1, 2)
        self.register_buffer("cos_TD", angles_TD.cos(), persistent=False)
        self.register_buffer("sin_TD", angles_TD.sin(), persistent=False)

    def apply_positions(self, q_BHTD: Tensor, k_BHTD: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Rotate queries and keys by the angles of positions from `start` on."""
        return self._rotate(q_BHTD, start), self._rotate(k_BHTD, start)

    def _rotate(self, x_BHTD: Tensor, start: int) -> Tensor:
        positions = slice(start, start + x_BHTD.size(2))
        first, second = x_BHTD.chunk(2, dim=-1)
        return x_BHTD * self.cos_TD[positions] + torch.cat([-second, first], dim=-1) * self.sin_TD[positions]


class NormedRotaryAttention(RotaryAttention):
    """Rotary attention that normalizes every query and key first (QK-norm; Henry et al., 2020), as Qwen3 does.

    It keeps a few large scores from dominating the softmax, so that training tolerates a higher
    learning rate.
    """

    def __init__(self, config: GPTConfig):
        super().__init__(config)
        self.query_norm = RMSNorm(config.head_size)
        self.key_norm = RMSNorm(config.head_size)

    def apply_positions(self, q_BHTD: Tensor, k_BHTD: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Normalize queries and keys, then rotate them."""
        return super().apply_positions(self.query_norm(q_BHTD), self.key_norm(k_BHTD), start)
