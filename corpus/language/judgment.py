"""Which documents are in a language that the corpus does not want."""

import polars as pl

from corpus.language.identification import UNDETERMINED, canonical
from corpus.language.settings import Identification
from corpus.verdicts import no_verdicts


def judge(
    languages: pl.DataFrame, declared: pl.Series, domains: pl.Series, settings: Identification
) -> pl.DataFrame:
    """Verdicts on documents from what `identify` said of them.

    The first of these rules that holds gives the reason.
    unknown_language: too short to tell, and nothing is declared. foreign_language: not one of
    `settings.languages`. declared_mismatch: surely in another language than the declared one.
    low_confidence: under the least confidence of its language or dialect, unless its source declares that
    language. mostly_foreign: too few of its letters are in languages that stay. Exempt domains always stay.
    """
    if not settings.enabled or languages.is_empty():
        return no_verdicts(languages.height)
    frame = languages.with_columns(claim=canonical(declared), domain=domains)
    language, claim = pl.col("language"), pl.col("claim")
    confidence = pl.col("confidence").round(2).cast(pl.String)
    figure = pl.format("{} {}", language, confidence)
    claimed = pl.when(claim != "").then(pl.format(", declared {}", claim)).otherwise(pl.lit(""))
    least = _least_confidence(settings)
    wanted = (
        pl.col("paragraphs")
        .list.eval(
            pl.when(pl.element().struct.field("language").is_in(settings.languages))
            .then(pl.element().struct.field("share"))
            .otherwise(0.0)
        )
        .list.sum()
    )
    stays = pl.col("domain").fill_null("").is_in(settings.exempt_domains)
    if settings.declared == "trust":
        stays |= claim.is_in(settings.languages)
    short = pl.col("paragraphs").list.len() == 0
    rules = [
        ("unknown_language", language == UNDETERMINED, pl.lit("too few letters to tell")),
        ("foreign_language", ~language.is_in(settings.languages), figure + claimed),
        (
            "declared_mismatch",
            (claim != "") & (claim != language) & (settings.declared == "check"),
            figure + claimed,
        ),
        (
            "low_confidence",
            (claim != language) & (pl.col("confidence") < least),
            pl.format("{} < {}", figure, least),
        ),
        (
            "mostly_foreign",
            ~short & (wanted < settings.minimum_share),
            pl.format("{} of letters in languages that stay < {}", wanted.round(2), settings.minimum_share),
        ),
    ]
    reason = detail = pl.lit(None, pl.String)
    for name, holds, figures in reversed(rules):
        applies = ~stays & holds
        reason = pl.when(applies).then(pl.lit(name)).otherwise(reason)
        detail = pl.when(applies).then(figures).otherwise(detail)
    return frame.select(reason=reason, detail=detail)


def _least_confidence(settings: Identification) -> pl.Expr:
    """The dialect's threshold where it has one, else the language's, else 0."""
    names = list(settings.minimum_confidence)
    values = list(settings.minimum_confidence.values())
    dialect = pl.col("dialect").replace_strict(names, values, default=None, return_dtype=pl.Float64)
    language = pl.col("language").replace_strict(names, values, default=0.0, return_dtype=pl.Float64)
    return pl.coalesce(dialect, language)
