"""Small layers that attention and the feed-forward networks share."""

import torch
from torch import Tensor, nn


class RMSNorm(nn.RMSNorm):
    """Scales a vector to a root mean square of 1, without LayerNorm's shift (Zhang and Sennrich, 2019)."""

    def __init__(self, width: int):
        super().__init__(width, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.to(self.weight.dtype))  # half precision is not enough for the squares


class Dropout(nn.Dropout):
    """Zeroes a fraction p of the values in training and scales up the others (Srivastava et al., 2014).

    On a CPU, torch's own dropout takes a tenth of a training step, as it generates 64 random bits per
    value. 15 bits are precise enough, so here each random number serves four values.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.p or x.device.type != "cpu":
            return super().forward(x)
        random = torch.randint(2**63 - 1, (-(-x.numel() // 4),)).view(torch.int16)
        keep = (random[: x.numel()].view_as(x) & 0x7FFF) >= round(self.p * 2**15)
        return x * (keep.to(x.dtype) / (1 - self.p))
