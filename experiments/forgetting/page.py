"""The report as Markdown and as one HTML page, from the same sections."""

from collections.abc import Iterator, Mapping
from typing import Any

from corpus.card.figures import short, size
from experiments import report
from experiments.forgetting.wording import findings, limits
from experiments.report import Picture, Section, figure, p_value

TITLE = "What a model forgets of English while it learns Arabic"
_AXES = {"bytes": "flops", "compute": "num_bytes"}


PICTURE = Picture(
    name="forgetting",
    alternative="Bits per byte of both languages over bytes seen and over compute",
    how=(
        "Lines are means over seeds, bands reach from the lowest seed to the highest. The upright dashed line is where "
        "legs are compared; the level one is the unexpanded base's English."
    ),
)


def sections(results: Mapping[str, Any]) -> Iterator[Section]:
    """All parts but the picture, in their order."""
    yield Section(heading="What it shows", points=list(findings(results)))
    points = results["points"]
    yield _table(results, "bytes", f"At equal bytes: {size(points['bytes'])} of text seen")
    yield _table(
        results, "compute", f"At equal compute: {points['flops']:.3g} FLOPs, what leg b takes for these bytes"
    )
    yield _differences(results)
    yield Section(heading="What it cannot show", points=list(limits(results)))
    yield Section(heading="How it was measured", points=list(_measured(results)))


def _table(results: Mapping[str, Any], name: str, heading: str) -> Section:
    base = results["base"]
    other = "FLOPs taken" if name == "bytes" else "bytes seen"
    rows = [
        ["the base, unexpanded", figure(base["ar"]), "", "", figure(base["en"]), "", "", "0", ""],
        *(
            [
                f"{leg}: {results['legs'][leg]}",
                *(
                    figure(row[language][when])
                    for language in ("ar", "en")
                    for when in ("start", "half", "end")
                ),
                figure(row["forgetting"]["end"], "+"),
                (f"{row['flops']:.3g}" if name == "bytes" else size(row["num_bytes"]))
                + ("" if row["reached"] else " (ends before)"),
            ]
            for leg, row in results["tables"][name].items()
        ),
    ]
    return Section(
        heading=heading,
        how=(
            "Bits per byte of held-out text, lower is better; means over seeds, ± half of the 95 % interval by "
            "Student's t. Before: the model with its new rows, untrained. During: half way. Forgotten: English after, "
            "less English of the same seed's base before any new row."
        ),
        header=(
            "leg", "Arabic before", "during", "after", "English before", "during", "after", "forgotten", other,
        ),
        rows=rows,
    )  # fmt: skip


def _differences(results: Mapping[str, Any]) -> Section:
    comparisons = results["comparisons"]
    rows = []
    for at_bytes, at_compute in zip(comparisons["bytes"], comparisons["compute"], strict=True):
        cells = [
            figure(one[language], "+") + p_value(one[language])
            for one in (at_bytes, at_compute)
            for language in ("ar", "en")
        ]
        rows.append([f"{at_bytes['first']} less {at_bytes['second']}: {at_bytes['what']}", *cells])
    return Section(
        heading="Differences between legs that differ in one thing",
        how=(
            "Paired by seed, bits per byte after, ± half of the 95 % interval; below 0 the first leg is better. p is "
            "that of the paired t-test after Holm's correction over all differences at the same point. The difference "
            "of forgetting is that of English, since the base is the same."
        ),
        header=(
            "difference", "Arabic, equal bytes", "English, equal bytes", "Arabic, equal compute",
            "English, equal compute",
        ),
        rows=rows,
    )  # fmt: skip


def _measured(results: Mapping[str, Any]) -> Iterator[str]:
    texts, continued = results["settings"]["texts"], results["settings"]["continued"]
    bytes_of = results["held_out_bytes"]
    yield (
        f"{len(results['seeds'])} seeds ({', '.join(map(str, results['seeds']))}). "
        + (
            "Each has its own base (start and order of English), order of the text for its legs, and random rows."
            if results["settings"]["stage1"]
            else "The base is one for all; orders of the text and random rows are each seed's own."
        )
    )
    yield (
        f"Base {results['parameters']['base']:,} parameters, expanded {results['parameters']['expanded']:,}; "
        f"{results['new_rows']:,} new rows."
    )
    yield (
        f"Mixtures are planned in bytes, so legs see the same text whatever it takes in tokens: English "
        f"{texts['english_share']:.0%}, Arabic the rest. With parallel text, {texts['parallel_share']:.0%} of all "
        "bytes are documents that hold both texts of a pair, in both directions, and both languages keep their shares "
        f"({results['arabic_share_of_parallel']:.0%} of parallel documents is Arabic). They stand under an instruction "
        f"line of varied wording, except for sources that no prompt may be made of{_closed(results)}."
    )
    yield (
        f"A token is {_bytes_per_token(results, 'base')} bytes with the base tokenizer, "
        f"{_bytes_per_token(results, 'expanded')} with the expanded one, in the mix."
    )
    yield (
        f"Held out: {size(bytes_of['ar'])} of Arabic and {size(bytes_of['en'])} of English, whole documents, the same "
        "for all legs and seeds; neither model nor expanded tokenizer learned from them. The learning rate is constant "
        f"({continued['learning_rate']:g}), so that curves can be read anywhere."
    )
    yield (
        f"Legs are validated {continued['validations']} times on the way to equal bytes and go on at that pace until "
        "they have passed both points; between two validations the curve is drawn straight."
    )
    run, versions = results["run"], results["versions"]
    yield (
        f"{run['processor_hours']:.2f} processor hours of training and validation on {run['device']}, "
        f"{run['processes']} runs side by side; "
        + ", ".join(f"{name} {number}" for name, number in versions.items())
        + "."
    )


def _closed(results: Mapping[str, Any]) -> str:
    names = results["without_instruction"]
    return f" ({', '.join(names)}): text and translation alone" if names else " (there are none)"


def _bytes_per_token(results: Mapping[str, Any], name: str) -> str:
    return f"{1 / results['tokens_per_byte'][name]:.2f}"


def markdown(results: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    return report.markdown(TITLE, results, PICTURE, sections(results))


def html(results: Mapping[str, Any], picture: str) -> str:
    """The report as one page that loads nothing."""
    return report.html(TITLE, results, PICTURE, sections(results), drawn=picture, tiles=_tiles(results))


def _tiles(results: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    rows = results["tables"]["bytes"]
    tiles = [
        (
            f"Leg {leg}",
            figure(row["forgetting"]["end"] | {"half_width": None}, "+"),
            f"English forgotten: {results['legs'][leg]}",
        )
        for leg, row in rows.items()
    ]
    tiles.append(("Text seen", short(results["points"]["bytes"]), f"bytes, {len(results['seeds'])} seeds"))
    return tiles
