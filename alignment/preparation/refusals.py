"""Answers that refuse, and answers in which a model speaks of itself."""

import polars as pl

from alignment.preparation.phrases import first_phrase, holds_phrase, read_phrases
from alignment.preparation.settings import Refusals
from alignment.preparation.turns import hits, is_answer, no_hits


def find(turns: pl.DataFrame, settings: Refusals) -> pl.DataFrame:
    """HIT_COLUMNS of rules refusal and model_talk."""
    found = [no_hits()]
    if settings.enabled:
        phrases = read_phrases("refusals", settings.phrases)
        opening = pl.col("folded").str.extract(rf"^( (?:[^ ]+ ){{0,{settings.opening}}})")
        refused = turns.with_columns(opening=opening)
        refusing = is_answer() & holds_phrase(phrases, pl.col("opening"))
        found.append(hits(refused, "refusal", refusing, first_phrase(phrases, pl.col("opening"))))
    if settings.model_talk:
        phrases = read_phrases("model_talk")
        found.append(hits(turns, "model_talk", is_answer() & holds_phrase(phrases), first_phrase(phrases)))
    return pl.concat(found)
