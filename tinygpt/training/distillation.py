"""Knowledge distillation: a model learns from the predictions of several trained models, its teachers.

See Hinton et al., "Distilling the Knowledge in a Neural Network" (2015).
"""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinygpt.checkpoint.reading import read_facts
from tinygpt.checkpoint.torch_checkpoint import load_checkpoint
from tinygpt.config import GPTConfig, TrainConfig
from tinygpt.data.dataset import Dataset
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.fields import FieldError
from tinygpt.model.gpt import GPTLanguageModel, evaluating


class Ensemble(nn.Module):
    """Several models as one, which predicts the mean of their probabilities.

    The errors that each model makes by chance partly cancel in the mean.
    """

    def __init__(self, models: Sequence[GPTLanguageModel]):
        super().__init__()
        self.models = nn.ModuleList(models)

    @property
    def config(self) -> GPTConfig:
        """The config of the model with the smallest context, which limits what all can read."""
        return min((model.config for model in self.models), key=lambda config: config.block_size)

    def forward(self, x_BT: Tensor) -> Tensor:
        """Return logits_BTV of the character after each position: the logarithm of the mean probabilities."""
        each_NBTV = torch.stack([model(x_BT).float().log_softmax(dim=-1) for model in self.models])
        return each_NBTV.logsumexp(dim=0) - math.log(len(self.models))


def load_ensemble(folders: Sequence[str | Path], tokenizer: TextEncoderDecoder, device: torch.device) -> Ensemble:
    """Load several checkpoints as an ensemble.

    Raises as load_checkpoint does, and ValueError for a checkpoint with another vocabulary than the tokenizer's.
    """
    models = []
    for folder in folders:
        model, own_tokenizer = load_checkpoint(folder, device)
        if own_tokenizer.vocabulary != tokenizer.vocabulary:
            raise ValueError(f"{folder} has another vocabulary than this text: train it on this text")
        models.append(model)
    return Ensemble(models)


def check_teacher(folder: str | Path, dataset: Dataset) -> str:
    """Return the sha256 of a teacher's weights once it is known to have been trained on this dataset.

    Raises ValueError for another text, which may contain the validation text of this run, and as read_facts does.
    """
    facts = read_facts(folder)
    if facts["vocabulary"] != dataset.tokenizer.vocabulary or facts.get("data_sha256") != dataset.sha256:
        raise ValueError(
            f"the teacher {folder} was not trained on this run's text: "
            "train it on exactly this text, so that it has not seen the validation split"
        )
    return facts["weights_sha256"]


def check_weights(config: TrainConfig, teachers: int) -> None:
    """Raise FieldError for weights of predictions without teachers, and for teachers without a weight.

    `teachers` is their number.
    """
    for field in ("distill_weight", "ngram_weight"):
        weight = getattr(config, field)
        if weight and not teachers:
            remedy = "name the folders of trained weights, or set it to 0"
            raise FieldError(field, f"of {weight:g} needs teachers: {remedy}")
    if teachers and not config.distill_weight:
        raise FieldError("distill_weight", "must be above 0 when there are teachers, not 0")


@torch.no_grad()
def predictions(model: nn.Module, data: Tensor) -> Tensor:
    """Return what a model predicts after each character of a text: probabilities_NV, in float16.

    Windows overlap by half, so that all but the first half window is predicted from at least half a
    window of text.
    """
    size = min(model.config.block_size, len(data))
    device = next(model.parameters()).device
    probabilities_NV = torch.empty(len(data), model.config.vocab_size, dtype=torch.float16)
    last = len(data) - size
    starts = torch.tensor([*range(0, last, max(1, size // 2)), last])
    with evaluating(model):
        for starts_B in starts.split(32):
            windows_BT = data[starts_B[:, None] + torch.arange(size)].long().to(device)
            batch_BTV = model(windows_BT).float().softmax(dim=-1).half().cpu()
            for start, window_TV in zip(starts_B.tolist(), batch_BTV, strict=True):
                overlap = size // 2 if start else 0
                probabilities_NV[start + overlap : start + size] = window_TV[overlap:]
    return probabilities_NV


def soft_targets(predictions_NV: Tensor, starts_B: Tensor, y_BT: Tensor, weight: float) -> Tensor:
    """Mix the teachers' predictions into the targets of a batch: probabilities targets_BTV.

    Args:
        predictions_NV: what the teachers predict after each character of the training text.
        starts_B: where in that text the rows of the batch begin.
        y_BT: the characters that follow in the text.
        weight: of the predictions, 0 to 1; the rest is the text.
    """
    teachers_BTV = predictions_NV[starts_B[:, None] + torch.arange(y_BT.size(1))].float()
    text_BTV = F.one_hot(y_BT, predictions_NV.size(1)).float()
    return text_BTV.lerp(teachers_BTV, weight)
