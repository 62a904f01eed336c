"""The picture: both languages' bits per byte over bytes seen and over compute, a line for each leg, as one SVG file."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from corpus.card.figures import short
from corpus.card.markup import attribute, escape
from experiments.curves import Curve
from experiments.forgetting.matrix import Points
from nemo_recipes.watch.report.curves import scale

WIDTH, HEIGHT = 920, 700
COLORS = {"a": "#8a6a3d", "b": "#6f7780", "c": "#c8553d", "d": "#1f5f8b", "e": "#3f9b7d", "f": "#9273c4"}
_AXES = {"num_bytes": "bytes of text seen", "flops": "FLOPs of training"}
_LANGUAGES = {"ar": "Arabic, bits per byte, logarithmic axis", "en": "English, bits per byte"}
_PANEL = (380, 230)
_LEFT, _TOP, _ACROSS, _DOWN = 60, 84, 460, 300
_STYLE = (
    "text{font:12px system-ui,'Segoe UI','Noto Sans',Arial,sans-serif;fill:#5c656d;font-variant-numeric:tabular-nums}"
    ".t{font-weight:600;fill:#1d2328}.g{stroke:#dcd8cf}.m{stroke:#1d2328;stroke-dasharray:4 4;stroke-opacity:.6}"
    "polyline{fill:none;stroke-width:2;stroke-linejoin:round}polygon{fill-opacity:.16}"
)


def draw(
    curves: Mapping[str, Mapping[int, Curve]],
    titles: Mapping[str, str],
    points: Points,
    base: Mapping[str, float],
) -> str:
    """A whole SVG document; lines are means over seeds, bands reach from the lowest to the highest seed.

    Where legs are compared stands a dashed line; another marks the unexpanded base's English.
    """
    panels = [
        _panel(curves, language, axis, _LEFT + column * _ACROSS, _TOP + row * _DOWN, place, base)
        for row, language in enumerate(_LANGUAGES)
        for column, (axis, place) in enumerate((("num_bytes", points.num_bytes), ("flops", points.flops)))
    ]
    told = "; ".join(
        f"{titles[leg]}: Arabic {_last(of_seeds, 'ar'):.2f}, English {_last(of_seeds, 'en'):.2f} at the end"
        for leg, of_seeds in curves.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-labelledby="forgetting-title forgetting-text">'
        '<title id="forgetting-title">Bits per byte of Arabic and English while legs learn</title>'
        f'<desc id="forgetting-text">{escape(told)}</desc><style>{_STYLE}</style>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fdfcf9"/>{_legend(titles)}{"".join(panels)}</svg>\n'
    )


def _panel(
    curves: Mapping[str, Mapping[int, Curve]],
    language: str,
    axis: str,
    left: float,
    top: float,
    place: float,
    base: Mapping[str, float],
) -> str:
    width, height = _PANEL
    drawn = {leg: _band(of_seeds, language, axis) for leg, of_seeds in curves.items()}
    reached = [rows[2:].ravel() for rows in drawn.values()]
    if language == "en":
        reached.append(np.array([base["en"]]))
    values = np.concatenate(reached)
    # Before training, Arabic costs so much that on a plain axis it would press all else flat.
    measure = math.log if language == "ar" else float
    ticks = (_round_ticks if language == "ar" else scale)(float(values.min()), float(values.max()))
    right = max(float(rows[0, -1]) for rows in drawn.values())
    across = [tick for tick in scale(0.0, right) if tick <= right]

    def x(value: float) -> float:
        return left + width * value / right

    def y(value: float) -> float:
        return top + height * (measure(ticks[-1]) - measure(value)) / (measure(ticks[-1]) - measure(ticks[0]))

    parts = [f'<text class="t" x="{left}" y="{top - 12}">{_LANGUAGES[language]}</text>']
    for tick in ticks:
        parts.append(
            f'<line class="g" x1="{left}" x2="{left + width}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        )
        parts.append(f'<text x="{left - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    parts += [
        f'<text x="{x(tick):.1f}" y="{top + height + 16}" text-anchor="middle">{_short(tick)}</text>'
        for tick in across
    ]
    parts.append(
        f'<text x="{left + width / 2}" y="{top + height + 34}" text-anchor="middle">{_AXES[axis]}</text>'
    )
    name = f"clip-{language}-{axis}"
    parts.append(
        f'<clipPath id="{name}"><rect x="{left}" y="{top}" width="{width}" height="{height}"/></clipPath>'
        f'<g clip-path="url(#{name})">'
    )
    parts.append(f'<line class="m" x1="{x(place):.1f}" x2="{x(place):.1f}" y1="{top}" y2="{top + height}"/>')
    if language == "en":
        level = y(base["en"])
        parts.append(f'<line class="m" x1="{left}" x2="{left + width}" y1="{level:.1f}" y2="{level:.1f}"/>')
    for leg, (at, mean, least, most) in drawn.items():
        color = attribute(COLORS[leg])
        edge = [*zip(at, most, strict=True), *reversed(list(zip(at, least, strict=True)))]
        band = " ".join(f"{x(one):.1f},{y(other):.1f}" for one, other in edge)
        line = " ".join(f"{x(one):.1f},{y(other):.1f}" for one, other in zip(at, mean, strict=True))
        parts.append(f'<polygon points="{band}" fill="{color}"/><polyline points="{line}" stroke="{color}"/>')
    return "".join([*parts, "</g>"])


def _band(of_seeds: Mapping[int, Curve], language: str, axis: str) -> Any:
    """Place, mean, lowest and highest of each validation over the seeds, as four rows."""
    places = np.array([getattr(curve, axis) for curve in of_seeds.values()])
    bits = np.array([curve.bits[language] for curve in of_seeds.values()])
    return np.stack([places.mean(0), bits.mean(0), bits.min(0), bits.max(0)])


def _round_ticks(low: float, high: float) -> list[float]:
    """Round values at about equal ratios that enclose two others.

    >>> _round_ticks(1.3, 7.5)
    [1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0]
    """
    steps = [2.0**power * factor for power in range(-10, 11) for factor in (1, 1.5)]
    first = max(step for step in steps if step <= low)
    last = min(step for step in steps if step >= high and step > first)
    return [step for step in steps if first <= step <= last]


def _last(of_seeds: Mapping[int, Curve], language: str) -> float:
    return float(np.mean([curve.bits[language][-1] for curve in of_seeds.values()]))


def _legend(titles: Mapping[str, str]) -> str:
    entries = []
    for number, (leg, title) in enumerate(titles.items()):
        left, top = _LEFT + number % 3 * 290, 20 + number // 3 * 20
        entries.append(
            f'<rect x="{left}" y="{top - 9}" width="12" height="12" rx="2" fill="{COLORS[leg]}"/>'
            f'<text x="{left + 18}" y="{top + 2}">{leg}: {escape(title)}</text>'
        )
    return "".join(entries)


def _short(number: float) -> str:
    return f"{number:.3g}".replace("e+", "e") if number >= 1e13 else short(number)
