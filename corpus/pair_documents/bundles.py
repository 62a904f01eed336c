"""Pairs next to each other as bundles: what makes one document, whatever its format."""

import polars as pl

FIRST, SECOND = "en", "ar"
LANGUAGES = (FIRST, SECOND)

BUNDLE_COLUMNS = ("bundle", "num_pairs", "num_units", "words")


def pairs_of(shard: pl.DataFrame) -> pl.DataFrame:
    """One row for each pair that has both sides once, in the order of the shard.

    Columns `pair`, `en`, `ar` (the texts), `words` of both, and `domain`, `kind`, `url`, `license` of the English side.
    """
    sided = shard.filter(pl.col("pair").is_not_null() & pl.col("language").is_in(LANGUAGES))
    once = sided.filter(pl.len().over("pair", "language") == 1)
    left, right = (once.filter(pl.col("language") == language) for language in LANGUAGES)
    kept = left.select(
        "pair",
        "domain",
        "kind",
        "url",
        "license",
        pl.col("text").alias(FIRST),
        pl.col("words").alias("_words"),
    )
    return (
        kept.join(
            right.select("pair", pl.col("text").alias(SECOND), "words"), on="pair", maintain_order="left"
        )
        .with_columns(words=pl.col("words") + pl.col("_words"))
        .drop("_words")
    )


def bundled(pairs: pl.DataFrame, document_words: int) -> pl.DataFrame:
    """The pairs with `bundle`, a number that rises from 0.

    A bundle goes on until it has `document_words` words in both languages; it never holds two domains, licenses or
    kinds. A pair that is as long as a document stands alone.
    """
    traits = pl.struct("domain", "kind", "license")
    run = traits.ne_missing(traits.shift(1)).fill_null(value=True).cum_sum()
    within = (pl.col("words").cum_sum() - pl.col("words")).over("run") // document_words
    return (
        pairs.with_columns(run=run)
        .with_columns(part=within)
        .with_columns(bundle=pl.struct("run", "part").rle_id().cast(pl.Int64))
        .drop("run", "part")
    )


def units_of(pairs: pl.DataFrame) -> pl.DataFrame:
    r"""Pairs whose sides have as many lines, one row a line: what is taken in turn. Others stay whole.

    Columns `bundle`, `en`, `ar`, in order.

    >>> units_of(pl.DataFrame({"bundle": [0, 0], "en": ["a\n\nb", "c"], "ar": ["x\ny", "z\nz"]})).rows()
    [(0, 'a', 'x'), (0, 'b', 'y'), (0, 'c', 'z\nz')]
    """
    lines = [
        pl.col(language)
        .str.split("\n")
        .list.eval(pl.element().filter(pl.element().str.strip_chars() != ""))
        .alias(f"{language}_lines")
        for language in LANGUAGES
    ]
    counts = [pl.col(f"{language}_lines").list.len() for language in LANGUAGES]
    aligned = (counts[0] == counts[1]) & (counts[0] > 1)
    return (
        pairs.with_columns(lines)
        .select(
            "bundle",
            *(
                pl.when(aligned).then(f"{language}_lines").otherwise(pl.concat_list(language)).alias(language)
                for language in LANGUAGES
            ),
        )
        .explode(*LANGUAGES, empty_as_null=True, keep_nulls=True)
    )


def sizes_of(bundled_pairs: pl.DataFrame) -> pl.DataFrame:
    """BUNDLE_COLUMNS, one row for each bundle in order."""
    units = units_of(bundled_pairs).group_by("bundle", maintain_order=True).agg(num_units=pl.len())
    return (
        bundled_pairs.group_by("bundle", maintain_order=True)
        .agg(num_pairs=pl.len(), words=pl.col("words").sum())
        .join(units, on="bundle", maintain_order="left")
        .select(BUNDLE_COLUMNS)
    )
