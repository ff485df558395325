"""Small SVG drawings for the lessons."""

from collections.abc import Callable

from tinygpt.ui.components.svg import path, rect, text

_CELL = 15  # of a grid, in the drawing's units


def exercises(word: str) -> str:
    """Each beginning of a word, and the character to predict after it."""

    def letter(kind: str, column: int, row: int, character: str) -> str:
        x, y = 10 + 20 * column, 22 * row
        return rect(kind, x, y, 18, 18) + text(x + 9, y + 14, character, "letter")

    rows = "".join(
        "".join(letter("box", n, row, word[n]) for n in range(row + 1))
        + path("flow", f"M{32 + 20 * row} {22 * row + 9}h14m-4 -3l4 3l-4 3")
        + letter("box here", row + 2, row, word[row + 1])
        for row in range(len(word) - 1)
    )
    return _drawing(f"The exercises in one word of {len(word)} letters", 22 * (len(word) - 1), rows)


def growing_map() -> str:
    """An attention map that has just grown by one row."""
    size = 5
    rows = _grid(10, 0, size, lambda row, column: "here" if row == size - 1 else "kept" if column <= row else "")
    labels = (
        text(100, 24, "rows of earlier characters:")
        + text(100, 41, "unchanged")
        + text(100, 71, "the new character’s row:")
        + text(100, 88, "the only work")
    )
    return _drawing("An attention map that grows by one row", size * _CELL + 16, rows + labels)


def attention_kinds() -> str:
    """The attention maps of an encoder, a decoder and cross-attention, side by side."""
    kinds = (
        ("encoder", lambda row, column: "kept"),
        ("decoder", lambda row, column: "kept" if column <= row else ""),
        ("cross", lambda row, column: "here"),
    )
    parts = "".join(
        _grid(10 + 110 * n, 0, 5, kind) + text(10 + 110 * n + 2.5 * _CELL, 5 * _CELL + 16, name, "middle")
        for n, (name, kind) in enumerate(kinds)
    )
    return _drawing("Who attends to whom: encoder, decoder, cross-attention", 5 * _CELL + 22, parts)


def _grid(x: float, y: float, size: int, kind: Callable[[int, int], str]) -> str:
    return "".join(
        rect(f"box {kind(row, column)}", x + _CELL * column, y + _CELL * row, _CELL - 2, _CELL - 2)
        for row in range(size)
        for column in range(size)
    )


def _drawing(label: str, height: float, parts: str) -> str:
    return f'<svg class="drawing" viewBox="0 -2 340 {height + 6:g}" role="img" aria-label="{label}">{parts}</svg>'
