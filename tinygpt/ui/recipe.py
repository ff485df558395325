"""Everything it takes to write a text again, as a link's query and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from tinygpt.config import MAX_LENGTH, SampleConfig
from tinygpt.ui.session import FIELDS, parse_settings


@dataclass(frozen=True)
class Recipe:
    """A prompt, the settings with their seed, what was chosen by hand, and the weights that it was for."""

    prompt: str
    settings: SampleConfig
    weights_sha256: str
    chosen: Mapping[int, str] = field(default_factory=dict)  # characters by their place in the continuation

    @property
    def strategy(self) -> str:
        """As the page names it."""
        return "beam" if self.settings.beam_width else "sample" if self.settings.temperature else "greedy"

    def until(self, length: int) -> "Recipe":
        """That of a text that was ended at so many characters; of a beam, which is chosen as a whole, the same one."""
        if self.settings.beam_width or not length:
            return self
        chosen = {place: character for place, character in self.chosen.items() if place < length}
        return replace(self, settings=replace(self.settings, max_new_tokens=length), chosen=chosen)

    def json(self) -> str:
        """One line; the seed is a text, since JavaScript's numbers cannot hold all of its bits."""
        settings = self.settings
        fields = {
            "prompt": self.prompt,
            "length": settings.max_new_tokens,
            "temperature": settings.temperature,
            "top_k": settings.top_k,
            "top_p": settings.top_p,
            "seed": str(settings.seed),
            "stop": settings.stop,
            "strategy": self.strategy,
            "beam_width": settings.beam_width,
            "weights_sha256": self.weights_sha256,
            "chosen": sorted(self.chosen.items()),
        }
        return json.dumps(fields, ensure_ascii=False)

    def query(self) -> str:
        """The end of a link to the page that writes the text again."""
        return f"?recipe={quote(self.json())}"


def read_recipe(text: str) -> Recipe:
    """What Recipe.json wrote, checked as anything that comes from outside. Raises ValueError."""
    try:
        fields = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the recipe in the link is not whole ({error}): copy the link again") from None
    expected = {*FIELDS, "weights_sha256", "chosen"}
    if not isinstance(fields, dict) or fields.keys() != expected:
        raise ValueError(f"the recipe in the link must have the fields {', '.join(sorted(expected))}")
    settings = parse_settings(*(fields[name] for name in FIELDS[1:]))
    if settings.seed is None or not isinstance(fields["weights_sha256"], str):
        raise ValueError("the recipe in the link must have a seed, and the sha256 of its weights")
    return Recipe(fields["prompt"], settings, fields["weights_sha256"], _chosen(fields["chosen"]))


def _chosen(pairs: Any) -> dict[int, str]:
    pairs = pairs if isinstance(pairs, list) else [None]
    for pair in pairs:
        match pair:
            case [int(place), str(character)] if 0 <= place < MAX_LENGTH and len(character) == 1:
                continue
        raise ValueError(f"chosen in the recipe must hold pairs of a place and a character, not {pair!r:.40}")
    return dict(pairs)
