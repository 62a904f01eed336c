"""Which documents go together, by what stands in both: numbers, addresses, Latin words, and translated words."""

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array

from corpus.clean_pairs.lexicon import Lexicon, stems

_ANCHOR = r"[0-9]{2,}|[a-z][a-z0-9_]{2,}"
_LIKELY = 0.1
"""Least probability of a translation that speaks for a document."""


def match_documents(
    left: pl.Series, right: pl.Series, lexicon: Lexicon | None = None, minimum_similarity: float = 0.1
) -> list[tuple[int, int, float]]:
    """Pairs of documents, each used once, the most similar ones first: left, right, cosine.

    Features weigh by how few documents have them (tf-idf over both sides). The best pair of all is taken, then the
    best of what is left: competitive linking.
    """
    if not len(left) or not len(right):
        return []
    similar = _cosines(_anchors(left), _anchors(right), (len(left), len(right)))
    if lexicon is not None:
        similar = similar + _cosines(_translated(left, lexicon), _words(right), (len(left), len(right)))
    similar = similar.tocoo()
    order = np.argsort(-similar.data, kind="stable")
    found: list[tuple[int, int, float]] = []
    used_left, used_right = set[int](), set[int]()
    for at in order.tolist():
        i, j, value = int(similar.row[at]), int(similar.col[at]), float(similar.data[at])
        if value < minimum_similarity:
            break
        if i not in used_left and j not in used_right:
            used_left.add(i)
            used_right.add(j)
            found.append((i, j, value))
    return found


def _anchors(texts: pl.Series) -> pl.DataFrame:
    """`document`, `feature`, `count` of anchors: digits as Western ones, Latin words in small letters."""
    frame = pl.DataFrame({"document": pl.int_range(len(texts), eager=True), "text": texts})
    western = {chr(0x660 + digit): str(digit) for digit in range(10)}
    found = frame.select(
        "document",
        feature=pl.col("text")
        .str.to_lowercase()
        .str.replace_many(western)
        .str.extract_all(_ANCHOR)
        .list.unique(),
    )
    return _counted(found.explode("feature", empty_as_null=True, keep_nulls=True).drop_nulls())


def _words(texts: pl.Series) -> pl.DataFrame:
    frame = pl.DataFrame({"document": pl.int_range(len(texts), eager=True), "feature": stems(texts)})
    words = frame.explode("feature", empty_as_null=True, keep_nulls=True).drop_nulls()
    return _counted(words.with_columns(feature=pl.lit("~") + pl.col("feature")))


def _translated(texts: pl.Series, lexicon: Lexicon) -> pl.DataFrame:
    width = max(1, len(lexicon.right))
    likely = np.flatnonzero(lexicon.forward >= _LIKELY)
    table = pl.DataFrame(
        {
            "word": lexicon.left.gather(lexicon.keys[likely] // width),
            "feature": "~" + lexicon.right.gather(lexicon.keys[likely] % width),
            "weight": lexicon.forward[likely],
        }
    )
    frame = pl.DataFrame({"document": pl.int_range(len(texts), eager=True), "word": stems(texts)})
    words = frame.explode("word", empty_as_null=True, keep_nulls=True).drop_nulls()
    counted = words.group_by("document", "word", maintain_order=True).agg(pl.len().alias("count"))
    return (
        counted.join(table, on="word", maintain_order="left_right")
        .group_by("document", "feature", maintain_order=True)
        .agg(count=(pl.col("count") * pl.col("weight")).sum())
    )


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("document", "feature", maintain_order=True).agg(count=pl.len().cast(pl.Float64))


def _cosines(left: pl.DataFrame, right: pl.DataFrame, sizes: tuple[int, int]) -> csr_array:
    """Cosines of all documents in the features that both sides have at all, tf-idf over both."""
    both = left.select("feature").unique().join(right.select("feature").unique(), on="feature")
    counted = pl.concat([left, right]).group_by("feature").agg(documents=pl.len())
    features = counted.join(both, on="feature").sort("feature").with_row_index("column")
    vectors = []
    for bag, size in zip((left, right), sizes, strict=True):
        rows = bag.join(features, on="feature", maintain_order="left")  # what one side lacks tells nothing
        weights = (1 + rows["count"].log1p()) * (sum(sizes) / rows["documents"]).log()
        values: npt.NDArray[np.float64] = weights.to_numpy().copy()
        documents = rows["document"].to_numpy()
        norms = np.sqrt(np.bincount(documents, values**2, size))
        values /= np.maximum(norms[documents], 1e-12)
        shape = (size, features.height)
        vectors.append(
            csr_array((values, (documents, rows["column"].to_numpy().astype(np.int64))), shape=shape)
        )
    return vectors[0] @ vectors[1].T
