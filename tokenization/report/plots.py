"""The plots, as inline SVG: dots with intervals, stacked shares, lines of growth, scatter with curves, bars."""

import math
from collections.abc import Sequence

from corpus.card.markup import escape
from tokenization.measures.bootstrap import Estimate
from tokenization.report.drawing import (
    WIDTH,
    Scale,
    figure,
    legend,
    line,
    shortened,
    spread,
    text,
    tick_label,
    ticks,
)  # fmt: skip

_LEFT, _RIGHT, _ROW = 118, 14, 23


def dots(caption: str, rows: Sequence[tuple[str, Sequence[Estimate | None]]], series: Sequence[str]) -> str:
    """For each tokenizer a row with one dot and interval per series."""
    known = [one for _, own in rows for one in own if one]
    low = min([1.0, *(one.value for one in known)])
    marks = ticks(low, max(one.value for one in known))
    across = Scale(marks[0], marks[-1], _LEFT, WIDTH - _RIGHT)
    bottom = 8 + _ROW * len(rows)
    drawn = [
        line(across(mark), 4, across(mark), bottom) + text(across(mark), bottom + 14, f"{mark:g}", "middle")
        for mark in marks
    ]
    for place, (name, own) in enumerate(rows):
        middle = 8 + _ROW * (place + 0.5)
        drawn.append(text(_LEFT - 8, middle + 4, shortened(name), "end", "name"))
        for number, one in enumerate(own):
            if one is None:
                continue
            y = middle + (number - (len(own) - 1) / 2) * min(4.0, 15 / max(len(own), 1))
            title = f"<title>{escape(f'{name}, {series[number]}: {_with_interval(one)}')}</title>"
            whisker = (
                ""
                if math.isnan(one.low)
                else line(across(one.low), y, across(one.high), y, f"whisker s{number}")
            )
            drawn.append(
                f'{whisker}<circle cx="{across(one.value):.1f}" cy="{y:.1f}" r="3.6" class="s{number}">{title}</circle>'
            )
    drawn.append(text((WIDTH + _LEFT) / 2, bottom + 30, "pieces per word", "middle"))
    return figure(
        caption,
        "".join(drawn),
        bottom + 36,
        f"{len(rows)} tokenizers, {len(series)} series.",
        legend(series, "s"),
    )


def shares(caption: str, rows: Sequence[tuple[str, Sequence[float]]], classes: Sequence[str]) -> str:
    """For each tokenizer one bar, divided by the number of pieces."""
    across = Scale(0, 1, _LEFT, WIDTH - _RIGHT)
    bottom = 8 + _ROW * len(rows)
    drawn = []
    for place, (name, own) in enumerate(rows):
        top, before = 8 + _ROW * place + 3, 0.0
        drawn.append(text(_LEFT - 8, top + 12, shortened(name), "end", "name"))
        for number, share in enumerate(own):
            width = across(before + share) - across(before)
            title = f"<title>{escape(f'{name}: {100 * share:.1f}% of words in {classes[number]}')}</title>"
            drawn.append(
                f'<rect x="{across(before):.1f}" y="{top}" width="{width:.2f}" height="{_ROW - 6}" '
                f'class="q{number}">{title}</rect>'
            )
            before += share
    drawn += [
        text(across(mark), bottom + 14, f"{100 * mark:g}%", "middle") for mark in (0, 0.25, 0.5, 0.75, 1)
    ]
    return figure(
        caption, "".join(drawn), bottom + 20, "Bars of shares of running words.", legend(classes, "q")
    )


def growths(caption: str, names: Sequence[str], lines: Sequence[Sequence[float | None]]) -> str:
    """One line per tokenizer: mean pieces against letters of the word."""
    left, right, top, bottom = 34, WIDTH - 122, 10, 250
    known = [value for own in lines for value in own if value is not None]
    marks = ticks(0, max(known, default=1))
    across, up = Scale(1, len(lines[0]), left, right), Scale(marks[0], marks[-1], bottom, top)
    drawn = [
        line(left, up(mark), right, up(mark)) + text(left - 6, up(mark) + 4, f"{mark:g}", "end")
        for mark in marks
    ]
    drawn += [text(across(n), bottom + 16, f"{n}", "middle") for n in range(1, len(lines[0]) + 1, 3)]
    ends = []
    for number, own in enumerate(lines):
        points = [(across(i + 1), up(value)) for i, value in enumerate(own) if value is not None]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        drawn.append(
            f'<polyline points="{path}" class="line t{number % 10}"><title>{escape(names[number])}</title></polyline>'
        )
        ends.append(points[-1][1] if points else bottom)
    for number, y in enumerate(spread(ends, 12.5, top, bottom)):
        drawn.append(line(right + 2, ends[number], right + 12, y, f"leader t{number % 10}"))
        drawn.append(text(right + 15, y + 4, shortened(names[number]), kind="name"))
    drawn.append(text((left + right) / 2, bottom + 33, "letters in the word", "middle"))
    return figure(caption, "".join(drawn), bottom + 40, "Mean pieces per word grow with its letters.")


