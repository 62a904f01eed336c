"""From what a user names to labelled documents in columns."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus.card.documents import VOCALIZATION
from corpus.errors import cause_of
from corpus.pipeline.finished import within
from corpus.readers import cut, parse, resolve
from corpus.schema import SHARD_COLUMNS
from corpus.sources import Source
from tokenization.errors import TokenizationError
from tokenization.held_out import is_held_out
from tokenization.loading.settings import VOCALIZATIONS, LabelledText, ParallelText

DOCUMENT_COLUMNS = {
    "text": pl.String(),
    "language": pl.String(),
    "dialect": pl.String(),  # "" where it is not known
    "genre": pl.String(),
    "source": pl.String(),
    "vocalization": pl.String(),  # one of VOCALIZATIONS for Arabic, else ""
    "showable": pl.Boolean(),
}
"""What is known of each document that is measured."""

LEAST_SHARE = 0.5
"""Share of letters that must be in the script of the language that a text is said to have."""

_SCRIPTS = {"ar": r"\p{Arabic}", "fa": r"\p{Arabic}", "ur": r"\p{Arabic}", "en": r"\p{Latin}"}
_MARKS = r"[\x{064B}-\x{0652}\x{0670}]"
_LETTERS = r"[\x{0621}-\x{063A}\x{0641}-\x{064A}\x{0671}-\x{06D3}]"


def read_texts(texts: Sequence[LabelledText], megabytes: float, seed: int) -> pl.DataFrame:
    """Documents of all texts (DOCUMENT_COLUMNS), without white space around them, sampled by their labels.

    Of each combination of labels, documents are drawn until they hold `megabytes` million bytes (0: all).

    Raises:
        TokenizationError: A text is empty, cannot be read, or is not in the script of its language.
    """
    frames = [_checked(_read_corpus(text) if text.corpus else _read_files(text), text) for text in texts]
    return sample(pl.concat(frames), megabytes, seed)


def read_parallel(text: ParallelText) -> pl.DataFrame:
    """Pairs of sentences, one column for each language.

    Raises:
        TokenizationError: No pairs there, or a side that is not in the script of its language.
    """
    source = Source(
        name=_source_name(text.name), path=text.path, format=text.format, kind="parallel",
        text_columns=text.text_columns, max_documents=text.max_pairs,
    )  # fmt: skip
    sides = pl.concat(_documents(source, text.max_pairs))
    where = f"parallel text {text.name}"
    pairs = sides.with_columns(file_pair=pl.struct("file", "pair"))
    first, second = (
        pairs.filter(pl.col("language") == language).select("file_pair", pl.col("text").alias(language))
        for language in text.text_columns
    )
    joined = first.join(second, on="file_pair", maintain_order="left").drop("file_pair")
    names = list(text.text_columns)
    kept = joined.filter(pl.all_horizontal(pl.col(names).fill_null("") != ""))
    if not kept.height:
        raise TokenizationError(
            f"{where}: {text.path} holds no pair with both sides: check path and text_columns"
        )
    for language in names:
        _check_script(kept[language], language, where)
    return kept


def sample(documents: pl.DataFrame, megabytes: float, seed: int) -> pl.DataFrame:
    """Documents of each combination of labels, drawn in a seeded order until they hold so many million bytes."""
    if not megabytes:
        return documents
    order = np.random.default_rng(seed).permutation(documents.height)
    labels = [name for name in DOCUMENT_COLUMNS if name != "text"]
    numbered = documents.with_row_index("row").with_columns(size=pl.col("text").str.len_bytes())
    taken_before = (pl.col("size").cum_sum() - pl.col("size")).over(labels)
    return numbered[order].filter(taken_before < megabytes * 1e6).sort("row").select(DOCUMENT_COLUMNS.keys())


def vocalization(texts: pl.Expr) -> pl.Expr:
    """How much tashkeel texts have, by marks per Arabic letter; the ranges are those of the corpus card."""
    return _vocalization(texts.str.count_matches(_MARKS) / texts.str.count_matches(_LETTERS))


def _vocalization(rate: pl.Expr) -> pl.Expr:
    return pl.coalesce(
        pl.when((rate > above) & (rate <= below)).then(pl.lit(name))
        for name, (above, below) in zip(VOCALIZATIONS, VOCALIZATION.values(), strict=True)
    ).fill_null(VOCALIZATIONS[0])


def _read_files(text: LabelledText) -> pl.DataFrame:
    source = Source(
        name=_source_name(text.name), path=text.path, format=text.format, text_column=text.text_column,
        text_unit=text.text_unit, encoding=text.encoding, language=text.language, max_documents=text.max_documents,
    )  # fmt: skip
    documents = pl.concat(_documents(source, text.max_documents))
    return documents.with_columns(
        dialect=pl.lit(text.dialect),
        genre=pl.lit(text.genre),
        source=pl.lit(text.name),
        vocalization=pl.lit(text.vocalization),
        showable=pl.lit(text.examples),
    )


def _read_corpus(text: LabelledText) -> pl.DataFrame:
    directory = Path(text.corpus)
    try:
        manifest: dict[str, Any] = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
        closed = [each["name"] for each in manifest["config"]["sources"] if not each.get("examples", True)]
        paths = [within(directory, shard["path"]) for shard in manifest["shards"]]
        documents = _read_shards(paths, text)
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        cause = cause_of(error, 160)
        raise TokenizationError(
            f"text {text.name}: {directory} holds no finished corpus ({cause}): name the directory of one"
        ) from error
    if documents.is_empty():
        what = "holds no documents: build another"
        if text.held_out:
            what = "holds no document that is held out from learning: build a larger one, or set held_out to false"
        raise TokenizationError(f"text {text.name}: the corpus at {directory} {what}")
    return documents.with_columns(
        vocalization=_vocalization(pl.col("vocalized")),
        showable=pl.lit(text.examples) & ~pl.col("source").is_in(closed),
    )


def _read_shards(paths: Sequence[Path], text: LabelledText) -> pl.DataFrame:
    """Documents of shards in order, until there are as many as are wanted."""
    columns = ["text", "language", "dialect", pl.col("domain").alias("genre"), "source", "vocalized"]
    frames = [pl.DataFrame(schema=SHARD_COLUMNS).select(columns)]
    missing = text.max_documents or sys.maxsize
    for path in paths:
        shard = pl.read_parquet(path)
        documents = shard.filter(is_held_out(shard)) if text.held_out else shard
        frames.append(documents.select(columns).head(missing))
        missing -= frames[-1].height
        if not missing:
            break
    return pl.concat(frames)


def _documents(source: Source, most: int) -> Iterator[pl.DataFrame]:
    """Documents of a source's files, with the number of the file that each comes from."""
    for number, file in enumerate(resolve(source)):
        for block in cut(file, source):
            documents = parse(block, source).documents.with_columns(file=pl.lit(number))
            yield documents.filter(pl.col("row") <= most) if most else documents
            if most and block.first_row + block.num_rows > most:
                break


