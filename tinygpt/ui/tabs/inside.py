"""The tab Look inside: what every head attends to in a text, and how the model reads one of its characters."""

import zlib
from base64 import b64encode
from dataclasses import dataclass, replace
from html import escape

import gradio as gr
from gradio.components import Component

from tinygpt.config import SampleConfig
from tinygpt.fields import FieldError, Integer
from tinygpt.inference.inspection import inspectable
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.controls import sampling_settings
from tinygpt.ui.components.diagram import Reading, diagram
from tinygpt.ui.components.events import QUIET, calls, event_value
from tinygpt.ui.components.lessons import lessons
from tinygpt.ui.components.status import refusal
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink

_HINT = "This tab shows how the model reads the text of the tab Write, or its prompt if there is no text yet."


@dataclass(frozen=True)
class Inspection:
    """What a visitor inspects: a window of a text or a part of it, a character in it, and an attention head."""

    displayed: DisplayedText
    window: str
    first: int  # the position of its first character; negative positions count back from the end of the prompt
    index: int  # of the inspected character in the window
    skipped: int  # characters of the model's window before this part of it
    seen: int  # characters in the model's window
    layer: int = 0
    head: int = 0

    @property
    def next_position(self) -> int:
        """The position of the character after the inspected one."""
        return self.first + self.index + 1

    @property
    def next_character(self) -> str:
        """The character after the inspected one; "" where the text ends."""
        if self.next_position < 0:
            return self.displayed.prompt[self.next_position]
        return self.displayed.text[self.next_position :][:1]


def inside_tab(registry: Registry, menu: gr.Dropdown, tab: gr.Tab, written: list[Component]) -> None:
    """Lay out the tab and wire its events. When it is opened, it inspects what is `written` (see write_tab).

    A text is read by the weights that wrote it, whatever the menu of weights says by then.
    """
    inspection = gr.State(None)
    on_load = calls("heads", "element, trigger")
    heads = gr.HTML(f'<p class="blank">{_HINT}</p>', elem_id="heads", js_on_load=on_load)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            drawing = gr.HTML("", elem_id="diagram")
        with gr.Column(scale=6, min_width=320):
            lesson_texts = gr.HTML("", elem_id="lessons")

    def open_tab(
        inspection: Inspection | None, displayed: DisplayedText | None, prompt: str, weights: str, *sliders: float
    ) -> tuple:
        try:
            displayed = displayed or prompt_alone(registry[weights], prompt, *sliders)
        except ValueError as error:
            return refusal(error), "", "", None
        if inspection and inspection.displayed == displayed:  # nothing new: keep what the visitor was inspecting
            return (gr.skip(),) * 4
        session = registry.of(displayed.link.weights_sha256)
        inspection = inspect(session, displayed)
        texts = lessons(session.config, len(session.facts.get("teachers_sha256", ())))
        return attention_maps(session, inspection), draw(session, inspection), texts, inspection

    def choose(inspection: Inspection | None, event: gr.EventData) -> tuple:
        if inspection is None:
            return gr.skip(), gr.skip()
        session = registry.of(inspection.displayed.link.weights_sha256)
        parts = [event_value(event, part) for part in ("index", "layer", "head")]
        try:
            inspection = moved(session, inspection, *parts)
        except FieldError:  # a forged event
            return gr.skip(), gr.skip()
        return draw(session, inspection), inspection

    tab.select(open_tab, [inspection, *written], [heads, drawing, lesson_texts, inspection], queue=False, **QUIET)
    # Not "always_last": gradio would answer the last of several hasty presses with the data of the first.
    heads.select(choose, inspection, [drawing, inspection], queue=False, trigger_mode="multiple", **QUIET)


def prompt_alone(session: Session, prompt: str, temperature: float, top_k: int, top_p: float) -> DisplayedText:
    """A prompt without a continuation. Raises FieldError as GenerationRequest and Session.check do."""
    settings = sampling_settings(session.tokenizer.vocab_size, temperature, top_k, top_p)
    request = GenerationRequest(prompt=prompt, **settings)
    return DisplayedText(ShareLink(request, session.facts["weights_sha256"]), session.check(request), "")


def inspect(session: Session, displayed: DisplayedText) -> Inspection:
    """The first inspection of a text: of the character before the inspected one, or before the last one."""
    predicted = len(displayed.text) - 1 if displayed.position is None else displayed.position
    position = predicted - 1 if displayed.text else -1
    window, index = session.window_at(displayed.prompt, displayed.text, position)
    size = inspectable(session.config)
    skipped = max(0, index + 1 - size)  # the beginning of a window is read as in the window
    part, index = window[skipped : skipped + size], index - skipped
    return Inspection(displayed, part, position - index, index, skipped, seen=len(window))


