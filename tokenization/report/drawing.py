"""What all plots share: a scale, a frame, and labels that do not run into one another."""

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.card.markup import attribute, escape

WIDTH = 400


@dataclass(frozen=True)
class Scale:
    """From figures to places on the page."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a figure stands.

        >>> Scale(0, 10, 100, 200)(5)
        150.0
        """
        return self.start + (value - self.low) / ((self.high - self.low) or 1) * (self.end - self.start)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round figures that reach from `low` to `high`, or a little beyond.

    >>> ticks(1, 5.2), ticks(0, 0.31)
    ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0, 0.1, 0.2, 0.3, 0.4])
    """
    if high - low < 1e-6:
        low, high = low - 0.5, high + 0.5
    span = high - low
    power = 10.0**-12
    while power * 10 * (most - 1) < span:
        power *= 10
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10, 20) if power * factor * (most - 1) >= span)
    first = int(low // step)
    found = [first * step]
    while found[-1] < high - 1e-9:
        found.append((first + len(found)) * step)
    return [round(tick, 10) for tick in found]


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places moved apart until each is at least `gap` from the next, in the same order.

    >>> spread([10, 11, 50], 12, 0, 100)
    [10, 22, 50]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    last = low - gap
    for i in order:
        moved[i] = max(moved[i], last + gap)
        last = moved[i]
    limit = high
    for i in reversed(order):
        moved[i] = min(moved[i], limit)
        limit = moved[i] - gap
    return moved


def figure(caption: str, drawing: str, height: float, description: str, legend: str = "") -> str:
    """A plot with its caption and a sentence for those who cannot see it."""
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption>{legend}"
        f'<svg class="plot" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'role="img" aria-label="{attribute(f"{caption}. {description}")}">{drawing}</svg></figure>'
    )


def text(x: float, y: float, content: str, anchor: str = "start", kind: str = "axis") -> str:
    """A line of text; names of tokenizers are set left to right, whatever letters they hold."""
    place = f'x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}" direction="ltr"'
    return f"<text {place}>{escape(content)}</text>"


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "grid") -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def legend(names: Sequence[str], prefix: str) -> str:
    """Names with their colors, those of the classes `prefix0`, `prefix1`, ..."""
    items = "".join(
        f'<li><span class="swatch {prefix}{i}"></span><bdi>{escape(name)}</bdi></li>'
        for i, name in enumerate(names)
    )
    return f'<ul class="legend">{items}</ul>'


def shortened(name: str, most: int = 16) -> str:
    """A name that fits beside a plot.

    >>> shortened("a-very-long-tokenizer-name")
    'a-very-long-tok…'
    """
    return name if len(name) <= most else name[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def tick_label(value: float, percent: bool) -> str:
    """A figure on an axis.

    >>> tick_label(0.25, True), tick_label(2.0, False), tick_label(130000, False)
    ('25%', '2', '130k')
    """
    if percent:
        return f"{100 * value:g}%"
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"
