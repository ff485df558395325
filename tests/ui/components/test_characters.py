"""Nothing that a visitor types, or that weights bring along, becomes a part of the page or of a model card."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.hostile import BIDI, HEBREW, TEXTS, Structure, assert_order_is_kept, harmless, vocabulary
from tinygpt import GPTConfig, TextEncoderDecoder, TrainConfig, save_checkpoint
from tinygpt.checkpoint.reading import read_facts
from tinygpt.hub.model_card import model_card
from tinygpt.request import GenerationRequest
from tinygpt.ui.blocks import masthead
from tinygpt.ui.components import status
from tinygpt.ui.components.characters import shown
from tinygpt.ui.components.chart import Curve, Mark, chart
from tinygpt.ui.components.facts_table import facts_table
from tinygpt.ui.components.svg import text as svg_text
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink
from tinygpt.ui.tabs.inside import draw, inspect
from tinygpt.ui.tabs.train import progress_bar, sample_text


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


@dataclass
class Job:
    """What the page reads of a training job in a folder of a hostile name."""

    text: str
    config, registered, step, loss = TrainConfig(max_iters=10), True, 5, None

    @property
    def folder(self) -> Path:
        return Path(self.text.replace("/", "").replace("\0", ""))

    @property
    def sample(self) -> tuple[int, str]:
        return 5, self.text


RENDERED: dict[str, Callable[[str], str]] = {
    "refusal": lambda text: status.html(status.refusal(ValueError(text))),
    "slower engine": lambda text: status.html(status.slower_engine(SimpleNamespace(name="torch", slower_because=text))),
    "facts": lambda text: facts_table(Weights(text)),
    "masthead": lambda text: masthead(1, Weights(text).facts),
    "chart": lambda text: chart(text, text, [Curve(text, [(1, 1), (2, 2)])], [Mark(1, 1, text)]),
    "sample": lambda text: sample_text(Job(text)),
    "progress": lambda text: progress_bar(Job(text)),
    "svg": lambda text: svg_text(0, 0, text),
}


@pytest.mark.parametrize("hostile", TEXTS)
@pytest.mark.parametrize("name", RENDERED)
def test_a_text_stays_a_text_wherever_it_is_shown(name: str, hostile: str):
    page, plain = Structure(RENDERED[name](hostile)), Structure(RENDERED[name](harmless(hostile)))
    assert page.tags == plain.tags


@pytest.mark.parametrize("hostile", [each for each in TEXTS if (BIDI | set(HEBREW)) & set(each)])
@pytest.mark.parametrize("name", ["facts", "sample"])
def test_a_text_does_not_change_the_order_of_the_words_around_it(name: str, hostile: str):
    assert_order_is_kept(Structure(RENDERED[name](hostile)))


@pytest.fixture(scope="module")
def sessions(build, tmp_path_factory) -> tuple[Session, Session]:
    """Weights that know the characters of all TEXTS, and the same weights with harmless characters in their place."""
    known = vocabulary("".join(TEXTS))
    model, folder = build(vocab_size=len(known), block_size=64), tmp_path_factory.mktemp("hostile")
    made = []
    for name, characters in (("hostile", known), ("harmless", "".join(chr(0x4E00 + n) for n in range(len(known))))):
        save_checkpoint(folder / name, model, TextEncoderDecoder(characters))
        made.append(Session(folder / name))
    return made[0], made[1]


@pytest.mark.parametrize("hostile", TEXTS)
def test_characters_stay_characters_in_the_tab_that_looks_inside(sessions, hostile: str):
    for position in range(1, len(hostile), 5):
        drawn = []
        for session in sessions:
            written = session.tokenizer.decode(sessions[0].tokenizer.encode(hostile))
            link = ShareLink(GenerationRequest(prompt=written[:3], seed=1), session.facts["weights_sha256"])
            inspection = inspect(session, DisplayedText(link, written[:3], written, position))
            drawn.append(Structure(draw(session, inspection)))
        assert [tag for tag, _ in drawn[0].tags] == [tag for tag, _ in drawn[1].tags]
        assert drawn[0].tags == drawn[1].tags
        assert_order_is_kept(drawn[0])


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
def test_facts_that_cannot_be_printed_are_refused(sessions, tmp_path, name: str, hostile: str):
    folder = sessions[0].folder
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config | {name: hostile}), encoding="utf-8")
    with pytest.raises(ValueError, match=f"{name} must be printable") as caught:
        read_facts(tmp_path)
    assert str(caught.value).isprintable()


def test_a_character_that_cannot_be_seen_is_shown_by_its_code_point():
    assert [shown(each, {"\n": "new line"}) for each in "a\n\u202e\u200b\0א"] == [
        *("a", "new line", "U+202E", "U+200B", "U+0000", "א")
    ]
