"""The weights that a page can write with."""

from pathlib import Path

import pytest

from tinygpt import GPTConfig, GPTLanguageModel, TextEncoderDecoder, save_checkpoint
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
    with pytest.raises(ValueError, match="there are no weights"):
        registry.of("0" * 64)


def test_choices_have_a_label_with_preset_and_loss(registry: Registry):
    (main, first), (label, second) = registry.choices()
    assert (first, second) == (MAIN, "page-1")
    assert main == "the page’s weights"  # their preset and loss are not known
    assert label == "page-1 (quick, 1.099 nats)"
