"""A text as a picture to send, set like a page of a play."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from benchmarks.serving import serving_folder
from tests.browser.acts import finished, write
from tests.browser.modules import WEB
from tests.hostile import TEXTS

LONG = [
    "O, that this too too solid flesh would melt, thaw and resolve itself into a dew! " * 3,
    "honorificabilitudinitatibus" * 5,
    "well-a-day — " * 12 + "\n\n  indented \nend ",
    "太初有道，道与神同在，道就是神。这道太初与神同在。万物是藉着他造的。" * 2,
    "👩‍👩‍👧‍👦é" * 60,
    "שלום עולם " * 20,
]
# The lines of a text as a browser breaks them in an element of some width.
BROWSER_LINES = """(text, width, font) => {
    const element = document.createElement("div");
    Object.assign(element.style, { font, width: `${width}px`, whiteSpace: "pre-wrap", overflowWrap: "anywhere" });
    element.textContent = text;
    document.body.append(element);
    const [range, lines] = [new Range(), []];
    let [bottom, offset] = [-Infinity, 0];
    for (const { segment } of new Intl.Segmenter().segment(text)) {
        range.setStart(element.firstChild, offset);
        range.setEnd(element.firstChild, (offset += segment.length));
        const box = [...range.getClientRects()].at(-1);
        if (segment === "\\n") [bottom, lines[lines.length]] = [-Infinity, ""];
        if (segment === "\\n" || !box) continue;
        if (!lines.length) lines.push("");
        if (bottom !== -Infinity && box.top > bottom - 8) lines.push("");
        bottom = box.bottom;
        lines[lines.length - 1] += segment;
    }
    element.remove();
    return lines;
}"""


WIDTH = 300  # of lines, in pixels
PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 360, "height": 780}}


@pytest.fixture(scope="module")
def run(modules) -> Callable[..., Any]:
    """run(script, argument) returns what a JavaScript function makes of the modules' exports and an argument."""
    return modules("card", "typesetting", "browser")


def test_lines_are_broken_where_the_page_breaks_them(run):
    script = f"""({{ setLines, measuring, FAMILY }}, [texts, width]) => {{
        const font = `20px ${{FAMILY}}`;
        const measure = measuring((context) => (context.font = font));
        return texts.map((text) => [
            setLines([{{ kind: "", text }}], width, measure).map((line) => line.map(({{ text }}) => text).join("")),
            ({BROWSER_LINES})(text, width, font),
        ]);
    }}"""
    for set_lines, drawn in run(script, [LONG, WIDTH]):
        assert [line.rstrip() for line in set_lines] == [line.rstrip() for line in drawn]


def test_a_text_in_lines_is_that_text_and_each_piece_keeps_its_kind(run):
    script = """({ setLines, measuring }, [texts, width]) => texts.map((text) => {
        const part = (from, end) => [...text].slice(from, end).join("");
        const pieces = [{ kind: "prompt", text: part(0, 7) }, { kind: "", text: part(7) }];
        const measure = measuring((context, kind) => (context.font = kind ? "30px serif" : "20px serif"));
        const lines = setLines(pieces, width, measure);
        const joined = (kind) => lines.flat().filter((each) => each.kind === kind).map(({ text }) => text).join("");
        const widthOf = (line) => line.reduce((sum, { kind, text }) => sum + measure(text.trimEnd(), kind), 0);
        return [joined("prompt"), joined(""), Math.max(...lines.map(widthOf))];
    })"""
    texts = [*LONG, *TEXTS, "", "\n", "\n\n", " " * 99]
    for text, (prompt, rest, widest) in zip(texts, run(script, [texts, WIDTH]), strict=True):
        assert (prompt, rest) == (text[:7].replace("\n", ""), text[7:].replace("\n", ""))
        assert widest <= WIDTH


LAY_OUT = """({ layOut }, [prompt, text, url]) => {
    const measure = (text) => 8 * text.length;
    const { lines, rule, height } = layOut({ prompt, text }, { source: "temperature 1", url }, measure);
    return { lines: lines.map(({ y, pieces }) => [y, pieces.map(({ kind, text }) => [kind, text])]), rule, height };
}"""


