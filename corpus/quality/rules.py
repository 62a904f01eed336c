"""From features to verdicts: the first rule that a document breaks is its reason."""

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from corpus.quality.features import measure
from corpus.quality.settings import Quality, Rules
from corpus.verdicts import no_verdicts


class Rule(NamedTuple):
    """One rule: `feature` must not be `sign` the threshold."""

    reason: str
    feature: str
    what: str
    sign: str
    threshold: Callable[[Rules], float]


def _least(reason: str, feature: str, what: str, name: str) -> Rule:
    return Rule(reason, feature, what, "<", lambda rules: float(getattr(rules, name)))


def _most(reason: str, feature: str, what: str, name: str) -> Rule:
    return Rule(reason, feature, what, ">", lambda rules: float(getattr(rules, name)))


def _most_ngrams(kind: str, name: str, first: int, size: int) -> Rule:
    return Rule(
        f"{kind}_{size}grams",
        f"{kind}_{size}gram",
        f"letters in {'the top' if kind == 'top' else 'repeated'} {size}-gram{'s' * (kind != 'top')}",
        ">",
        lambda rules: float(getattr(rules, name)[size - first]),
    )


_LINE_SHARES = ("bullet_lines", "ellipsis_lines", "punctuated_lines", "short_lines")
"""What of a few lines would be chance: these rules wait for `min_lines`."""


def _none_unless(allowed: bool) -> float:
    return float("inf") if allowed else 0.0


RULES: tuple[Rule, ...] = (
    _least("too_few_words", "words", "words", "min_words"),
    _most("too_many_words", "words", "words", "max_words"),
    _least("words_too_short", "mean_word_length", "letters a word", "min_mean_word_length"),
    _most("words_too_long", "mean_word_length", "letters a word", "max_mean_word_length"),
    _most("overlong_word", "longest_word", "letters in one word", "max_word_length"),
    _least("too_few_letters", "words_with_letter", "of words with a letter", "min_words_with_letter"),
    _most("too_many_hashes", "hash_ratio", "hashes a word", "max_hash_ratio"),
    _most("too_many_ellipses", "ellipsis_ratio", "ellipses a word", "max_ellipsis_ratio"),
    _most("too_many_bullets", "bullet_lines", "of lines with a bullet", "max_bullet_lines"),
    _most("too_many_ellipsis_lines", "ellipsis_lines", "of lines cut by an ellipsis", "max_ellipsis_lines"),
    _least("too_few_stop_words", "stop_words", "stop words", "min_stop_words"),
    _most("too_many_stop_words", "stop_word_share", "of words are stop words", "max_stop_words"),
    _most("repeated_lines", "repeated_lines", "of lines repeated", "max_repeated_lines"),
    _most(
        "repeated_line_characters",
        "repeated_line_characters",
        "of characters in repeated lines",
        "max_repeated_line_characters",
    ),
    _most("repeated_paragraphs", "repeated_paragraphs", "of paragraphs repeated", "max_repeated_paragraphs"),
    _most(
        "repeated_paragraph_characters",
        "repeated_paragraph_characters",
        "of characters in repeated paragraphs",
        "max_repeated_paragraph_characters",
    ),
    *(_most_ngrams("top", "max_top_ngrams", 2, size) for size in range(2, 5)),
    *(_most_ngrams("repeated", "max_repeated_ngrams", 5, size) for size in range(5, 11)),
    _least("unpunctuated_lines", "punctuated_lines", "of lines end in punctuation", "min_punctuated_lines"),
    _most("short_lines", "short_lines", "of lines short", "max_short_lines"),
    _most("too_many_line_breaks", "line_breaks", "line breaks a word", "max_line_breaks"),
    _least("too_few_sentences", "sentences", "sentences", "min_sentences"),
    _most("too_many_digits", "digits", "of characters are digits", "max_digits"),
    _most("too_many_urls", "urls", "web addresses a word", "max_urls"),
    _most("too_many_hashtags", "hashtags", "hashtags a word", "max_hashtags"),
    _most("too_many_long_numbers", "long_numbers", "long numbers a word", "max_long_numbers"),
    _most("keyword_stuffing", "top_word", "of words are one word", "max_top_word"),
    _most("spam_words", "spam_words", "spam words a word", "max_spam_words"),
    _most("notices", "notices", "notices a line", "max_notices"),
    Rule("lorem_ipsum", "lorem_ipsum", "lorem ipsum", ">", lambda r: _none_unless(r.allow_lorem_ipsum)),
    Rule(
        "curly_brackets",
        "curly_brackets",
        "curly brackets",
        ">",
        lambda r: _none_unless(r.allow_curly_brackets),
    ),
)
"""In the order in which they are tried: a stub is called short rather than unpunctuated."""


def judge(
    texts: pl.Series, languages: pl.Series, kinds: pl.Series, domains: pl.Series, settings: Quality
) -> pl.DataFrame:
    """Verdicts on texts: the first broken rule of RULES, as in ("too_few_words", "12 words < 50").

    Texts of exempt kinds and domains stay, whatever they hold.
    """
    if not settings.enabled or len(texts) == 0:
        return no_verdicts(len(texts))
    exempt = kinds.is_in(settings.exempt_kinds) | domains.is_in(settings.exempt_domains)
    judged = (~exempt.fill_null(value=False)).arg_true()
    languages = languages.gather(judged).fill_null("")
    features = measure(texts.gather(judged), languages, settings).with_columns(language=languages)
    verdicts = features.select(row=judged, reason=_first_broken(settings), detail=_first_detail(settings))
    everyone = pl.DataFrame({"row": pl.Series(range(len(texts)), dtype=judged.dtype)})
    return everyone.join(verdicts, on="row", how="left", maintain_order="left").drop("row")


def _first_broken(settings: Quality) -> pl.Expr:
    return pl.coalesce(pl.when(_is_broken(rule, settings)).then(pl.lit(rule.reason)) for rule in RULES)


def _first_detail(settings: Quality) -> pl.Expr:
    return pl.coalesce(pl.when(_is_broken(rule, settings)).then(_detail(rule, settings)) for rule in RULES)


def _threshold(rule: Rule, settings: Quality) -> pl.Expr:
    language = pl.col("language")
    return (
        pl.when(language == "ar")
        .then(rule.threshold(settings.ar))
        .when(language == "en")
        .then(rule.threshold(settings.en))
        .otherwise(rule.threshold(settings.other))
    )


def _is_broken(rule: Rule, settings: Quality) -> pl.Expr:
    value, threshold = pl.col(rule.feature), _threshold(rule, settings)
    broken = value < threshold if rule.sign == "<" else value > threshold
    return broken & (pl.col("lines") >= settings.min_lines) if rule.feature in _LINE_SHARES else broken


def _detail(rule: Rule, settings: Quality) -> pl.Expr:
    return pl.format(
        "{} {} {} {}",
        _figure(pl.col(rule.feature).cast(pl.Float64)),
        pl.lit(rule.what),
        pl.lit(rule.sign),
        _figure(_threshold(rule, settings)),
    )


def _figure(value: pl.Expr) -> pl.Expr:
    """Four decimals at most, and none where there are none: "12", "0.1725"."""
    return value.round(4).cast(pl.String).str.strip_suffix(".0")
