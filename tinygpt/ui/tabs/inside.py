"""The tab Look inside: what every head attends to in a text, and how the model reads one of its characters."""

import zlib
from base64 import b64encode
from dataclasses import dataclass, replace

import gradio as gr
from gradio.components import Component

from tinygpt.config import SampleConfig
from tinygpt.fields import Integer
from tinygpt.inference.inspection import inspectable
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.controls import sampling_settings
from tinygpt.ui.components.diagram import Reading, diagram
from tinygpt.ui.components.events import WISHED, Data, answer, calls, event_value, on_load
from tinygpt.ui.components.lessons import lessons
from tinygpt.ui.services.displayed_text import DisplayedText, read_displayed_text
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink
from tinygpt.ui.services.wishes import Wishes

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
    """Lay out the tab and wire its events.

    When it is opened, the page asks for the text that it shows, and if there is none for the prompt, with the settings
    in `written` (see write_tab). A text is read by the weights that wrote it, whatever the menu says by then.
    """
    heads = gr.HTML(
        html_template=f'<p class="blank">{_HINT}</p>', elem_id="heads", js_on_load=on_load("heads")
    )  # its values hold what is drawn in the other two, too
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            gr.HTML(html_template="", elem_id="diagram", js_on_load=on_load("diagram"))
        with gr.Column(scale=6, min_width=320):
            gr.HTML(html_template="", elem_id="lessons", js_on_load=on_load("lessons"))

    def look_inside(
        prompt: str, weights: str, temperature: float, top_k: int, top_p: float, wishes: Wishes, event: gr.EventData
    ) -> Data:
        link, text, position, *parts = (
            event_value(event, name) for name in ("link", "text", "position", "index", "layer", "head")
        )

        def compute() -> Data:
            if link is None:
                session = registry[weights]
                displayed = prompt_alone(session, prompt, temperature, top_k, top_p)
            else:
                session, displayed = read_displayed_text(registry, link, text)
                displayed = displayed if position is None else displayed.at(position)
            inspection = inspect(session, displayed)
            if parts == [None, None, None]:
                return inspection_data(session, inspection) | window_data(session, inspection)
            return inspection_data(session, moved(session, inspection, *parts))

        return answer(event, wishes, compute)

    tab.select(None, js=f"() => {calls('lookInside')}")
    heads.select(look_inside, [*written, gr.State(Wishes())], heads, **WISHED)


def prompt_alone(session: Session, prompt: str, temperature: float, top_k: int, top_p: float) -> DisplayedText:
    """A prompt without a continuation. Raises FieldError as GenerationRequest and Session.check do."""
    settings = sampling_settings(session.tokenizer.vocab_size, temperature, top_k, top_p)
    request = GenerationRequest(prompt=prompt, seed=0, **settings)  # nothing is sampled, but a link has a seed
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


def inspection_data(session: Session, inspection: Inspection) -> Data:
    """The inspected character and head, with the diagram of the model."""
    displayed = inspection.displayed
    return {
        "shown": {"link": displayed.link.json(), "text": displayed.text, "position": displayed.position},
        "index": inspection.index,
        "layer": inspection.layer,
        "head": inspection.head,
        "diagram": draw(session, inspection),
    }


def window_data(session: Session, inspection: Inspection) -> Data:
    """The window, with the attention of every head in it, and the lessons on the model."""
    bytes_LHTT = session.attention_bytes(inspection.window)
    layers, heads = bytes_LHTT.shape[:2]
    maps = {
        "text": inspection.window,
        "layers": layers,
        "heads": heads,
        "weights": b64encode(zlib.compress(bytes_LHTT.tobytes(), level=1)).decode(),
        "note": _part_shown(inspection),
    }
    return {"maps": maps, "lessons": lessons(session.config, len(session.facts.get("teachers_sha256", ())))}


def _part_shown(inspection: Inspection) -> str:
    """What is not shown of the model's window; "" if it is shown whole."""
    shown, seen = len(inspection.window), inspection.seen
    if shown == seen:
        return ""
    which = "read as if the text began with them" if inspection.skipped else "the first ones"
    return f"Of the {seen:,} characters that the model sees here, {shown:,} are shown, {which}."


def _in_words(settings: SampleConfig, vocab_size: int) -> str:
    if settings.beam_width:
        return "at temperature 1, as in beam search"
    words = [f"at temperature {settings.temperature:g}"]
    words += [f"top-k {settings.top_k}"] if settings.top_k and settings.top_k < vocab_size else []
    words += [f"top-p {settings.top_p:g}"] if settings.top_p and settings.top_p < 1 else []
    return ", ".join(words)