def _checked(documents: pl.DataFrame, text: LabelledText) -> pl.DataFrame:
    where = f"text {text.name}"
    stripped = documents.with_columns(
        pl.col("text").str.strip_chars(), pl.col("language", "dialect", "genre", "source").fill_null("")
    ).filter(pl.col("text").fill_null("") != "")
    if not stripped.height:
        raise TokenizationError(
            f"{where}: {text.corpus or text.path} holds no text: name another file or column"
        )
    for (language,), own in stripped.group_by("language"):
        if not text.corpus:
            _check_script(own["text"], str(language), where)
    measured = (
        pl.when(pl.col("vocalization") == "").then(vocalization(pl.col("text"))).otherwise("vocalization")
    )
    labelled = stripped.with_columns(
        vocalization=pl.when(pl.col("language") == "ar").then(measured).otherwise(pl.lit(""))
    )
    return labelled.select(pl.col(name).cast(kind) for name, kind in DOCUMENT_COLUMNS.items())


def _check_script(texts: pl.Series, language: str, where: str) -> None:
    script = _SCRIPTS.get(language)
    if script is None:
        return
    letters = int(texts.str.count_matches(r"\p{L}").sum())
    own = int(texts.str.count_matches(rf"[{script}&&\p{{L}}]").sum())
    if own < LEAST_SHARE * letters or not letters:
        share = f"{own / letters:.0%} of its letters are" if letters else "it has no letters"
        raise TokenizationError(
            f"{where}: language is {language!r}, but {share}{' in that script' if letters else ''}, and at least "
            f"{LEAST_SHARE:.0%} must be: set the right language or name the right file"
        )


def _source_name(name: str) -> str:
    """A name that readers accept; it stands in messages only."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name) or "text"
