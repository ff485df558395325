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
    names = ("dom", "pieces", "columns", "chart", "facts", "candidates", "glossary", "share_link")
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


SPEAKERS = [
    ("My lord.\n\nKING HENRY:\nSay on: I hear.", ["KING HENRY:"]),
    (
        "KING RICHARD III:\nAy.\n\nLord Mayor:\nSo.\n\nFirst Citizen:\n",
        ["KING RICHARD III:", "Lord Mayor:", "First Citizen:"],
    ),
    ("ROMEO:\nFirst Citizen:\nSpeak.", ["ROMEO:"]),  # no blank line before it
    ("ROMEO:\nBY CHANGE SLEEP UPON MY TONGUE BY ME:\n", ["ROMEO:"]),
    ("ROMEO:\nSo.\n\nBY CHANGE SLEEP UPON MY TONGUE BY ME:\n", ["ROMEO:"]),  # more than four words
    ("And will deny him:\n\nGhost of King Henry:\n", ["And will deny him:", "Ghost of King Henry:"]),
    ("\nROMEO:\r\nO.\r\n\r\nNurse:\r\nSo:", ["ROMEO:", "Nurse:"]),
    ("ГАМЛЕТ:\nБыть?", ["ГАМЛЕТ:"]),
    *[(text, []) for text in ("Say on: I hear.", "Romeo\n:", "romeo:", "המלט:", "😀:", ":", "")],
]


def test_a_speaker_stands_alone_on_a_line_after_a_blank_one_or_at_the_beginning(run):
    script = """({ playPieces }, texts) =>
        texts.map((text) => playPieces(text).filter(({ kind }) => kind === "speaker").map(({ text }) => text))"""
    assert run(script, [text for text, _ in SPEAKERS]) == [speakers for _, speakers in SPEAKERS]


def test_a_name_that_the_prompt_begins_and_the_text_ends_is_a_speaker_all_of_it(run):
    script = """({ playPieces, splitPieces }, [prompt, text]) =>
        splitPieces(playPieces(prompt + text), prompt.length).map((part) => part.map((each) => Object.values(each)))"""
    assert run(script, ["So.\n\nKING HEN", "RY:\nAy."]) == [
        *([["", "So.\n\n"], ["speaker", "KING HEN"]], [["speaker", "RY:"], ["", "\nAy."]])
    ]
    assert run(script, ["ROMEO:", "\nO"]) == [[["speaker", "ROMEO:"]], [["", "\nO"]]]
    assert run(script, ["", "O"]) == [[], [["", "O"]]]


def test_the_end_of_a_long_prompt_is_shown_first_from_a_line_or_a_word_on(run):
    lines = "".join(f"line {n}\n" for n in range(20))
    prompts = ["", "ROMEO:\n", "word " * 80, lines, "word " * 100, "😀" * 300, "x" + "😀" * 300]
    shown = run("({ foldOffset }, prompts) => prompts.map((prompt) => prompt.slice(foldOffset(prompt)))", prompts)
    assert shown[:3] == prompts[:3]
    assert shown[3] == "line 15\nline 16\nline 17\nline 18\nline 19\n"
    assert shown[4] == "word " * 79
    assert shown[5] == shown[6] == "😀" * 200


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
        drawCandidates(panel, { position: 1, character: [...text][1], how: "sampled", candidates });
        return panel.innerHTML;
    }""",
    "columns": """({ Columns }, text) => {
        const element = document.createElement("div");
        const [words, memorized] = [{ heading: text, caption: text, detail: text }, [[0, 3]]];
        const column = { name: text, ...words, text, memorized, link: text };
        const columns = [column, { ...column, text: "b", link: "" }];
        new Columns(element, { compare: true }).show({ columns, status: [["note", text]] });
        return element.innerHTML;
    }""",
    "chart": """({ drawChart }, text) => {
        const element = document.createElement("div");
        const curves = [{ name: text, points: [[0, 1], [1, 2]] }];
        drawChart(element, { caption: text, axis: { x: text, y: text }, curves, marks: [{ x: 0, y: 1, label: text }] });
        return element.innerHTML;
    }""",
    "facts": """({ drawFacts }, text) => {
        const element = document.createElement("div");
        drawFacts(element, [["Preset", text, text]]);
        return element.innerHTML;
    }""",
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_text_stays_a_text_wherever_it_is_drawn(run, name: str):
    for hostile in TEXTS:
        page, plain = Structure(run(DRAWN[name], hostile)), Structure(run(DRAWN[name], harmless(hostile)))
        assert sorted(map(str, page.tags)) == sorted(map(str, plain.tags))
        if name in ("candidates", "facts") and (BIDI | set(HEBREW)) & set(hostile):
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
        const pane = new OutputPane(document.body.firstChild, {});
        const wrong = [];
        const show = (text, confidence) => {
            pane.show({ prompt: "ROMEO:", text, confidence, writing: true, forced: [], status: [] });
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


def test_the_first_occurrence_of_a_word_is_explained_and_any_sentence_stays_as_it_is(run):
    script = """({ explained }, sentences) => sentences.map((sentence) => {
        const element = document.createElement("p");
        element.append(...explained(sentence));
        return [element.textContent, [...element.querySelectorAll(".term")].map(({ textContent }) => textContent)];
    })"""
    words = {
        "Seed 7 · seed 8 · Top-k and top-p": ["Seed", "Top-k", "top-p"],
        "Each attention head has a query, keys and values": ["attention head", "query", "keys", "values"],
        "softmax": ["softmax"],
        "monkeys, headless, a masquerade, key-board, unseeded": [],
        **{text: [] for text in TEXTS},
    }
    assert run(script, [*words]) == [[sentence, found] for sentence, found in words.items()]
