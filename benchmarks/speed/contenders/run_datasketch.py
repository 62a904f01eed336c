"""datasketch: `MinHash.bulk` with xxh32 in one process per core, `MinHashLSH` in the main one, its estimate.

The process pool is ours: datasketch has none, and without one its users would leave a core idle.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import xxhash
from corpus_files import (
    MINIMUM_SIMILARITY,
    NUM_BANDS,
    NUM_PERM,
    ROWS_PER_BAND,
    clusters_of,
    read_options,
    read_table,
    word_shingles,
    write_result,
)
from datasketch import MinHash, MinHashLSH

SCHEME = "affine32"
_DOCUMENTS_AT_ONCE = 1_000


def main() -> None:
    """Sketch in parallel, fill the index, query each, check candidates, connect."""
    options = read_options()
    documents = read_table(options)
    texts = documents["text"].to_pylist()
    batches = [
        texts[start : start + _DOCUMENTS_AT_ONCE] for start in range(0, len(texts), _DOCUMENTS_AT_ONCE)
    ]
    with ProcessPoolExecutor(options.threads) as pool:
        signatures = np.concatenate(list(pool.map(_signatures, batches)))
    sketches = [MinHash(num_perm=NUM_PERM, seed=1, scheme=SCHEME, hashvalues=row) for row in signatures]
    write_result(options, documents, clusters_of(_pairs(sketches), len(texts)))


def _signatures(texts: list[str]) -> np.ndarray:
    shingles = [[shingle.encode() for shingle in word_shingles(text)] for text in texts]
    made = MinHash.bulk(shingles, num_perm=NUM_PERM, seed=1, scheme=SCHEME, hashfunc=_hash)
    return np.stack([sketch.hashvalues for sketch in made])


def _hash(data: bytes) -> int:
    return xxhash.xxh32_intdigest(data)


def _pairs(sketches: list[MinHash]) -> Iterator[tuple[int, int]]:
    index = MinHashLSH(num_perm=NUM_PERM, params=(NUM_BANDS, ROWS_PER_BAND))
    with index.insertion_session() as session:
        for number, sketch in enumerate(sketches):
            session.insert(number, sketch, check_duplication=False)
    for number, sketch in enumerate(sketches):
        for other in index.query(sketch):
            if other > number and sketch.jaccard(sketches[other]) >= MINIMUM_SIMILARITY:
                yield number, other


if __name__ == "__main__":
    main()
