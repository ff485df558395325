"""Share links: everything needed to write a text again, as the fragment of a link and as JSON.

tinygpt/web/share_link.js reads and writes the same.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from tinygpt.fields import FieldError, Integer, Number
from tinygpt.request import GenerationRequest, bounds, default, names

_WEIGHTS = "weights_sha256"
_FORCED = "forced"
_FORCED_BEFORE = "chosen"  # the name of the field in links and stored texts of earlier versions
_DIGITS = 12  # of the weights' sha256, at least
_SHA256 = re.compile(f"[0-9a-f]{{{_DIGITS},64}}")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")
_AGAIN = "ask for the link again, or write a text of your own"  # what to do about a link that cannot be opened


@dataclass(frozen=True)
class ShareLink:
    """A request with its seed, the characters that a person forced, and the weights that write it."""

    request: GenerationRequest
    weights_sha256: str  # or its first digits
    forced: Mapping[int, str] = field(default_factory=dict)  # characters by their position in the continuation

    def until(self, length: int) -> "ShareLink":
        """The link to the first `length` characters. A beam search's is unchanged: it finds a text as a whole."""
        if self.request.strategy == "beam" or not length:
            return self
        forced = {position: character for position, character in self.forced.items() if position < length}
        return replace(self, request=replace(self.request, length=length), forced=forced)

    def json(self) -> str:
        """One line of JSON with every field; the seed is a string, because JavaScript's numbers cannot hold 64 bits."""
        fields = asdict(self.request) | {"seed": str(self.request.seed)}
        return json.dumps(fields | {_WEIGHTS: self.weights_sha256, _FORCED: self._pairs()}, ensure_ascii=False)

    def fragment(self) -> str:
        """The fragment of a link that writes the text again: `#` and the fields that differ from their defaults."""
        fields = asdict(self.request)
        fields = {name: value for name, value in fields.items() if value not in (None, default(name))}
        fields[_WEIGHTS] = self.weights_sha256[:_DIGITS]
        if self.forced:
            fields[_FORCED] = json.dumps(self._pairs(), ensure_ascii=False, separators=(",", ":"))
        return f"#{urlencode(fields, quote_via=quote)}"

    def _pairs(self) -> list[tuple[int, str]]:
        return sorted(self.forced.items())


def read_share_link(text: object) -> ShareLink:
    """Read a link's fragment, its JSON, or the JSON of an earlier version.

    Raises ValueError, with a sentence for people, for anything else.
    """
    fields = _fields(text)
    if unknown := fields.keys() - {*names(), _WEIGHTS, _FORCED}:
        raise ValueError(
            "This link is damaged, or was made by a newer version of this page, which has the field "
            f"{min(unknown)!r:.40}: reload the page, {_AGAIN}"
        )
    weights, forced = fields.pop(_WEIGHTS, None), fields.pop(_FORCED, [])
    if not isinstance(weights, str) or not _SHA256.fullmatch(weights):
        raise ValueError(f"This link does not say which weights wrote its text: {_AGAIN}")
    try:
        request = GenerationRequest(**fields)
    except FieldError as error:
        raise cannot_be_opened(error) from None
    if request.seed is None:
        raise ValueError(f"This link has no seed: {_AGAIN}")
    return ShareLink(request, weights, _check_forced(forced))


def cannot_be_opened(error: ValueError) -> ValueError:
    """The error for a link whose text cannot be written, because of another error."""
    return ValueError(f"This link cannot be opened ({error}): {_AGAIN}")


def _fields(text: object) -> dict[str, Any]:
    """The fields of a link or of JSON, with current names and types. Raises ValueError."""
    try:
        if not isinstance(text, str):
            raise ValueError
        if not text.lstrip().startswith("{"):
            pairs = parse_qsl(text.removeprefix("#"), keep_blank_values=True, strict_parsing=True, errors="strict")
            fields = {name: _parse(name, value) for name, value in pairs}
            if len(fields) < len(pairs):
                raise ValueError  # a field stands twice
            return fields
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"This link is damaged or incomplete: {_AGAIN}") from None
    if _FORCED_BEFORE in fields:
        fields[_FORCED] = fields.pop(_FORCED_BEFORE)
    return fields


def _parse(name: str, value: str) -> Any:
    """Parse a field's value in a link. Raises ValueError if it has the wrong type."""
    if name == _FORCED:
        return json.loads(value)
    kind = bounds(name) if name in names() else None
    if isinstance(kind, Integer):
        if not (value.isascii() and value.isdigit()):
            raise ValueError
        return int(value)
    if isinstance(kind, Number):
        if not _NUMBER.fullmatch(value):
            raise ValueError
        return float(value)
    return value


def _check_forced(pairs: Any) -> dict[int, str]:
    """The forced characters by their position, from pairs in a link. Raises ValueError."""
    max_length = bounds("length").high
    for pair in pairs if isinstance(pairs, list) else [pairs]:
        match pair:
            case [int(position), str(character)] if (
                type(position) is int and 0 <= position < max_length and len(character) == 1
            ):
                continue
        raise ValueError(f"The chosen characters in this link are damaged ({pair!r:.40}): {_AGAIN}")
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"This link names two characters for one position: {_AGAIN}")
    return dict(pairs)
