"""Curves as inline SVG: no script, no font, nothing loaded."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from corpus.card.figures import short
from corpus.card.markup import attribute, escape

WIDTH, HEIGHT = 460, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 12, 36
_COLORS = ("l0", "lost", "l1", "l2", "l3", "other")

_NOTHING = 1e-9
"""A curve that never leaves zero by more is drawn as zero."""

Points = Sequence[tuple[float, float]]


def chart(title: str, unit: str, series: Mapping[str, Points], name: str) -> str:
    """A figure of one or more curves over steps, with a legend where there are several; "" without any point.

    Each series is (step, value) in rising steps; values that are no number leave a gap. `name` is an id, unique in the
    page.
    """
    finite = {label: [p for p in points if math.isfinite(p[1])] for label, points in series.items()}
    drawn = {label: points for label, points in finite.items() if points}
    if not drawn:
        return ""
    everything = [point for points in drawn.values() for point in points]
    across = (min(p[0] for p in everything), max(p[0] for p in everything))
    ticks = scale(min(p[1] for p in everything), max(p[1] for p in everything))
    up = (ticks[0], ticks[-1])
    lines = [
        f'<polyline class="{_COLORS[i % len(_COLORS)]}" points="{_path(points, across, up)}">'
        f"<title>{escape(label)}</title></polyline>{_dots(points, across, up, _COLORS[i % len(_COLORS)])}"
        for i, (label, points) in enumerate(drawn.items())
    ]
    described = "; ".join(
        f"{label} from {_figure(points[0][1])} to {_figure(points[-1][1])}" for label, points in drawn.items()
    )
    return (
        f'<figure><figcaption>{escape(title)} <span class="quiet">{escape(unit)}</span></figcaption>'
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{attribute(name)}-d">'
        f'<desc id="{attribute(name)}-d">{escape(described)}</desc>'
        f"{_grid(ticks, up)}{_steps(across)}{''.join(lines)}</svg>{_legend(drawn)}</figure>"
    )


def points(lines: Sequence[Mapping[str, Any]], *path: str) -> Points:
    """A figure of journal lines over their steps; lines without it are left out."""
    found = []
    for line in lines:
        value: Any = line
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None:
            found.append((float(line["step"]), float(value)))
    return found


def scale(least: float, most: float, about: int = 4) -> list[float]:
    """Round values at equal distances that enclose two others.

    >>> scale(0.3, 1.9), scale(5, 5)
    ([0.0, 0.5, 1.0, 1.5, 2.0], [4.0, 5.0, 6.0])
    """
    if least == most:
        around = (abs(least) if abs(least) > _NOTHING else 1) / 5
        least, most, about = least - around, most + around, 2
    rough = (most - least) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _x(value: float, across: tuple[float, float]) -> float:
    share = (value - across[0]) / (across[1] - across[0]) if across[1] > across[0] else 0.5
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, up: tuple[float, float]) -> float:
    return HEIGHT - _BOTTOM - (value - up[0]) / (up[1] - up[0]) * (HEIGHT - _TOP - _BOTTOM)


def _path(points: Points, across: tuple[float, float], up: tuple[float, float]) -> str:
    return " ".join(f"{_x(x, across):.1f},{_y(y, up):.1f}" for x, y in points)


def _dots(points: Points, across: tuple[float, float], up: tuple[float, float], color: str) -> str:
    """A dot at each point where there are few, so that one alone is seen too."""
    if len(points) > 12:
        return ""
    return "".join(
        f'<circle class="{color}" cx="{_x(x, across):.1f}" cy="{_y(y, up):.1f}" r="2.5">'
        f"<title>step {x:,.0f}: {_figure(y)}</title></circle>"
        for x, y in points
    )


def _grid(ticks: Sequence[float], up: tuple[float, float]) -> str:
    return "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{_y(tick, up):.1f}" y2="{_y(tick, up):.1f}"/>'
        f'<text class="axis" x="{_LEFT - 6}" y="{_y(tick, up) + 4:.1f}" text-anchor="end">{_figure(tick)}</text>'
        for tick in ticks
    )


def _steps(across: tuple[float, float]) -> str:
    ends = {across[0]: "start", across[1]: "end"} if across[1] > across[0] else {across[0]: "middle"}
    named = "".join(
        f'<text class="axis" x="{_x(step, across):.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="{anchor}">'
        f"{short(step)}</text>"
        for step, anchor in ends.items()
    )
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    return named + f'<text class="axis" x="{middle:.0f}" y="{HEIGHT - 4}" text-anchor="middle">step</text>'


def _legend(series: Mapping[str, Points]) -> str:
    if len(series) < 2:
        return ""
    entries = "".join(
        f'<li><span class="swatch {_COLORS[i % len(_COLORS)]}"></span>{escape(label)} {_figure(points[-1][1])}</li>'
        for i, (label, points) in enumerate(series.items())
    )
    return f'<ul class="legend">{entries}</ul>'


def _figure(number: float) -> str:
    """Three significant figures, thousands whole, tens of thousands as k.

    >>> [_figure(n) for n in (0.0, 0.00003, 1.23456, 1750.0, 12345.0)]
    ['0', '3e-05', '1.23', '1,750', '12.3 k']
    """
    if abs(number) >= 10_000:
        return short(number)
    return f"{number:,.0f}" if abs(number) >= 1_000 else f"{number:.3g}"
