"""ensemble.py: several models that answer as one."""

import pytest
import torch

from tinygpt import TextEncoderDecoder, evaluate_full, save_checkpoint
from tinygpt.ensemble import Ensemble, load_ensemble, predictions

CPU = torch.device("cpu")


@torch.no_grad()
def test_an_ensemble_answers_with_the_mean_of_the_probabilities(build, dataset):
    one, two = build("gpt", seed=1), build("qwen3", seed=2)
    x_BT = dataset.train[:16].long().view(2, 8)
    mean_BTV = (one(x_BT).softmax(-1) + two(x_BT).softmax(-1)) / 2
    torch.testing.assert_close(Ensemble([one, two])(x_BT).softmax(-1), mean_BTV)


def test_an_ensemble_of_one_is_that_model(build, dataset):
    model = build()
    alone, ensemble = (evaluate_full(m, dataset.validation).nats for m in (model, Ensemble([model])))
    assert ensemble == pytest.approx(alone, abs=1e-6)


def test_an_ensemble_reads_no_further_than_its_shortest_member(build):
    assert Ensemble([build(block_size=16), build(block_size=4)]).config.block_size == 4


@torch.no_grad()
@pytest.mark.parametrize("length", [2, 7, 8, 9, 31, 300])
def test_predictions_are_those_of_the_model_with_half_a_window_before_them(build, dataset, length):
    model, data = build(), dataset.train[:length]
    probabilities_NV = predictions(model, data)
    assert probabilities_NV.shape == (length, model.config.vocab_size)
    starts = [*range(0, max(1, length - 8), 4), max(0, length - 8)]
    for i in range(length):
        start = max(s for s in starts if s == 0 or i - s >= 4)
        expected_V = model(data[None, start : i + 1].long())[0, -1].softmax(-1)
        torch.testing.assert_close(probabilities_NV[i].float(), expected_V, rtol=2e-3, atol=1e-5)


def test_models_of_another_vocabulary_are_refused(build, tokenizer, weights, tmp_path):
    assert len(load_ensemble([weights, weights], tokenizer, CPU).models) == 2
    other = TextEncoderDecoder("".join(chr(300 + i) for i in range(tokenizer.vocab_size)))
    save_checkpoint(tmp_path, build(), other)
    with pytest.raises(ValueError, match="other characters than this text has"):
        load_ensemble([weights, tmp_path], tokenizer, CPU)
