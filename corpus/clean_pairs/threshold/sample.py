"""Labeled pairs and their scores, from a file."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl

from corpus.clean_pairs.scoring import EmbeddingScorer, cross_fitted
from corpus.clean_pairs.settings import Alignment
from corpus.clean_pairs.threshold.choosing import Labels, Scores
from corpus.clean_pairs.threshold.settings import ChooseThreshold
from corpus.errors import CorpusError, cause_of

_YES, _NO = ("true", "1", "yes"), ("false", "0", "no")


def read_sample(settings: ChooseThreshold) -> tuple[Scores, Labels]:
    """Scores and labels of all pairs, in the order of the file.

    Raises:
        CorpusError: The file cannot be read, lacks a column, or holds labels that are none, or too few of a kind.
    """
    frame = _read(settings.sample)
    needed = (
        [settings.good, settings.score]
        if settings.score
        else [settings.english, settings.arabic, settings.good]
    )
    for column in filter(None, needed):
        if column not in frame.columns:
            raise CorpusError(
                f"{settings.sample}: has no column {column!r}: it has {', '.join(frame.columns)}"
            )
    if settings.good:
        good = _labels(frame[settings.good], settings)
    else:
        frame, good = _planted(frame, settings)
    least = min(int(good.sum()), int((~good).sum()))
    if least < 2:
        raise CorpusError(
            f"{settings.sample}: two right and two wrong pairs are the least to halve, got {least} of one"
        )
    if settings.score:
        try:
            scores = frame[settings.score].cast(pl.Float64).to_numpy()
        except pl.exceptions.PolarsError as error:
            raise CorpusError(f"{settings.sample}: column {settings.score!r} holds no numbers") from error
        missing = np.flatnonzero(np.isnan(scores))
        if len(missing):
            raise CorpusError(
                f"{settings.sample}: row {missing[0] + 1} has no {settings.score}: leave it out"
            )
        return scores, good
    return score_pairs(frame[settings.english], frame[settings.arabic], settings.alignment), good


def score_pairs(left: pl.Series, right: pl.Series, alignment: Alignment) -> Scores:
    """Scores as the cleaning gives them: by a model, or by a lexicon of the half that a pair is not in."""
    if alignment.scorer != "lexicon":
        model = EmbeddingScorer(alignment.scorer, batch_size=alignment.batch_size, device=alignment.device)
        return model.score(left, right)
    even, odd = cross_fitted(left, right, alignment)
    is_even = np.arange(len(left)) % 2 == 0
    scores = np.empty(len(left))
    for half, lexicon in ((is_even, odd), (~is_even, even)):
        scores[half] = lexicon.score(left.filter(pl.Series(half)), right.filter(pl.Series(half)))
    return scores


def _read(path: str) -> pl.DataFrame:
    name = path.removesuffix(".gz")
    readers: dict[str, Callable[[IO[bytes]], pl.DataFrame]] = {
        ".jsonl": pl.read_ndjson,
        ".csv": pl.read_csv,
        ".tsv": lambda content: pl.read_csv(content, separator="\t", quote_char=None),
        ".parquet": pl.read_parquet,
    }
    reader = readers.get(Path(name).suffix)
    if reader is None:
        raise CorpusError(f"{path}: must be a file of {', '.join(readers)}, or of one of them with .gz")
    try:
        content = Path(path).read_bytes()
        return reader(io.BytesIO(gzip.decompress(content) if path.endswith(".gz") else content))
    except (OSError, EOFError, pl.exceptions.PolarsError) as error:
        reason = cause_of(error)
        raise CorpusError(f"{path}: cannot be read ({reason})") from error


def _labels(column: pl.Series, settings: ChooseThreshold) -> Labels:
    words = column.cast(pl.String).str.to_lowercase().str.strip_chars()
    unknown = (~words.is_in([*_YES, *_NO])).fill_null(value=True).arg_true()
    if len(unknown):
        row = int(unknown[0])
        raise CorpusError(
            f"{settings.sample}: row {row + 1}: {settings.good} must be true or false, 1 or 0, yes or no, "
            f"got {column[row]!r}"
        )
    return words.is_in(_YES).to_numpy()


def _planted(frame: pl.DataFrame, settings: ChooseThreshold) -> tuple[pl.DataFrame, Labels]:
    """Some pairs get the Arabic of the next of them, in an order drawn from the seed."""
    draw = np.random.Generator(np.random.PCG64(settings.seed))
    rows = draw.permutation(frame.height)[: max(2, round(settings.wrong_share * frame.height))]
    order = np.arange(frame.height)
    order[rows] = np.roll(rows, 1)
    arabic = frame[settings.arabic].gather(order)
    # The same sentence may stand in the sample twice.
    good = np.asarray(arabic.eq_missing(frame[settings.arabic]))
    return frame.with_columns(arabic.alias(settings.arabic)), good
