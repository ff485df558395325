"""The sliders of the page: what they are called, what they are for, and what they can be set to."""

from typing import Any, NamedTuple

from tinygpt.page.labels import LABELS
from tinygpt.request import bounds, default


class Slider(NamedTuple):
    """A slider for a field of a request."""

    label: str
    info: str
    minimum: float
    maximum: float
    step: float
    value: float  # that it opens with


def sliders(vocab_size: int) -> dict[str, Slider]:
    """The sliders by the names of their fields. The right ends of top-k and top-p mean no limit."""
    return {
        "length": _slider("length", "in characters"),
        "temperature": _slider("temperature", "0 plays it safe, 2 is wild", step=0.05),
        "top_k": _slider("top_k", "only the k likeliest letters", maximum=vocab_size, value=vocab_size),
        "top_p": _slider("top_p", "likeliest letters, p in total", step=0.05, minimum=0.05, value=1),
        "beam_width": _slider("beam_width", "texts kept while searching"),
    }


def _slider(name: str, info: str, *, step: float = 1, **options: Any) -> Slider:
    """The slider of a field, with its bounds and default where no others are given."""
    limits = {"minimum": bounds(name).low, "maximum": bounds(name).high, "value": default(name)}
    return Slider(label=LABELS[name], info=info, step=step, **limits | options)
