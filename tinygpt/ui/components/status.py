"""Lines below a text: how it was written, what was changed in the prompt, or why nothing was written."""

from collections.abc import Iterable
from html import escape

from tinygpt.data.memorization import MIN_LENGTH
from tinygpt.engines.engine import Engine
from tinygpt.fields import FieldError
from tinygpt.inference.continuation import Continuation
from tinygpt.page.labels import LABELS
from tinygpt.request import GenerationRequest

Line = tuple[str, str]  # its kind, "status" or "note", which is its CSS class; and what it says


def writing(continuation: Continuation) -> list[Line]:
    """Shown while a text is written. It stays the same, since screen readers read out each change."""
    return [("status", "Writing …"), *_notes(continuation)]


def about_sample() -> list[Line]:
    """Shown with the sample that the page opens with."""
    return [("status", "A sample of what this model writes. Press Write for a text of your own.")]


def status(continuation: Continuation, *, ended: str = "") -> list[Line]:
    """Length, speed and seed of a text, why it ended early, and what was changed in its prompt."""
    parts = [str(continuation), how(continuation.request), *([ended] if ended else [])]
    return [("status", " · ".join(parts)), *_notes(continuation)]


def memorization(continuation: str, memorized: list[tuple[int, int]] | None) -> list[Line]:
    """How much of a text is memorized; nothing if that is unknown."""
    if memorized is None or len(continuation) < MIN_LENGTH:
        return []
    if not memorized:
        return [("status", f"No passage of {MIN_LENGTH} or more characters is copied from the training text.")]
    fraction = sum(last - first for first, last in memorized) / len(continuation)
    longest = max(last - first for first, last in memorized)
    sentence = (
        f"{100 * fraction:.1f}% of the text is copied word for word from the training text (underlined); "
        f"the longest such passage has {longest} characters."
    )
    return [("status", sentence)]


def loading() -> list[Line]:
    """Shown while the model is being loaded."""
    return [("status", "Loading the model; this takes a few seconds.")]


def slower_engine(engine: Engine) -> list[Line]:
    """Why texts come more slowly than they could; nothing if the fastest engine writes them."""
    if not engine.slower_because:
        return []
    if engine.pending:
        return [("note", "Warming up: texts come more slowly for up to a minute.")]
    return [("note", f"Writing is slower here ({engine.name}): {engine.slower_because}.")]


def other_weights(sha256: str) -> list[Line]:
    """Added for a text from a link to other weights than those that wrote it now."""
    return [("note", f"Other weights wrote the shared text ({sha256[:12]}…), so this one differs.")]


def refusal(error: ValueError) -> list[Line]:
    """Why nothing was written, and what to do."""
    if isinstance(error, FieldError):
        label = LABELS.get(error.field, error.field.replace("_", " ").capitalize())
        return [("note", f"{label} {error.problem}. Correct this and try again.")]
    return [("note", f"{str(error)[:1].upper()}{str(error)[1:]}.")]


def html(lines: Iterable[Line]) -> str:
    """Lines as HTML, for components that the page's scripts do not draw."""
    return "".join(f'<p class="{kind}">{escape(sentence)}</p>' for kind, sentence in lines)


def how(request: GenerationRequest) -> str:
    """How the characters of a text were chosen: "seed 7", "greedy" or "beam width 4"."""
    if request.strategy == "beam":
        return f"beam width {request.beam_width}"
    return f"seed {request.seed}" if request.uses_seed else "greedy"


def duration(seconds: float) -> str:
    """A duration in words, rounded as people do: "a few seconds", "about 20 seconds", "about 3 minutes"."""
    minutes = seconds / 60
    if seconds < 10:
        return "a few seconds"
    if seconds < 45:
        return f"about {round(seconds, -1):.0f} seconds"
    if minutes < 1.5:
        return "about a minute"
    if minutes < 50:
        return f"about {minutes:.0f} minutes"
    return "about an hour" if minutes < 90 else f"about {minutes / 60:.0f} hours"


def _notes(continuation: Continuation) -> list[Line]:
    return [("note", note) for note in continuation.notes]