def test_a_card_has_the_text_as_the_page_sets_it_then_a_rule_then_where_it_comes_from(run):
    card = run(LAY_OUT, ["\n\nROMEO:\nO, she", " doth\n\nJULIET:\nAy\n\n", "http://x/#seed=1"])
    assert [line for _, line in card["lines"]] == [
        [["prompt speaker", "romeo:"]],
        [["prompt", "O, she"], ["", " doth"]],
        [],
        [["speaker", "juliet:"]],
        [["", "Ay"]],
        [["source", "temperature 1"]],
        [["source", "http://x/#seed=1"]],
    ]
    heights = [y for y, _ in card["lines"]]
    assert heights == sorted(heights)
    assert heights[4] < card["rule"] < heights[5]
    assert heights[-1] < card["height"]


def test_a_long_text_ends_with_how_much_more_there_is_and_a_long_address_with_an_ellipsis(run):
    card = run(LAY_OUT, ["word " * 200, "\n".join(f"line {n}" for n in range(300)), f"http://x/#{'y' * 500}"])
    lines = ["".join(text for _, text in line) for _, line in card["lines"]]
    assert lines[0].startswith("… word")
    more = next(line for line in lines if "more lines" in line)
    last = lines[lines.index(more) - 1]
    assert more == f"… and {300 - 1 - int(last.removeprefix('line '))} more lines"
    assert lines[-2].startswith("http://x/#y")
    assert lines[-1].endswith("y…")
    assert card["height"] * 1200 * 2 < 16e6  # pixels: the most that a browser of a phone makes a picture of


def test_below_a_text_stands_how_it_can_be_written_again(run):
    script = "({ sourceOf }, link) => (document.title = 'tinygpt') && sourceOf({ link: JSON.stringify(link) })"
    link = {"prompt": "ROMEO:\nO", "strategy": "sample", "temperature": 0.8, "seed": "5", "forced": []}
    assert run(script, link) == "Prompt: “\u2068ROMEO: O\u2069” · temperature 0.8 · seed 5 · tinygpt"
    greedy = link | {"temperature": 0, "prompt": "\n", "forced": [[3, "x"]]}
    assert run(script, greedy) == "No prompt · greedy · 1 letter chosen by hand · tinygpt"
    limited = link | {"prompt": "word " * 100, "top_k": 5, "top_p": 0.9}
    assert "… " in run(script, limited)
    assert "word” · temperature 0.8 · top-k 5 · top-p 0.9 · seed 5".replace("”", "\u2069”") in run(script, limited)
    assert "beam width 4" in run(script, link | {"strategy": "beam", "beam_width": 4})


def test_the_picture_of_a_text_is_on_paper_with_the_prompt_paler_also_in_the_dark(same_page: Page):
    write(same_page, "ROMEO:\n", length=40)
    finished(same_page, 40)
    same_page.emulate_media(color_scheme="dark")
    with same_page.expect_download() as download:
        same_page.get_by_role("button", name="Save as picture").click()
    same_page.emulate_media(color_scheme="light")
    assert download.value.suggested_filename == "tinygpt.png"
    picture = Image.open(Path(download.value.path())).convert("RGB")
    assert picture.width == 1200
    assert picture.getpixel((3, 3)) == (0xFD, 0xFA, 0xF2)
    colors = {color for _, color in picture.getcolors(1 << 20)}
    assert {(0x21, 0x1A, 0x14), (0x6A, 0x5D, 0x4D)} <= colors  # the text, and the prompt


# The system's sheet, which takes files, and what it was given.
SHEET = """
navigator.canShare = ({ files }) => files.length === 1;
navigator.share = async ({ files: [file] }) => {
    window.sent = [file.name, file.type, file.size];
    if (window.refusal) throw new DOMException("", window.refusal);
};
"""


def test_on_a_phone_a_picture_goes_to_the_systems_sheet_and_is_saved_where_it_may_not(browser: Browser):
    save = """async () => {
        const { saveOrShare } = await import("/browser.js");
        await saveOrShare(new File(["x"], "tinygpt.png", { type: "image/png" }));
        return window.sent;
    }"""
    downloads = []
    with serving_folder(WEB) as url, browser.new_context(**PHONE) as context:
        context.add_init_script(SHEET)
        page = context.new_page()
        page.on("download", lambda download: downloads.append(download))
        page.goto(f"{url}/page.css")
        assert page.evaluate(save) == ["tinygpt.png", "image/png", 1]
        page.evaluate("window.refusal = 'AbortError'")  # the person has closed the sheet
        page.evaluate(save)
        assert not downloads
        page.evaluate("window.refusal = 'NotAllowedError'")
        with page.expect_download() as download:
            page.evaluate(save)
        assert download.value.suggested_filename == "tinygpt.png"
