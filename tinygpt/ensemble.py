"""Several models that answer as one, and what a model can learn from them."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from tinygpt.checkpoint import load_checkpoint
from tinygpt.config import GPTConfig
from tinygpt.data import Dataset
from tinygpt.model import GPTLanguageModel, evaluating
from tinygpt.stored import read_facts
from tinygpt.tokenizer import TextEncoderDecoder


class Ensemble(nn.Module):
    """The mean of several models' probabilities: what they agree on stays, their chance errors cancel."""

    def __init__(self, models: Sequence[GPTLanguageModel]):
        super().__init__()
        self.models = nn.ModuleList(models)

    @property
    def config(self) -> GPTConfig:
        """That of the model with the smallest context, which bounds what all can read."""
        return min((model.config for model in self.models), key=lambda config: config.block_size)

    def forward(self, x_BT: Tensor) -> Tensor:
        """Logits of the character after each position, logits_BTV: ln of the mean probabilities."""
        each_NBTV = torch.stack([model(x_BT).float().log_softmax(dim=-1) for model in self.models])
        return each_NBTV.logsumexp(dim=0) - math.log(len(self.models))


def load_ensemble(folders: Sequence[str | Path], tokenizer: TextEncoderDecoder, device: torch.device) -> Ensemble:
    """The models of several checkpoints. Raises ValueError for one of another vocabulary than the tokenizer's."""
    models = []
    for folder in folders:
        model, its = load_checkpoint(folder, device)
        if its.vocabulary != tokenizer.vocabulary:
            raise ValueError(f"{folder} was trained on other characters than this text has")
        models.append(model)
    return Ensemble(models)


def checked_teacher(folder: str | Path, dataset: Dataset) -> str:
    """The sha256 of its weights. Raises ValueError for a model of another text: it might know what validates here."""
    facts = read_facts(folder)
    if facts["vocabulary"] != dataset.tokenizer.vocabulary or facts.get("data_sha256") != dataset.sha256:
        raise ValueError(f"{folder} was not trained on this run's text: a teacher must have read it, and nothing else")
    return facts["weights_sha256"]


@torch.no_grad()
def predictions(model: nn.Module, data: Tensor) -> Tensor:
    """What a model expects after each character of a text: probabilities_NV, in half precision.

    Windows overlap by half, so that all but the first half window is predicted from at least that
    much text before it.
    """
    size = min(model.config.block_size, len(data))
    device = next(model.parameters()).device
    probabilities_NV = torch.empty(len(data), model.config.vocab_size, dtype=torch.float16)
    last = len(data) - size
    starts = torch.tensor([*range(0, last, max(1, size // 2)), last])
    with evaluating(model):
        for starts_B in starts.split(32):
            x_BT = data[starts_B[:, None] + torch.arange(size)].long().to(device)
            for start, window_TV in zip(
                starts_B.tolist(), model(x_BT).float().softmax(dim=-1).half().cpu(), strict=True
            ):
                known = size // 2 if start else 0
                probabilities_NV[start + known : start + size] = window_TV[known:]
    return probabilities_NV
