"""The rules on one pair, as columns: each pair gets the first reason that holds, or none."""

from collections.abc import Mapping

import polars as pl

from corpus.clean_pairs.counts import count
from corpus.clean_pairs.settings import PairRules
from corpus.fold import fold
from corpus.language import Identification, identify
from corpus.text_buffers import from_buffers

SCRIPTS = {"en": "latin", "ar": "arabic"}

REASONS = (
    "empty", "too_few_words", "too_many_words", "identical", "copied", "character_ratio", "word_ratio",
    "script", "language", "numbers", "urls", "duplicate", "alignment",
)  # fmt: skip
"""Every reason there is, in the order in which they are looked at."""

_URL = r"(?i)\b(?:https?://|www\.)[^\s<>\"\u060C\u061B]+"
_DIGITS = {
    chr(zero + digit): str(digit)
    for zero in (ord("\N{ARABIC-INDIC DIGIT ZERO}"), ord("\N{EXTENDED ARABIC-INDIC DIGIT ZERO}"))
    for digit in range(10)
}
_NUMBER = r"[0-9]+(?:[.,\u066B\u066C][0-9]+)*"
_LONG_NUMBER = r"\p{Nd}[.,\u066B\u066C]?\p{Nd}[.,\u066B\u066C]?\p{Nd}"
_SIDES = ("en", "ar")
_COPIED_LETTERS = 6
_PAIR = ("left", "right")


def judge(pairs: pl.DataFrame, rules: PairRules) -> pl.DataFrame:
    """Verdicts (`reason`, `detail`) of pairs with columns `en` and `ar`, in order; reasons are out of REASONS."""
    measured = _measure(pairs.select(pl.col(_SIDES).fill_null("")), rules)
    slack, words_slack = rules.ratio_slack, rules.ratio_slack / 5
    verdicts = [
        (pl.min_horizontal("en_words", "ar_words") == 0, "empty", pl.lit("a side holds no word")),
        _limit("too_few_words", pl.min_horizontal("en_words", "ar_words"), "<", rules.minimum_words),
        _limit("too_many_words", pl.max_horizontal("en_words", "ar_words"), ">", rules.maximum_words),
        (pl.col("identical"), "identical", pl.lit("both sides say the same once folded")),
        _limit("copied", pl.col("copied"), ">", rules.maximum_copied),
        _limit("character_ratio", _ratio("characters", slack), ">", rules.maximum_character_ratio or 1e9),
        _limit("word_ratio", _ratio("words", words_slack), ">", rules.maximum_word_ratio or 1e9),
        *(
            _limit("script", pl.col(f"{side}_script"), "<", rules.minimum_script, f"{side} ")
            for side in _SIDES
        ),
        *((pl.col(f"{side}_foreign").is_not_null(), "language", _foreign(side)) for side in _SIDES),
        _limit("numbers", pl.col("numbers"), "<", rules.minimum_numbers),
        (~pl.col("urls"), "urls", pl.lit("one side has a URL that the other lacks")),
    ]
    return measured.select(
        pl.coalesce(pl.when(broken).then(pl.lit(name)) for broken, name, _ in verdicts).alias("reason"),
        pl.coalesce(pl.when(broken).then(detail) for broken, _, detail in verdicts).alias("detail"),
    )


def numbers_in_common(left: pl.Series, right: pl.Series) -> pl.Series:
    """Share of the numbers of three digits or more that the other text has too; 1 where there are none.

    Thousands may be words (300,000 and 300 thousand are one), decades are left out (1930s is a word in Arabic).

    >>> numbers_in_common(pl.Series(["in 1999: 1,200,000"]), pl.Series(["1999, not 1300"])).round(2).to_list()
    [0.5]
    """
    frame = pl.DataFrame({"left": left, "right": right})
    some = frame.with_row_index().filter(
        pl.any_horizontal(pl.col("left", "right").str.contains(_LONG_NUMBER))
    )
    shares = pl.Series("numbers", [1.0]).new_from_index(0, frame.height)
    if not some.height:
        return shares
    plain = pl.col("left", "right").str.replace_many(_DIGITS).str.replace_all(r"[0-9]+s\b", " ")
    digits = plain.str.extract_all(_NUMBER).list.eval(pl.element().str.replace_all(r"[^0-9]", ""))
    numbers = some.with_columns(digits)
    long_ones = pl.element().filter(pl.element().str.len_bytes() >= 3)
    asked = [_keys(pl.col(side).list.eval(long_ones)) for side in _PAIR]
    there = [_keys(pl.col(side)) for side in _PAIR]
    found = sum(
        (asked[side].list.set_intersection(there[1 - side]).list.len() for side in (0, 1)), start=pl.lit(0)
    )
    total = asked[0].list.len() + asked[1].list.len()
    each = numbers.select("index", share=pl.when(total == 0).then(1.0).otherwise(found / total))
    return shares.scatter(each["index"], each["share"])


