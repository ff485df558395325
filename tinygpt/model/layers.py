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

    On a CPU, torch's own dropout takes a tenth of a training step, as it generates 64 random bits per value. Here each
    value gets 8 of them, so p is rounded to a multiple of 1/256.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p < 1 / 256 or x.device.type != "cpu":
            return super().forward(x)
        random = torch.randint(-(2**63), 2**63 - 1, (-(-x.numel() // 8),)).view(torch.uint8)
        dropped = round(self.p * 256)  # the bytes below this
        # Not by a comparison: its result, of type bool, takes torch.compile longer to store than all else does.
        keep = (random[: x.numel()].view_as(x).to(x.dtype) - (dropped - 1)).clamp(0, 1)
        return x * keep * (256 / (256 - dropped))
