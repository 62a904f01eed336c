"""Corpus shards to the words that pieces are learned from, with weights, and to the documents held out.

Only Arabic words are learned from: runs of Arabic letters with their marks and tatweel, each with the one space before
it, for no piece joins anything else, phrases apart, which join such words. Arabic digits and signs come as words of one
character.
"""

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
from tqdm import tqdm

from corpus.schema import SHARD_COLUMNS
from tokenization.arabic_script import character_class, word_class
from tokenization.errors import TokenizationError
from tokenization.expand_config import STRATA, Sampling
from tokenization.held_out import is_held_out, rest_of

MOST_WORDS = 8_000_000
"""Different words held in memory; beyond, the rarest are forgotten, which moves no merge that could matter."""

_COLUMNS = ("id", "text", "characters", "words", "pair", *STRATA)
_BATCH_ROWS = 4096


@dataclass(frozen=True)
class Sample:
    """What was read.

    Attributes:
        words: Columns word, weight and count; see `tokenization.base.Base.learn`.
        strata: One row for each stratum: its labels, documents, words, and share of the sample.
    """

    words: pl.DataFrame
    strata: pl.DataFrame


def find_shards(corpus: str) -> list[Path]:
    """The shards of a corpus directory, or those that a pattern matches, in order.

    Raises:
        TokenizationError: There are none, or one lacks a column.
    """
    if Path(corpus).is_dir():
        directory = Path(corpus, "shards")
        found = sorted((directory if directory.is_dir() else Path(corpus)).glob("*.parquet"))
    else:
        found = sorted(Path(path) for path in glob.glob(corpus, recursive=True))  # noqa: PTH207
    if not found:
        raise TokenizationError(
            f"{corpus}: no shards there: give the output_dir of a `python -m corpus.build`, or a pattern of .parquet"
        )
    for path in found:
        try:
            columns = pq.read_schema(path).names
        except (OSError, ValueError) as error:
            raise TokenizationError(f"{path}: cannot be read as Parquet: build the corpus again") from error
        missing = [name for name in _COLUMNS if name not in columns]
        if missing:
            raise TokenizationError(
                f"{path}: has no column {missing[0]!r}: build shards with `python -m corpus.build`"
            )
    return found


def read_documents(
    shards: Sequence[Path], title: str, columns: Sequence[str] = _COLUMNS
) -> Iterator[pl.DataFrame]:
    """All documents, some thousand at a time, with a progress bar."""
    with tqdm(
        total=sum(pq.read_metadata(path).num_rows for path in shards),
        desc=f"{title:<22}",
        unit="doc",
        unit_scale=True,
        dynamic_ncols=True,
    ) as bar:
        for path in shards:  # one is open at a time, however many there are
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(_BATCH_ROWS, columns=list(columns)):
                    yield pl.DataFrame(batch)
                    bar.update(batch.num_rows)


def sample_words(
    shards: Sequence[Path], settings: Sampling, languages: Sequence[str], *, starts_with_space: bool
) -> Sample:
    """Count words by stratum, and weigh them.

    Raises:
        TokenizationError: No document is left to learn from, or none holds Arabic.
    """
    strata = _count_strata(shards, settings, languages)
    counts = pl.DataFrame(schema={"word": pl.String, "stratum": pl.Int32, "count": pl.Int64})
    waiting: list[pl.DataFrame] = []
    for chosen in sampled_documents(shards, settings, strata, "count words"):
        waiting.append(count_words(chosen, starts_with_space=starts_with_space))
        if sum(frame.height for frame in waiting) > MOST_WORDS // 4:
            counts, waiting = _add([counts, *waiting]), []
    counts = _add([counts, *waiting])
    if counts.is_empty():
        raise TokenizationError(
            f"{shards[0]}: no Arabic in the {int(strata['documents'].sum()):,} documents of {len(shards)} shards: "
            "pieces are learned from Arabic script alone"
        )
    strata = strata.with_columns(share=_shares(strata, settings))
    weighted = counts.join(strata.select("stratum", factor=pl.col("share") / pl.col("words")), on="stratum")
    total = float(strata["words"].sum())
    # Sorted, so that the parts of a word add up in one order whatever order they came in.
    words = (
        weighted.select("word", "count", (pl.col("count") * pl.col("factor") * total).alias("weight"))
        .sort("word", "weight")
        .group_by("word", maintain_order=True)
        .agg(pl.col("weight").sum(), pl.col("count").sum())
        .filter(pl.col("weight") > 0)
    )
    return Sample(words, strata)


def sampled_documents(
    shards: Sequence[Path],
    settings: Sampling,
    strata: pl.DataFrame,
    title: str,
    most_words: int | None = None,
) -> Iterator[pl.DataFrame]:
    """The documents that are learned from, each with its stratum: no held-out one, and no more than the sample's size.

    `strata` are those of a Sample. `most_words` thins them further, every stratum alike.
    """
    keep = sampled_share(strata, settings)
    if most_words is not None:
        keep = min(keep, most_words / int(strata["words"].sum()))
    for documents in read_documents(shards, title):
        yield _chosen(documents, strata, settings, keep)


def count_words(documents: pl.DataFrame, *, starts_with_space: bool) -> pl.DataFrame:
    """Arabic words of documents (columns text and stratum) and how often each stands in which stratum."""
    inner = f" ?[{word_class()}]+|[{character_class()}]"
    text = pl.concat_str(pl.lit(" "), "text") if starts_with_space else pl.col("text")
    return (
        documents.lazy()
        .select("stratum", text.str.extract_all(inner).alias("word"))
        .explode("word", empty_as_null=False)
        .group_by("word", "stratum")
        .agg(pl.len().cast(pl.Int64).alias("count"))
        .collect()
    )


