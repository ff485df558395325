"""Status lines below a text: how it was written, what was changed in the prompt, or why nothing was written."""

from html import escape

from tinygpt.data.memorization import MIN_LENGTH
from tinygpt.engines.engine import Engine
from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest


def status(continuation: Continuation | None = None, *, ended: str = "") -> str:
    """Length, speed and seed of a text, why it ended early, and what was changed in its prompt."""
    if continuation is None:
        return '<p class="status"></p>'
    parts = [str(continuation), how(continuation.request), *([ended] if ended else [])]
    return f'<p class="status">{" · ".join(parts)}</p>{_notes(continuation)}'


def shared_status(continuation: Continuation, *sentences: str, ended: str = "") -> str:
    """The settings that texts written side by side share with this one, and more sentences about them."""
    parts = [
        f"temperature {continuation.request.temperature:g}",
        how(continuation.request),
        *([ended] if ended else []),
    ]
    line = ". ".join([" · ".join(parts), *filter(None, sentences)])
    return f'<p class="status">{line}</p>{_notes(continuation)}'


def memorization(continuation: str, memorized: list[tuple[int, int]] | None) -> str:
    """How much of a text is memorized; "" if that is unknown."""
    if memorized is None or len(continuation) < MIN_LENGTH:
        return ""
    if not memorized:
        return f'<p class="status">No passage of {MIN_LENGTH} characters or more occurs in the training text.</p>'
    fraction = sum(last - first for first, last in memorized) / len(continuation)
    longest = max(last - first for first, last in memorized)
    return (
        f'<p class="status">{100 * fraction:.1f} % of it occurs in the training text word for word (underlined); '
        f"the longest passage has {longest} characters.</p>"
    )


def loading() -> str:
    """Shown while the model is being loaded."""
    return '<p class="note">Loading the model.</p>'


def slower_engine(engine: Engine) -> str:
    """Why the page writes with a slower engine; "" if it writes with the fastest one."""
    if not engine.slower_because:
        return ""
    return f'<p class="note">The page writes with a slower engine, {engine.name}: {escape(engine.slower_because)}.</p>'


def other_weights(sha256: str) -> str:
    """Added for a text from a link to other weights than those that wrote it now."""
    return f'<p class="note">The link is to a text from other weights ({escape(sha256[:16])}…): this one differs.</p>'


def refusal(error: ValueError) -> str:
    """Why nothing was written."""
    return f'<p class="note">{escape(str(error))}.</p>'


def how(request: GenerationRequest) -> str:
    """How the characters of a text were chosen: "seed 7", "greedy" or "beam width 4"."""
    if request.strategy == "beam":
        return f"beam width {request.beam_width}"
    return f"seed {request.seed}" if request.uses_seed else "greedy"


def duration(seconds: float) -> str:
    """A duration in seconds or minutes, for people."""
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.0f} minutes"


def _notes(continuation: Continuation) -> str:
    return "".join(f'<p class="note">{escape(note)}</p>' for note in continuation.notes)
