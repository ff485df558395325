"""The model card says what is known of a checkpoint, and nothing else."""

import math

import pytest
import yaml

from tinygpt import GPTConfig, GPTLanguageModel, TrainConfig
from tinygpt.card import model_card
from tinygpt.data import DEFAULT_SHA256

VOCABULARY = "\n !:EMORabc"
SHAPE = GPTConfig(vocab_size=len(VOCABULARY), block_size=8, n_layer=1, n_head=2, n_embd=16)
FACTS = {
    "preset": "default",
    "steps": 4000,
    "publish": "last",
    "training": {"batch_size": 8, "average_decay": 0.99},
    "seconds": 1234.5,
    "data_sha256": DEFAULT_SHA256,
    "validation_loss": 1.5,
    "validation_block_size": 256,
}


def everything() -> dict:
    training = TrainConfig(batch_size=8, max_iters=4000, average_decay=0.99)
    model = {"vocabulary": VOCABULARY, "weights_sha256": "ab" * 32, "model": vars(SHAPE)}
    return FACTS | model | {"training": vars(training)}


def test_it_says_what_config_json_says():
    card = model_card(everything(), "ann/gpt")
    parameters = sum(parameter.numel() for parameter in GPTLanguageModel(SHAPE).parameters())
    for said in (
        f"| parameters | {parameters:,} |",
        f"| context | {SHAPE.block_size} characters |",
        f"| vocabulary | {SHAPE.vocab_size} characters |",
        "ab" * 32,
        f"**1.5000 nats** ({1.5 / math.log(2):.4f} bits)",
        "blocks of 256 characters",
        "python benchmarks/loss.py --weights ann/gpt",
        "python app.py --weights ann/gpt",
        "Preset `default`",
        "4,000 steps of 8 × 8 characters, 256,000 characters seen, 1,234 seconds",
        "the last step's, averaged",
        "public domain",
    ):
        assert said in card


def test_best_weights_are_said_to_be_picked_by_the_validation_loss():
    best = model_card(everything() | {"publish": "best"})
    assert "picked by it" in best
    assert "last step" not in best


def test_the_average_is_named_only_where_there_is_one():
    assert "averaged" not in model_card(everything() | {"training": vars(TrainConfig())})


def test_teachers_are_named_where_there_were_any():
    taught = everything() | {"teachers_sha256": ["cd" * 32, "ef" * 32]}
    card = model_card(taught | {"training": vars(TrainConfig(teacher_share=0.5))})
    assert "learned from 2 other models" in card
    assert "50 % of its targets" in card
    assert "ef" * 32 in card
    assert "other models" not in model_card(everything() | {"teachers_sha256": []})


def test_what_was_left_out_of_the_training_text_is_told():
    assert "trained on, without 1,234 characters" in model_card(everything() | {"left_out": 1234})
    assert "without" not in model_card(everything() | {"left_out": 0})


def test_another_text_is_not_called_shakespeare():
    card = model_card(everything() | {"data_sha256": "cd" * 32})
    assert "hakespeare" not in card
    assert "license" not in card


@pytest.mark.parametrize("missing", ["everything", *FACTS, "vocabulary", "weights_sha256", "model"])
def test_what_is_not_known_is_left_out(missing):
    facts = {name: value for name, value in everything().items() if missing not in (name, "everything")}
    card = model_card(facts)
    assert "None" not in card
    assert "nan" not in card
    assert card.count("\n## ") >= 2


@pytest.mark.parametrize("facts", [{}, FACTS])
def test_its_front_matter_is_what_the_hub_reads(facts):
    front = yaml.safe_load(model_card(facts).split("---\n")[1])
    assert front["pipeline_tag"] == "text-generation"
    assert "character-level" in front["tags"]
    assert front.get("license") == ("mit" if facts else None)
