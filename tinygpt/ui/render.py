"""HTML of the page's own parts. Everything that a visitor or a model wrote is escaped here."""

import re
from collections.abc import Iterable
from html import escape
from typing import Any

from tinygpt.config import SampleConfig
from tinygpt.download import DEFAULT_SHA256
from tinygpt.memorised import SHORTEST
from tinygpt.writing import Draft

# "ROMEO:" alone on a line: whose speech follows.
_SPEAKER = re.compile(r"^[A-Z][^\n:]{0,40}:$", re.MULTILINE)


def leaf(
    continuation: str,
    sureness: str = "",
    chosen: Iterable[int] = (),
    by_heart: Iterable[tuple[int, int]] = (),
    *,
    recipe: str = "",
    writing: bool = False,
) -> str:
    """A continuation set like a page of a play. Its text content is the continuation, unchanged.

    The page's script shows the rest: `sureness` has a digit for each character (see Draft), `chosen` are the places
    where a person's choice stands, `by_heart` the stretches that the training text has too. By the `recipe` of a
    finished text it keeps that for the visitor.
    """
    caption = '<p class="caption">Continuation</p>'
    if not continuation and not writing:
        return f'{caption}<p class="blank">What follows will be set here.</p>'
    text = _SPEAKER.sub(lambda speaker: f"<b>{speaker[0]}</b>", escape(continuation, quote=False))
    if text.startswith("\n"):  # the line end that closes the prompt's last line needs no blank line here
        text = f'<span class="line-end">\n</span>{text[1:]}'
    return (
        f'{caption}<div class="leaf{" writing" if writing else ""}" id="continuation" data-sureness="{sureness}" '
        f'data-chosen="{" ".join(map(str, chosen))}" data-by-heart="{" ".join(f"{a}-{b}" for a, b in by_heart)}" '
        f'data-recipe="{escape(recipe)}" tabindex="0" role="group" '
        f'aria-label="Continuation. Arrow keys choose a character, Enter looks at it.">{text}</div>'
    )


def status(draft: Draft | None = None, *, ended: str = "") -> str:
    """The line below the page: how much, how fast, which seed, and what was changed in the prompt."""
    if draft is None:
        return '<p class="status"></p>'
    parts = [str(draft), how(draft.settings), *([ended] if ended else [])]
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in draft.notes)
    return f'<p class="status">{" · ".join(parts)}</p>{notes}'


def together(draft: Draft, *more: str, ended: str = "") -> str:
    """The line for texts that were written together: what they share with this one, and what else there is to say."""
    parts = [f"temperature {draft.settings.temperature:g}", how(draft.settings), *([ended] if ended else [])]
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in draft.notes)
    return f'<p class="status">{". ".join([" · ".join(parts), *filter(None, more)])}</p>{notes}'


def memorised(continuation: str, by_heart: list[tuple[int, int]] | None) -> str:
    """How much of a text the model has by heart, for the line below the status."""
    if by_heart is None or len(continuation) < SHORTEST:
        return ""
    if not by_heart:
        return f'<p class="status">Nothing of it stands in the training text for {SHORTEST} characters or more.</p>'
    share = sum(last - first for first, last in by_heart) / len(continuation)
    longest = max(last - first for first, last in by_heart)
    return (
        f'<p class="status">{100 * share:.1f} % of it stands in the training text word for word, underlined here; '
        f"the longest stretch has {longest} characters.</p>"
    )


def getting_ready() -> str:
    """In the place of the status, while the model is being made."""
    return '<p class="note">The machine is being made ready. On its first start this takes some seconds.</p>'


def other_weights(sha256: str) -> str:
    """Below the status of a text from a link that was made with other weights."""
    return f'<p class="note">The link is of a text from other weights ({escape(sha256[:16])}…): this is another.</p>'


def refusal(error: ValueError) -> str:
    """In the place of the status: why nothing was written."""
    return f'<p class="note">{escape(str(error))}.</p>'


def how(settings: SampleConfig) -> str:
    """How the characters of a text were chosen."""
    if settings.beam_width:
        return f"beam width {settings.beam_width}"
    return f"seed {settings.seed}" if settings.draws else "greedy"


def masthead(parameters: int, facts: dict[str, Any]) -> str:
    """The head of the page: a title page's lines, and the one figure that tells how good the model is."""
    loss = facts.get("validation_loss")
    read = "some of Shakespeare’s plays" if facts.get("data_sha256") == DEFAULT_SHA256 else "a text"
    figure = f" · {loss:.3f} nats a character on text it never saw" if loss is not None else ""
    return (
        '<header class="masthead"><h1>tinygpt</h1>'
        f"<p>A small machine that has read {read}, letter by letter, "
        "and goes on from whatever you begin.</p>"
        f"<small>{parameters / 1e6:.1f} million parameters{figure}</small></header>"
    )


def duration(seconds: float) -> str:
    """In seconds or in minutes."""
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.0f} minutes"


def table(rows: list[tuple[str, str]]) -> str:
    """Facts as a two-column table."""
    body = "".join(f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f'<table class="facts"><tbody>{body}</tbody></table>'
