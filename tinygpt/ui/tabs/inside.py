"""The tab Look inside: what every head attends to in a text, and how the model reads one of its characters."""

import gradio as gr
from gradio.components import Component

from tinygpt.request import GenerationRequest
from tinygpt.ui.components.activations import activations_data, window_data
from tinygpt.ui.components.controls import sampling_settings
from tinygpt.ui.components.events import Data, answer, calls, event_value, on_call, on_load
from tinygpt.ui.services.displayed_text import DisplayedText, read_displayed_text
from tinygpt.ui.services.inspection import inspect, moved
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink

_HINT = "Here you will see how the model reads the text on the Write tab, or the prompt if there is no text yet."


def inside_tab(registry: Registry, menu: gr.HTML, tab: gr.Tab, written: list[Component]) -> None:
    """Lay out the tab and wire its events.

    When it is opened, the page asks for the text that it shows, and if there is none for the prompt, with the settings
    in `written` (see write_tab). A text is read by the weights that wrote it, whatever the menu says by then.
    """
    inside = gr.HTML(html_template=f'<p class="blank">{_HINT}</p>', elem_id="inside", js_on_load=on_load("inside"))

    def look_inside(
        prompt: str, weights: str, temperature: float, top_k: int, top_p: float, latest: LatestCall, event: gr.EventData
    ) -> str:
        link, text, position = (event_value(event, name) for name in ("link", "text", "position"))

        def compute() -> Data:
            if link is None:
                session = registry[weights]
                displayed = prompt_alone(session, prompt, temperature, top_k, top_p)
            else:
                session, displayed = read_displayed_text(registry, link, text)
                displayed = displayed if position is None else displayed.at(position)
            parts = {name: event_value(event, name) for name in ("index", "layer", "head")}
            inspection = moved(session, inspect(session, displayed), **parts)
            window = {"window": window_data(session, inspection)} if event_value(event, "window") else {}
            return activations_data(session, inspection) | window

        return answer(event, latest, compute)

    tab.select(None, js=f"() => {calls('lookInside')}")
    on_call(inside.select, "activations", look_inside, [*written, gr.State(LatestCall())], inside)


def prompt_alone(session: Session, prompt: str, temperature: float, top_k: int, top_p: float) -> DisplayedText:
    """A prompt without a continuation. Raises FieldError as GenerationRequest and Session.check do."""
    settings = sampling_settings(session.tokenizer.vocab_size, temperature, top_k, top_p)
    request = GenerationRequest(prompt=prompt, seed=0, **settings)  # nothing is sampled, but a link has a seed
    return DisplayedText(ShareLink(request, session.facts["weights_sha256"]), session.check(request), "")
