"""The title and subtitle of the page, and losses in words."""

import math
from html import escape
from typing import Any

from tinygpt.data.download import learned_default_text

_MAX_LOSS = 20.0  # in nats; a larger one is told as this


def masthead(parameters: int, facts: dict[str, Any]) -> str:
    """The title and subtitle of the page as HTML, with the size and the validation loss of the model."""
    loss = facts.get("validation_loss")
    source = "some of Shakespeare’s plays" if learned_default_text(facts) else "a text"
    figure = f"{loss:.3f} nats per character on text that it never saw" if loss is not None else ""
    how_sure = f" · {_term('loss', uncertainty(loss), figure)}" if loss is not None else ""
    return (
        '<header class="masthead"><h1>tinygpt</h1>'
        f"<p><span>A small language model that has read {source}, letter by letter, and </span>"
        "continues whatever you begin.</p>"
        f"<small>{parameters / 1e6:.1f} million {_term('parameters', 'parameters')}{how_sure}</small></header>"
    )


def number_of_letters(loss: float) -> str:
    """Among how many letters, such as "4½", one would choose as unsure as at a loss in nats per character.

    It is "" where that is nearly always sure.
    """
    letters = math.exp(min(loss, _MAX_LOSS))
    if letters < 1.25:
        return ""
    whole, half = divmod(round(2 * letters), 2) if letters < 10 else (round(letters), 0)
    return f"{whole}{'½' * half}"


def uncertainty(loss: float) -> str:
    """A loss in nats per character, in words."""
    letters = number_of_letters(loss)
    return f"about as unsure as choosing among {letters} letters" if letters else "nearly always sure"


def _term(name: str, words: str, figure: str = "") -> str:
    """HTML of a word of tinygpt/web/glossary.js, with an exact figure that comes up before its definition."""
    hidden = f'<span id="{name}-figure" hidden>{escape(figure)}</span>' if figure else ""
    described = f"{name}-figure word-{name}" if figure else f"word-{name}"
    button = f'<span role="button" tabindex="0" class="term" data-word="{name}" aria-describedby="{described}">'
    return f"{button}{escape(words)}</span>{hidden}"
