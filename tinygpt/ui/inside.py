"""The tab that looks inside: what every head attends to in a text, and the machine as it reads one character."""

import zlib
from base64 import b64encode
from dataclasses import dataclass, replace
from html import escape

import gradio as gr
import numpy as np
from gradio.components import Component

from tinygpt.config import SampleConfig, check_integer
from tinygpt.inspection import expected
from tinygpt.sampling import uniform
from tinygpt.trace import Trace
from tinygpt.ui import render
from tinygpt.ui.api import QUIET, told
from tinygpt.ui.lessons import lessons
from tinygpt.ui.look import Shown
from tinygpt.ui.machine import Reading, machine
from tinygpt.ui.recipe import Recipe
from tinygpt.ui.session import Session
from tinygpt.ui.shelf import Shelf

_HINT = "What the tab Write shows is looked into here: its text, or its prompt while there is none."


@dataclass(frozen=True)
class Sight:
    """What a visitor looks into: a window of a text, a character in it, and a head."""

    shown: Shown
    text: str  # of the window
    first: int  # where it begins in the continuation; negative places count back from the end of the prompt
    index: int  # of the character
    layer: int = 0
    head: int = 0

    @property
    def next(self) -> int:
        """The place of the character after it."""
        return self.first + self.index + 1

    @property
    def came(self) -> str:
        """The character after it; "" where the text ends."""
        if self.next < 0:
            return self.shown.recipe.prompt[self.next]
        return self.shown.continuation[self.next :][:1]


def inside_tab(shelf: Shelf, menu: gr.Dropdown, tab: gr.Tab, written: list[Component]) -> None:
    """Lay out the tab, and have it look into what is `written` (see write_tab) whenever it is chosen.

    Whatever the menu says by then, a text is read by the weights that wrote it.
    """
    sight = gr.State(None)
    build = "window.tinygpt.heads(element, trigger)"
    heads = gr.HTML(f'<p class="blank">{_HINT}</p>', elem_id="heads", js_on_load=build)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            drawing = gr.HTML("", elem_id="machine")
        with gr.Column(scale=6, min_width=320):
            beside = gr.HTML("", elem_id="lessons")

    def opened(sight: Sight | None, shown: Shown | None, prompt: str, weights: str, *sliders: float) -> tuple:
        try:
            shown = shown or unwritten(shelf[weights], prompt, *sliders)
        except ValueError as error:
            return render.refusal(error), "", "", None
        if sight and sight.shown == shown:  # the visitor comes back to what they looked at
            return (gr.skip(),) * 4
        session = shelf.of(shown.recipe.weights_sha256)
        sight = sight_of(session, shown)
        explained = lessons(session.config, len(session.facts.get("teachers_sha256", ())))
        return maps(sight, session.trace(sight.text)), drawn(session, sight), explained, sight

    def chosen(sight: Sight | None, event: gr.EventData) -> tuple:
        if sight is None:
            return gr.skip(), gr.skip()
        session = shelf.of(sight.shown.recipe.weights_sha256)
        try:
            sight = moved(session, sight, *(told(event, part) for part in ("index", "layer", "head")))
        except ValueError:  # not from our page
            return gr.skip(), gr.skip()
        return drawn(session, sight), sight

    tab.select(opened, [sight, *written], [heads, drawing, beside, sight], queue=False, **QUIET)
    heads.select(chosen, sight, [drawing, sight], queue=False, trigger_mode="always_last", **QUIET)


def unwritten(session: Session, prompt: str, temperature: float, top_k: int, top_p: float) -> Shown:
    """A prompt that nothing was written for yet. Raises ValueError as SampleConfig and Session.check do."""
    settings = SampleConfig(temperature=temperature, top_k=top_k, top_p=top_p)
    session.check(prompt, settings)
    return Shown(Recipe(session.tokenizer.normalise(prompt)[0], settings, session.facts["weights_sha256"]), "")


def sight_of(session: Session, shown: Shown) -> Sight:
    """What is looked into first: the character from which the one came that the visitor chose, or the last one."""
    came = len(shown.continuation) - 1 if shown.place is None else shown.place
    place = came - 1 if shown.continuation else -1
    text, index = session.window_at(shown.recipe.prompt, shown.continuation, place)
    return Sight(shown, text, place - index, index)


