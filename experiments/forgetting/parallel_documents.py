"""Both sides of a pair as one document, in the plainest form: an instruction line, a text, its translation.

Of sources that no prompt may be made of (`examples: false`), the document is the text and its translation alone.
"""

from collections.abc import Collection

import polars as pl
import xxhash

DOMAIN = "parallel"
LANGUAGE = "mul"
"""ISO 639's code for several languages: such a document is of none alone."""
SOURCE = "parallel_text"

INTO_ARABIC = (
    "Translate into Arabic:",
    "The same text in Arabic:",
    "English, then its Arabic translation:",
)
INTO_ENGLISH = (
    "Translate into English:",
    "The same text in English:",
    "Arabic, then its English translation:",
)


def parallel_documents(documents: pl.DataFrame, closed: Collection[str] = ()) -> pl.DataFrame:
    """One document for each pair that has both sides: the columns of shards that can be told, and its Arabic bytes.

    A hash of the pair's id chooses direction and wording, so that each of them is met about as often. Documents of the
    `closed` sources have no instruction line.
    """
    english, arabic = (
        documents.filter(pl.col("pair").is_not_null() & (pl.col("language") == language))
        .unique("pair", keep="first", maintain_order=True)
        .select("pair", "license", pl.col("source").alias("origin"), pl.col("text").alias(language))
        for language in ("en", "ar")
    )
    pairs = english.join(arabic.drop("license", "origin"), on="pair", maintain_order="left")
    texts = [
        document(pair, ours, theirs, instructed=origin not in closed)
        for pair, ours, theirs, origin in pairs.select("pair", "en", "ar", "origin").iter_rows()
    ]
    return pairs.select(
        id=SOURCE + "/" + pl.col("pair"),
        text=pl.Series(texts, dtype=pl.String),
        language=pl.lit(LANGUAGE),
        source=pl.lit(SOURCE),
        domain=pl.lit(DOMAIN),
        kind=pl.lit("parallel"),
        license="license",
        pair="pair",
        arabic_bytes=pl.col("ar").str.len_bytes().cast(pl.Int64),
    )


def document(pair: str, english: str, arabic: str, *, instructed: bool = True) -> str:
    r"""The two sides of a pair, under an instruction line if they may have one.

    >>> document("1", "ship", "X")
    'Translate into English:\nX\n\nship'
    >>> document("1", "ship", "X", instructed=False)
    'X\n\nship'
    """
    drawn = xxhash.xxh3_64_intdigest(pair.encode())
    wordings, first, second = (INTO_ARABIC, english, arabic) if drawn % 2 else (INTO_ENGLISH, arabic, english)
    line = f"{wordings[drawn // 2 % len(wordings)]}\n" if instructed else ""
    return f"{line}{first}\n\n{second}"
