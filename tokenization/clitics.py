"""Where written Arabic words join clitics to a stem, told by rules that ask the corpus for evidence.

A word is cut behind a proclitic, or before a pronoun, where what is left is itself a word that the corpus has at least
as often: "and" + "house" is cut off a rarer "and-house", while nothing is cut off "boy", which only looks like "and" +
a word that hardly anybody writes. The article is no clitic here: it stays with its noun, as in Universal Dependencies.
Only bare letters are looked at; a vocalized word or one with tatweel has no cuts.
"""

import polars as pl

_WAW, _FEH, _BEH = "\N{ARABIC LETTER WAW}", "\N{ARABIC LETTER FEH}", "\N{ARABIC LETTER BEH}"
_KAF, _LAM, _SEEN = "\N{ARABIC LETTER KAF}", "\N{ARABIC LETTER LAM}", "\N{ARABIC LETTER SEEN}"
_ALEF, _TEH, _NOON = "\N{ARABIC LETTER ALEF}", "\N{ARABIC LETTER TEH}", "\N{ARABIC LETTER NOON}"
_HEH, _MEEM, _YEH = "\N{ARABIC LETTER HEH}", "\N{ARABIC LETTER MEEM}", "\N{ARABIC LETTER YEH}"
_HAMZA_ALEF = "\N{ARABIC LETTER ALEF WITH HAMZA ABOVE}"
_MAKSURA, _MARBUTA = "\N{ARABIC LETTER ALEF MAKSURA}", "\N{ARABIC LETTER TEH MARBUTA}"

_CONJUNCTIONS = (_WAW, _FEH)
"""And, so: they stand before everything, another proclitic included."""
_PREPOSITIONS = (_BEH, _KAF, _LAM, _SEEN)
"""In, as, to, and the mark of the future."""
_IMPERFECT = (_YEH, _TEH, _NOON, _HAMZA_ALEF)
"""What the mark of the future stands before."""
_PRONOUNS = (
    _HEH + _MEEM + _ALEF,
    _KAF + _MEEM + _ALEF,
    _HEH + _ALEF,
    _HEH + _MEEM,
    _HEH + _NOON,
    _KAF + _MEEM,
    _KAF + _NOON,
    _NOON + _ALEF,
    _NOON + _YEH,
    _HEH,
    _KAF,
)
"""Longest first. "My" is left out: it looks like the ending of adjectives, which is far more frequent."""
_RESTORED = (
    (_TEH, _MARBUTA),
    (_YEH, _MAKSURA),
    (_ALEF, _MAKSURA),
    ("\N{ARABIC LETTER YEH WITH HAMZA ABOVE}", "\N{ARABIC LETTER HAMZA}"),
    ("\N{ARABIC LETTER WAW WITH HAMZA ABOVE}", "\N{ARABIC LETTER HAMZA}"),
    (_WAW, _WAW + _ALEF),
)
"""How a stem ends before a pronoun, and how without."""

_SHORTEST_STEM = 2
_BARE = (
    "^[\N{ARABIC LETTER HAMZA}-\N{ARABIC LETTER GHAIN}\N{ARABIC LETTER FEH}-\N{ARABIC LETTER YEH}"
    "\N{ARABIC LETTER ALEF WASLA}-\N{ARABIC LETTER YEH BARREE}]+$"
)


