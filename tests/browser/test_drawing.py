"""What the modules draw from data: whatever a text holds, it stays that text."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.acts import TINTS
from tests.hostile import BIDI, HEBREW, TEXTS, Structure, assert_order_is_kept, harmless
from tinygpt.output import format_output
from tinygpt.ui.front_end import FrontEnd

PLAYS = ["ROMEO:\nO,\n\nJULIET:\nNo: I.\n", "\n\nKING HENRY:\nSay", "ROMEO:", "A\u2028B:\n", "\n", "", "😀\n😀:\n"]


@pytest.fixture
def run(open_page: Page) -> Callable[..., Any]:
    """run(script, argument) returns what a JavaScript function makes of the modules' exports and an argument."""
    names = ("dom", "pieces", "columns", "candidates", "share_link")
    modules = ", ".join(f'import("./{FrontEnd().url}/{name}.js")' for name in names)

    def run(script: str, argument: Any = None) -> Any:
        load = f"Object.assign({{}}, ...(await Promise.all([{modules}])))"
        return open_page.evaluate(f"async (argument) => ({script})({load}, argument)", argument)

    return run


@pytest.mark.parametrize("pieces", ["playPieces(text)", "markedPieces(text, text ? 0 : null, [[0, 1]])"])
def test_a_text_is_drawn_unchanged_however_it_grows_shrinks_and_changes(run, pieces: str):
    script = f"""({{ drawPieces, playPieces, markedPieces }}, texts) => {{
        const [element, wrong] = [document.createElement("div"), []];
        const draw = (text) => {{
            const before = [...element.childNodes];
            const grown = drawPieces(element, {pieces});
            if (element.textContent !== text) wrong.push(text);
            if (grown !== before.every((node, i) => node === element.childNodes[i])) wrong.push(`not told: ${{text}}`);
        }};
        for (const text of texts) for (let end = 0; end <= text.length; end++) draw(text.slice(0, end));
        for (const text of texts.reverse()) draw(text);
        return wrong;
    }}"""
    assert run(script, [*TEXTS, *PLAYS]) == []


def test_a_speaker_stands_alone_on_a_line(run):
    script = """({ playPieces }, texts) =>
        texts.map((text) => playPieces(text).filter(({ kind }) => kind === "speaker").map(({ text }) => text))"""
    texts = ["My lord.\n\nKING HENRY:\nSay on: I hear.", "Say on: I hear.", "ROMEO:", "Romeo\n:", "\nROMEO:\r\n"]
    assert run(script, texts) == [["KING HENRY:"], [], ["ROMEO:"], [], []]


def test_memorized_spans_are_underlined_exactly_also_across_a_mark(run):
    script = (
        """({ markedPieces }) => markedPieces("0123456789", 4, [[3, 6], [8, 10]]).map((each) => Object.values(each))"""
    )
    drawn = [
        ["", "012"],
        ["memorized", "3"],
        ["marked memorized", "4"],
        ["memorized", "5"],
        ["", "67"],
        ["memorized", "89"],
    ]
    assert run(script) == drawn


def test_texts_are_marked_where_they_begin_to_differ(run):
    script = "({ firstDifference }, pairs) => pairs.map(([text, other]) => firstDifference(text, other))"
    assert run(script, [["abd", "abc"], ["same", "same"], ["ab", "a"], ["a", "ab"], ["", "a"], ["😀b", "😀c"]]) == [
        *(2, None, 1, None, None, 1)
    ]


def test_uncertain_characters_are_found_from_any_position_on(run):
    script = "({ uncertainRuns }, from) => uncertainRuns('0093345', from).map((each) => Object.values(each))"
    assert run(script, 0) == [[0, 0, 2], [3, 3, 5], [4, 5, 6]]
    assert run(script, 4) == [[3, 4, 5], [4, 5, 6]]


