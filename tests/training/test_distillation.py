"""training/distillation.py: ensembles of models, and what they predict for a text."""

import pytest
import torch

from tinygpt import TextEncoderDecoder, evaluate_full, save_checkpoint
from tinygpt.training.distillation import Ensemble, load_ensemble, predictions

CPU = torch.device("cpu")


@torch.no_grad()
def test_an_ensemble_predicts_the_mean_of_the_probabilities(build, dataset):
    one, two = build("gpt", seed=1), build("qwen3", seed=2)
    x_BT = dataset.train[:16].long().view(2, 8)
    mean_BTV = (one(x_BT).softmax(-1) + two(x_BT).softmax(-1)) / 2
    torch.testing.assert_close(Ensemble([one, two])(x_BT).softmax(-1), mean_BTV)


def test_an_ensemble_of_one_model_predicts_what_the_model_does(build, dataset):
    model = build()
    alone, ensemble = (evaluate_full(m, dataset.validation).nats for m in (model, Ensemble([model])))
    assert ensemble == pytest.approx(alone, abs=1e-6)


def test_the_context_of_an_ensemble_is_its_smallest_one(build):
    assert Ensemble([build(block_size=16), build(block_size=4)]).config.block_size == 4


@torch.no_grad()
@pytest.mark.parametrize("length", [2, 7, 8, 9, 31, 300])
def test_predictions_are_made_from_at_least_half_a_window(build, dataset, length):
    model, data = build(), dataset.train[:length]
    probabilities_NV = predictions(model, data)
    assert probabilities_NV.shape == (length, model.config.vocab_size)
    starts = [*range(0, max(1, length - 8), 4), max(0, length - 8)]
    for i in range(length):
        start = max(s for s in starts if s == 0 or i - s >= 4)
        expected_V = model(data[None, start : i + 1].long())[0, -1].softmax(-1)
        torch.testing.assert_close(probabilities_NV[i].float(), expected_V, rtol=2e-3, atol=1e-5)


def test_a_model_with_another_vocabulary_is_refused(build, tokenizer, weights, tmp_path):
    assert len(load_ensemble([weights, weights], tokenizer, CPU).models) == 2
    other = TextEncoderDecoder("".join(chr(300 + i) for i in range(tokenizer.vocab_size)))
    save_checkpoint(tmp_path, build(), other)
    with pytest.raises(ValueError, match="has another vocabulary than this text"):
        load_ensemble([weights, tmp_path], tokenizer, CPU)
