"""Turns in a language that does not stay, and answers in another one than their question."""

import polars as pl

from alignment.preparation.phrases import holds_phrase, read_phrases
from alignment.preparation.settings import TurnLanguages
from alignment.preparation.turns import hits, is_answer, no_hits
from corpus.language import Identification, identify
from corpus.language.identification import UNDETERMINED


def find(turns: pl.DataFrame, settings: TurnLanguages) -> pl.DataFrame:
    """HIT_COLUMNS of rules foreign_language and answer_language."""
    return pl.concat([_foreign(turns, settings), _switched(turns, settings)])


def _foreign(turns: pl.DataFrame, settings: TurnLanguages) -> pl.DataFrame:
    identification = Identification(languages=settings.languages, minimum_letters=settings.minimum_letters)
    undeclared = pl.Series([""] * turns.height, dtype=pl.String)
    found = identify(turns["prose"], undeclared, identification)
    judged = turns.with_columns(found.select("language", "confidence"))
    language, confidence = pl.col("language"), pl.col("confidence")
    foreign = ~language.is_in([*settings.languages, UNDETERMINED]) & (confidence >= settings.confidence)
    return hits(judged, "foreign_language", foreign, pl.format("{} {}", language, confidence.round(2)))


def _switched(turns: pl.DataFrame, settings: TurnLanguages) -> pl.DataFrame:
    """By script, for a short answer has too few letters to identify, but its script can be seen."""
    if not settings.same_language:
        return no_hits()
    letters = (pl.col("arabic") + pl.col("latin")).clip(1)
    script = (
        pl.when(pl.col("arabic") >= settings.script_share * letters)
        .then(pl.lit("Arabic"))
        .when(pl.col("latin") >= settings.script_share * letters)
        .then(pl.lit("Latin"))
    )
    free = holds_phrase(read_phrases("language_names"))
    asked = turns.with_columns(script=script, free=free).with_columns(
        pl.col("script").shift(1).over("conversation").alias("asked"),
        pl.col("role").shift(1).over("conversation").alias("before"),
        pl.col("free").cum_max().shift(1).over("conversation").alias("freed"),
    )
    switched = (
        is_answer() & (pl.col("before") == "user") & (pl.col("asked") != pl.col("script")) & ~pl.col("freed")
    )
    return hits(asked, "answer_language", switched, pl.format("{} answer to {}", "script", "asked"))
