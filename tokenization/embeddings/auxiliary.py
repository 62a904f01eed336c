"""Auxiliary vectors: which pieces are used alike, learned from a corpus cut by the expanded tokenizer.

FOCUS trains fastText for this. Here it is the matrix that word2vec factorizes implicitly (Levy & Goldberg 2014), made
explicitly: it needs no random initialization, no learning rate and no further library, and gives the same every time.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse
import scipy.sparse.linalg
from tqdm import tqdm

from corpus.errors import cause_of
from tokenization.embeddings.floats import Array
from tokenization.embeddings.settings import Similarity
from tokenization.errors import TokenizationError
from tokenization.held_out import is_held_out

Ids = npt.NDArray[np.int32]

_SMOOTHING = 0.75
_TOLERANCE = 1e-4
"""Relative error of the singular values: cosines do not need more, and it halves the iterations."""

_BATCH_BYTES = 4_000_000


def auxiliary_vectors(
    documents: Iterable[Sequence[Ids]], size: int, settings: Similarity, seed: int
) -> tuple[Array, npt.NDArray[np.int64]]:
    """A vector of unit length for each piece, and how often the piece was seen; float32[size, dimensions], int64[size].

    `documents` yields batches of documents as ids. Two pieces at a distance of d <= window within a document count
    1/d as near. Pieces seen fewer than `minimum_count` times take no part; their vector is 0. With n_ab the counts
    of near pairs,

        PPMI_ab = max(0, log(p(a, b) / (p(a) p(b)^0.75 / Z))),   p(b)^0.75 / Z the smoothed distribution of contexts,

    and vectors are U sqrt(S) of its truncated SVD: Levy, Goldberg & Dagan 2015 (TACL 3, sections 3.1-3.3: dynamic
    windows, smoothing with 0.75, eigenvalue weighting 0.5). The start of the SVD's iteration is drawn with `seed`;
    the same machine and libraries give the same vectors.
    """
    near, counts = _count_near(documents, size, settings.window)
    kept = np.flatnonzero(counts >= settings.minimum_count)
    vectors = np.zeros((size, settings.dimensions), np.float32)
    dimensions = min(settings.dimensions, len(kept) - 1)
    if dimensions >= 1:
        table = ppmi(near[kept][:, kept])
        start = np.random.default_rng(seed).standard_normal(len(kept)).astype(np.float32)
        left, strength, _ = scipy.sparse.linalg.svds(table, k=dimensions, v0=start, tol=_TOLERANCE)
        found = left * np.sqrt(np.clip(strength, 0, None))
        norms = np.linalg.norm(found, axis=1, keepdims=True)
        vectors[kept, :dimensions] = np.divide(found, norms, out=np.zeros_like(found), where=norms > 0)
    return vectors, counts


def ppmi(near: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """Positive pointwise mutual information of near pairs, contexts smoothed; float32, as sparse as its input."""
    table = near.tocoo()
    total = table.data.sum(dtype=np.float64)
    of_left = near.sum(axis=1, dtype=np.float64)
    of_right = near.sum(axis=0, dtype=np.float64) ** _SMOOTHING
    smoothed = of_right / of_right.sum()
    information = np.log(table.data / of_left[table.row] / smoothed[table.col])
    assert total > 0 or not len(information)
    result = scipy.sparse.csr_array(
        (np.maximum(information, 0).astype(np.float32), (table.row, table.col)), shape=near.shape
    )
    result.eliminate_zeros()
    return result


def read_documents(corpus_dir: Path, tokenizer_path: Path, megabytes: float) -> Iterator[list[Ids]]:
    """Documents of a corpus as ids of a `tokenizer.json`, in batches; every k-th, so that about `megabytes` are read.

    Held-out documents are left out.

    Raises:
        TokenizationError: No corpus is there, or it holds no text.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_path))
    texts, num_bytes = _sample(corpus_dir, megabytes)
    with tqdm(total=num_bytes, desc=f"{'cut the corpus':<22}", unit="B", unit_scale=True) as bar:
        for batch, size in _batches(texts):
            encoded = tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            yield [np.array(document.ids, np.int32) for document in encoded]
            bar.update(size)


def _sample(corpus_dir: Path, megabytes: float) -> tuple[pl.Series, int]:
    paths = sorted((corpus_dir / "shards").glob("*.parquet"))
    if not paths:
        raise TokenizationError(
            f"{corpus_dir}: no shards there: give the output_dir of a `python -m corpus.build` that has finished"
        )
    try:
        usable = pl.concat(_usable(path, number) for number, path in enumerate(paths))
        total = int(usable["size"].sum())
        if not total:
            raise TokenizationError(f"{corpus_dir}: its shards hold no text to learn from: add documents")
        every = max(1, round(total / (megabytes * 1e6))) if megabytes else 1
        chosen = usable.gather_every(every)
        texts = pl.concat(  # one whole shard is in memory at a time
            pl.read_parquet(paths[shard], columns=["text"])["text"].gather(rows["row"])
            for (shard,), rows in chosen.group_by("shard", maintain_order=True)
        )
    except pl.exceptions.PolarsError as error:
        reason = cause_of(error)
        raise TokenizationError(
            f"{corpus_dir}: its shards cannot be read ({reason}): build the corpus again"
        ) from error
    return texts, int(texts.str.len_bytes().sum())


def _usable(path: Path, number: int) -> pl.DataFrame:
    """The documents of a shard that may be learned from: shard, row, and size in bytes."""
    shard = pl.scan_parquet(path)
    columns = [name for name in ("id", "pair") if name in shard.collect_schema()]
    documents = shard.select(*columns, size=pl.col("text").str.len_bytes().cast(pl.Int64)).collect()
    numbered = documents.with_row_index("row").filter(~is_held_out(documents))
    return numbered.select(pl.lit(number).alias("shard"), "row", "size")


def _batches(texts: pl.Series) -> Iterator[tuple[list[str], int]]:
    batch: list[str] = []
    size = 0
    for text, length in zip(texts, texts.str.len_bytes(), strict=True):
        batch.append(text)
        size += length
        if size >= _BATCH_BYTES:
            yield batch, size
            batch, size = [], 0
    if batch:
        yield batch, size


def _count_near(
    documents: Iterable[Sequence[Ids]], size: int, window: int
) -> tuple[scipy.sparse.csr_array, npt.NDArray[np.int64]]:
    """Counts of near pairs, symmetric, float32[size, size], and of pieces."""
    one_way: Any = scipy.sparse.csr_array((size, size), dtype=np.float32)
    counts = np.zeros(size, np.int64)
    for batch in documents:
        ids = np.concatenate([np.empty(0, np.int32), *batch])
        owner = np.repeat(np.arange(len(batch)), [len(document) for document in batch])
        counts += np.bincount(ids, minlength=size)
        for distance in range(1, window + 1):
            same = owner[distance:] == owner[:-distance]
            left, right = ids[:-distance][same], ids[distance:][same]
            weights = np.full(len(left), 1 / distance, np.float32)
            one_way = one_way + scipy.sparse.coo_array((weights, (left, right)), shape=(size, size)).tocsr()
    return scipy.sparse.csr_array(one_way + one_way.T), counts
