"""A model card says what is known about a checkpoint, and nothing else."""

import math

import pytest
import yaml

from tinygpt import GPTConfig, GPTLanguageModel, TrainConfig
from tinygpt.checkpoint.reading import read_facts
from tinygpt.data.download import DEFAULT_SHA256
from tinygpt.flags import SHIPPED
from tinygpt.hub.model_card import model_card

VOCABULARY = "\n !:EMORabc"
SHAPE = GPTConfig(vocab_size=len(VOCABULARY), block_size=8, n_layer=1, n_head=2, n_embd=16)
FACTS = {
    "preset": "default",
    "steps": 4000,
    "publish": "last",
    "training": {"batch_size": 8, "ema_decay": 0.99},
    "seconds": 1234.5,
    "data_sha256": DEFAULT_SHA256,
    "validation_loss": 1.5,
    "validation_block_size": 256,
}


def all_facts() -> dict:
    training = TrainConfig(batch_size=8, max_iters=4000, ema_decay=0.99)
    model = {"vocabulary": VOCABULARY, "weights_sha256": "ab" * 32, "model": vars(SHAPE)}
    return FACTS | model | {"training": vars(training)}


def test_a_card_says_what_config_json_says():
    card = model_card(all_facts(), "ann/gpt")
    parameters = sum(parameter.numel() for parameter in GPTLanguageModel(SHAPE).parameters())
    for text in (
        f"| parameters | {parameters:,} |",
        f"| context | {SHAPE.block_size} characters |",
        f"| vocabulary | {SHAPE.vocab_size} characters |",
        "ab" * 32,
        f"**1.5000 nats** ({1.5 / math.log(2):.4f} bits)",
        "blocks of 256 characters",
        "python -m benchmarks.loss --weights ann/gpt",
        "python app.py --weights ann/gpt",
        "Preset `default`",
        "4,000 steps of 8 × 8 characters, 256,000 characters seen, 1,234 seconds",
        "those of the last step, averaged",
        "public domain",
    ):
        assert text in card


def test_weights_selected_by_validation_loss_are_said_to_be():
    best = model_card(all_facts() | {"publish": "best"})
    assert "selected by it" in best
    assert "last step" not in best


def test_averaging_is_mentioned_only_if_there_is_some():
    assert "averaged" not in model_card(all_facts() | {"training": vars(TrainConfig())})


def test_teachers_are_listed_if_there_are_any():
    distilled = all_facts() | {"teachers_sha256": ["cd" * 32, "ef" * 32]}
    card = model_card(distilled | {"training": vars(TrainConfig(distill_weight=0.5))})
    assert "Distilled from 2 teachers" in card
    assert "50 % of the targets" in card
    assert "ef" * 32 in card
    assert "teachers" not in model_card(all_facts() | {"teachers_sha256": []})


def test_characters_removed_from_the_training_text_are_counted():
    assert "without 1,234 characters" in model_card(all_facts() | {"removed": 1234})
    assert "without" not in model_card(all_facts() | {"removed": 0})


def test_another_text_is_not_called_shakespeare():
    card = model_card(all_facts() | {"data_sha256": "cd" * 32})
    assert "hakespeare" not in card
    assert "license" not in card


@pytest.mark.parametrize("missing", ["everything", *FACTS, "vocabulary", "weights_sha256", "model"])
def test_facts_that_are_not_known_are_omitted(missing):
    facts = {name: value for name, value in all_facts().items() if missing not in (name, "everything")}
    card = model_card(facts)
    assert "None" not in card
    assert "nan" not in card
    assert card.count("\n## ") >= 2


@pytest.mark.parametrize("facts", [{}, FACTS])
def test_the_front_matter_is_what_the_hub_reads(facts):
    front = yaml.safe_load(model_card(facts).split("---\n")[1])
    assert front["pipeline_tag"] == "text-generation"
    assert "character-level" in front["tags"]
    assert front.get("license") == ("mit" if facts else None)


def test_the_front_matter_has_the_measured_loss():
    [model] = yaml.safe_load(model_card(FACTS).split("---\n")[1])["model-index"]
    [result] = model["results"]
    [metric] = result["metrics"]
    assert result["dataset"]["type"] == "karpathy/tiny_shakespeare"
    assert (metric["name"], metric["value"]) == ("nats per character", 1.5)
    assert "model-index" not in model_card(FACTS | {"validation_loss": None})


def test_the_card_of_the_shipped_weights_is_up_to_date():
    assert (SHIPPED / "README.md").read_text(encoding="utf-8") == model_card(read_facts(SHIPPED), "weights")
