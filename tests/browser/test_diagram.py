"""The diagram of the model, its lessons and the walk through them, drawn from data."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.hostile import TEXTS, Structure, assert_order_is_kept, vocabulary
from tinygpt import TextEncoderDecoder, save_checkpoint
from tinygpt.model.gpt import FAMILIES
from tinygpt.model.sampling import probabilities
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.activations import activations_data, window_data
from tinygpt.ui.components.events import Data
from tinygpt.ui.front_end import FrontEnd
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.inspection import inspect, moved
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink


@pytest.fixture(scope="module")
def empty_page(context: BrowserContext, address: str) -> Iterator[Page]:
    """A document without a page in it, where modules can be loaded."""
    page = context.new_page()
    page.goto(f"{address}/{FrontEnd().url}/page.css")
    yield page
    page.close()


@pytest.fixture
def draw(empty_page: Page) -> Callable[[Data], str]:
    """draw(activations) returns the diagram as HTML."""

    def draw(data: Data) -> str:
        script = """async (data) => (await import("./diagram.js")).drawDiagram(data).outerHTML"""
        return empty_page.evaluate(script, data)

    return draw


@pytest.fixture
def lessons(empty_page: Page) -> Callable[[Data], str]:
    """lessons(activations) returns the lessons as HTML."""

    def lessons(data: Data) -> str:
        script = """async ({ model }) =>
            (await import("./lessons.js")).drawLessons(model).map((each) => each.outerHTML).join("")"""
        return empty_page.evaluate(script, data)

    return lessons


def read(session: Session, text: str, position: int, prompt: str = "The", **settings: Any) -> Data:
    """How the model reads the character before a position of a text, seen by the first head of its second block."""
    request = GenerationRequest(**{"prompt": prompt, "seed": 3, **settings})
    displayed = DisplayedText(ShareLink(request, session.facts["weights_sha256"]), prompt, text, position)
    return activations_data(session, moved(session, inspect(session, displayed), layer=1))


def words(html: str) -> str:
    """All texts of a drawing, without the marks that keep their order."""
    return re.sub("[\u2068\u2069]", "", "\n".join(text for text, _ in Structure(html).texts))


@pytest.fixture
def saved(build, tokenizer, tmp_path: Path) -> Callable[..., Session]:
    """saved("gpt") returns a session of a tiny model of this family."""

    def saved(family: str, **facts: Any) -> Session:
        save_checkpoint(tmp_path, build(family), tokenizer, facts=facts)
        return Session(tmp_path)

    return saved


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("position", [0, 4])
def test_it_shows_the_shapes_and_the_numbers_of_the_text_that_was_read(saved, draw, family: str, position: int):
    session = saved(family)
    data = read(session, "river", position)
    reading, config = data["reading"], session.config
    C, V, T = config.n_embd, config.vocab_size, 3 + position
    drawn = words(draw(data))
    assert f"{T} of at most 8 characters; {V} ids" in drawn
    assert f"\n{reading['latest'][-1][1]}\n" in drawn
    assert f": row {reading['latest'][-1][1]} of a table of {V} × {C}" in drawn
    assert (f"row {T - 1} of 8 × {C}" in drawn) == (family == "gpt")
    assert "Attention: block 2, head 1" in drawn
    assert f"{C} → {config.hidden} → {C}" in drawn
    assert f"{reading['layers'][0]['stream'][0]:.2f} " in drawn
    assert f"after block {config.n_layer}, length " in drawn
    assert f"{max(row[1] for row in reading['vocabulary']):.1f}" in drawn
    assert f"{100 * max(row[2] for row in reading['vocabulary']):.0f}%" in drawn
    weight = 100 * max(reading["attention"]["latest"])
    assert f"= {reading['attention']['score']:.2f}; after softmax: {weight:.0f}%" in drawn
    assert f"the random number {reading['uniform']:.4f} falls on “{'river'[position]}”" in drawn


def test_the_section_on_which_the_random_number_falls_is_that_of_the_character_that_came_next(saved, draw):
    data = read(saved("gpt"), "river", 4)
    (here,) = re.findall(r'class="box here" x="([\d.]+)" y="16" width="([\d.]+)"', draw(data))
    (at,) = re.findall(r'class="uniform" d="M([\d.]+)', draw(data))
    x, width, at = map(float, (*here, at))
    probability, before = next(row[2:] for row in data["reading"]["vocabulary"] if row[0] == "r")
    assert (x, width) == pytest.approx((8 + 336 * before, 336 * probability), abs=0.1)
    assert at == pytest.approx(8 + 336 * data["reading"]["uniform"], abs=0.1)


def test_it_says_if_nothing_was_sampled_or_nothing_came_next(saved, draw):
    session = saved("gpt")
    assert "“r” came next, being the likeliest" in words(draw(read(session, "river", 4, strategy="greedy")))
    link = ShareLink(GenerationRequest(prompt="The", seed=3), session.facts["weights_sha256"])
    alone = activations_data(session, inspect(session, DisplayedText(link, "The", "")))
    assert "the text ends here; one of these would come next" in words(draw(alone))
    assert 'class="uniform"' not in draw(alone)


def test_every_station_leads_to_a_lesson_for_the_family_of_the_model_and_its_teachers(saved, draw, lessons):
    for family, word, other in (("gpt", "ReLU", "RoPE"), ("qwen3", "RoPE", "ReLU")):
        teachers = ["0" * 64] * (4 * (family == "qwen3"))
        data = read(saved(family, teachers_sha256=teachers), "river", 4)
        shown = lessons(data)
        links = re.findall(r'href="#tab=inside&amp;station=([^"]+)"', draw(data))
        assert len(links) == 8
        assert links == re.findall(r'id="lesson-([^"]+)"', shown)
        assert word in shown
        assert other not in shown
        assert ("had 4 teachers" in shown) == (family == "qwen3")


WALK = """async (answer) => {
    const { Inspector } = await import("./inside.js");
    const element = document.body.appendChild(document.createElement("div"));
    const views = [];
    const listeners = { onSelect: () => {}, onView: (view) => views.push(view), hrefOf: (view) => `#${view}` };
    const inspector = new Inspector(element, { activations: (call, onAnswer) => onAnswer(answer) }, listeners);
    inspector.look(answer.shown);
    const [back, next] = element.querySelectorAll(".bar button");
    const inView = () => [...element.querySelectorAll(".lesson")].filter((each) => !each.hidden);
    const current = () => [...element.querySelectorAll("nav [aria-current=step]")].map((each) => each.textContent);
    const seen = [];
    const see = () => seen.push({
        words: inView().map((each) => each.querySelector(".words").innerText).join(""),
        numbers: inView().map((each) => each.querySelector(".figure").textContent).join(""),
        drawn: inView().every((each) => each.querySelector(".figure svg.station")),
        current: current(),
        marked: element.querySelector(".diagram [aria-current]")?.dataset.station,
        said: element.querySelector(".said").textContent,
    });
    see();
    for (let i = 0; i < 8; i++) { next.click(); see(); }
    back.click();
    see();
    const bars = () => [...element.querySelectorAll(".temperature svg .middle")].map((each) => each.textContent);
    const range = element.querySelector(".temperature input");
    const temperatures = {};
    for (const value of ["", 0, 1, 2]) {
        if (value !== "") {
            range.value = value;
            range.dispatchEvent(new Event("input"));
        }
        temperatures[value] = bars();
    }
    element.querySelector(".temperature button").click();
    temperatures.again = bars();
    element.querySelector(".view").click();
    const all = inView().length;
    const folded = element.querySelectorAll("#lessons details:not([open])").length;
    element.remove();
    return { seen, views, temperatures, all, folded };
}"""
NAMES = ["characters", "embedding", "attention", "feed-forward", "residual", "logits", "probabilities", "sampling"]
MODELS = {
    "one head, many characters": ("gpt", {"n_head": 1, "n_layer": 1}, 3000),
    "no learned positions": ("qwen3", {}, None),
}


@pytest.mark.parametrize("name", MODELS)
def test_next_and_back_lead_through_stations_that_are_true_of_the_weights(
    build, tokenizer, tmp_path: Path, empty_page: Page, name: str
):
    family, sizes, characters = MODELS[name]
    if characters:
        tokenizer = TextEncoderDecoder("".join(sorted(set("The river") | {chr(0x4E00 + n) for n in range(characters)})))
    save_checkpoint(tmp_path, build(family, vocab_size=tokenizer.vocab_size, **sizes), tokenizer)
    session = Session(tmp_path)
    link = ShareLink(GenerationRequest(prompt="The", seed=3, temperature=0.7, top_k=5), session.facts["weights_sha256"])
    inspection = inspect(session, DisplayedText(link, "The", "river", 4))
    answer = activations_data(session, inspection) | {"window": window_data(session, inspection)}
    walk = empty_page.evaluate(WALK, answer)
    *forward, end, before = walk["seen"]
    for i, (station, seen) in enumerate(zip(NAMES, forward, strict=True)):
        assert seen["current"] == [f"{i + 1}{station.capitalize()}"]
        assert seen["marked"] == station
        assert seen["drawn"]
        assert seen["words"].count("Try it. ") == 1
        assert not re.search("undefined|NaN|null|function", seen["words"] + seen["numbers"])
        if i:
            assert seen["said"] == f"Station {i + 1} of 8: {station.capitalize()}"
    assert end["marked"] == "sampling"  # there is no next one
    assert before["marked"] == "probabilities"
    assert walk["views"] == [*NAMES[1:], "probabilities", "all"]
    assert f"sorted list of the {tokenizer.vocab_size} characters" in forward[0]["words"]
    assert ("which ones does it attend to" in forward[2]["words"]) == (sizes.get("n_layer") == 1)
    assert f"adds (length {added(answer['reading']['layers'][:2]):.1f})" in forward[3]["numbers"]
    guess = answer["reading"]["layers"][-1]["character"]
    assert f"“\u2068{guess}\u2069” would" in forward[4]["numbers"] or f"“{guess}” would" in forward[4]["numbers"]

    logits_V = np.array([row[1] for row in answer["reading"]["vocabulary"]])
    for temperature in (0, 1, 2):
        likeliest_V = np.sort(probabilities(logits_V, temperature, 5))[::-1]
        wanted = ["< 1%" if 0 < p < 0.005 else f"{100 * p + 1e-9:.0f}%" for p in likeliest_V[:8]]
        assert walk["temperatures"][str(temperature)] == wanted
    assert walk["temperatures"][""] == walk["temperatures"]["again"] != walk["temperatures"]["2"]
    assert (walk["all"], walk["folded"]) == (8, 0)


def added(layers: list[Data]) -> float:
    """The length of what is added from one layer to the next."""
    before, after = (np.array(layer["stream"]) for layer in layers)
    return float(np.linalg.norm(after - before))


def test_a_character_stays_a_character_in_the_diagram(build, tmp_path, draw):
    known = vocabulary("".join(TEXTS))
    plain = "".join(chr(0x4E00 + n) for n in range(len(known)))
    model = build(vocab_size=len(known), block_size=64)
    sessions = []
    for name, characters in (("hostile", known), ("harmless", plain)):
        save_checkpoint(tmp_path / name, model, TextEncoderDecoder(characters))
        sessions.append(Session(tmp_path / name))
    for text in TEXTS:
        for position in range(1, len(text), 9):
            drawn = []
            for session in sessions:
                written = session.tokenizer.decode(sessions[0].tokenizer.encode(text))
                drawn.append(Structure(draw(read(session, written, position, prompt=written[:3]))))
            assert drawn[0].tags == drawn[1].tags
            assert_order_is_kept(drawn[0])


def test_the_cells_of_a_band_are_deeper_for_larger_numbers(empty_page: Page):
    script = """async (values) =>
        (await import("./svg.js")).band(values, 0, 0, 40, 10).flat().map((each) => each.outerHTML).join("")"""
    cells = re.findall(
        r'<path class="(\w+)" opacity="([\d.]+)" d="M([\d.]+)', empty_page.evaluate(script, [0, 4, -4, 1])
    )
    assert cells == [("accent", "1", "10.00"), ("cool", "1", "20.00"), ("accent", "0.6", "30.00")]
    assert "NaN" not in empty_page.evaluate(script, [0, 0, 0])


def test_a_page_without_a_server_draws_the_same_and_hears_what_a_person_selects(empty_page: Page, saved):
    session = saved("gpt")
    link = ShareLink(GenerationRequest(prompt="The", seed=3), session.facts["weights_sha256"])
    inspection = inspect(session, DisplayedText(link, "The", "river", 4))
    answers = [
        activations_data(session, moved(session, inspection, index=index, layer=layer, head=head))
        for index, layer, head in ((6, 0, 0), (2, 0, 0), (2, 1, 0))
    ]
    answers[0]["window"] = window_data(session, inspection)
    script = """async (answers) => {
        const { Inspector } = await import("./inside.js");
        const element = document.body.appendChild(document.createElement("div"));
        const [calls, selected, painted] = [[], [], () => new Promise((done) => setTimeout(done))];
        const backend = { activations: (call, onAnswer) => onAnswer(answers[calls.push(call) - 1]) };
        const listeners = { onSelect: (part) => selected.push(part), onView: () => {}, hrefOf: (view) => `#${view}` };
        const inspector = new Inspector(element, backend, listeners);
        inspector.look(answers[0].shown);
        while (!element.querySelector(".window span")) await painted(); // until the weights are unpacked
        element.querySelectorAll(".window span")[2].click();
        element.querySelectorAll(".overview button")[2].click();
        element.remove();
        const asked = calls.map(({ index, layer, head, window }) => [index, layer, head, window]);
        return [asked, selected, element.textContent];
    }"""
    calls, selected, shown = empty_page.evaluate(script, answers)
    assert calls == [[None, None, None, True], [2, 0, 0, False], [2, 1, 0, False]]
    assert selected == [{"position": 4, "index": 2, "layer": layer, "head": 0} for layer in (0, 1)]
    assert "Block 2, head 1: “e”, character 3, attends most to" in shown
    assert "Attention: block 2, head 1" in shown
    assert "3 of at most 8 characters" in shown
