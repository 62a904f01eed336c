"""Pairs as training text: in both languages in one document, or each side on its own; and pairs that are held out."""

from collections.abc import Mapping, Sequence

import polars as pl

from corpus.fold import fold
from corpus.pair_documents import PairDocuments, formats
from corpus.pair_documents.balance import choose
from corpus.pair_documents.bundles import LANGUAGES, bundled, sizes_of
from corpus.pair_documents.settings import PLAIN
from corpus.text_buffers import from_buffers
from nemo_recipes.data.split import validation_mask

COLUMNS = ("id", "text", "language", "domain", "license", "kind")


def paired(pairs: pl.DataFrame, settings: PairDocuments, *, closed: bool) -> dict[str, pl.DataFrame]:
    """Documents in both languages, by format: COLUMNS. Of a closed source no prompt is made, only plain pairs.

    `pairs` are those of one source as `corpus.pair_documents.bundles.pairs_of` gives them.
    """
    whole = bundled(pairs, settings.document_words)
    sizes = sizes_of(whole).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    shares: Mapping[str, float] = {PLAIN: 1.0} if closed else settings.formats
    rows = choose(
        sizes, shares, every=False, translation_pairs=settings.translation_pairs, seed=settings.seed
    ).join(sizes.select("row", "bundle"), on="row", maintain_order="left")
    return {
        str(name): _documents(
            formats.make(name, whole, rows.filter(pl.col("format") == name), settings), whole
        )
        for name in rows["format"].unique(maintain_order=True).sort()
    }


def unpaired(pairs: pl.DataFrame, settings: PairDocuments) -> pl.DataFrame:
    """The same pairs with each side as a document of its own; the Arabic ones are `kind: translated`."""
    whole = bundled(pairs, settings.document_words)
    numbered = whole.select("bundle").unique(maintain_order=True).with_columns(number=pl.col("bundle"))
    made = formats.make("monolingual", whole, numbered, settings)
    kind = pl.when(pl.col("language") == "ar").then(pl.lit("translated")).otherwise(pl.lit("natural"))
    return _documents(made, whole).with_columns(kind=kind)


def _documents(made: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    traits = pairs.group_by("bundle", maintain_order=True).agg(
        pl.col("domain", "license").first(), pl.col("pair").first()
    )
    return (
        made.join(traits, on="bundle", maintain_order="left")
        .with_columns(id=pl.format("{}+{}-{}", "pair", "part", "direction"), kind=pl.lit("parallel"))
        .select(COLUMNS)
    )


def for_training(ids: pl.Series, share: float) -> pl.Series:
    """The ids, with marks at their ends until a split by id puts none of them into validation.

    Which pairs are trained on is decided before documents are made of them; the documents must not be split again.

    >>> for_training(pl.Series(["a", "b"]), 0.0).to_list()
    ['a', 'b']
    """
    nobody = pl.Series([None] * len(ids), dtype=pl.String)
    while True:
        mask = pl.Series(validation_mask(ids, nobody, share))
        if not mask.any():
            return ids
        ids = pl.select(pl.when(mask).then(ids + "~").otherwise(ids)).to_series()


def held_out(pairs: Sequence[pl.DataFrame], share: float) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Pairs of each source to train on, and all held-out pairs.

    A pair is held out as the split says, and then used only if no training pair has the same English or the same
    Arabic (folded), and each side once.
    """
    masks = [pl.Series(validation_mask(frame["pair"], frame["pair"], share)) for frame in pairs]
    training = [frame.filter(~mask) for frame, mask in zip(pairs, masks, strict=True)]
    others = pl.concat([frame.filter(mask) for frame, mask in zip(pairs, masks, strict=True)])
    for language in LANGUAGES:
        seen = pl.concat([_folded(frame[language]) for frame in training])
        others = (
            others.with_columns(_key=_folded(others[language]))
            .filter((pl.col("_key") != "") & ~pl.col("_key").is_in(seen.unique().implode()))
            .unique("_key", keep="first", maintain_order=True)
        )
    return training, others.select("pair", "domain", *LANGUAGES)


def _folded(texts: pl.Series) -> pl.Series:
    return from_buffers(fold(texts))
