"""Small layers that attention and the feed-forward part both use."""

import torch
from torch import Tensor, nn


class RMSNorm(nn.RMSNorm):
    """Scales a vector to length sqrt(width), without LayerNorm's shift (Zhang and Sennrich, 2019)."""

    def __init__(self, width: int):
        super().__init__(width, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.to(self.weight.dtype))  # squares want more than half precision


class Dropout(nn.Dropout):
    """Zeroes a share p of the values while training and scales the others up (Srivastava et al., 2014).

    torch draws 64 random bits for every value. On a processor that is a tenth of a training step;
    15 bits choose well enough, so here one draw serves four values.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.p or x.device.type != "cpu":
            return super().forward(x)
        draws = torch.randint(2**63 - 1, (-(-x.numel() // 4),)).view(torch.int16)
        keep = (draws[: x.numel()].view_as(x) & 0x7FFF) >= round(self.p * 2**15)
        return x * (keep.to(x.dtype) / (1 - self.p))
