"""The report, as Markdown and as one HTML page."""

from collections.abc import Iterator, Mapping
from typing import Any

from experiments import report
from experiments.bridge.legs import COMPARISONS, START
from experiments.bridge.recall import CHANCE
from experiments.bridge.tables import GROUPS
from experiments.bridge.wording import findings, limits, title_of
from experiments.report import Picture, Section, figure, p_value

TITLE = "What parallel and translated text do for a bilingual model"
PICTURE = Picture(
    name="bridge",
    alternative="Each cross-lingual measure of each leg",
    how=(
        "A point is one seed; the bar is the mean over seeds, its whiskers the 95 % interval over items. Dashed is "
        "chance, or reading nothing; dotted is lexical retrieval."
    ),
)
_STYLE = "td:first-child,th:first-child{min-width:9rem}"
_HOW = {
    "translation": (
        "chrF++ (0 to 100) of greedy translations of held-out pairs, under an instruction line and solved examples."
    ),
    "reading": (
        "Bits per byte that the reference costs more after another text's source, of about the length, than after its "
        "own: what the model reads from the source; 0 is nothing. Held-out pairs with solved examples before them, "
        "{news} without."
    ),
    "retrieval": (
        "Share of texts whose translation is the nearest (CSLS) among all of the other language, in the half that no "
        "layer was chosen on."
    ),
    "facts": (
        "Share of made-up facts whose value wins against three wrong ones by log-likelihood, set against "
        "what companies get that nothing tells of. Chance is {chance:g}."
    ),
}
_HEADINGS = {
    "translation": "Translation",
    "reading": "What is read from the source",
    "retrieval": "Retrieval across the languages",
    "facts": "Facts told in one language",
}


def sections(results: Mapping[str, Any]) -> Iterator[Section]:
    """All parts but the picture, in their order."""
    yield Section(heading="What it shows", points=list(findings(results)))
    for group in GROUPS:
        if any(name.startswith(group) for name in results["measures"]):
            yield _measures(results, group)
    yield _differences(results)
    yield _languages(results)
    yield Section(heading="What it cannot show", points=list(limits(results)))
    yield Section(heading="How it was measured", points=list(_measured(results)))


def _measures(results: Mapping[str, Any], group: str) -> Section:
    news = results["settings"]["measures"]["news_name"]
    legs = (START, *results["legs"])
    baselines = results["baselines"]
    rows = []
    for name, measure in results["measures"].items():
        if not name.startswith(group):
            continue
        without = []
        if group == "retrieval":
            _, kind, direction = name.split()
            without = [f"{baselines[kind]['chance']:.3f}", f"{baselines[kind][direction]:.3f}"]
        cells = [_both(measure["legs"][leg]) for leg in legs]
        rows.append([title_of(name, news), str(measure["items"]), *without, *cells])
    return Section(
        heading=_HEADINGS[group],
        how=_HOW[group].format(news=news, chance=CHANCE)
        + " Means over seeds, ± half of the 95 % interval by Student's t over seeds; in brackets the 95 % interval "
        "over items (bootstrap). start is the base with its new rows, before any leg.",
        header=(
            "measure", "items", *(("chance", "lexical") if group == "retrieval" else ()), "start",
            *(f"{leg}: {title}" for leg, title in results["legs"].items()),
        ),
        rows=rows,
    )  # fmt: skip


def _both(value: Mapping[str, Any], sign: str = "") -> str:
    ends = f"{value['low']:{sign}.3f} to {value['high']:{sign}.3f}".replace("-", "\N{MINUS SIGN}")
    return f"{figure(value, sign)} ({ends})"


def _differences(results: Mapping[str, Any]) -> Section:
    news = results["settings"]["measures"]["news_name"]
    found = {(row["measure"], row["first"], row["second"]): row for row in results["comparisons"]}
    pairs = [pair for pair in COMPARISONS if any(key[1:] == pair for key in found)]
    rows = [
        [
            title_of(name, news),
            *(_both(row, "+") + p_value(row) for row in (found[name, *pair] for pair in pairs)),
        ]
        for name in results["measures"]
    ]
    return Section(
        heading="Differences between legs",
        how=(
            "Paired by seed, and by item in brackets; above 0 the first leg is better. p is that of the paired t-test "
            "over seeds after Holm's correction over all differences of the same group of measures (translation, "
            "reading, retrieval, facts)."
        ),
        header=(
            "measure",
            *(f"{first} less {second}: {COMPARISONS[first, second]}" for first, second in pairs),
        ),
        rows=rows,
    )


