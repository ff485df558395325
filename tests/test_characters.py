"""Nothing that a visitor types, or that weights bring along, becomes a part of the page or of a model card."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from tests.hostile import BIDI, TEXTS, Structure, harmless
from tinygpt import GPTConfig
from tinygpt.checkpoint.reading import read_facts
from tinygpt.hub.model_card import model_card
from tinygpt.page.masthead import masthead
from tinygpt.ui.components import status


@dataclass
class Weights:
    """What the page reads of a session, for weights whose config.json says `text` wherever it holds a text."""

    text: str
    config, parameters = GPTConfig(vocab_size=9, block_size=8, n_layer=1, n_head=1, n_embd=8), 1

    @property
    def facts(self) -> dict[str, Any]:
        return facts(self.text)


def facts(text: str) -> dict[str, Any]:
    """A config.json with a text in every place that may hold one."""
    names = ("preset", "weights_sha256", "data_sha256", "device", "precision")
    return dict.fromkeys(names, text) | {"teachers_sha256": [text], "publish": "last", "training": {}}


RENDERED: dict[str, Callable[[str], str]] = {
    "refusal": lambda text: status.html(status.refusal(ValueError(text))),
    "slower engine": lambda text: status.html(
        status.slower_engine(SimpleNamespace(name="torch", slower_because=text, pending=False))
    ),
    "masthead": lambda text: masthead(1, Weights(text).facts),
}


@pytest.mark.parametrize("hostile", TEXTS)
@pytest.mark.parametrize("name", RENDERED)
def test_a_text_stays_a_text_wherever_it_is_shown(name: str, hostile: str):
    page, plain = Structure(RENDERED[name](hostile)), Structure(RENDERED[name](harmless(hostile)))
    assert page.tags == plain.tags


@pytest.mark.parametrize("hostile", TEXTS)
def test_facts_stay_texts_in_a_model_card(hostile: str):
    markdown = pytest.importorskip("markdown_it").MarkdownIt("commonmark", {"html": True}).enable("table")
    pages = []
    for value in (hostile, "x"):
        card = model_card(facts(value))
        pages.append(Structure(markdown.render(card.split("---\n", 2)[2])))
        assert card.startswith("---\n")
        assert not BIDI & set(card)
    assert pages[0].tags == pages[1].tags


@pytest.mark.parametrize("wrong", ["4", None, [1], {"a": 1}, True])
def test_settings_of_a_wrong_type_do_not_stop_a_model_card(wrong: object):
    training = dict.fromkeys(("batch_size", "ema_decay", "distill_weight"), wrong)
    assert "## Training" in model_card(facts("x") | {"training": training})


@pytest.mark.parametrize("name", ["preset", "device", "precision", "publish", "data_sha256"])
@pytest.mark.parametrize("hostile", ["\u202ereversed", "two\nlines", "\x1b[31mred", "\0"])
def test_facts_that_cannot_be_printed_are_refused(weights, tmp_path, name: str, hostile: str):
    (tmp_path / "model.safetensors").write_bytes((weights / "model.safetensors").read_bytes())
    config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config | {name: hostile}), encoding="utf-8")
    with pytest.raises(ValueError, match=f"{name} must be printable") as caught:
        read_facts(tmp_path)
    assert str(caught.value).isprintable()
