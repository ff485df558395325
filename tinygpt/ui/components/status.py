"""Lines below a text: how it was written, what was changed in the prompt, or why nothing was written."""

from collections.abc import Iterable
from html import escape

from tinygpt.data.memorization import MIN_LENGTH
from tinygpt.engines.engine import Engine
from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest

Line = tuple[str, str]  # its kind, "status" or "note", which is its CSS class; and what it says


def status(continuation: Continuation, *, ended: str = "") -> list[Line]:
    """Length, speed and seed of a text, why it ended early, and what was changed in its prompt."""
    parts = [str(continuation), how(continuation.request), *([ended] if ended else [])]
    return [("status", " · ".join(parts)), *_notes(continuation)]


def shared_status(continuation: Continuation, *sentences: str, ended: str = "") -> list[Line]:
    """The settings that texts written side by side share with this one, and more sentences about them."""
    parts = [
        f"temperature {continuation.request.temperature:g}",
        how(continuation.request),
        *([ended] if ended else []),
    ]
    return [("status", ". ".join([" · ".join(parts), *filter(None, sentences)])), *_notes(continuation)]


def memorization(continuation: str, memorized: list[tuple[int, int]] | None) -> list[Line]:
    """How much of a text is memorized; nothing if that is unknown."""
    if memorized is None or len(continuation) < MIN_LENGTH:
        return []
    if not memorized:
        return [("status", f"No passage of {MIN_LENGTH} characters or more occurs in the training text.")]
    fraction = sum(last - first for first, last in memorized) / len(continuation)
    longest = max(last - first for first, last in memorized)
    sentence = (
        f"{100 * fraction:.1f} % of it occurs in the training text word for word (underlined); "
        f"the longest passage has {longest} characters."
    )
    return [("status", sentence)]


def loading() -> list[Line]:
    """Shown while the model is being loaded."""
    return [("note", "Loading the model.")]


def slower_engine(engine: Engine) -> list[Line]:
    """Why the page writes with a slower engine; nothing if it writes with the fastest one."""
    if not engine.slower_because:
        return []
    return [("note", f"The page writes with a slower engine, {engine.name}: {engine.slower_because}.")]


def other_weights(sha256: str) -> list[Line]:
    """Added for a text from a link to other weights than those that wrote it now."""
    return [("note", f"The link is to a text from other weights ({sha256[:16]}…): this one differs.")]


def refusal(error: ValueError) -> list[Line]:
    """Why nothing was written."""
    return [("note", f"{error}.")]


def html(lines: Iterable[Line]) -> str:
    """Lines as HTML, for components that the page's scripts do not draw."""
    return "".join(f'<p class="{kind}">{escape(sentence)}</p>' for kind, sentence in lines)


def how(request: GenerationRequest) -> str:
    """How the characters of a text were chosen: "seed 7", "greedy" or "beam width 4"."""
    if request.strategy == "beam":
        return f"beam width {request.beam_width}"
    return f"seed {request.seed}" if request.uses_seed else "greedy"


def duration(seconds: float) -> str:
    """A duration in seconds or minutes, for people."""
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.0f} minutes"


def _notes(continuation: Continuation) -> list[Line]:
    return [("note", note) for note in continuation.notes]