def _languages(results: Mapping[str, Any]) -> Section:
    return Section(
        heading="Each language on its own",
        how="Bits per byte of held-out text of the sources without pairs, after; lower is better.",
        header=("leg", "Arabic", "English"),
        rows=[
            [f"{leg}: {results['legs'][leg]}", figure(row["ar"]), figure(row["en"])]
            for leg, row in results["bits_per_byte"].items()
        ],
    )


def _measured(results: Mapping[str, Any]) -> Iterator[str]:
    texts, measures = results["settings"]["texts"], results["settings"]["measures"]
    yield (
        f"{len(results['seeds'])} seeds ({', '.join(map(str, results['seeds']))}), each with its own "
        + ("base and " if results["settings"]["stage1"] else "")
        + "order of the text; the legs of a seed start from the same model with the same new rows. Texts, facts and "
        "questions are the same for all."
    )
    yield (
        f"Equal compute: each leg reads {results['tokens']:,} tokens with one tokenizer and one shape of "
        f"{results['parameters']:,} parameters, at a constant learning rate."
    )
    pairs = ", ".join(f"{name} {count:,}" for name, count in results["training_pairs"].items())
    closed = ", ".join(results["without_instruction"])
    yield (
        f"All legs read English {texts['english_share']:.0%} and Arabic the rest, in bytes, and in it "
        f"{texts['fact_share']:.0%} of documents on made-up companies. Leg d reads no text of the pairs. In f, "
        f"{texts['pair_share']:.0%} are documents of both languages as corpus.pair_documents makes them "
        f"(training pairs: {pairs}); "
        + (f"of {closed} plain pairs without instruction. " if closed else "")
        + (
            "Leg g reads as much of a translated corpus that was given."
            if texts["translated"]
            else "Leg g reads as much of the same texts, each side in documents of its own, never beside the other."
        )
    )
    held = "; ".join(
        f"{measures['news_name'] if name == 'news' else 'held-out pairs of the corpus'} {row['pairs']:,}, "
        f"of which {row['texts']:,} are searched"
        for name, row in results["baselines"].items()
    )
    yield (
        f"Pairs that no leg trains on: {held}. No side of a held-out pair is a side of a training pair, folded. "
        "Sources that no prompt may be made of are not asked about. The tokenizer may have learned from either side, "
        "never from which goes with which."
    )
    layers = "; ".join(
        f"{leg} {', '.join(map(str, of_kind['pairs']))}" for leg, of_kind in results["layers"].items()
    )
    yield f"Layers chosen for retrieval of held-out pairs, by seed (0 is the embeddings): {layers}."
    yield (
        f"Facts: {texts['companies']} companies told of in English alone, as many in Arabic alone, as many never; "
        f"three facts each, {texts['fact_documents']} documents on each company in three wordings."
    )
    yield f"chrF++ by sacrebleu: {results['chrf_signature']}."
    run, versions = results["run"], results["versions"]
    yield (
        f"{run['processor_hours']:.2f} processor hours of training on {run['device']}, {run['processes']} runs side by "
        "side; " + ", ".join(f"{name} {number}" for name, number in versions.items()) + "."
    )


def markdown(results: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    return report.markdown(TITLE, results, PICTURE, sections(results))


def html(results: Mapping[str, Any], picture: str) -> str:
    """The report as one page that loads nothing."""
    return report.html(
        TITLE, results, PICTURE, sections(results), drawn=picture, tiles=_tiles(results), style=_STYLE
    )


def _tiles(results: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """How pairing differs from the same text unpaired, one tile for a measure of each group."""
    wanted = ("translation pairs en-ar", "reading pairs en-ar", "retrieval pairs en-ar", "facts en ar")
    for row in results["comparisons"]:
        if (row["first"], row["second"]) == ("f", "g") and row["measure"] in wanted:
            title = title_of(row["measure"], results["settings"]["measures"]["news_name"])
            yield "f less g", figure(row | {"half_width": None}, "+"), title
    yield "Tokens", f"{results['tokens']:,}", f"for each leg; seeds: {len(results['seeds'])}"
