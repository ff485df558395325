"""A diagram of the whole model as SVG, with the numbers of one text: from its characters to the next one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinygpt.config import GPTConfig
from tinygpt.inference.inspection import HeadAttention, LayerPrediction
from tinygpt.ui.components.characters import shown
from tinygpt.ui.components.svg import band, bars, path, rect, text

WIDTH = 360  # of the diagram, in its own units, which are pixels on a phone
_LEFT, _RIGHT = 8, 344  # margins; the arrow back to the top is to the right of them
_INNER_WIDTH = _RIGHT - _LEFT
_SHOWN = 8  # characters of the text
_PITCH = _INNER_WIDTH / _SHOWN
_SIGNS = {"\n": "↵", " ": "␣"}
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"  # what is between them leaves the order of the text around it as it is


@dataclass(frozen=True)
class Reading:
    """What a model computed while it read a text, and the character that came next."""

    config: GPTConfig
    vocabulary: str
    text: str  # what was read
    layer: int  # of the head that is shown, from 0
    head: int
    attention: HeadAttention  # of this head
    layers: list[LayerPrediction]  # before the first block, and after each block
    logits_V: np.ndarray
    probabilities_V: np.ndarray  # what the next character is sampled from
    settings: str  # of the softmax that made these probabilities, in words
    next_character: str  # "" if the text ends here
    uniform: float | None  # the number in [0, 1) that sampled it; None if it was not sampled
    not_sampled: str  # why it was not sampled; "" if it was

    @property
    def ids(self) -> list[int]:
        """The ids of the text's characters."""
        return [self.vocabulary.index(character) for character in self.text]


Station = tuple[float, str]  # a part of the diagram: its height and its SVG


