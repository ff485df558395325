"""The shapes of a model's parameters are known without building it."""

import pytest
import torch

from tinygpt import PRESETS, GPTConfig, GPTLanguageModel
from tinygpt.model.gpt import FAMILIES
from tinygpt.model.parameter_shapes import count_parameters, shapes

CONFIGS = [preset.model for preset in PRESETS.values()] + [
    GPTConfig(family=family, vocab_size=5, block_size=3, n_layer=2, n_head=3, n_embd=18) for family in FAMILIES
]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_they_are_those_of_the_model_s_state_dict(config):
    with torch.device("meta"):  # without allocating memory
        model = GPTLanguageModel(config)
    assert shapes(config) == {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert count_parameters(config) == sum(parameter.numel() for parameter in model.parameters())