def clitic_cuts(words: pl.DataFrame) -> pl.DataFrame:
    """Cuts at clitics, in letters from the beginning of the word without its space.

    Args:
        words: Columns word (with or without a space before it) and count; all words of the corpus, for they are the
            evidence.

    Returns:
        Columns word (without a space) and cuts (list[int64], rising, never empty), in the order of the words.
    """
    lexicon = (
        words.lazy()
        .select(pl.col("word").str.strip_chars(" "), "count")
        .filter(pl.col("word").str.contains(_BARE))
        .group_by("word")
        .agg(pl.col("count").sum())
        .collect()
    )
    proclitics, pronouns = _proclitics(lexicon), _pronouns(lexicon)
    pronouns_of_rest = pronouns.rename({"word": "rest", "pronoun": "pronoun_of_rest"})
    length = pl.col("word").str.len_chars().cast(pl.Int64)
    pronoun = length - pl.coalesce("pronoun", "pronoun_of_rest")
    return (
        lexicon.select("word")
        .join(proclitics, on="word", how="left")
        .join(pronouns, on="word", how="left")
        .join(pronouns_of_rest, on="rest", how="left")
        .select(
            "word",
            pl.concat_list(
                pl.when(pl.col("proclitics") >= 1).then(pl.lit(1, pl.Int64)),
                pl.when(pl.col("proclitics") == 2).then(pl.lit(2, pl.Int64)),
                pl.when(pronoun > pl.col("proclitics").fill_null(0)).then(pronoun),
            )
            .list.drop_nulls()
            .alias("cuts"),
        )
        .filter(pl.col("cuts").list.len() > 0)
        .sort("word")
    )


def _proclitics(lexicon: pl.DataFrame) -> pl.DataFrame:
    """Columns word, proclitics (one letter each: 1 or 2) and rest, what stands behind them."""
    first, second = pl.col("word").str.slice(0, 1), pl.col("word").str.slice(1, 1)
    # "to the" is spelled without the article's alef
    to_the = (first == _LAM) & (second == _LAM)
    long_enough = pl.col("word").str.len_chars() > _SHORTEST_STEM
    cut = lexicon.filter(first.is_in([*_CONJUNCTIONS, *_PREPOSITIONS]) & long_enough)
    cut = cut.filter((first != _SEEN) | second.is_in(_IMPERFECT))
    cut = cut.with_columns(rest=pl.col("word").str.slice(1))
    cut = cut.with_columns(alone=pl.when(to_the).then(_ALEF + pl.col("rest")).otherwise(pl.col("rest")))
    cut = _as_frequent(cut, lexicon).select("word", "rest")
    inner = cut.filter(first.is_in(_PREPOSITIONS)).select(rest="word", rest_of_rest="rest")
    cut = cut.join(inner, on="rest", how="left")
    two = first.is_in(_CONJUNCTIONS) & pl.col("rest_of_rest").is_not_null()
    return cut.select(
        "word",
        pl.when(two).then(2).otherwise(1).cast(pl.Int64).alias("proclitics"),
        pl.when(two).then("rest_of_rest").otherwise("rest").alias("rest"),
    )


def _pronouns(lexicon: pl.DataFrame) -> pl.DataFrame:
    """Columns word and pronoun, the length of the longest pronoun whose stem is a word."""
    found = []
    for pronoun in _PRONOUNS:
        cut = lexicon.filter(
            pl.col("word").str.ends_with(pronoun)
            & (pl.col("word").str.len_chars() >= len(pronoun) + _SHORTEST_STEM)
        )
        stem = pl.col("word").str.head(-len(pronoun))
        forms = [stem]
        for ending, whole in _RESTORED:
            forms.append(pl.when(stem.str.ends_with(ending)).then(stem.str.head(-1) + whole))
        cut = cut.with_columns(pl.concat_list(forms).list.drop_nulls().alias("alone"))
        cut = cut.explode("alone", empty_as_null=False)
        found.append(
            _as_frequent(cut, lexicon).select("word", pl.lit(len(pronoun), pl.Int64).alias("pronoun"))
        )
    return pl.concat(found).group_by("word").agg(pl.col("pronoun").max())


def _as_frequent(cut: pl.DataFrame, lexicon: pl.DataFrame) -> pl.DataFrame:
    """Those whose stem, in column alone, the corpus has at least as often as the whole."""
    alone = lexicon.select(alone="word", count_alone="count")
    return cut.join(alone, on="alone", how="inner").filter(pl.col("count_alone") >= pl.col("count"))
