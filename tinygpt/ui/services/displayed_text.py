"""A finished text on a visitor's page, of which they inspect a character."""

from dataclasses import dataclass, replace

from tinygpt.request import bounds
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink, read_share_link


@dataclass(frozen=True)
class DisplayedText:
    """A finished text, or a prompt without a continuation yet, and the position of the inspected character."""

    link: ShareLink  # writes the text again
    prompt: str  # normalized to the characters that the model knows
    text: str
    position: int | None = None  # of the inspected character, counted from the beginning of the continuation

    def at(self, position: object) -> "DisplayedText":
        """The same text with another inspected character. Raises ValueError if there is no character at `position`."""
        if type(position) is not int or not 0 <= position < len(self.text):
            raise ValueError("there is no character to inspect: select another one")
        return replace(self, position=position)


def read_displayed_text(registry: Registry, link: object, text: object) -> tuple[Session, DisplayedText]:
    """A text on a visitor's page, from its share link, and the session that wrote it.

    Raises ValueError for what no page sends, and where the weights that wrote it are gone.
    """
    share_link = read_share_link(link)
    session = registry.of(share_link.weights_sha256)
    if not isinstance(text, str) or len(text) > bounds("length").high:
        raise ValueError("there is no such text on the page: write another one")
    session.tokenizer.encode(text)
    return session, DisplayedText(share_link, session.check(share_link.request), text)
