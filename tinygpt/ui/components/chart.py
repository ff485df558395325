"""Charts as HTML: curves that scale to any width, with labels that keep their size."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple


class Curve(NamedTuple):
    """A named line of points (x, y). The first curve of a chart is the most prominent one."""

    name: str
    points: Sequence[tuple[float, float]]


class Mark(NamedTuple):
    """A button on a point of a chart. Its data-x attribute tells scripts its `x`."""

    x: float
    y: float
    label: str


def chart(title: str, x_name: str, curves: Sequence[Curve], marks: Sequence[Mark] = (), *, log_x: bool = False) -> str:
    """Draw curves in one frame, with buttons on them. `log_x` makes the x axis logarithmic: every x must be above 0."""
    points = [*(point for curve in curves for point in curve.points), *((mark.x, mark.y) for mark in marks)]
    if not points:
        return f'<figure class="chart"><figcaption>{escape(title)}</figcaption><div class="plot"></div></figure>'
    xs, ys = zip(*points, strict=True)
    across, up = _Axis(min(xs), max(xs), log_x), _Axis(min(ys), max(ys))
    paths = [" ".join(f"{across(x):.2f},{100 - up(y):.2f}" for x, y in curve.points) for curve in curves]
    lines = "".join(f'<polyline class="curve-{i}" points="{path}"/>' for i, path in enumerate(paths))
    ticks = "".join(f'<span class="x" style="left:{across(x):.2f}%">{x:,.0f}</span>' for x in across.ticks())
    ticks += "".join(f'<span class="y" style="bottom:{up(y):.2f}%">{y:g}</span>' for y in up.ticks())
    buttons = "".join(
        f'<button data-x="{mark.x}" style="left:{across(mark.x):.2f}%;bottom:{up(mark.y):.2f}%" '
        f'aria-label="{escape(mark.label)}" title="{escape(mark.label)}"></button>'
        for mark in marks
    )
    legend = " ".join(
        f'<span class="curve-{number}">{escape(curve.name)}</span>' for number, curve in enumerate(curves)
    )
    return (
        f'<figure class="chart"><figcaption>{escape(title)} {legend}</figcaption><div class="plot">'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{lines}</svg>{ticks}{buttons}'
        f'</div><p class="axis">{escape(x_name)}</p></figure>'
    )


class _Axis:
    """Maps values to percentages of an axis's length."""

    def __init__(self, low: float, high: float, log: bool = False):
        self.log = log
        self.low, self.high = (low, high) if high > low else (low - 0.5, low + 0.5)

    def __call__(self, value: float) -> float:
        low, high, value = (math.log(each) if self.log else each for each in (self.low, self.high, value))
        return 100 * (value - low) / (high - low)

    def ticks(self) -> list[float]:
        """About five round values; on a logarithmic axis, the powers of ten."""
        if self.log:
            return [10.0**n for n in range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)]
        step = 10.0 ** math.floor(math.log10((self.high - self.low) / 2))
        step *= next(times for times in (1, 2, 5) if (self.high - self.low) / (times * step) <= 6)
        return [round(n * step, 10) for n in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]
