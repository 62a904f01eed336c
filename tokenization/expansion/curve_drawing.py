"""The curve of fertility against size as inline SVG."""

from collections.abc import Sequence

import polars as pl

from corpus.card.markup import attribute, escape
from tokenization.expansion.curve import ALL

_WIDTH, _HEIGHT = 760, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 130, 14, 44
_COLORS = ("var(--l0)", "var(--l1)", "var(--l2)", "var(--l3)", "var(--other)")
_SHOWN = len(_COLORS)
_LABEL_HEIGHT = 15


def draw_curve(curve: pl.DataFrame, chosen: int) -> str:
    """One line for each slice, the widest slices first, and a mark at the chosen size."""
    most = int(curve["pieces"].max())  # type: ignore[arg-type]
    top = float(curve["fertility"].max())  # type: ignore[arg-type]
    words = (
        curve.group_by("slice").agg(pl.col("words").first()).sort("words", "slice", descending=[True, False])
    )
    names = [ALL, *(name for name in words["slice"].to_list() if name != ALL)][:_SHOWN]
    ends, lines = [], []
    for name, color in zip(names, _COLORS, strict=False):
        rows = curve.filter(pl.col("slice") == name).sort("pieces")
        points = [
            (_x(pieces, most), _y(fertility, top))
            for pieces, fertility in rows.select("pieces", "fertility").iter_rows()
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        width = 3 if name == ALL else 1.6
        lines.append(
            f'<polyline points="{path}" fill="none" stroke="{attribute(color)}" stroke-width="{width}">'
            f"<title>{escape(name)}</title></polyline>"
        )
        ends.append((points[-1][1], name, rows["fertility"][-1], color))
    return (
        f'<svg class="histogram" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="curve-t">'
        '<title id="curve-t">Pieces per word of held-out text against the number of new pieces</title>'
        f"{_scale(most, top)}{_mark(chosen, most)}{''.join(lines)}{_labels(ends)}</svg>"
    )


def _x(pieces: float, most: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * pieces / max(most, 1)


def _y(fertility: float, top: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - fertility / top)


def _scale(most: int, top: float) -> str:
    floor = _HEIGHT - _BOTTOM
    parts = [
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(value, top):.1f}" y2="{_y(value, top):.1f}" class="grid"/>'
        f'<text x="{_LEFT - 6}" y="{_y(value, top) + 4:.1f}" class="axis" text-anchor="end">{value}</text>'
        for value in range(int(top) + 1)
    ]
    step = max(1, most // 6 // 1000 * 1000) if most >= 6000 else max(1, most // 4)
    parts += [
        f'<text x="{_x(value, most):.1f}" y="{floor + 16}" class="axis" text-anchor="middle">{value:,}</text>'
        for value in range(0, most + 1, step)
    ]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle:.0f}" y="{_HEIGHT - 6}" class="axis" text-anchor="middle">new pieces</text>'
    )
    return "".join(parts)


def _mark(chosen: int, most: int) -> str:
    x = _x(chosen, most)
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="var(--lost)" '
        f'stroke-dasharray="4 4"><title>{chosen:,} new pieces</title></line>'
        f'<text x="{x - 6:.1f}" y="{_TOP + 12}" class="axis" text-anchor="end">{chosen:,} taken</text>'
    )


def _labels(ends: Sequence[tuple[float, str, float, str]]) -> str:
    """A name at the end of each line, moved apart where lines end close together."""
    placed, lowest = [], float(-_LABEL_HEIGHT)
    for y, name, fertility, color in sorted(ends):
        at = max(y, lowest + _LABEL_HEIGHT)
        lowest = at
        placed.append((at, name, fertility, color))
    over = max(0.0, lowest - (_HEIGHT - _BOTTOM))
    return "".join(
        f'<text x="{_WIDTH - _RIGHT + 8}" y="{at - over + 4:.1f}" class="axis" style="fill:{attribute(color)}">'
        f"{escape(name)} {fertility:.2f}</text>"
        for at, name, fertility, color in placed
    )