def scatter(
    caption: str, points: Sequence[tuple[str, float, Estimate]], labels: tuple[str, str],
    curves: Sequence[tuple[str, Sequence[tuple[float, float]]]] = (),
    *, logarithmic: bool = False, percent: bool = False,
) -> str:  # fmt: skip
    """A dot with an interval for each tokenizer, and curves."""
    left, right, top, bottom = 40, WIDTH - 122, 22, 260
    measure = math.log2 if logarithmic else float
    xs = [x for _, x, _ in points] + [x for _, own in curves for x, _ in own]
    ys = [one.value for _, _, one in points] + [y for _, own in curves for _, y in own]
    marks = ticks(0 if percent else min(1.0, *ys, 1.0), max(ys))
    across_marks = _powers(min(xs), max(xs)) if logarithmic else ticks(min(xs), max(xs), 5)
    across = Scale(measure(across_marks[0]), measure(across_marks[-1]), left + 6, right)
    up = Scale(marks[0], marks[-1], bottom, top)
    drawn = [
        line(left, up(y), right, up(y)) + text(left - 6, up(y) + 4, tick_label(y, percent), "end")
        for y in marks
    ]
    drawn += [text(across(measure(x)), bottom + 16, tick_label(x, False), "middle") for x in across_marks]
    for name, own in curves:
        path = " ".join(f"{across(measure(x)):.1f},{up(y):.1f}" for x, y in own)
        drawn.append(f'<polyline points="{path}" class="line curve"><title>{escape(name)}</title></polyline>')
    places = [(across(measure(x)), up(one.value)) for _, x, one in points]
    for number, ((name, _, one), (x, y)) in enumerate(zip(points, places, strict=True)):
        whisker = (
            "" if math.isnan(one.low) else line(x, up(one.low), x, up(one.high), f"whisker t{number % 10}")
        )
        title = f"<title>{escape(f'{name}: {_with_interval(one)}')}</title>"
        drawn.append(
            f'{whisker}<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="t{number % 10}">{title}</circle>'
        )
    for number, y in enumerate(spread([y for _, y in places], 12.5, top, bottom)):
        drawn.append(line(places[number][0] + 5, places[number][1], right + 12, y, f"leader t{number % 10}"))
        drawn.append(text(right + 15, y + 4, shortened(points[number][0]), kind="name"))
    drawn.append(text((left + right) / 2, bottom + 33, labels[0], "middle") + text(4, 12, labels[1]))
    return figure(caption, "".join(drawn), bottom + 40, f"{labels[1]} against {labels[0]}.")


def bars(
    caption: str, rows: Sequence[tuple[str, Sequence[float]]], series: Sequence[str], form: str = ",.0f"
) -> str:
    """For each tokenizer one bar per series, with its figure."""
    high = max((value for _, own in rows for value in own), default=1)
    across = Scale(0, high, _LEFT, WIDTH - 52)
    each = 11
    step = each * len(series) + 9
    drawn = []
    for place, (name, own) in enumerate(rows):
        top = 6 + step * place
        drawn.append(text(_LEFT - 8, top + each * len(series) / 2 + 4, shortened(name), "end", "name"))
        for number, value in enumerate(own):
            y = top + each * number
            drawn.append(
                f'<rect x="{_LEFT}" y="{y}" width="{across(value) - _LEFT:.1f}" height="{each - 1}" class="s{number}"/>'
            )
            drawn.append(text(across(value) + 4, y + 9, format(value, form), kind="value"))
    return figure(
        caption, "".join(drawn), 6 + step * len(rows), "Bars.", legend(series, "s") if len(series) > 1 else ""
    )


def _with_interval(one: Estimate) -> str:
    return f"{one.value:.3f}" + ("" if math.isnan(one.low) else f" ({one.low:.3f} to {one.high:.3f})")


def _powers(low: float, high: float) -> list[float]:
    """Powers of two of a thousand that hold all sizes.

    >>> _powers(32_000, 131_072)
    [32000, 64000, 128000, 256000]
    """
    found: list[float] = [1000]
    while found[-1] < high:
        found.append(2 * found[-1])
    while len(found) > 1 and found[1] <= low:
        found.pop(0)
    return found