DRAWN = {
    "candidates": """({ drawCandidates }, text) => {
        const panel = document.createElement("div");
        const candidates = [...new Set(text)].sort().map((character) => [character, 0.5, 0.25, 0.125]);
        drawCandidates(panel, { position: 1, character: [...text][1], how: "sampled", candidates }, {});
        return panel.innerHTML;
    }""",
    "columns": """({ drawColumns }, text) => {
        const element = document.createElement("div");
        const column = { heading: "0.8", text, memorized: [[0, 3]], name: text, selected: true, link: text };
        drawColumns(element, [column, { ...column, text: "b", link: "" }], { compare: true, lines: [["note", text]] });
        return element.innerHTML;
    }""",
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_text_stays_a_text_wherever_it_is_drawn(run, name: str):
    for hostile in TEXTS:
        page, plain = Structure(run(DRAWN[name], hostile)), Structure(run(DRAWN[name], harmless(hostile)))
        assert sorted(map(str, page.tags)) == sorted(map(str, plain.tags))
        if name == "candidates" and (BIDI | set(HEBREW)) & set(hostile):
            assert_order_is_kept(page)


def test_a_character_that_cannot_be_seen_is_shown_by_its_code_point(run):
    script = "({ shown }, characters) => characters.map((each) => shown(each))"
    names = ["a", "new line", "space", "U+202E", "U+200B", "U+0000", "א", "U+00A0"]
    assert run(script, ["a", "\n", " ", "\u202e", "\u200b", "\0", "א", "\u00a0"]) == names


def test_a_forced_character_keeps_the_forced_ones_before_it_only_and_a_beam_goes_on_greedily(run):
    script = """({ steered }, [link, position]) => JSON.parse(steered(JSON.stringify(link), "a😀cd", position, "x"))"""
    link = {"seed": str(2**64 - 1), "strategy": "sample", "forced": [[0, "a"], [3, "d"]]}
    assert run(script, [link, 1]) == link | {"forced": [[0, "a"], [1, "x"]]}
    assert run(script, [link, 0]) == link | {"forced": [[0, "x"]]}
    beam = link | {"strategy": "beam", "forced": []}
    assert run(script, [beam, 2]) == link | {"strategy": "greedy", "forced": [[0, "a"], [1, "😀"], [2, "x"]]}


def test_output_txt_is_the_same_as_in_the_terminal(run):
    script = "({ outputFile }, [prompt, text]) => outputFile(prompt, text)"
    for prompt, text in zip([*TEXTS, "\n\nROMEO:\n\n"], [*reversed(TEXTS), "\n"], strict=True):
        assert run(script, [prompt, text]) == format_output(prompt, text)


def test_at_every_step_of_a_text_every_letter_is_tinted_as_its_confidence_says(context: BrowserContext, address: str):
    page = context.new_page()
    page.goto(f"{address}/{FrontEnd().url}/page.css")  # a document without a page in it, where modules can be loaded
    script = """async ([tints, texts]) => {
        const { OutputPane } = await import("./output_pane.js");
        document.body.innerHTML = '<div><p class="blank"></p></div>';
        const pane = new OutputPane(document.body.firstChild, () => {});
        const wrong = [];
        const show = (text, confidence) => {
            pane.show({ text, confidence, writing: true, forced: [], status: [] });
            const wanted = confidence.replace(/[5-9]/g, "-");
            const tinted = eval(tints)();
            if (tinted !== wanted) wrong.push([text, wanted, tinted]);
        };
        for (const text of texts) {
            const characters = [...text];
            const confidence = characters.map((_, i) => (i * i * 7 + texts.indexOf(text)) % 10).join("");
            for (let end = 1; end <= characters.length; end++)
                show(characters.slice(0, end).join(""), confidence.slice(0, end));
            show(text.replace("O", "I"), confidence); // another text that is as long
        }
        return wrong;
    }"""
    assert page.evaluate(script, [TINTS, PLAYS[:5] + PLAYS[6:]]) == []
    page.close()