def held_out_documents(
    shards: Sequence[Path], settings: Sampling, languages: Sequence[str], most_megabytes: int = 30
) -> pl.DataFrame:
    """Held-out documents (columns text, words and labels), up to so many millions of characters of each stratum."""
    found = [_no_documents().with_columns(before=pl.lit(0, pl.Int64))]
    held = pl.DataFrame(schema={name: SHARD_COLUMNS[name] for name in STRATA} | {"before": pl.Int64})
    for documents in read_documents(shards, "held-out documents"):
        chosen = documents.filter(
            is_held_out(documents, settings.held_out_percent)
            & pl.Series(documents["language"].is_in(list(languages)))
        )
        chosen = chosen.join(held, on=list(STRATA), how="left", maintain_order="left", nulls_equal=True)
        up_to = pl.col("before").fill_null(0) + pl.col("characters").cum_sum().over(*STRATA)
        found.append(chosen.filter(up_to <= most_megabytes * 1_000_000))
        sums = chosen.select(*STRATA, before=pl.col("characters").cast(pl.Int64))
        held = pl.concat([held, sums]).group_by(*STRATA).agg(pl.col("before").sum())
    return pl.concat(found).select("text", "characters", "words", *STRATA)


def weighted_documents(
    shards: Sequence[Path], settings: Sampling, languages: Sequence[str]
) -> tuple[pl.DataFrame, Iterator[pl.DataFrame]]:
    """The strata, and documents thinned out to their shares, each counting once: for trainers that take no weights.

    Of the stratum that counts most every document is taken.
    """
    strata = _count_strata(shards, settings, languages)
    strata = strata.with_columns(share=_shares(strata, settings))
    keep = sampled_share(strata, settings)
    factor = pl.col("share") / pl.col("words")
    parts = strata.select(*STRATA, (keep * factor / factor.max()).alias("part"))

    def documents() -> Iterator[pl.DataFrame]:
        for frame in read_documents(shards, "read documents"):
            labelled = frame.join(parts, on=list(STRATA), how="inner", maintain_order="left")
            labelled = labelled.filter(~is_held_out(labelled, settings.held_out_percent))
            yield labelled.filter(place_of(labelled) < labelled["part"])

    return strata, documents()


def sampled_share(strata: pl.DataFrame, settings: Sampling) -> float:
    """The part of all documents that is read, so that the sample stays within its size."""
    characters = int(strata["characters"].sum())
    return min(1.0, settings.megabytes * 1_000_000 / characters) if settings.megabytes else 1.0


def _count_strata(shards: Sequence[Path], settings: Sampling, languages: Sequence[str]) -> pl.DataFrame:
    """Sizes of the strata, held-out documents apart; reads no text."""
    columns = [name for name in _COLUMNS if name != "text"]
    sums = [pl.len().alias("documents"), pl.col("words").sum(), pl.col("characters").sum()]
    counted = [
        _learned_from(documents, settings, languages).group_by(*STRATA).agg(sums)
        for documents in read_documents(shards, "count documents", columns)
    ]
    total = [pl.col(name).sum() for name in ("documents", "words", "characters")]
    counted = counted or [_no_documents().group_by(*STRATA).agg(sums)]
    strata = pl.concat(counted).group_by(*STRATA).agg(total).filter(pl.col("words") > 0)
    strata = strata.filter(_factor(settings) > 0).sort(*STRATA)
    if strata.is_empty():
        raise TokenizationError(
            f"{shards[0].parent}: no document in {' or '.join(languages)} to learn from: check corpus, "
            "sample.languages and sample.weights"
        )
    return strata.with_row_index("stratum").with_columns(pl.col("stratum").cast(pl.Int32))


def _no_documents() -> pl.DataFrame:
    return pl.DataFrame(schema={name: SHARD_COLUMNS[name] for name in _COLUMNS})


def _learned_from(documents: pl.DataFrame, settings: Sampling, languages: Sequence[str]) -> pl.DataFrame:
    return documents.filter(
        ~is_held_out(documents, settings.held_out_percent)
        & pl.Series(documents["language"].is_in(list(languages)))
    )


def _chosen(documents: pl.DataFrame, strata: pl.DataFrame, settings: Sampling, keep: float) -> pl.DataFrame:
    labelled = documents.join(
        strata.select(*STRATA, "stratum"), on=list(STRATA), how="inner", maintain_order="left"
    )
    labelled = labelled.filter(~is_held_out(labelled, settings.held_out_percent))
    if keep < 1:
        labelled = labelled.filter(place_of(labelled) < keep)
    return labelled


def place_of(documents: pl.DataFrame) -> pl.Series:
    """A number from 0 to 1 for each document, by its id, which has nothing to do with whether it is held out."""
    ids = documents["id"].to_list()
    return pl.Series(
        [rest_of(f"sample {key}") / 100 + rest_of(f"part {key}") / 10_000 for key in ids], dtype=pl.Float64
    )


def _shares(strata: pl.DataFrame, settings: Sampling) -> pl.Series:
    sizes = strata.select(
        (pl.col("words").cast(pl.Float64) ** settings.exponent * _factor(settings)).alias("size")
    )
    return sizes["size"] / sizes["size"].sum()


def _factor(settings: Sampling) -> pl.Expr:
    """The product of the weights of a stratum's labels."""
    factor = pl.lit(1.0)
    for column, weights in settings.weights.items():
        factor *= pl.col(column).replace_strict(weights, default=1.0, return_dtype=pl.Float64)
    return factor


def _add(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    counts = pl.concat(frames).group_by("word", "stratum").agg(pl.col("count").sum())
    if counts.height > MOST_WORDS:
        counts = counts.sort("count", "word", "stratum", descending=[True, False, False]).head(MOST_WORDS)
    return counts
