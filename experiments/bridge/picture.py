"""The picture: a panel for each measure, a row for each leg, a point for each seed, as one SVG file."""

from collections.abc import Mapping, Sequence
from typing import Any

from corpus.card.markup import escape
from experiments.bridge.legs import START
from experiments.bridge.recall import CHANCE
from experiments.bridge.wording import title_of
from nemo_recipes.watch.report.curves import scale

WIDTH = 920
COLORS = {START: "#6f7780", "d": "#1f5f8b", "f": "#9273c4", "g": "#c8553d"}
_COLUMNS, _ACROSS, _DOWN = 3, 300, 132
_LEFT, _TOP, _PANEL, _ROW = 54, 74, 220, 18
_STYLE = (
    "text{font:12px system-ui,'Segoe UI','Noto Sans',Arial,sans-serif;fill:#5c656d;font-variant-numeric:tabular-nums}"
    ".t{font-weight:600;fill:#1d2328}.g{stroke:#dcd8cf}.c{stroke:#1d2328;stroke-dasharray:4 4;stroke-opacity:.6}"
    ".l{stroke:#1d2328;stroke-dasharray:1 3}"
)


def draw(results: Mapping[str, Any]) -> str:
    """A whole SVG document."""
    news = results["settings"]["measures"]["news_name"]
    legs = [START, *results["legs"]]
    names = list(results["measures"])
    height = _TOP + -(-len(names) // _COLUMNS) * _DOWN
    panels = [
        _panel(
            title_of(name, news),
            results["measures"][name],
            legs,
            _references(name, results["baselines"]),
            _LEFT + place % _COLUMNS * _ACROSS,
            _TOP + place // _COLUMNS * _DOWN,
        )
        for place, name in enumerate(names)
    ]
    told = "; ".join(
        f"{title_of(name, news)}: "
        + ", ".join(f"{leg} {results['measures'][name]['legs'][leg]['mean']:.3f}" for leg in legs)
        for name in names
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-labelledby="bridge-title bridge-text">'
        '<title id="bridge-title">Cross-lingual measures of each leg</title>'
        f'<desc id="bridge-text">{escape(told)}</desc><style>{_STYLE}</style>'
        f'<rect width="{WIDTH}" height="{height}" fill="#fdfcf9"/>'
        f"{_legend(legs, results['legs'])}{''.join(panels)}</svg>\n"
    )


def _references(name: str, baselines: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Classes and places of the lines that mark chance and the lexical baseline."""
    group, kind, direction = name.split()
    if group == "retrieval":
        return [("c", baselines[kind]["chance"]), ("l", baselines[kind][direction])]
    return {"facts": [("c", CHANCE)], "reading": [("c", 0.0)]}.get(group, [])


def _panel(
    title: str,
    measure: Mapping[str, Any],
    legs: Sequence[str],
    references: Sequence[tuple[str, float]],
    left: float,
    top: float,
) -> str:
    rows = [measure["legs"][leg] for leg in legs]
    reached = [value for row in rows for value in (*row["by_seed"], row["low"], row["high"])]
    reached += [place for _, place in references]
    least, most = min(reached), max(reached)
    # A measure on which all agree still needs an axis.
    ticks = scale(least, most if most > least else least + 1)

    def x(value: float) -> float:
        return left + _PANEL * (value - ticks[0]) / (ticks[-1] - ticks[0])

    bottom = top + _ROW * len(legs)
    parts = [f'<text class="t" x="{left}" y="{top - 10}">{escape(title)}</text>']
    upright = [*(("g", tick) for tick in ticks), *references]
    parts += [
        f'<line class="{kind}" x1="{x(place):.1f}" x2="{x(place):.1f}" y1="{top}" y2="{bottom}"/>'
        for kind, place in upright
    ]
    parts += [
        f'<text x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>'
        for tick in (ticks[0], ticks[-1])
    ]
    for number, (leg, row) in enumerate(zip(legs, rows, strict=True)):
        y = top + _ROW * (number + 0.5)
        color = COLORS[leg]
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{leg}</text>')
        parts.append(
            f'<line x1="{x(row["low"]):.1f}" x2="{x(row["high"]):.1f}" y1="{y}" y2="{y}" stroke="{color}" '
            'stroke-width="2"/>'
            f'<rect x="{x(row["mean"]) - 1.5:.1f}" y="{y - 6}" width="3" height="12" fill="{color}"/>'
        )
        parts += [
            f'<circle cx="{x(value):.1f}" cy="{y}" r="3" fill="{color}" fill-opacity=".55"/>'
            for value in row["by_seed"]
        ]
    return "".join(parts)


def _legend(legs: Sequence[str], titles: Mapping[str, str]) -> str:
    entries = []
    for number, leg in enumerate(legs):
        left, top = _LEFT + number % 2 * 430, 20 + number // 2 * 20
        title = titles.get(leg, "the base with new rows, before any leg")
        entries.append(
            f'<rect x="{left}" y="{top - 9}" width="12" height="12" rx="2" fill="{COLORS[leg]}"/>'
            f'<text x="{left + 18}" y="{top + 2}">{leg}: {escape(title)}</text>'
        )
    return "".join(entries)
