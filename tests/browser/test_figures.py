"""Figures that are saved: files that need nothing of the page, and show what it shows."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Page

from tests.hostile import TEXTS
from tinygpt.ui.front_end import FrontEnd

MODULES = ("figures", "drawings", "candidates_figure", "chart", "map_figures", "svg", "dom")
Save = Callable[..., dict[str, bytes]]


@pytest.fixture
def save(open_page: Page) -> Iterator[Save]:
    """save(script, argument): the files, by their names, that the buttons of a part of the page save.

    The part is what a JavaScript function makes of the modules' exports and an argument.
    """
    imports = ", ".join(f'import("./{FrontEnd().url}/{name}.js")' for name in MODULES)

    def save(script: str, argument: object = None) -> dict[str, bytes]:
        open_page.evaluate(
            f"""async (argument) => {{
                const modules = Object.assign({{}}, ...(await Promise.all([{imports}])));
                document.querySelector("#saving")?.remove();
                const part = document.createElement("div");
                part.id = "saving";
                document.body.append(part);
                part.append(...(({script})(modules, argument)));
            }}""",
            argument,
        )
        files = {}
        for button in open_page.locator("#saving .save button").all():
            with open_page.expect_download() as download:
                button.click()
            files[download.value.suggested_filename] = Path(download.value.path()).read_bytes()
        return files

    yield save
    open_page.evaluate("document.querySelectorAll('#saving, #shown').forEach((each) => each.remove())")


@pytest.fixture(params=["light", "dark"])
def scheme(open_page: Page, request: pytest.FixtureRequest) -> Iterator[str]:
    """The colors of the page."""
    open_page.emulate_media(color_scheme=request.param)
    open_page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", request.param == "dark")
    yield request.param
    open_page.evaluate("() => document.body.classList.remove('dark')")
    open_page.emulate_media(color_scheme="light")


def words(svg: bytes) -> list[str]:
    """The texts of an SVG, in their order."""
    return ["".join(each.itertext()) for each in ElementTree.fromstring(svg).iter() if each.tag.endswith("}text")]


DRAWING = """({ attentionKinds, saveButtons }, [title, detail]) => {
    const svg = attentionKinds();
    return [svg, saveButtons(title, () => svg, { details: () => [detail] })];
}"""


def test_a_drawing_is_saved_as_a_file_that_needs_nothing_of_the_page(save: Save, open_page: Page):
    files = save(DRAWING, ["Who attends to whom", "Weights 0123"])
    assert list(files) == ["who-attends-to-whom.svg", "who-attends-to-whom.png"]
    svg = ElementTree.fromstring(files["who-attends-to-whom.svg"])
    assert svg.findtext("{*}title") == "Who attends to whom"
    assert words(files["who-attends-to-whom.svg"]) == [
        *("encoder", "decoder", "cross-attention", "Who attends to whom", f"Weights 0123 · {open_page.title()}")
    ]
    names = {name.rpartition("}")[2] for each in svg.iter() for name in each.attrib}
    assert not names & {"class", "style", "href", "id"}
    assert b'fill="#8a2318" fill-opacity="0.28"' in files["who-attends-to-whom.svg"]
    assert b"var(" not in files["who-attends-to-whom.svg"]
    assert b"url(" not in files["who-attends-to-whom.svg"]


def test_a_picture_is_twice_as_large_and_shows_what_the_file_does_in_the_colors_of_the_page(
    save: Save, open_page: Page, scheme: str
):
    svg, png = save(DRAWING, ["Who attends to whom", "Weights 0123"]).values()
    picture = Image.open(BytesIO(png)).convert("RGB")
    assert picture.getpixel((2, 2)) == ((0x15, 0x12, 0x0E) if scheme == "dark" else (0xF6, 0xF1, 0xE5))
    shown = f"""<div id="shown" style="position: fixed; inset: 0; z-index: 9999">{svg.decode()}</div>"""
    open_page.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)", shown)
    drawing = open_page.locator("#shown svg")
    width, height = (int(drawing.get_attribute(side)) for side in ("width", "height"))
    assert picture.size == (2 * width, 2 * height)
    drawing.evaluate(
        "(svg, [width, height]) => (svg.style.cssText = `width: ${width}px; height: ${height}px`)", picture.size
    )
    drawn = Image.open(BytesIO(drawing.screenshot())).convert("RGB")
    difference = ImageStat.Stat(ImageChops.difference(picture, drawn.resize(picture.size)))
    assert max(difference.mean) < 2  # of 255: edges of letters are smoothed in other ways


def test_whatever_a_caption_says_stays_text_and_the_file_can_be_read(save: Save):
    for text in [TEXTS[2], TEXTS[5], "\0\x08\ud83d\ufffe"]:
        svg, _ = save(DRAWING, [f"A {text}", text]).values()
        tags = {each.tag.rpartition("}")[2] for each in ElementTree.fromstring(svg).iter()}
        assert tags == {"svg", "title", "rect", "g", "text"}


def test_a_canvas_is_saved_as_a_picture_only(save: Save):
    script = """({ create, saveButtons }) => {
        const canvas = create("canvas", { width: 700, height: 100 });
        Object.assign(canvas.getContext("2d"), { fillStyle: "#00ff00" }).fillRect(0, 0, 700, 100);
        return [canvas, saveButtons("A canvas", () => canvas, { formats: ["PNG"] })];
    }"""
    [(name, png)] = save(script).items()
    assert name == "a-canvas.png"
    assert dict(map(reversed, Image.open(BytesIO(png)).convert("RGB").getcolors(1 << 16)))[0, 255, 0] == 70_000


def test_a_map_is_saved_with_every_cell_as_deep_as_its_weight_and_the_characters_beside_it(save: Save):
    script = """({ mapFigure, saveButtons }, [characters, roots]) => {
        const map = { characters, here: 2, rootAt: (row, column) => roots[row][column] };
        return [saveButtons("Attention, block 2, head 3", () => mapFigure(map))];
    }"""
    roots = [[255, 0, 0], [128, 64, 0], [0, 255, 32]]
    svg, png = (files := save(script, [["R", "\n", " "], roots])).values()
    assert list(files) == ["attention-block-2-head-3.svg", "attention-block-2-head-3.png"]
    assert words(svg)[:6] == ["R", "R", "↵", "↵", "␣", "␣"]
    picture = Image.open(BytesIO(png)).convert("RGB")
    ground, accent = picture.getpixel((2, 2)), (0x8A, 0x23, 0x18)
    corner = 2 * (16 + 1 + 1.5 * 40)  # a margin, a line and letters; of 40 units is each cell
    for row in range(3):
        for column in range(3):
            depth = (28 if column > row else roots[row][column]) / 255
            place = [int(corner + 80 * each + 40) for each in (column, row)]
            wanted = [back + depth * (front - back) for front, back in zip(accent, ground, strict=True)]
            assert picture.getpixel(tuple(place)) == pytest.approx(wanted, abs=5)  # there are 32 depths


def test_a_chart_is_saved_with_its_axes_its_legend_and_its_marks(save: Save):
    script = """({ drawChart }) => {
        const part = document.createElement("div");
        const curves = [{ name: "seen", points: [[1, 4], [100, 2]] }, { name: "unseen", points: [[1, 5], [100, 3]] }];
        const axis = { x: "step", y: "letters", logX: true };
        const data = { caption: "How unsure it is", axis, curves, marks: [{ x: 10, y: 3, label: "ten" }] };
        drawChart(part, { ...data, curves: curves.slice(1) });
        const button = part.querySelector(".save button");
        drawChart(part, { ...data, details: ["after 100 steps"] });
        if (button !== part.querySelector(".save button")) throw new Error("it would lose the focus");
        return [part];
    }"""
    files = save(script)
    assert list(files) == ["how-unsure-it-is.svg", "how-unsure-it-is.png"]
    svg = files["how-unsure-it-is.svg"]
    assert {"seen", "unseen", "step", "letters", "1", "10", "100", "2", "5", "How unsure it is"} < {*words(svg)}
    assert words(svg)[-1].startswith("after 100 steps · ")
    assert svg.count(b"<polyline") == 4  # with those of the legend
    assert svg.count(b"<circle") == 1


def test_the_candidates_are_saved_with_their_figures(save: Save):
    script = """({ candidatesFigure, saveButtons }, data) =>
        [saveButtons("Candidates for character 3", () => candidatesFigure(data))]"""
    candidates = [[chr(97 + n), 0.5 / (n + 1), 0.4 / (n + 1), 0.3 / (n + 1)] for n in range(12)]
    svg = save(script, {"position": 2, "character": "b", "how": "sampled", "candidates": candidates})
    found = words(svg["candidates-for-character-3.svg"])
    assert [found[place : place + 3] for place in (found.index("a"), found.index("j"))] == [
        *(["a", "50.0%", "30.0%"], ["j", "5.0%", "3.0%"])
    ]
    assert "k" not in found
