"""The page without a server writes and tells what the app does: the same texts, links, notes and numbers."""

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser.static_backend import Backend, opened_backend
from tests.browser.static_folder import export
from tests.server import ROOT
from tinygpt.request import GenerationRequest, default, names
from tinygpt.ui.components.activations import activations_data, window_data
from tinygpt.ui.components.candidates import candidates_data
from tinygpt.ui.components.controls import request_of
from tinygpt.ui.components.status import refusal, status
from tinygpt.ui.components.texts import sample_text
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.inspection import inspect, moved
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.services.share_link import ShareLink, read_share_link
from tinygpt.ui.tabs.compare import comparison, heading, in_words, read_temperatures
from tinygpt.ui.tabs.inside import prompt_alone

LONG = "BAKER:\nMy quiet river waits, and I weep.\n" * 9  # more than one window


@pytest.fixture(scope="module", params=["shipped", "tiny"])
def sides(request, browser: Browser, weights, tmp_path_factory) -> Iterator[tuple[Session, Backend]]:
    """The app's session and the page's backend with the shipped weights, and with tiny ones that see 8 characters."""
    folder = ROOT / "weights" if request.param == "shipped" else weights
    page = tmp_path_factory.mktemp("page")
    export(folder, page)
    session = Session(folder, "cpu")
    with opened_backend(browser, page, top_k=session.tokenizer.vocab_size) as backend:
        yield session, backend


def form(session: Session, **changes: Any) -> dict[str, Any]:
    """The values of the app's controls."""
    values = {name: default(name) for name in names()} | {"length": 120, "seed": "3", "stop": ""}
    return values | {"top_k": session.tokenizer.vocab_size, "top_p": 1} | changes


FORMS = [
    *({"prompt": prompt, "seed": str(seed), "length": 300} for seed, prompt in enumerate(["The quiet", "My", "", "I"])),
    {"prompt": "My", "seed": str(2**64 - 1), "temperature": 1.7, "length": 600},
    {"prompt": "My", "strategy": "greedy"},
    {"prompt": "My", "temperature": 0},
    {"prompt": "", "top_k": 3},
    {"prompt": "“Don’t”\r\nweep 🙂\ud83d", "top_p": 0.6, "length": 5},
    {"prompt": LONG, "length": 300},
    {"prompt": "The", "top_k": 5, "top_p": 0.9, "stop": "é"},
    {"prompt": "The", "stop": "…", "length": 1},
    {"prompt": "The", "strategy": "beam", "beam_width": 3, "length": 30},
    {"prompt": "The", "strategy": "beam", "beam_width": 8, "stop": "e", "length": 20},
]


def without_times(lines: list) -> list:
    return [[kind, re.sub(r"[\d.]+ s · [\d,]+ per", "- s · - per", sentence)] for kind, sentence in lines]


@pytest.mark.parametrize("changes", FORMS, ids=str)
def test_a_text_is_the_app_s_with_its_link_and_its_notes(sides, changes: dict[str, Any]):
    session, backend = sides
    values = form(session, **changes)
    *_, expected = session.write(request_of(values, session.tokenizer.vocab_size), StopSignal())
    *growing, text = backend.answers("write", request=values)
    assert (text["prompt"], text["text"]) == (expected.prompt, expected.text)
    assert [a for a, b in zip(text["confidence"], expected.confidence, strict=True) if abs(int(a) - int(b)) > 1] == []
    assert without_times(text["status"]) == without_times(status(expected))
    assert (text["writing"], text["memorized"], text["forced"]) == (False, [], [])
    assert text["seed"] == (str(expected.request.seed) if expected.request.uses_seed else "")
    link = ShareLink(expected.request, session.facts["weights_sha256"])
    assert read_share_link(text["link"]) == link
    assert read_share_link(text["fragment"]).request == link.request
    if values["strategy"] != "beam":  # which may find another text in the end
        assert all(expected.text.startswith(each["text"]) for each in growing)
    assert all(each["writing"] and each["fragment"] == text["fragment"] for each in growing)


@pytest.mark.parametrize("end", [41, 43, 48])
def test_a_text_ends_before_its_stop_text_of_which_nothing_is_shown(sides, end: int):
    session, backend = sides
    whole = backend.answer("write", request=form(session, prompt="The"))["text"]
    *growing, text = backend.answers("write", request=form(session, prompt="The", stop=whole[40:end]))
    assert text["text"] == whole.split(whole[40:end])[0]
    assert all(text["text"].startswith(each["text"]) for each in growing)


