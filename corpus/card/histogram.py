"""Histograms of document lengths as inline SVG."""

from collections.abc import Sequence

from corpus.card.figures import count, percent, short
from corpus.card.markup import attribute, escape

WIDTH, HEIGHT = 360, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 12, 42


def histogram(title: str, edges: Sequence[int], documents: Sequence[int], color: str, name: str) -> str:
    """Bars of equal width over bins of growing size, with a scale of documents and a mark at the median bin.

    `documents[i]` counts texts of `edges[i]` up to `edges[i + 1]` words, the last bin being open. `color` is a CSS
    color and `name` an id, unique in the page.
    """
    bins = list(zip(edges, documents, strict=True))[: _last_filled(documents) + 1]
    top = _round_up(max(documents, default=0))
    total = sum(documents)
    step = (WIDTH - _LEFT - _RIGHT) / max(len(bins), 1)
    floor = HEIGHT - _BOTTOM
    bars = []
    for i, (edge, number) in enumerate(bins):
        height = (floor - _TOP) * number / top
        upper = f"{count(edges[i + 1] - 1)}" if i + 1 < len(edges) else "more"
        bars.append(
            f'<rect x="{_LEFT + i * step + 1:.1f}" y="{floor - height:.1f}" width="{step - 2:.1f}" '
            f'height="{height:.1f}" fill="{attribute(color)}">'
            f"<title>{count(edge)} to {upper} words: {count(number)} ({percent(number, total)})</title></rect>"
        )
    return (
        f'<svg class="histogram" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(title)}</title>'
        f'<desc id="{name}-d">{escape(_description(edges, documents))}</desc>'
        f"{_scale(top, floor)}{''.join(bars)}{_edges(edges, len(bins), step, floor)}"
        f'<text x="{(WIDTH + _LEFT) / 2:.0f}" y="{HEIGHT - 6}" class="axis" text-anchor="middle">'
        "words per document</text></svg>"
    )


def median_bin(documents: Sequence[int]) -> int | None:
    """Index of the bin that holds the median document; None where there is no document.

    >>> median_bin([1, 1, 3]), median_bin([2, 1, 0]), median_bin([0, 0])
    (2, 0, None)
    """
    half, before = sum(documents) / 2, 0
    for i, number in enumerate(documents):
        before += number
        if number and before >= half:
            return i
    return None


def _description(edges: Sequence[int], documents: Sequence[int]) -> str:
    middle = median_bin(documents)
    if middle is None:
        return "No documents."
    upper = f"{count(edges[middle])} to {count(edges[middle + 1])}" if middle + 1 < len(edges) else "most"
    return f"{count(sum(documents))} documents; the median has {upper} words."


def _scale(top: int, floor: int) -> str:
    lines = []
    for part in (0, 1, 2):
        y = floor - (floor - _TOP) * part / 2
        lines.append(
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" class="axis" text-anchor="end">{short(top * part / 2)}</text>'
        )
    return "".join(lines)


def _edges(edges: Sequence[int], num_bins: int, step: float, floor: int) -> str:
    every = 1 if num_bins <= 8 else 2
    return "".join(
        f'<text x="{_LEFT + i * step:.1f}" y="{floor + 16}" class="axis" text-anchor="middle">{_tick(edges[i])}</text>'
        for i in range(0, num_bins, every)
    )


def _tick(edge: int) -> str:
    return f"{edge // 1000}k" if edge >= 1000 else str(edge)


def _last_filled(documents: Sequence[int]) -> int:
    return max((i for i, number in enumerate(documents) if number), default=0)


def _round_up(number: int) -> int:
    """The next even number of the form 2, 4, 6, 8 or 10 times a power of ten, so that half of it is whole as well."""
    power = 1
    while number > 10 * power:
        power *= 10
    return next(step * power for step in (2, 4, 6, 8, 10) if step * power >= number)
