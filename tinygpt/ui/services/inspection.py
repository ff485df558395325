"""What a visitor inspects of a text: a window, a character in it and an attention head."""

from dataclasses import dataclass, replace

from tinygpt.fields import FieldError, Integer
from tinygpt.inference.inspection import CharacterReading, inspectable
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.session import Session


@dataclass(frozen=True)
class Inspection:
    """A window of a text or a part of it, a character in it, and an attention head."""

    displayed: DisplayedText
    window: str
    first: int  # the position of its first character; negative positions count back from the end of the prompt
    index: int  # of the inspected character in the window
    skipped: int  # characters of the model's window before this part of it
    seen: int  # characters in the model's window
    layer: int = 0
    head: int = 0

    @property
    def next_position(self) -> int:
        """The position of the character after the inspected one."""
        return self.first + self.index + 1

    @property
    def next_character(self) -> str:
        """The character after the inspected one; "" where the text ends."""
        if self.next_position < 0:
            return self.displayed.prompt[self.next_position]
        return self.displayed.text[self.next_position :][:1]


def inspect(session: Session, displayed: DisplayedText) -> Inspection:
    """The first inspection of a text: of the character before the inspected one, or before the last one."""
    predicted = len(displayed.text) - 1 if displayed.position is None else displayed.position
    position = predicted - 1 if displayed.text else -1
    window, index = session.window_at(displayed.prompt, displayed.text, position)
    size = inspectable(session.config)
    skipped = max(0, index + 1 - size)  # the beginning of a window is read as in the window
    part, index = window[skipped : skipped + size], index - skipped
    return Inspection(displayed, part, position - index, index, skipped, seen=len(window))


def moved(session: Session, inspection: Inspection, **changes: object) -> Inspection:
    """The same window with another `index`, `layer` or `head`; those that are None stay as they are.

    Raises ValueError if there is no such character or head.
    """
    config = session.config
    counts = {"index": len(inspection.window), "layer": config.n_layer, "head": config.n_head}
    try:
        checked = {
            name: Integer(0, counts[name] - 1).checked(name, value)
            for name, value in changes.items()
            if value is not None
        }
    except FieldError as error:
        raise ValueError(f"The {error}: choose another character or head") from None
    return replace(inspection, **checked)


def read_inspected(session: Session, inspection: Inspection) -> CharacterReading:
    """How the model reads the inspected character and predicts the next one."""
    settings = inspection.displayed.link.request.sample_config()
    text = inspection.window[: inspection.index + 1]
    return session.read_character(text, inspection.layer, inspection.head, settings, inspection.next_position)


def why_not_sampled(session: Session, inspection: Inspection) -> str:
    """Why the next character was not sampled from the probabilities here; "" if it was.

    The words follow "It came next, ".
    """
    displayed, position = inspection.displayed, inspection.next_position
    request = displayed.link.request
    if position < 0 or not inspection.next_character:
        return "as the prompt says"
    if position in displayed.link.forced:
        return "chosen by hand"
    if request.strategy == "beam":
        return "found by beam search"
    if not request.uses_seed:
        return "being the likeliest"
    if inspection.skipped:
        return "sampled with more of the text in view"
    # The beginning of a new window was sampled in the window before.
    _, index = session.window_at(displayed.prompt, displayed.text, position - 1)
    return "" if index == inspection.index else "sampled in the previous window"