def test_a_link_is_written_again_with_its_forced_characters(sides):
    session, backend = sides
    request = request_of(form(session, prompt="The"), session.tokenizer.vocab_size)
    link = ShareLink(request, session.facts["weights_sha256"], {4: "M", 7: "\n", 90: "o"})
    *_, expected = session.write(request, StopSignal(), link.forced)
    *growing, text = backend.answers("write", link=link.json())
    assert (text["text"], text["forced"]) == (expected.text, [4, 7, 90])
    assert read_share_link(text["link"]) == link
    assert all(len(each["text"]) > 90 for each in growing)
    assert backend.answer("write", link=link.fragment(), opened=True)["text"] == expected.text
    other = ShareLink(request, "0123456789ab")
    *_, note = backend.answer("write", link=other.fragment(), opened=True)["status"]
    assert note == ["note", "Other weights wrote the shared text (0123456789ab…), so this one differs."]
    refused = "The weights that wrote this text are no longer here: write it anew with others."
    assert backend.answers("write", link=other.json()) == [{"status": [["note", refused]]}]


def test_what_cannot_be_written_is_refused_in_a_line(sides):
    session, backend = sides
    unknown = ShareLink(request_of(form(session), 65), session.facts["weights_sha256"], {0: "é"})
    for call, said in (
        ({"request": form(session, length=0)}, "Length must be a whole number from 1 to 5,000, not 0. Correct this"),
        (
            {"request": form(session, stop="🙂")},
            "Stop at must be a text that the model can write: it does not know 🙂",
        ),
        ({"link": "{"}, "This link is damaged or incomplete: ask for the link again"),
        ({"link": unknown.json()}, "The model does not know the character 'é'."),
        ({"link": unknown.json(), "opened": True}, "This link cannot be opened (the model does not know the character"),
    ):
        ((kind, sentence),) = backend.answer("write", **call)["status"]
        assert (kind, sentence[: len(said)]) == ("note", said)


def test_the_sample_is_the_app_s(sides):
    session, backend = sides
    (answer,) = backend.answers("write", sample=True)
    expected = sample_text(session)
    if expected is None:
        assert answer["text"] == ""
        return
    same = ("prompt", "text", "confidence", "forced", "writing", "seed", "sample")
    assert {name: answer[name] for name in same} == {name: expected[name] for name in same}
    assert read_share_link(answer["link"]) == read_share_link(expected["link"])
    assert answer["status"] == [list(line) for line in expected["status"][:1]]


