"""The card's sections as Markdown, each from facts alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.model_card.facts import Facts, dig
from benchmarks.model_card.gaps import widest
from benchmarks.safety.measures import MEASURES
from corpus.card.figures import count, plural, short

NOT_MEASURED = "Not measured."
LANGUAGES = {"ar": "Arabic", "en": "English"}


def markdown_table(
    header: Sequence[str], rows: Sequence[Sequence[object]], numeric: Sequence[int] = ()
) -> str:
    """A table; what would end a cell or a line is made harmless."""
    marks = ["--:" if number in numeric else "---" for number in range(len(header))]
    lines = [header, marks, *([_cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;")


def shape(facts: Facts) -> str:
    """Architecture and sizes."""
    config = facts["config"]
    rows = [
        ["architecture", ", ".join(config.get("architectures") or ["not given"])],
        ["parameters", f"{count(facts['parameters'])} ({short(facts['parameters'])})"],
        ["layers, hidden size", f"{config.get('num_hidden_layers', '?')}, {config.get('hidden_size', '?')}"],
        ["vocabulary", count(config["vocab_size"]) if "vocab_size" in config else "?"],
        ["longest context", plural(config["max_position_embeddings"], "token")
         if "max_position_embeddings" in config else "?"],
        ["digest", f"`{facts['digest']}`"],
    ]  # fmt: skip
    return markdown_table(("what", "value"), rows)


def data(facts: Facts) -> str:
    """Sources of the corpus with their licenses."""
    manifest = facts["corpus"]
    if manifest is None:
        return "No corpus manifest was given: what the model read is not documented here."
    sizes: dict[str, list[int]] = {}
    for shard in manifest["shards"]:
        held = sizes.setdefault(shard["source"], [0, 0])
        held[0] += shard["documents"]
        held[1] += shard["words"]
    rows = [
        [
            source["name"],
            LANGUAGES.get(source.get("language", ""), source.get("language") or "identified"),
            source.get("domain") or "",
            *(count(number) for number in sizes.get(source["name"], [0, 0])),
            source.get("license") or "not given",
            source.get("url") or "",
        ]
        for source in manifest["config"]["sources"]
    ]
    dropped = sum(sum(row["dropped"].values()) for row in manifest["counts"])
    return (
        markdown_table(
            ("source", "language", "domain", "documents", "words", "license", "address"), rows, (3, 4)
        )
        + f"\n\nLicenses are those that the corpus's config declares. {count(dropped)} documents were dropped on "
        "the way; the corpus's card says why."
    )


def tokenizer(facts: Facts) -> str:
    """Base, size and what it costs."""
    manifest = facts["tokenizer"]
    if manifest is None:
        return "No tokenizer manifest was given."
    rows = [
        ["base", dig(manifest, "base", "name") or "none"],
        ["pieces of the base", count(dig(manifest, "base", "size") or 0)],
    ]
    rows += [
        [f"size, {name}", count(value)]
        for name, value in (manifest.get("sizes") or {}).items()
        if isinstance(value, int)
    ]
    return markdown_table(("what", "value"), rows)


def training(facts: Facts) -> str:
    """One row for each run, and what each did to both languages."""
    if not facts["training"]:
        return "No training manifest was given."
    rows = []
    for name, manifest in facts["training"]:
        settings = dig(manifest, "config", "training") or {}
        bits = dig(manifest, "result", "bits_per_byte") or {}
        rows.append(
            [
                name,
                count(dig(manifest, "result", "steps") or 0),
                short(tokens) if (tokens := dig(manifest, "result", "tokens")) else "",
                settings.get("learning_rate", ""),
                settings.get("precision", ""),
                *(_before_after(bits.get(language)) for language in LANGUAGES),
                dig(manifest, "run", "device") or "",
            ]
        )
    header = (
        "run",
        "steps",
        "tokens",
        "learning rate",
        "precision",
        "bits per byte, Arabic",
        "bits per byte, English",
        "device",
    )
    return (
        markdown_table(header, rows, (1, 2, 3))
        + "\n\nBits per byte are of held-out text, before and after the run; less is better."
    )


def _before_after(bits: Mapping[str, float] | None) -> str:
    return "" if not bits else f"{bits['before']:.3f} → {bits['after']:.3f}"


def scores(facts: Facts) -> str:
    """Score of every task under its first rule (accuracy unless that says otherwise), runs beside one another."""
    runs = facts["scores"]
    if not runs:
        return NOT_MEASURED
    rows = [
        [
            run["model"]["name"],
            score["title"],
            LANGUAGES[score["language"]],
            score["rule"].replace("_", " "),
            _rate(score["micro"]),
            f"{100 * score['chance']:.1f}",
            count(score["items"]),
            f"`{score['signature']}`".replace("|", ", "),
        ]
        for run in runs
        for score in run["scores"]
        if score["first"]
    ]
    header = ("model", "task", "language", "rule", "score %, 95 %", "chance %", "items", "signature")
    return markdown_table(header, rows, (4, 5, 6))


def contamination(facts: Facts) -> str:
    """Items that stand in the corpus."""
    found = facts["contamination"]
    if found is None:
        return NOT_MEASURED
    rows = [
        [row["task"], count(row["items"]), count(row["contaminated"]), count(row["short"])]
        for row in found["tasks"]
    ]
    return (
        markdown_table(("task", "items", "contaminated", "too short to tell"), rows, (1, 2, 3))
        + f"\n\n`{found['signature']}`"
    )


def safety(facts: Facts) -> str:
    """Rates in both languages on the same harmless prompts."""
    found = facts["safety"]
    if found is None:
        return NOT_MEASURED
    by_name = {(rate["measure"], rate["language"]): rate for rate in found["rates"] if rate["kind"] == "all"}
    rows = [
        [MEASURES[measure], *(_rate(by_name[measure, language]) for language in LANGUAGES)]
        for measure in found["measures"]
    ]
    missing = [MEASURES[name] for name in ("listed_words", "toxic") if name not in found["measures"]]
    return (
        markdown_table(("of the same prompts, % (95 %)", *LANGUAGES.values()), rows, (1, 2))
        + (f"\n\nNot measured: {'; '.join(missing)}." if missing else "")
        + f"\n\n`{found['signature']}`"
    )


def _rate(rate: Mapping[str, float]) -> str:
    return f"{100 * rate['value']:.1f} ({100 * rate['low']:.1f} to {100 * rate['high']:.1f})"


def human(facts: Facts) -> str:
    """Agreement of annotators, and points."""
    found = facts["human"]
    if found is None:
        return NOT_MEASURED
    rows = [
        [
            criterion,
            level,
            "not defined" if told["value"] is None else f"{told['value']:.2f}",
            count(told["units"]),
        ]
        for criterion, levels in found["agreement"].items()
        for level, told in levels.items()
    ]
    shown = [markdown_table(("criterion", "level", "Krippendorff's alpha", "units"), rows, (2, 3))]
    if "ranking" in found:
        points = [
            [row["model"], _points(row["bradley_terry"]), count(row["judgments"])] for row in found["ranking"]
        ]
        shown.append(markdown_table(("model", "Bradley-Terry points (95 %)", "judgments"), points, (1, 2)))
    return "\n\n".join(shown)


def _points(rating: Mapping[str, float]) -> str:
    return f"{rating['value']:.0f} ({rating['low']:.0f} to {rating['high']:.0f})"


def paired_gaps(rows: Sequence[dict[str, Any]] | None) -> str:
    """Gaps between paired sentences, and the widest in words."""
    if rows is None:
        return NOT_MEASURED
    shown = [
        [
            row["axis"], LANGUAGES[row["language"]], f"{row['group']} less {row['reference']}",
            f"{row['gap']:+.4f}", f"{row['low']:+.4f} to {row['high']:+.4f}", row["sentences"],
        ]
        for row in rows
    ]  # fmt: skip
    told = [
        f"{row['axis']} in {LANGUAGES[row['language']]} ({row['group']} against {row['reference']}, {row['gap']:+.4f})"
        for row in widest(rows)
    ]
    said = (
        f"The widest gaps whose intervals leave out 0: {'; '.join(told)}."
        if told
        else "No interval leaves out 0."
    )
    header = ("what differs", "language", "groups", "gap, bits per byte", "95 %", "sentences")
    return f"{markdown_table(header, shown, (3, 4, 5))}\n\n{said}"


def energy(facts: Facts) -> str:
    """The energy ledger of every run that has one, and their sum."""
    found = [
        (name, ledger) for name, manifest in facts["training"] if (ledger := dig(manifest, "run", "energy"))
    ]
    if not found:
        return NOT_MEASURED
    rows = [
        [
            name,
            f"{led['device_hours']:.3g}",
            f"{led['kwh_with_pue']:.3g}",
            f"{led['co2_kg']:.3g}",
            led["kwh_is"],
        ]
        for name, led in found
    ]
    totals = [sum(led[name] for _, led in found) for name in ("device_hours", "kwh_with_pue", "co2_kg")]
    rows.append(["all of them", *(f"{total:.3g}" for total in totals), ""])
    missing = len(facts["training"]) - len(found)
    return markdown_table(
        ("run", "device hours", "kWh with PUE", "CO2-equivalent, kg", "measured or estimated"),
        rows,
        (1, 2, 3),
    ) + (f"\n\n{plural(missing, 'run')} kept no ledger." if missing else "")
