"""The language of each conversation: ar, en or other."""

import polars as pl

from corpus.language import Identification, identify
from corpus.language.identification import UNDETERMINED, canonical

LANGUAGES = ("ar", "en", "other")

_ARABIC = "[\u0620-\u064a\u066e-\u06d3]"
_LATIN = "[A-Za-z]"


def languages_of(texts: pl.Series, declared: pl.Series) -> pl.Series:
    """ar, en or other for each text. A declared language stands; the others are identified.

    Texts too short to identify (below 10 letters) go by the script that most of their letters are in.
    """
    claims = canonical(declared)
    found = pl.Series("found", claims)
    unknown = claims == ""
    if unknown.any():
        some = texts.filter(unknown)
        identified = identify(some, pl.Series([""] * len(some)), Identification())["language"]
        by_script = pl.DataFrame({"text": some}).select(_by_script(pl.col("text")))["language"]
        settled = by_script.zip_with(identified == UNDETERMINED, identified)
        found = claims.scatter(unknown.arg_true(), settled)
    wanted = found.is_in(["ar", "en"])
    return found.zip_with(wanted, pl.Series(["other"] * len(found), dtype=pl.String)).alias("language")


def _by_script(text: pl.Expr) -> pl.Expr:
    arabic, latin = text.str.count_matches(_ARABIC), text.str.count_matches(_LATIN)
    return (
        pl.when(arabic > latin)
        .then(pl.lit("ar"))
        .when(latin > arabic)
        .then(pl.lit("en"))
        .otherwise(pl.lit("other"))
        .alias("language")
    )