def moved(session: Session, inspection: Inspection, index: object, layer: object, head: object) -> Inspection:
    """The same window with another character and head. Raises FieldError, a ValueError, if one does not exist."""
    return replace(
        inspection,
        index=Integer(0, len(inspection.window) - 1).checked("index", index),
        layer=Integer(0, session.config.n_layer - 1).checked("layer", layer),
        head=Integer(0, session.config.n_head - 1).checked("head", head),
    )


def draw(session: Session, inspection: Inspection) -> str:
    """The diagram of the model as it reads the inspected character."""
    settings = inspection.displayed.link.request.sample_config()
    text = inspection.window[: inspection.index + 1]
    reading = session.read_character(text, inspection.layer, inspection.head, settings, inspection.next_position)
    not_sampled = _why_not_sampled(session, inspection)
    return diagram(
        Reading(
            config=session.config,
            vocabulary=session.tokenizer.vocabulary,
            text=text,
            layer=inspection.layer,
            head=inspection.head,
            attention=reading.attention,
            layers=reading.layers,
            logits_V=reading.logits_V,
            probabilities_V=reading.candidates.raw_V if settings.beam_width else reading.candidates.kept_V,
            settings=_in_words(settings, session.tokenizer.vocab_size),
            next_character=inspection.next_character,
            uniform=None if not_sampled else reading.uniform,
            not_sampled=not_sampled,
        )
    )


def _why_not_sampled(session: Session, inspection: Inspection) -> str:
    """Why the next character was not sampled from the probabilities shown here; "" if it was."""
    displayed, position = inspection.displayed, inspection.next_position
    request = displayed.link.request
    if position < 0 or not inspection.next_character:
        return "as given in the prompt"
    if position in displayed.link.forced:
        return "chosen by hand"
    if request.strategy == "beam":
        return "found by beam search"
    if not request.uses_seed:
        return "as the likeliest one"
    if inspection.skipped:
        return "sampled by the model, which saw more of the text"
    # The beginning of a new window was sampled in the window before.
    _, index = session.window_at(displayed.prompt, displayed.text, position - 1)
    return "" if index == inspection.index else "sampled in the window before, which saw more"


def attention_maps(session: Session, inspection: Inspection) -> str:
    """The attention of every head in a window as HTML. The page's script draws it from the bytes in data-weights."""
    bytes_LHTT = session.attention_bytes(inspection.window)
    encoded = b64encode(zlib.compress(bytes_LHTT.tobytes(), level=1)).decode()
    layers, heads = bytes_LHTT.shape[:2]
    return (
        f'<section class="inside" aria-label="Attention" data-text="{escape(inspection.window)}" '
        f'data-here="{inspection.index}" data-layers="{layers}" data-heads="{heads}" data-weights="{encoded}">'
        "<p>Each character attends to itself and to those before it: the deeper the color, the more. Choose a "
        f"character and a head.{_part_shown(inspection)}</p><div class='window' tabindex='0' role='group' "
        "aria-label='The text. Arrow keys choose the character whose attention is shown.'></div>"
        "<p class='readout' aria-live='polite'></p>"
        "<div class='sides'><div><div class='overview' role='group' aria-label='All heads'></div>"
        "<p class='legend'>Each row is a block, each column one of its heads.</p></div>"
        "<div><div class='large' tabindex='0' role='group' "
        "aria-label='Map of one head. Arrow keys move over its cells, Enter chooses the row’s character.'>"
        "<canvas></canvas><i class='row'></i><i class='cell'></i></div>"
        "<p class='legend'>Rows: the character that attends. Columns: the character that it attends to. The evenly "
        "colored half is the causal mask: no character attends to a later one.</p></div></div></section>"
    )


def _part_shown(inspection: Inspection) -> str:
    """What is not shown of the model's window; "" if it is shown whole."""
    shown, seen = len(inspection.window), inspection.seen
    if shown == seen:
        return ""
    which = "read as if the text began with them" if inspection.skipped else "the first ones"
    return f" Of the {seen:,} characters that the model sees here, {shown:,} are shown, {which}."


def _in_words(settings: SampleConfig, vocab_size: int) -> str:
    if settings.beam_width:
        return "at temperature 1, as in beam search"
    words = [f"at temperature {settings.temperature:g}"]
    words += [f"top-k {settings.top_k}"] if settings.top_k and settings.top_k < vocab_size else []
    words += [f"top-p {settings.top_p:g}"] if settings.top_p and settings.top_p < 1 else []
    return ", ".join(words)