def _keys(numbers: pl.Expr) -> pl.Expr:
    """Numbers without the zeros of thousands and those before, each once."""
    bare = pl.element().str.replace(r"(?:000)+$", "").str.strip_chars_start("0")
    return numbers.list.eval(bare).list.unique()


def same_urls(left: pl.Series, right: pl.Series) -> pl.Series:
    """Whether both texts have the same URLs, whatever their order; closing punctuation is not part of them."""
    frame = pl.DataFrame({"left": left, "right": right})
    some = frame.with_row_index().filter(
        pl.any_horizontal(pl.col("left", "right").str.contains(r"(?i)https?://|www\."))
    )
    found = some.with_columns(
        pl.col("left", "right")
        .str.extract_all(_URL)
        .list.eval(pl.element().str.strip_chars_end(".,;:!?)]}'\u00bb\u061f").str.strip_chars_end("/"))
        .list.unique()
        .list.sort()
    )
    same = pl.Series("urls", [True]).new_from_index(0, frame.height)
    return same.scatter(found["index"], found["left"] == found["right"]) if found.height else same


def _measure(texts: pl.DataFrame, rules: PairRules) -> pl.DataFrame:
    folded = pl.DataFrame({side: from_buffers(fold(texts[side])) for side in _SIDES})
    counts = {side: count(texts[side]) for side in _SIDES}
    columns = [
        *(counts[side][what].alias(f"{side}_{what}") for side in _SIDES for what in ("characters", "words")),
        *(_script_share(texts[side], counts[side], side) for side in _SIDES),
        *(_foreign_languages(texts[side], side, rules) for side in _SIDES),
        ((folded["en"] == folded["ar"]) & (folded["en"] != "")).alias("identical"),
        _copied(texts, counts, rules),
        numbers_in_common(texts["en"], texts["ar"]).alias("numbers"),
        same_urls(texts["en"], texts["ar"]).alias("urls")
        if rules.match_urls
        else pl.Series("urls", [True]).new_from_index(0, texts.height).alias("urls"),
    ]
    return pl.DataFrame(columns)


def _copied(texts: pl.DataFrame, counts: Mapping[str, pl.DataFrame], rules: PairRules) -> pl.Series:
    """Share of the shorter side's words, outside of URLs, that the other has too; 0 where it has fewer than four.

    Only texts with letters of one script on both sides can have words in common, which few pairs have.
    """
    shares = pl.Series("copied", [0.0]).new_from_index(0, texts.height)
    common = sum(
        pl.min_horizontal(counts["en"][script], counts["ar"][script]) for script in ("latin", "arabic")
    )
    some = texts.with_row_index().filter(pl.select(common >= _COPIED_LETTERS).to_series())
    if rules.maximum_copied == 1 or not some.height:
        return shares
    folded = (from_buffers(fold(some[side].str.replace_all(_URL, " "))).alias(side) for side in _SIDES)
    words = some.with_columns(folded).with_columns(pl.col(_SIDES).str.split(" ").list.unique())
    shorter = pl.min_horizontal(pl.col(_SIDES).list.len())
    each = words.select(
        "index", share=pl.col("en").list.set_intersection("ar").list.len() / shorter * (shorter >= 4)
    )
    return shares.scatter(each["index"], each["share"])


def _script_share(texts: pl.Series, counts: pl.DataFrame, side: str) -> pl.Series:
    """Share of letters that are of the language's script, outside of URLs; 1 without letters (numbers, signs)."""
    linked = texts.str.contains(r"(?i)https?://|www\.").arg_true()
    bare = count(texts.gather(linked).str.replace_all(_URL, " "))
    letters, own = (
        counts[what].scatter(linked, bare[what]) if len(linked) else counts[what]
        for what in ("letters", SCRIPTS[side])
    )
    return (own / letters).fill_nan(1.0).alias(f"{side}_script")


def _foreign_languages(texts: pl.Series, side: str, rules: PairRules) -> pl.Series:
    """The language that a side is surely in although it should be in its own; null where it may be."""
    name = f"{side}_foreign"
    if not rules.identify_language:
        return pl.Series(name, [None], dtype=pl.String).new_from_index(0, len(texts))
    declared = pl.Series([side]).new_from_index(0, len(texts))
    found = identify(texts, declared, Identification())["language"]
    other = (found != side) & (found != "und")
    return pl.select(pl.when(other).then(found)).to_series().alias(name)


def _ratio(what: str, slack: float) -> pl.Expr:
    left, right = (pl.col(f"{side}_{what}") + slack for side in _SIDES)
    return pl.max_horizontal(left, right) / pl.min_horizontal(left, right)


def _limit(
    reason: str, value: pl.Expr, sign: str, limit: float, prefix: str = ""
) -> tuple[pl.Expr, str, pl.Expr]:
    broken = value < limit if sign == "<" else value > limit
    return (
        broken,
        reason,
        pl.format("{}{} {} {}", pl.lit(prefix), value.round(2), pl.lit(sign), pl.lit(f"{limit:g}")),
    )


def _foreign(side: str) -> pl.Expr:
    return pl.format("{} side is in {}", pl.lit(side), pl.col(f"{side}_foreign"))
