"""The output pane: what the page's scripts draw in it."""

from collections.abc import Iterable, Sequence

import gradio as gr

from tinygpt.inference.continuation import Continuation
from tinygpt.ui.components.events import Data, on_load
from tinygpt.ui.components.status import Line
from tinygpt.ui.services.share_link import ShareLink

_TEMPLATE = '<p class="caption">Continuation</p><p class="blank">The continuation will appear here.</p>'


def build_output_pane() -> gr.HTML:
    """Lay out the pane."""
    return gr.HTML(
        html_template=_TEMPLATE, elem_id="output-pane", elem_classes="tinted", js_on_load=on_load("outputPane")
    )


def growing_text(continuation: Continuation, forced: Iterable[int], status: Sequence[Line]) -> Data:
    """A text that is being written, with the positions of the characters that a person chose."""
    return {
        "text": continuation.text,
        "confidence": continuation.confidence,
        "forced": [*forced],
        "writing": True,
        "status": status,
    }


def finished_text(
    continuation: Continuation, link: ShareLink, memorized: Sequence[tuple[int, int]], status: Sequence[Line]
) -> Data:
    """A text with the link that writes it again, and the spans of it that occur in the training text."""
    request = continuation.request
    return growing_text(continuation, link.forced, status) | {
        "writing": False,
        "memorized": memorized,
        "link": link.json(),
        "fragment": link.fragment(),
        "prompt": continuation.prompt,
        "seed": str(request.seed) if request.uses_seed else "",
    }
