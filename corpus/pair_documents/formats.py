"""The formats: from bundles of pairs to the texts of documents, as columns.

Each function takes `pairs` (`bundle`, `pair`, `en`, `ar`, in order) and `choices` (`bundle`, `number`; see `balance`)
of bundles that have the format, and returns DOCUMENT_COLUMNS in the order of the bundles. Where two ways are possible
even numbers have the one, odd numbers the other.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files

import polars as pl

from corpus.pair_documents.balance import coins, draws
from corpus.pair_documents.bundles import FIRST, LANGUAGES, SECOND, units_of
from corpus.pair_documents.settings import Format, PairDocuments
from corpus.pair_documents.word_switching import WordPairs, switched, switches

BOTH = "mul"
"""Language of a document in several languages (ISO 639-2)."""

DOCUMENT_COLUMNS: dict[str, pl.DataType] = {
    "bundle": pl.Int64(),
    "part": pl.Int64(),  # several documents of one bundle are told apart by it
    "text": pl.String(),
    "language": pl.String(),
    "direction": pl.String(),  # en-ar where English comes first, ar-en, or the language of a text on its own
}

_ENDS = r"[.!?\u061F\u06D4\u2026][\"'\u00BB\u201D)\]]*\s*$"


def make(
    name: Format,
    pairs: pl.DataFrame,
    choices: pl.DataFrame,
    settings: PairDocuments,
    words: WordPairs | None = None,
) -> pl.DataFrame:
    """DOCUMENT_COLUMNS of the bundles that `choices` names; `words` is what word_switched exchanges."""
    chosen = pairs.join(choices.select("bundle", "number"), on="bundle", maintain_order="left")
    if name == "word_switched":
        assert words is not None
        made = _word_switched(chosen, settings, words)
    else:
        made = _MAKERS[name](chosen, settings)
    return made.select(pl.col(column).cast(kind) for column, kind in DOCUMENT_COLUMNS.items())


@lru_cache(maxsize=1)
def instruction_lines() -> pl.DataFrame:
    """All instruction lines: `direction`, `template` (from 0), `line`, `source_label`, `target_label`."""
    content = json.loads(
        files("corpus.pair_documents").joinpath("instruction_lines.json").read_text(encoding="utf-8")
    )
    rows = [
        (direction, number, each["line"], each["source"], each["target"])
        for direction, lines in content.items()
        for number, each in enumerate(lines)
    ]
    columns = {
        "direction": pl.String,
        "template": pl.Int64,
        "line": pl.String,
        "source_label": pl.String,
        "target_label": pl.String,
    }
    return pl.DataFrame(rows, schema=columns, orient="row")


def _translation(pairs: pl.DataFrame, settings: PairDocuments) -> pl.DataFrame:
    """An instruction line, then texts and their translations, pairs apart by a blank line."""
    lines = instruction_lines()
    num_templates = lines["template"].n_unique()
    part = pl.int_range(pl.len()).over("bundle") // settings.translation_pairs
    placed = (
        pairs.with_columns(part=part)
        .with_columns(number=pl.col("number") + pl.col("part"))
        .with_columns(direction=_direction(), template=pl.col("number") // 2 % num_templates)
        .join(lines, on=["direction", "template"], maintain_order="left")
    )
    source, target = _in_order(pl.col("direction") == f"{FIRST}-{SECOND}")
    block = pl.concat_str("source_label", source, pl.lit("\n"), "target_label", target)
    return (
        placed.with_columns(block=block)
        .group_by("bundle", "part", maintain_order=True)
        .agg(pl.col("direction", "line").first(), pl.col("block"))
        .with_columns(text=pl.col("line") + "\n" + pl.col("block").list.join("\n\n"), language=pl.lit(BOTH))
    )


def _interleaved(pairs: pl.DataFrame, _settings: PairDocuments) -> pl.DataFrame:
    """Each sentence or line in one language, then in the other."""
    units = _numbered_units(pairs).with_columns(direction=_direction())
    first, second = _in_order(pl.col("direction") == f"{FIRST}-{SECOND}")
    return _joined(units.with_columns(unit=first + "\n" + second))


def _code_switched(pairs: pl.DataFrame, settings: PairDocuments) -> pl.DataFrame:
    """The text once, each sentence or line in the one language or the other.

    A coin decides at each whether the language changes; at the second it always does, so that every document has both.
    """
    position = pl.int_range(pl.len()).over("bundle")
    units = _numbered_units(pairs).with_columns(direction=_direction(), position=position)
    units = units.with_columns(coin=coins(settings.seed, units["number"], units["position"]))
    changes = (pl.col("position") == 1) | ((pl.col("position") > 1) & pl.col("coin"))
    units = units.with_columns(changed=changes.cast(pl.Int64).cum_sum().over("bundle") % 2 == 1)
    in_first = (pl.col("direction") == f"{FIRST}-{SECOND}") != pl.col("changed")
    return _joined(units.with_columns(unit=pl.when(in_first).then(FIRST).otherwise(SECOND)), running=True)


def _word_switched(pairs: pl.DataFrame, settings: PairDocuments, words: WordPairs) -> pl.DataFrame:
    """The text in one language, with some words in the other one: those that translate each other in the pair.

    A text none of whose words has a sure translation stays in its language, and is called so.
    """
    units = _numbered_units(pairs).with_columns(direction=_direction())
    units = units.with_columns(in_first=pl.col("direction") == f"{FIRST}-{SECOND}")
    found = switches(units, words).join(
        units.select(pl.int_range(pl.len()).alias("unit"), "number"), on="unit"
    )
    # A bundle has a number of its own, so its units and their words are told apart by where they stand.
    drawn = draws(settings.seed, found["number"], found["unit"] * 65_537 + found["place"])
    chosen = found.filter(pl.Series(drawn < settings.switched_words))
    changed = units.select(pl.int_range(pl.len()).is_in(chosen["unit"].implode()).alias("has"))["has"]
    units = units.with_columns(unit=switched(units, chosen), has=changed)
    mixed = units.group_by("bundle", maintain_order=True).agg(pl.col("has").any())
    own = pl.col("direction").str.slice(0, 2)
    return (
        _joined(units, running=True)
        .join(mixed, on="bundle", maintain_order="left")
        .with_columns(
            language=pl.when("has").then(pl.lit(BOTH)).otherwise(own),
            direction=pl.when("has").then("direction").otherwise(own),
        )
    )


def _document_pairs(pairs: pl.DataFrame, _settings: PairDocuments) -> pl.DataFrame:
    """The whole text in one language, a blank line, the whole text in the other."""
    whole = pairs.group_by("bundle", maintain_order=True).agg(
        pl.col("number").first(), *(pl.col(language).str.join("\n") for language in LANGUAGES)
    )
    placed = whole.with_columns(direction=_direction())
    first, second = _in_order(pl.col("direction") == f"{FIRST}-{SECOND}")
    return placed.with_columns(text=first + "\n\n" + second, language=pl.lit(BOTH), part=pl.lit(0))


def _monolingual(pairs: pl.DataFrame, _settings: PairDocuments) -> pl.DataFrame:
    """Two documents, one in each language."""
    sides = [
        pairs.group_by("bundle", maintain_order=True)
        .agg(text=pl.col(language).str.join("\n"))
        .with_columns(language=pl.lit(language), direction=pl.lit(language), part=pl.lit(number))
        for number, language in enumerate(LANGUAGES)
    ]
    return pl.concat(sides).sort("bundle", "part", maintain_order=True)


_MAKERS: dict[Format, Callable[[pl.DataFrame, PairDocuments], pl.DataFrame]] = {
    "translation": _translation,
    "interleaved": _interleaved,
    "code_switched": _code_switched,
    "document_pairs": _document_pairs,
    "monolingual": _monolingual,
}


def _direction() -> pl.Expr:
    even = pl.col("number") % 2 == 0
    return pl.when(even).then(pl.lit(f"{FIRST}-{SECOND}")).otherwise(pl.lit(f"{SECOND}-{FIRST}"))


def _in_order(first_first: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The side that comes first, and the other."""
    return (
        pl.when(first_first).then(FIRST).otherwise(SECOND),
        pl.when(first_first).then(SECOND).otherwise(FIRST),
    )


def _numbered_units(pairs: pl.DataFrame) -> pl.DataFrame:
    numbers = pairs.group_by("bundle", maintain_order=True).agg(pl.col("number").first())
    return units_of(pairs).join(numbers, on="bundle", maintain_order="left")


def _joined(units: pl.DataFrame, *, running: bool = False) -> pl.DataFrame:
    """Units of each bundle as one text, a line each; running text where every unit ends as a sentence does."""
    joined = units.group_by("bundle", maintain_order=True).agg(
        pl.col("direction").first(), pl.col("unit"), sentences=pl.col("unit").str.contains(_ENDS).all()
    )
    apart = pl.when(pl.col("sentences") & running).then(pl.lit(" ")).otherwise(pl.lit("\n"))
    return joined.with_columns(text=pl.col("unit").list.join(apart), language=pl.lit(BOTH), part=pl.lit(0))
