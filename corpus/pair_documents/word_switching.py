"""Words that change the language within a sentence: of a lexicon that the pairs taught, or of one that is given.

A word is put in the place of another only where both stand in the pair, so that what is said stays what the pair says,
and only where each is the other's likeliest translation there: a lexicon of little text is often wrong otherwise.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from corpus.clean_pairs.lexicon import Lexicon, learn, stems
from corpus.errors import CorpusError
from corpus.pair_documents.bundles import FIRST, SECOND

LEXICON_PAIRS = 100_000
"""Pairs that teach a lexicon at most."""

_LEAST = 0.2
"""Least probability of a translation, in both directions, for a word to take the other's place."""
_LEAST_LETTERS = 3
_WORD = r"^(\P{L}*)(\p{L}[\p{L}\p{M}\u0640'\u2019-]*)(\P{L}*)$"
"""A word of letters alone, and the marks before and after it, which stay where they are."""
_LED = (
    r"^(?:[\u0648\u0641]\u0627\u0644|[\u0648\u0641]?(?:\u0628\u0627\u0644|\u0643\u0627\u0644|\u0644\u0644))"
)
"""An article with a conjunction or preposition before it: with the word, these would be lost."""


@dataclass(frozen=True)
class WordPairs:
    """Words that translate each other.

    Attributes:
        table: `left` and `right`, stems of both languages, and `weight`, the higher the surer.
        version: Digest of the table.
    """

    table: pl.DataFrame
    version: str


def word_pairs(table: pl.DataFrame) -> WordPairs:
    """Word pairs of a table of `left`, `right`, `weight`."""
    rows = table.sort("left", "right")
    return WordPairs(rows, hashlib.sha256(rows.write_csv().encode()).hexdigest()[:16])


def learned(left: pl.Series, right: pl.Series) -> WordPairs:
    """Word pairs that texts and their translations teach."""
    return word_pairs(_sure(learn(left.head(LEXICON_PAIRS), right.head(LEXICON_PAIRS))))


def given(path: str) -> WordPairs:
    """Word pairs of a file: TSV without a header, an English word and an Arabic one in each line.

    Raises:
        CorpusError: The file cannot be read, or holds no pairs of words.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: the lexicon cannot be read ({error})") from error
    words: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        parts = line.split("\t")
        if line.strip() and (len(parts) != 2 or not all(map(str.strip, parts))):
            raise CorpusError(f"{path}: line {number} must be an English word, a tab and an Arabic word")
        if line.strip():
            words.append((parts[0], parts[1]))
    frame = pl.DataFrame(words, schema={"left": pl.String, "right": pl.String}, orient="row")
    table = pl.DataFrame({name: stems(frame[name]) for name in ("left", "right")})
    single = table.filter((pl.col("left").list.len() == 1) & (pl.col("right").list.len() == 1))
    if not single.height:
        raise CorpusError(f"{path}: holds no pairs of single words")
    return word_pairs(
        single.select(pl.col("left", "right").list.first()).unique().with_columns(weight=pl.lit(1.0))
    )


def switches(units: pl.DataFrame, words: WordPairs) -> pl.DataFrame:
    """Where a word of a unit may change the language: `unit`, `place` (of the first language's word), `other` (place).

    `units` has the texts of both languages; each word is in one switch at most.
    """
    left, right = (_placed_words(units[language]) for language in (FIRST, SECOND))
    met = (
        left.join(words.table, left_on="stem", right_on="left", maintain_order="left")
        .join(
            right,
            left_on=["unit", "right"],
            right_on=["unit", "stem"],
            suffix="_other",
            maintain_order="left",
        )
        .sort("unit", "weight", "place", "place_other", descending=[False, True, False, False])
    )
    # The surest of a word's partners, and only where it is the surest of the partner's too.
    best = met.filter(
        (pl.int_range(pl.len()).over("unit", "place") == 0)
        & (pl.int_range(pl.len()).over("unit", "place_other") == 0)
    )
    return best.select("unit", "place", other="place_other").sort("unit", "place")


def switched(units: pl.DataFrame, chosen: pl.DataFrame) -> pl.Series:
    """Texts of the units in their own language, with the chosen words in the other one.

    `units` has the texts of both languages and `in_first`, the language of each; `chosen` is rows of `switches`.
    """
    english, arabic = (_tokens(units[language]) for language in (FIRST, SECOND))
    own = units.select(pl.int_range(pl.len()).alias("unit"), "in_first")
    sides = [
        _exchanged(english, arabic, own.filter("in_first"), chosen.rename({"place": "at", "other": "by"})),
        _exchanged(
            arabic, english, own.filter(~pl.col("in_first")), chosen.rename({"other": "at", "place": "by"})
        ),
    ]
    joined = pl.concat(sides).sort("unit", "place").group_by("unit", maintain_order=True).agg("token")
    whole = own.join(joined, on="unit", how="left", maintain_order="left")
    return whole.select(pl.col("token").list.join(" ").fill_null("").alias("text"))["text"]


def _exchanged(
    base: pl.DataFrame, other: pl.DataFrame, units: pl.DataFrame, chosen: pl.DataFrame
) -> pl.DataFrame:
    """`unit`, `place`, `token` of some units, the words at `at` replaced by the other language's word at `by`."""
    new = chosen.join(other, left_on=["unit", "by"], right_on=["unit", "place"]).select(
        "unit", "at", new=_core("token")
    )
    before, after = (pl.col("token").str.extract(_WORD, part) for part in (1, 3))
    return (
        base.join(units.select("unit"), on="unit", how="semi")
        .join(new, left_on=["unit", "place"], right_on=["unit", "at"], how="left")
        .with_columns(
            token=pl.when(pl.col("new").is_null())
            .then("token")
            .otherwise(pl.concat_str(before, "new", after))
        )
        .select("unit", "place", "token")
    )


def _sure(lexicon: Lexicon) -> pl.DataFrame:
    """Pairs of stems that are likely in both directions."""
    width = max(1, len(lexicon.right))
    likely = ((lexicon.forward >= _LEAST) & (lexicon.backward >= _LEAST)).nonzero()[0]
    return pl.DataFrame(
        {
            "left": lexicon.left.gather(lexicon.keys[likely] // width),
            "right": lexicon.right.gather(lexicon.keys[likely] % width),
            "weight": lexicon.forward[likely] * lexicon.backward[likely],
        }
    )


def _tokens(texts: pl.Series) -> pl.DataFrame:
    """`unit`, `place`, `token`: what stands between blanks."""
    frame = pl.DataFrame({"unit": pl.int_range(len(texts), eager=True), "token": texts.str.split(" ")})
    rows = frame.explode("token", empty_as_null=True, keep_nulls=True).drop_nulls()
    return rows.with_columns(place=pl.int_range(pl.len()).over("unit"))


def _core(column: str) -> pl.Expr:
    return pl.col(column).str.extract(_WORD, 2)


def _placed_words(texts: pl.Series) -> pl.DataFrame:
    """`unit`, `place`, `stem` of the words that may change: of letters alone, and not of one or two of them."""
    rows = _tokens(texts).with_columns(core=_core("token"))
    long = rows.filter(
        (pl.col("core").str.len_chars() >= _LEAST_LETTERS) & ~pl.col("core").str.contains(_LED)
    )
    stem = stems(long["core"])
    return (
        long.select("unit", "place")
        .with_columns(stem=stem)
        .filter(pl.col("stem").list.len() == 1)
        .with_columns(pl.col("stem").list.first())
    )
