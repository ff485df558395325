"""The lesson plan is true of the shipped weights, and its links lead where they should."""

import re
from dataclasses import replace
from urllib.parse import parse_qsl

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.corpus import NEEDS_CORPUS
from tests.server import ROOT
from tinygpt.data.dataset import load_dataset
from tinygpt.page.masthead import number_of_letters
from tinygpt.request import GenerationRequest
from tinygpt.ui.front_end import FrontEnd
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.services.share_link import read_share_link
from tinygpt.ui.services.snapshots import read_snapshots

PLAN = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
SAID = " ".join(PLAN.split())
FRAGMENTS = re.findall(r"^#\S+=\S+$", PLAN, flags=re.MULTILINE)
TEXT, SURE, UNSURE, TEMPERATURES, TOP_K, NEIGHBOR, VERSE, LEARNED = FRAGMENTS
VIEW = ("tab", "station", "position", "index", "layer", "head")


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(ROOT / "weights")


def view(fragment: str) -> dict[str, str]:
    return {name: value for name, value in parse_qsl(fragment[1:]) if name in VIEW}


def request(fragment: str) -> GenerationRequest:
    """The request of the text that a fragment links to."""
    parts = [part for part in fragment[1:].split("&") if part.split("=")[0] not in VIEW]
    return read_share_link("#" + "&".join(parts)).request


def text(session: Session, request: GenerationRequest) -> str:
    *_, written = session.write(request, StopSignal())
    return written.text


def test_its_links_name_these_weights_and_are_read_by_the_page_as_they_are_written(session: Session, open_page: Page):
    digits = {sha256 for each in FRAGMENTS for name, sha256 in parse_qsl(each[1:]) if name == "weights_sha256"}
    assert digits == {session.facts["weights_sha256"][:12]}
    script = f"""async (fragments) => {{
        const {{ readPlace, writePlace }} = await import("./{FrontEnd().url}/address.js");
        return fragments.map((each) => writePlace(readPlace(each)));
    }}"""
    read = open_page.evaluate(script, FRAGMENTS)
    assert [sorted(parse_qsl(each[1:])) for each in read] == [sorted(parse_qsl(each[1:])) for each in FRAGMENTS]


def test_the_text_for_everybody_begins_as_it_says(session: Session):
    first_line = text(session, request(TEXT)).strip().splitlines()[0]
    assert f'"{first_line}"' in SAID


def test_the_model_is_as_sure_of_the_next_letter_as_it_says(session: Session):
    found = []
    for fragment in (SURE, UNSURE):
        asked, position = request(fragment), int(view(fragment)["position"])
        before = text(session, asked)[:position]
        raw_V = session.candidates(asked.prompt, before, asked.sample_config()).raw_V
        found.append((before, dict(zip(session.tokenizer.vocabulary, raw_V, strict=True))))
    (one, sure), (other, unsure) = found
    assert (one, other) == ("I'l", "I'll ")
    assert f'"l" has {sure["l"]:.0%}' in SAID
    assert max(unsure, key=unsure.get) == "t"
    assert f'"t", has {unsure["t"]:.0%}, and the "h" that was sampled {unsure["h"]:.0%}' in SAID


def test_temperatures_do_what_it_says(session: Session):
    fields = dict(parse_qsl(TEMPERATURES[1:]))
    asked = GenerationRequest(prompt=fields["compare.prompt"], length=400, seed=int(fields["compare.seed"]))
    cold, _, hot = (
        text(session, replace(asked, temperature=float(each))) for each in fields["compare.temperatures"].split(",")
    )
    assert cold.count("the sea of the sea") > 3
    assert cold == text(session, replace(asked, temperature=0, seed=8))
    for broken in ("Nayzry", "hopeoble", "meevolts"):
        assert broken in hot
        assert f'"{broken}"' in SAID


@pytest.mark.parametrize(
    ("fragment", "said"),
    [(NEIGHBOR, '{} to the "n" right before it'), (VERSE, "{} to the line break 33 characters before")],
)
def test_the_heads_attend_to_what_it_says(session: Session, fragment: str, said: str):
    asked, place = request(fragment), {name: int(value) for name, value in view(fragment).items() if value.isdigit()}
    read = asked.prompt[: place["index"] + 1]
    assert read.endswith("yond")
    attention_T = (session.attention_bytes(read)[place["layer"], place["head"], -1] / 255.0) ** 2
    back = len(read) - 1 - int(np.argmax(attention_T))
    assert read[-1 - back] == ("n" if back == 1 else "\n")
    assert back in (1, 33)
    assert said.format(f"{attention_T.max():.0%}") in SAID


def test_the_first_head_has_the_habit_that_it_says(session: Session):
    place, prompt = view(NEIGHBOR), request(NEIGHBOR).prompt
    maps_TT = session.attention_bytes(prompt)[int(place["layer"]), int(place["head"])]
    previous = sum(row_T.argmax() == t for t, row_T in enumerate(maps_TT[1:]))
    assert f"It does so for {previous / (len(prompt) - 1):.0%} of the letters of this prompt" in SAID


def test_it_learned_as_it_says(session: Session):
    assert view(LEARNED) == {"tab": "learned"}
    letters = [number_of_letters(snapshot.loss) for snapshot in read_snapshots(session)]
    assert letters == ["44", "6", "4", "3½"]
    for said in (
        "After 19 steps",
        "among 44 letters",
        "After 156 steps it is 6",
        "after 1,250, 4,",
        "after 10,000, 3½.",
    ):
        assert said in SAID


@NEEDS_CORPUS
def test_who_knows_the_frequencies_of_letters_alone_chooses_among_as_many_as_it_says():
    dataset = load_dataset()
    frequencies_V = np.bincount(dataset.train.numpy()) / len(dataset.train)
    loss = -np.log(frequencies_V[dataset.validation.numpy()]).mean()
    assert f"whoever knows only that chooses among {number_of_letters(loss)}." in SAID
