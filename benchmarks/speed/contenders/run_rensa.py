"""rensa: full-set R-MinHash in bulk by native threads (RAYON_NUM_THREADS), its LSH, its estimate.

Its faster rho mode samples token positions and finds about half of the pairs at similarity .9: not used.
"""

from collections.abc import Iterator, Sequence

from corpus_files import (
    MINIMUM_SIMILARITY,
    NUM_BANDS,
    NUM_PERM,
    clusters_of,
    read_options,
    read_table,
    word_shingles,
    write_result,
)
from rensa import RMinHash, RMinHashLSH

_DOCUMENTS_AT_ONCE = 5_000


def main() -> None:
    """Sketch in batches, fill the index, query all, check candidates, connect."""
    options = read_options()
    documents = read_table(options)
    texts = documents["text"].to_pylist()
    sketches: list[RMinHash] = []
    for start in range(0, len(texts), _DOCUMENTS_AT_ONCE):
        batch = [word_shingles(text) for text in texts[start : start + _DOCUMENTS_AT_ONCE]]
        sketches += RMinHash.from_token_sets(batch, NUM_PERM, 1)
    index = RMinHashLSH(MINIMUM_SIMILARITY, NUM_PERM, NUM_BANDS)
    index.insert_many(sketches)
    write_result(options, documents, clusters_of(_pairs(sketches, index.query_all(sketches)), len(texts)))


def _pairs(sketches: Sequence[RMinHash], candidates: list[list[int]]) -> Iterator[tuple[int, int]]:
    for number, others in enumerate(candidates):
        for other in others:
            if other > number and sketches[number].jaccard(sketches[other]) >= MINIMUM_SIMILARITY:
                yield number, other


if __name__ == "__main__":
    main()