def close(one: Any, other: Any) -> bool:
    """Whether two answers are the same but for the rounding of their numbers."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(close(one[name], other[name]) for name in one)
        case ((list() | tuple()), (list() | tuple())):
            return len(one) == len(other) and all(map(close, one, other))
        case float(), _:
            return other == pytest.approx(one, rel=2e-3, abs=2e-4)
    return one == other


def displayed(session: Session, text: str, prompt: str = "The quiet", **changes: Any) -> DisplayedText:
    """A text that is shown on a page; what it says need not have been sampled."""
    request = request_of(form(session, prompt=prompt, **changes), session.tokenizer.vocab_size)
    return DisplayedText(ShareLink(request, session.facts["weights_sha256"], {5: "s"}), prompt, text)


def shown(text: DisplayedText) -> dict[str, Any]:
    return {"link": text.link.json(), "text": text.text, "position": text.position}


def test_candidates_have_the_app_s_probabilities(sides):
    session, backend = sides
    text = displayed(session, " river goes and I weep.")
    sliders = {"temperature": 0.7, "top_k": 9, "top_p": 0.8}
    settings = request_of(form(session, **sliders), session.tokenizer.vocab_size).sample_config()
    for position in (0, 5, 20):
        at = text.at(position)
        candidates = session.candidates(at.prompt, at.text[:position], settings)
        expected = candidates_data(at, session.tokenizer.vocabulary, candidates)
        assert close(expected, backend.answer("candidates", **shown(at), **sliders))
    nowhere = backend.answer("candidates", **shown(text) | {"position": 99})
    assert nowhere == {"status": [["note", "There is no character to inspect: select another one."]]}


@pytest.mark.parametrize("changes", [{}, {"strategy": "beam"}, {"temperature": 0}, {"top_k": 3, "top_p": 0.5}], ids=str)
def test_what_the_model_does_at_a_character_is_told_as_in_the_app(sides, changes: dict[str, Any]):
    session, backend = sides
    text = displayed(session, " river goes and I weep.", **changes)
    parts = [{}, {"index": 1, "layer": 1, "head": 1}]
    for at, part in [(text, {}), *((text.at(position), part) for position in (0, 5, 18) for part in parts)]:
        inspection = moved(session, inspect(session, at), **part)
        answer = backend.answer("activations", **shown(at), **part, window=True)
        window = answer.pop("window")
        expected = activations_data(session, inspection)
        assert read_share_link(answer["shown"].pop("link")) == read_share_link(expected["shown"].pop("link"))
        assert close(expected, answer), (expected, answer)
        same = window_data(session, inspection)
        assert (window["text"], window["note"]) == (same["text"], same["note"])
        found, wanted = (
            np.frombuffer(zlib.decompress(base64.b64decode(each["weights"])), np.uint8) for each in (window, same)
        )
        assert np.abs(found.astype(int) - wanted).max() <= 1
    refused = backend.answer("activations", **shown(text), layer=99)["status"]
    with pytest.raises(ValueError, match="layer") as caught:
        moved(session, inspect(session, text), layer=99)
    assert refused == [list(line) for line in refusal(caught.value)]


def test_a_prompt_without_a_text_is_read_as_in_the_app(sides):
    session, backend = sides
    expected = activations_data(session, inspect(session, prompt_alone(session, "“My", 0.8, 3, 0.5)))
    answer = backend.answer("activations", prompt="“My", temperature=0.8, top_k=3, top_p=0.5)
    assert read_share_link(answer["shown"].pop("link")) == read_share_link(expected["shown"].pop("link"))
    assert close(expected, answer)


SIDES = [{"temperature": 1.2, "top_k": 5}, {"strategy": "greedy"}]


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        ({"temperatures": "0, 0.5,1 , 1.25,"}, [{"temperature": each} for each in (0, 0.5, 1, 1.25)]),
        ({"left": SIDES[0], "right": SIDES[1]}, SIDES),
    ],
)
def test_texts_side_by_side_are_the_app_s(sides, asked: dict, settings: list[dict]):
    session, backend = sides
    first = GenerationRequest(prompt="The “quiet” 🙂", length=400, seed=1564)
    requests = [replace(first, **each) for each in settings]
    *_, texts = session.write_together(requests, StopSignal())
    sha256 = session.facts["weights_sha256"]
    links = [ShareLink(each.request, sha256).until(len(each.text)).fragment() for each in texts]
    expected = comparison(texts, links=links)
    *growing, answer = backend.answers("compare", prompt=first.prompt, seed="1564", **asked)
    assert answer["status"] == [list(line) for line in expected["status"]]
    for column, wanted in zip(answer["columns"], expected["columns"], strict=True):
        assert read_share_link(column.pop("link")) == read_share_link(wanted.pop("link"))
        assert column == wanted | {"memorized": []}
    assert all(each["writing"] for each in growing)


def test_settings_are_told_in_the_app_s_words(modules):
    first = GenerationRequest(seed=7)
    several = [{"temperature": each} for each in (0, 0.001, 0.5, 0.8, 1, 1.25, 2)]
    several += [{"top_k": 1}, {"top_k": 5}, {"top_p": 0.9}, {"top_k": 20, "top_p": 0.125, "temperature": 1.2}]
    several += [{"strategy": "greedy", "top_k": 5}, {"strategy": "beam"}, {"strategy": "beam", "beam_width": 8}]
    requests = [replace(first, **each) for each in several]
    script = "({ heading, inWords }, requests) => requests.map((each) => [heading(each), inWords(each)])"
    told = modules("model/comparison")(script, [asdict(request) for request in requests])
    assert told == [[heading(request), in_words(request)] for request in requests]


def test_what_cannot_be_compared_is_refused_as_in_the_app(sides):
    session, backend = sides
    first = GenerationRequest(seed=7)
    for wrong in ("", "a", "0, b", "2.5", "-0.5", "0,1,0,1,0,1,0"):
        with pytest.raises(ValueError, match="temperature") as caught:
            [replace(first, temperature=temperature) for temperature in read_temperatures(wrong)]
        answer = backend.answer("compare", prompt="", seed="7", temperatures=wrong)
        assert answer["status"] == [list(line) for line in refusal(caught.value)]
    for side in ({"temperature": "x"}, {"top_k": 0}, {"top_k": 99}, {"top_p": 1.5}):
        with pytest.raises(ValueError, match="must be") as caught:
            session.check(replace(first, **side))
        answer = backend.answer("compare", prompt="", seed="7", left={}, right=side)
        assert answer["status"] == [list(line) for line in refusal(caught.value)]
