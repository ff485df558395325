"""The whole machine in one drawing, with the numbers of one text: SVG, from its characters down to the next one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinygpt.config import GPTConfig
from tinygpt.sampling import probabilities
from tinygpt.trace import Trace
from tinygpt.ui.svg import band, bars, path, rect, text

WIDTH = 360  # of the drawing, in its own units: those of a phone's screen
_LEFT, _RIGHT = 8, 344  # what is drawn stays between; on the right the way back goes up
_ROOM = _RIGHT - _LEFT
_SHOWN = 8  # characters of the text
_PITCH = _ROOM / _SHOWN
_SIGNS = {"\n": "↵", " ": "␣"}


@dataclass(frozen=True)
class Reading:
    """What a model made of a text, up to the character that came next."""

    config: GPTConfig
    vocabulary: str
    text: str  # what was read
    trace: Trace
    layer: int  # of the head that is looked at, from 0
    head: int
    shares_V: np.ndarray  # what the next character is drawn from
    settings: str  # how they came about, in words
    came: str  # the next character; "" where nobody wrote one
    dice: float | None  # the number that drew it
    undrawn: str  # how it came about, where there is no such number

    @property
    def ids(self) -> list[int]:
        """Of the characters."""
        return [self.vocabulary.index(character) for character in self.text]

    @property
    def query_D(self) -> np.ndarray:
        """With which the last character asks, in the head that is looked at."""
        return self.trace.queries_LHTD[self.layer, self.head, -1]

    @property
    def attention_T(self) -> np.ndarray:
        """How much the last character listens to each, in the head that is looked at: its row of Trace.attention."""
        keys_TD, query_D = self.trace.keys_LHTD[self.layer, self.head], self.query_D
        return probabilities(keys_TD @ query_D / query_D.size**0.5, temperature=1)


Station = tuple[float, str]  # a part of the drawing: its height, and what is in it


def machine(reading: Reading) -> str:
    """The drawing. Each of its stations is a link to the lesson that explains it."""
    stations: list[tuple[str, str, Callable[[Reading], Station]]] = [
        ("characters", "Characters and their ids", _characters),
        ("embedding", "Embedding", _embedding),
        ("attention", f"Attention: block {reading.layer + 1}, head {reading.head + 1}", _attention),
        ("feed-forward", "Feed-forward", _feed_forward),
        ("residual", f"Blocks 1 to {reading.config.n_layer}: each adds to what is there", _residual),
        ("logits", "Logits", _logits),
        ("probabilities", "Probabilities", _probabilities),
        ("drawing", "A character", _drawn),
    ]
    parts, y = [], 0.0
    for number, (lesson, title, draw) in enumerate(stations, 1):
        height, inside = draw(reading)
        parts.append(
            f'<a href="#lesson-{lesson}"><g transform="translate(0 {y:g})">'
            f"{rect('ground', 1, 1, _RIGHT + 5, height + 34)}"
            f'<circle cx="{_LEFT + 9}" cy="17" r="9"/>{text(_LEFT + 9, 21.5, str(number), "number")}'
            f'{text(_LEFT + 25, 22, title, "title")}<g transform="translate(0 32)">{inside}</g></g></a>'
        )
        y += height + 47
        if number < len(stations):
            parts.append(path("flow", f"M{WIDTH / 2} {y - 10:g}v8m-3 -4l3 4l3 -4"))
    back = path("flow", f"M{_RIGHT + 6} {y - 30:g}h7V40h-7m4 -3l-4 3l4 3")
    again = f'<text class="again" transform="translate({WIDTH + 5} {y / 2:g}) rotate(-90)">and again, one longer</text>'
    label = 'role="group" aria-label="The machine, station by station"'
    return f'<svg class="machine" viewBox="0 0 {WIDTH + 10} {y:g}" {label}>{"".join(parts)}{back}{again}</svg>'


def _characters(reading: Reading) -> Station:
    first, T = max(0, len(reading.text) - _SHOWN), len(reading.text)
    boxes = "".join(
        rect("box here" if n == T - 1 else "box", _x(n - first), 0, 36, 28)
        + text(_x(n - first) + 18, 19, _sign(reading.text[n]), "letter")
        + text(_x(n - first) + 18, 44, str(reading.ids[n]), "small middle")
        for n in range(first, T)
    )
    told = f"{T} of at most {reading.config.block_size} characters; {reading.config.vocab_size} ids"
    return 70, boxes + text(_LEFT, 64, told)


def _embedding(reading: Reading) -> Station:
    C, V, start_C = reading.config.n_embd, reading.config.vocab_size, reading.trace.stream_LC[0]
    place = f", and row {len(reading.text) - 1} of {reading.config.block_size} × {C}" if _classic(reading) else ""
    row = f"{_quoted(reading.text[-1])}: row {reading.ids[-1]} of a table of {V} × {C}{place}"
    numbers = "  ".join(f"{value:.2f}" for value in start_C[:5])
    return 54, (
        band(start_C, _LEFT, 0, _ROOM, 14) + text(_LEFT, 31, row) + text(_LEFT, 49, f"{numbers} … {C} numbers", "small")
    )


def _attention(reading: Reading) -> Station:
    weights_T, D, T = reading.attention_T, reading.config.head_size, len(reading.text)
    most, first = int(weights_T.argmax()), max(0, T - _SHOWN)
    query_D, key_D = reading.query_D, reading.trace.keys_LHTD[reading.layer, reading.head, most]
    score = float(query_D @ key_D) / D**0.5
    columns = "".join(
        rect("accent", _x(n - first) + 6, 100 + 40 * (1 - weights_T[n]), 24, 40 * weights_T[n])
        + text(_x(n - first) + 18, 156, _sign(reading.text[n]), "letter")
        + text(_x(n - first) + 18, 172, _percent(weights_T[n]), "small middle")
        for n in range(first, T)
    )
    others = f"; those before these: {_percent(weights_T[:first].sum())}" if first else ""
    return 194, (
        text(_LEFT, 12, f"query of {_quoted(reading.text[-1])}: {D} numbers")
        + band(query_D, _LEFT, 18, _ROOM, 10)
        + text(_LEFT, 45, f"key of {_quoted(reading.text[most])}, {_back(T - 1 - most)}: {D} numbers")
        + band(key_D, _LEFT, 51, _ROOM, 10)
        + text(_LEFT, 79, f"query · key / √{D} = {score:.2f}; by softmax {_percent(weights_T[most])} of the weight")
        + columns
        + text(_LEFT, 189, f"their values are added by these weights{others}", "small")
    )


def _feed_forward(reading: Reading) -> Station:
    C, K, middle = reading.config.n_embd, reading.config.hidden, (_LEFT + _RIGHT) / 2
    kind = "ReLU" if _classic(reading) else "a gate (SwiGLU)"
    shape = f"M{middle - 60} 0h120l60 16v8l-60 16h-120l-60 -16v-8z"
    told = f"each character by itself, with {kind} in the middle"
    return 64, path("box", shape) + text(middle, 25, f"{C} → {K} → {C}", "letter") + text(_LEFT, 58, told)


def _residual(reading: Reading) -> Station:
    rows = [path("flow", f"M{_LEFT + 7} 6v{34 * reading.config.n_layer}")]
    for n, (stream_C, logits_V) in enumerate(zip(reading.trace.stream_LC, reading.trace.logits_LV, strict=True)):
        shares_V, y = probabilities(logits_V, temperature=1), 34 * n
        best, size = int(shares_V.argmax()), float(np.linalg.norm(stream_C))
        guess = f"{_quoted(reading.vocabulary[best])} would be next, {_percent(shares_V[best])}"
        after = f"after block {n}" if n else "at the start"
        rows.append(
            band(stream_C, _LEFT + 22, y, _ROOM - 22, 12)
            + f'<circle class="plus" cx="{_LEFT + 7}" cy="{y + 6}" r="7"/>'
            + text(_LEFT + 7, y + 10.5, "+" if n else "", "middle")
            + text(_LEFT + 22, y + 25, f"{after}, length {size:.1f}: {guess}", "small")
        )
    return 34 * (reading.config.n_layer + 1) - 4, "".join(rows)


def _logits(reading: Reading) -> Station:
    logits_V, C, V = reading.trace.logits_LV[-1], reading.config.n_embd, reading.config.vocab_size
    drawn = bars(logits_V, _LEFT, 46, _ROOM, 24 / max(1e-9, float(np.abs(logits_V).max())))
    told = f"a norm, then {C} × {V}: a score for each of the {V}"
    return 92, _likeliest(reading, logits_V, lambda score: f"{score:.1f}") + drawn + text(_LEFT, 87, told)


def _probabilities(reading: Reading) -> Station:
    shares_V = reading.shares_V
    drawn = bars(shares_V, _LEFT, 64, _ROOM, 44) + path("flow", f"M{_LEFT} 64H{_RIGHT}")
    return 86, _likeliest(reading, shares_V, _percent) + drawn + text(_LEFT, 82, f"softmax, {reading.settings}")


def _drawn(reading: Reading) -> Station:
    parts, x = [], float(_LEFT)
    for character, share in zip(reading.vocabulary, reading.shares_V, strict=True):
        kind = "box here" if character == reading.came else "box"
        if (width := share * _ROOM) > 0.3:
            parts.append(rect(kind, x, 16, width, 26))
        if width > 9:
            parts.append(text(x + width / 2, 34, _sign(character), "letter"))
        x += width
    if not reading.came:
        said = "here the text ends; one of these would come next"
    elif reading.dice is None:
        said = f"{_quoted(reading.came)} came next, {reading.undrawn}"
    else:
        said = f"the dice show {reading.dice:.4f}: that is {_quoted(reading.came)}"
        parts.append(path("dice", f"M{_LEFT + reading.dice * _ROOM:.2f} 15l-5 -9h10zv30"))
    return 66, "".join(parts) + text(_LEFT, 61, said)


def _likeliest(reading: Reading, values_V: np.ndarray, tell: Callable[[float], str]) -> str:
    """The highest three, in a line above their bars."""
    best = np.argsort(-values_V, kind="stable")[:3]
    return text(_LEFT, 12, "    ".join(f"{_quoted(reading.vocabulary[id])} {tell(values_V[id])}" for id in best))


def _x(column: int) -> float:
    return _LEFT + _PITCH * column


def _classic(reading: Reading) -> bool:
    return reading.config.family == "gpt"


def _sign(character: str) -> str:
    return _SIGNS.get(character, character)


def _quoted(character: str) -> str:
    return f"“{_sign(character)}”"


def _back(characters: int) -> str:
    return f"{characters} back" if characters else "itself"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.005 or share == 0 else "< 1 %"
