"""A model card says what is known about a checkpoint, and nothing else."""

import math
import os
import re
import shlex

import pytest
import yaml
from huggingface_hub import ModelCard

from tinygpt import GPTConfig, GPTLanguageModel, TrainConfig
from tinygpt.data.download import DEFAULT_SHA256
from tinygpt.hub.model_card import is_generated, model_card
from tinygpt.inference.sample import Sample
from tinygpt.request import GenerationRequest

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
    assert "n-gram" not in card
    assert "teachers" not in model_card(all_facts() | {"teachers_sha256": []})
    with_ngram = distilled | {"training": vars(TrainConfig(distill_weight=0.5, ngram_weight=0.25))}
    assert "n-gram model among them at a weight of 25 %" in model_card(with_ngram)


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


def test_the_machine_is_told_only_if_it_was_recorded():
    cpu = {"precision": "float32", "device": "cpu"}
    assert "Trained in `float32` on: `cpu`." in model_card(all_facts() | cpu)
    card = model_card(all_facts() | cpu | {"machines": ["A processor, 2 cores", "another"]})
    assert "Trained in `float32` on: `cpu` (`A processor, 2 cores`; `another`)." in card


def test_a_sample_stands_in_the_card_with_the_command_that_writes_it():
    request = GenerationRequest(prompt="A\nB:", length=5, temperature=0.5, seed=2**63)
    card = model_card(FACTS, "ann/gpt", samples=[Sample(request, " text", "ab" * 32)])
    assert "```text\nA\nB: text\n```" in card
    [command] = re.findall(r"Written by `(.*)`\.", card)
    flags = ["--prompt", r"A\nB:", "--length", "5", "--temperature", "0.5", "--seed", str(2**63)]
    if os.name != "nt":
        assert shlex.split(command) == ["python", "-m", "tinygpt", "--weights", "ann/gpt", *flags]
    assert "```text" not in model_card(FACTS, "ann/gpt")


def test_a_space_is_linked_if_there_is_one():
    assert "(https://huggingface.co/spaces/ann/demo)" in model_card(FACTS, space="ann/demo")
    assert "huggingface.co/spaces" not in model_card(FACTS)


@pytest.mark.parametrize("facts", [{}, FACTS, all_facts()], ids=["none", "some", "all"])
def test_huggingface_hub_reads_the_front_matter_as_it_was_meant(facts):
    card = ModelCard(model_card(facts, "ann/gpt"))
    assert card.data.to_yaml() == card.content.split("---\n")[1].strip()
    if facts:
        [result] = card.data.eval_results
        assert (result.task_type, result.metric_type, result.metric_value) == ("text-generation", "loss", 1.5)
        assert result.metric_args == {"command": "python -m benchmarks.loss --weights ann/gpt"}


def test_a_card_counts_as_generated_until_its_line_is_removed():
    card = model_card(FACTS, "here").encode()
    assert is_generated(card)
    assert is_generated(card.replace(b"1.5", b"1.4").replace(b"\n", b"\r\n"))
    assert not is_generated(b"\n".join(line for line in card.splitlines() if b"Written by" not in line))
    assert not is_generated(b"Not written by python -m tinygpt.hub prepare.\xff")


@pytest.mark.parametrize("text", ["```\n# Mine", "`", "a\n`````\nb"])
def test_backticks_end_neither_the_sample_nor_its_command(text):
    sample = Sample(GenerationRequest(prompt=f"{text}b", length=5, seed=1), f" {text}", "ab" * 32)
    card = model_card(FACTS, "ann/gpt", [sample])
    fence, shown = re.search(r"^(`{3,})text\n(.*?)\n\1$", card, re.DOTALL | re.MULTILINE).groups()
    assert shown == f"{text}b {text}"
    assert fence not in shown
    mark, command = re.search(r"Written by (`+)(.+?)(?<!`)\1(?!`)\.$", card, re.MULTILINE).groups()
    assert command == sample.command("ann/gpt")
    assert mark not in command
