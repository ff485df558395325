"""The weights that a page can write with."""

from pathlib import Path

import pytest

from tinygpt import GPTConfig, GPTLanguageModel, TextEncoderDecoder, save_checkpoint
from tinygpt.data.download import DEFAULT_SHA256
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Weights that know three characters."""
    model = GPTLanguageModel(GPTConfig(vocab_size=3, block_size=8, n_layer=1, n_head=1, n_embd=16))
    save_checkpoint(tmp_path, model, TextEncoderDecoder("xyz"), facts={"preset": "quick", "validation_loss": 1.0986})
    return tmp_path


@pytest.fixture
def registry(weights: Path, other: Path) -> Registry:
    registry = Registry(Session(weights))
    registry.add("page-1", other)
    return registry


def test_sessions_are_found_by_name_and_by_the_sha256_of_their_weights(registry: Registry, other: Path):
    main, added = registry[MAIN], registry["page-1"]
    assert (added.folder, added.tokenizer.vocabulary) == (other, "xyz")
    assert added.device == main.device
    assert registry.of(added.facts["weights_sha256"]) is added
    assert registry.name_of(main.facts["weights_sha256"]) == MAIN
    assert registry.name_of("0" * 64) is None
    assert len(registry) == 2


@pytest.mark.parametrize("name", ["page-2", "", None, 1, ["main"], {}], ids=repr)
def test_unknown_weights_are_refused(registry: Registry, name: object):
    with pytest.raises(ValueError, match="there are no weights called"):
        registry[name]
    with pytest.raises(ValueError, match="the weights that wrote this text are no longer here"):
        registry.of("0" * 64)


def test_choices_say_in_plain_words_what_can_be_chosen(registry: Registry):
    (main, first), (label, second) = registry.choices()
    assert (first, second) == (MAIN, "page-1")
    assert main == "Built-in weights"  # what they were trained on is not known
    assert label == "page-1 (unsure among 3 letters)"
    registry[MAIN].facts["data_sha256"] = DEFAULT_SHA256
    assert registry.choices()[0] == ("Shakespeare (built in)", MAIN)


@pytest.mark.parametrize(
    ("loss", "label"),
    [(None, "page-1"), (0.1, "page-1 (nearly always sure)"), (1e15, "page-1 (unsure among 3 letters)")],
    ids=str,
)
def test_how_unsure_weights_are_is_said_if_it_is_known(registry: Registry, loss: float | None, label: str):
    registry["page-1"].facts["validation_loss"] = loss
    assert registry.choices()[1] == (label, "page-1")
