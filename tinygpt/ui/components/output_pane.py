"""The output pane: a continuation, laid out like a page of a printed play."""

import re
from collections.abc import Iterable
from html import escape

# "ROMEO:" alone on a line: the speaker of what follows.
_SPEAKER = re.compile(r"^[A-Z][^\n:]{0,40}:$", re.MULTILINE)


def output_pane(
    continuation: str,
    confidence: str = "",
    forced: Iterable[int] = (),
    memorized: Iterable[tuple[int, int]] = (),
    *,
    link: str = "",
    writing: bool = False,
) -> str:
    """The continuation as HTML whose text content is the continuation, unchanged.

    The page's scripts show the rest from data attributes: the confidence tint, the forced characters, what is
    memorized, and the visitor's history.

    Args:
        continuation: the text.
        confidence: a digit for each character (see Continuation).
        forced: the positions of the characters that a person chose.
        memorized: the spans that occur in the training text.
        link: the JSON of the share link, once the text is finished.
        writing: whether the text is still growing.
    """
    caption = '<p class="caption">Continuation</p>'
    if not continuation and not writing:
        return f'{caption}<p class="blank">The continuation will appear here.</p>'
    text = _SPEAKER.sub(lambda speaker: f"<b>{speaker[0]}</b>", escape(continuation, quote=False))
    if text.startswith("\n"):  # ends the prompt's last line: no blank line is needed here
        text = f'<span class="line-end">\n</span>{text[1:]}'
    data = {
        "confidence": confidence,
        "forced": " ".join(map(str, forced)),
        "memorized": " ".join(f"{first}-{last}" for first, last in memorized),
        "link": link,
    }
    attributes = " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items())
    return (
        f'{caption}<div class="output-text{" writing" if writing else ""}" id="continuation" {attributes} '
        'tabindex="0" role="group" '
        f'aria-label="Continuation. Arrow keys choose a character, Enter shows its candidates.">{text}</div>'
    )
