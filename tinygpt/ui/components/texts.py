"""Texts as data: what the page's scripts draw in the output."""

from collections.abc import Iterable, Sequence

from tinygpt.inference.continuation import Continuation
from tinygpt.ui.components.events import Data
from tinygpt.ui.components.status import Line, about_sample, memorization
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink


def sample_text(session: Session) -> Data | None:
    """The sample of the session's weights as a finished text, which nobody asked for; None if there is none."""
    if (sample := session.sample) is None:
        return None
    continuation = Continuation(
        request=sample.request,
        prompt=session.check(sample.request),
        text=sample.text,
        confidence=sample.confidence,
        notes=(),
        seconds=0,
    )
    memorized = session.memorized_spans(sample.text)
    status = [*about_sample(), *memorization(sample.text, memorized)]
    link = ShareLink(sample.request, sample.weights_sha256)
    return finished_text(continuation, link, memorized or [], status) | {"sample": True}


def growing_text(continuation: Continuation, forced: Iterable[int], status: Sequence[Line]) -> Data:
    """A text that is being written, with the positions of the characters that a person chose."""
    return {
        "prompt": continuation.prompt,
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
        "seed": str(request.seed) if request.uses_seed else "",
    }
