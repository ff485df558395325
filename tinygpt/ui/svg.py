"""The few shapes of the page's drawings. Colours and type are the stylesheet's, by the kind of a shape."""

from collections import defaultdict
from collections.abc import Sequence
from html import escape

_SHADES = 5  # of a number in a band, from the faintest to the full colour


def rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    """A rectangle by its upper left corner."""
    return f'<rect class="{kind}" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"/>'


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Words on the line at y."""
    return f'<text class="{kind}" x="{x:.2f}" y="{y:.2f}">{escape(words)}</text>'


def path(kind: str, d: str) -> str:
    """A line or an outline."""
    return f'<path class="{kind}" d="{d}"/>'


def band(values: Sequence[float], x: float, y: float, width: float, height: float) -> str:
    """Numbers as the cells of a band: one colour above zero, another below, the deeper the further from it.

    Shades go with the square root, since a few numbers are far larger than the others.
    """
    most, cell = max(1e-9, *(abs(value) for value in values)), width / len(values)
    alike: dict[tuple[str, int], list[str]] = defaultdict(list)
    for n, value in enumerate(values):
        if shade := round(_SHADES * (abs(value) / most) ** 0.5):
            here = f"M{x + n * cell:.2f} {y:g}h{cell:.2f}v{height:g}h-{cell:.2f}z"
            alike["accent" if value > 0 else "cool", shade].append(here)
    cells = "".join(
        f'<path class="{kind}" opacity="{shade / _SHADES:g}" d="{"".join(shapes)}"/>'
        for (kind, shade), shapes in alike.items()
    )
    return cells + rect("frame", x, y, width, height)


def bars(values: Sequence[float], x: float, zero: float, width: float, scale: float) -> str:
    """Numbers as bars side by side, `scale` units high for a 1, from the line at `zero` upwards or downwards."""
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
