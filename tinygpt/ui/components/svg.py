"""Shapes of the page's SVG drawings. A shape's `kind` is its CSS class, which gives its colors and type."""

from collections import defaultdict
from collections.abc import Sequence
from html import escape

_SHADES = 5  # of a cell in a band, from the faintest to the full color


def rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    """A rectangle by its upper left corner."""
    return f'<rect class="{kind}" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"/>'


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Words whose baseline is at y."""
    return f'<text class="{kind}" x="{x:.2f}" y="{y:.2f}">{escape(words)}</text>'


def path(kind: str, d: str) -> str:
    """A line or an outline."""
    return f'<path class="{kind}" d="{d}"/>'


def band(values: Sequence[float], x: float, y: float, width: float, height: float) -> str:
    """Numbers as the cells of a band: one color above zero, another below, deeper for larger numbers.

    The shade grows with the square root, because a few numbers are far larger than the others.
    """
    largest, cell = max(1e-9, *(abs(value) for value in values)), width / len(values)
    cells_by_shade: dict[tuple[str, int], list[str]] = defaultdict(list)
    for n, value in enumerate(values):
        if shade := round(_SHADES * (abs(value) / largest) ** 0.5):
            outline = f"M{x + n * cell:.2f} {y:g}h{cell:.2f}v{height:g}h-{cell:.2f}z"
            cells_by_shade["accent" if value > 0 else "cool", shade].append(outline)
    cells = "".join(
        f'<path class="{kind}" opacity="{shade / _SHADES:g}" d="{"".join(outlines)}"/>'
        for (kind, shade), outlines in cells_by_shade.items()
    )
    return cells + rect("frame", x, y, width, height)


def bars(values: Sequence[float], x: float, zero: float, width: float, scale: float) -> str:
    """Numbers as bars side by side, `scale` units high for 1, up or down from the line at y = `zero`."""
    pitch = width / len(values)
    up, down = (
        "".join(
            f"M{x + n * pitch:.2f} {zero:g}v{-value * scale:.2f}h{0.8 * pitch:.2f}V{zero:g}z"
            for n, value in enumerate(values)
            if abs(value * scale) > 0.05 and (value > 0) == upwards
        )
        for upwards in (True, False)
    )
    return path("accent", up) + path("cool", down)