def diagram(reading: Reading) -> str:
    """Draw the diagram as SVG. Each of its stations is a link to the lesson that explains it."""
    stations: list[tuple[str, str, Callable[[Reading], Station]]] = [
        ("characters", "Characters and their ids", _characters),
        ("embedding", "Embedding", _embedding),
        ("attention", f"Attention: block {reading.layer + 1}, head {reading.head + 1}", _attention),
        ("feed-forward", "Feed-forward", _feed_forward),
        ("residual", f"Blocks 1 to {reading.config.n_layer}: each adds its output", _residual),
        ("logits", "Logits", _logits),
        ("probabilities", "Probabilities", _probabilities),
        ("drawing", "A character", _sampled),
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
    turn = f"translate({WIDTH + 5} {y / 2:g}) rotate(-90)"
    again = f'<text class="again" transform="{turn}">repeat, one character longer</text>'
    label = 'role="group" aria-label="The model, step by step"'
    return f'<svg class="diagram" viewBox="0 0 {WIDTH + 10} {y:g}" {label}>{"".join(parts)}{back}{again}</svg>'


def _characters(reading: Reading) -> Station:
    first, T = max(0, len(reading.text) - _SHOWN), len(reading.text)
    boxes = "".join(
        rect("box here" if n == T - 1 else "box", _x(n - first), 0, 36, 28)
        + text(_x(n - first) + 18, 19, _sign(reading.text[n]), "letter")
        + text(_x(n - first) + 18, 44, str(reading.ids[n]), "small middle")
        for n in range(first, T)
    )
    caption = f"{T} of at most {reading.config.block_size} characters; {reading.config.vocab_size} ids"
    return 70, boxes + text(_LEFT, 64, caption)


def _embedding(reading: Reading) -> Station:
    C, V, start_C = reading.config.n_embd, reading.config.vocab_size, reading.layers[0].stream_C
    position = f", and row {len(reading.text) - 1} of {reading.config.block_size} × {C}" if _classic(reading) else ""
    row = f"{_quoted(reading.text[-1])}: row {reading.ids[-1]} of a table of {V} × {C}{position}"
    numbers = "  ".join(f"{value:.2f}" for value in start_C[:5])
    return 54, (
        band(start_C, _LEFT, 0, _INNER_WIDTH, 14)
        + text(_LEFT, 31, row)
        + text(_LEFT, 49, f"{numbers} … {C} numbers", "small")
    )


def _attention(reading: Reading) -> Station:
    query_D, weights_T, strongest, key_D, score = reading.attention
    D, T = reading.config.head_size, len(reading.text)
    first = max(0, T - _SHOWN)
    columns = "".join(
        rect("accent", _x(n - first) + 6, 100 + 40 * (1 - weights_T[n]), 24, 40 * weights_T[n])
        + text(_x(n - first) + 18, 156, _sign(reading.text[n]), "letter")
        + text(_x(n - first) + 18, 172, _percent(weights_T[n]), "small middle")
        for n in range(first, T)
    )
    others = f"; earlier characters: {_percent(weights_T[:first].sum())}" if first else ""
    return 194, (
        text(_LEFT, 12, f"query of {_quoted(reading.text[-1])}: {D} numbers")
        + band(query_D, _LEFT, 18, _INNER_WIDTH, 10)
        + text(_LEFT, 45, f"key of {_quoted(reading.text[strongest])}, {_back(T - 1 - strongest)}: {D} numbers")
        + band(key_D, _LEFT, 51, _INNER_WIDTH, 10)
        + text(_LEFT, 79, f"query · key / √{D} = {score:.2f}; after softmax: {_percent(weights_T[strongest])}")
        + columns
        + text(_LEFT, 189, f"the values are added up with these weights{others}", "small")
    )


def _feed_forward(reading: Reading) -> Station:
    C, K, middle = reading.config.n_embd, reading.config.hidden, (_LEFT + _RIGHT) / 2
    kind = "ReLU" if _classic(reading) else "a gate (SwiGLU)"
    shape = f"M{middle - 60} 0h120l60 16v8l-60 16h-120l-60 -16v-8z"
    caption = f"for each character separately, with {kind}"
    return 64, path("box", shape) + text(middle, 25, f"{C} → {K} → {C}", "letter") + text(_LEFT, 58, caption)


def _residual(reading: Reading) -> Station:
    rows = [path("flow", f"M{_LEFT + 7} 6v{34 * reading.config.n_layer}")]
    for n, (stream_C, norm, id, probability) in enumerate(reading.layers):
        y, guess = 34 * n, f"{_quoted(reading.vocabulary[id])} would be next, {_percent(probability)}"
        after = f"after block {n}" if n else "at the start"
        rows.append(
            band(stream_C, _LEFT + 22, y, _INNER_WIDTH - 22, 12)
            + f'<circle class="plus" cx="{_LEFT + 7}" cy="{y + 6}" r="7"/>'
            + text(_LEFT + 7, y + 10.5, "+" if n else "", "middle")
            + text(_LEFT + 22, y + 25, f"{after}, length {norm:.1f}: {guess}", "small")
        )
    return 34 * (reading.config.n_layer + 1) - 4, "".join(rows)


def _logits(reading: Reading) -> Station:
    logits_V, C, V = reading.logits_V, reading.config.n_embd, reading.config.vocab_size
    chart = bars(logits_V, _LEFT, 46, _INNER_WIDTH, 24 / max(1e-9, float(np.abs(logits_V).max())))
    caption = f"a norm, then {C} × {V}: a score for each of the {V}"
    return 92, _likeliest(reading, logits_V, lambda score: f"{score:.1f}") + chart + text(_LEFT, 87, caption)


def _probabilities(reading: Reading) -> Station:
    probabilities_V = reading.probabilities_V
    chart = bars(probabilities_V, _LEFT, 64, _INNER_WIDTH, 44) + path("flow", f"M{_LEFT} 64H{_RIGHT}")
    return 86, _likeliest(reading, probabilities_V, _percent) + chart + text(_LEFT, 82, f"softmax, {reading.settings}")


def _sampled(reading: Reading) -> Station:
    parts, x = [], float(_LEFT)
    for character, probability in zip(reading.vocabulary, reading.probabilities_V, strict=True):
        kind = "box here" if character == reading.next_character else "box"
        if (width := probability * _INNER_WIDTH) > 0.3:
            parts.append(rect(kind, x, 16, width, 26))
        if width > 9:
            parts.append(text(x + width / 2, 34, _sign(character), "letter"))
        x += width
    if not reading.next_character:
        caption = "here the text ends; one of these would come next"
    elif reading.uniform is None:
        caption = f"{_quoted(reading.next_character)} came next, {reading.not_sampled}"
    else:
        caption = f"the random number is {reading.uniform:.4f}: that is {_quoted(reading.next_character)}"
        parts.append(path("uniform", f"M{_LEFT + reading.uniform * _INNER_WIDTH:.2f} 15l-5 -9h10zv30"))
    return 66, "".join(parts) + text(_LEFT, 61, caption)


def _likeliest(reading: Reading, values_V: np.ndarray, show: Callable[[float], str]) -> str:
    """The three characters with the largest values, as a line of text."""
    largest = np.argsort(-values_V, kind="stable")[:3]
    return text(_LEFT, 12, "    ".join(f"{_quoted(reading.vocabulary[id])} {show(values_V[id])}" for id in largest))


def _x(column: int) -> float:
    return _LEFT + _PITCH * column


def _classic(reading: Reading) -> bool:
    return reading.config.family == "gpt"


def _sign(character: str) -> str:
    return shown(character, _SIGNS)


def _quoted(character: str) -> str:
    sign = _sign(character)
    return f"“{sign}”" if sign.isascii() else f"“{_ISOLATE}{sign}{_END_ISOLATE}”"


def _back(characters: int) -> str:
    return f"{characters} back" if characters else "itself"


def _percent(probability: float) -> str:
    return f"{100 * probability:.0f} %" if probability >= 0.005 or probability == 0 else "< 1 %"
