"""The text on a visitor's page, and how it is written again with one character replaced."""

from dataclasses import dataclass, replace

from tinygpt.ui.services.share_link import ShareLink


@dataclass(frozen=True)
class DisplayedText:
    """A finished text, or a prompt without a continuation yet, and the position of the inspected character."""

    link: ShareLink  # writes the text again
    prompt: str  # normalized to the characters that the model knows
    text: str
    position: int | None = None  # of the inspected character, counted from the beginning of the continuation

    def at(self, position: int) -> "DisplayedText":
        """The same text with another inspected character. Raises ValueError if there is no character at `position`."""
        if type(position) is not int or not 0 <= position < len(self.text):
            raise ValueError("there is no character to inspect")
        return replace(self, position=position)

    def with_forced(self, character: str) -> ShareLink:
        """A link to the text with `character` forced at the inspected position; later forced characters are dropped."""
        request = self.link.request
        if request.strategy == "beam":  # a beam search cannot be forced: the text continues greedily instead
            request, before = replace(request, strategy="greedy"), dict(enumerate(self.text[: self.position]))
        else:
            before = {position: kept for position, kept in self.link.forced.items() if position < self.position}
        return replace(self.link, request=request, forced=before | {self.position: character})