def moved(session: Session, sight: Sight, index: object, layer: object, head: object) -> Sight:
    """The same window, looked at elsewhere. Raises ValueError where there is no such character or head."""
    check_integer("index", index, 0, len(sight.text) - 1)
    check_integer("layer", layer, 0, session.config.n_layer - 1)
    check_integer("head", head, 0, session.config.n_head - 1)
    return replace(sight, index=index, layer=layer, head=head)


def drawn(session: Session, sight: Sight) -> str:
    """The machine as it reads the character that is looked at."""
    settings, text = sight.shown.recipe.settings, sight.text[: sight.index + 1]
    trace = session.trace(text)
    shares = expected(trace.logits_LV[-1], settings)
    undrawn = _undrawn(session, sight)
    return machine(
        Reading(
            config=session.config,
            vocabulary=session.tokenizer.vocabulary,
            text=text,
            trace=trace,
            layer=sight.layer,
            head=sight.head,
            shares_V=shares.raw_V if settings.beam_width else shares.kept_V,
            settings=_in_words(settings, session.tokenizer.vocab_size),
            came=sight.came,
            dice=None if undrawn else uniform(settings.seed, sight.next),
            undrawn=undrawn,
        )
    )


def _undrawn(session: Session, sight: Sight) -> str:
    """Why no dice drew the next character from what is shown here; "" where they did."""
    recipe, continuation = sight.shown.recipe, sight.shown.continuation
    if sight.next < 0 or not sight.came:
        return "as the prompt has it"
    if sight.next in recipe.chosen:
        return "chosen by hand"
    if recipe.settings.beam_width:
        return "found by the beam"
    if not recipe.settings.draws:
        return "as the likeliest"
    # What a new window takes over from the one before was drawn there.
    _, index = session.window_at(recipe.prompt, continuation, sight.next - 1)
    return "" if index == sight.index else "drawn in the window before, which saw more"


def maps(sight: Sight, trace: Trace) -> str:
    """HTML of every head's attention in a window; the page's script draws it from the numbers that come along.

    Of each weight comes the square root in one byte: fine where weights are small, and most are.
    """
    weights_LHTT = trace.attention()
    coded = b64encode(zlib.compress(np.rint(255 * np.sqrt(weights_LHTT)).astype(np.uint8).tobytes(), level=1)).decode()
    layers, heads = weights_LHTT.shape[:2]
    return (
        f'<section class="inside" aria-label="Attention" data-text="{escape(sight.text)}" data-here="{sight.index}" '
        f'data-layers="{layers}" data-heads="{heads}" data-weights="{coded}">'
        "<p>Each character gathers from those before it: the deeper the colour, the more. Choose a character, and a "
        "head.</p><div class='window' tabindex='0' role='group' "
        "aria-label='The text. Arrow keys choose the character whose attention is shown.'></div>"
        "<p class='told' aria-live='polite'></p>"
        "<div class='sides'><div><div class='overview' role='group' aria-label='All heads'></div>"
        "<p class='legend'>Each row a block, each column one of its heads.</p></div>"
        "<div><div class='large' tabindex='0' role='group' "
        "aria-label='Map of one head. Arrow keys move over its cells, Enter chooses the row’s character.'>"
        "<canvas></canvas><i class='row'></i><i class='cell'></i></div>"
        "<p class='legend'>Down: who reads. Across: what it reads. The even half is the causal mask: nobody reads "
        "what comes later.</p></div></div></section>"
    )


def _in_words(settings: SampleConfig, vocab_size: int) -> str:
    if settings.beam_width:
        return "at temperature 1, as the beam weighs them"
    words = [f"at temperature {settings.temperature:g}"]
    words += [f"top-k {settings.top_k}"] if settings.top_k and settings.top_k < vocab_size else []
    words += [f"top-p {settings.top_p:g}"] if settings.top_p and settings.top_p < 1 else []
    return ", ".join(words)
