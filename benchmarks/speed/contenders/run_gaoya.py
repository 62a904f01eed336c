"""gaoya: its Rust index and word 5-grams, filled and queried in bulk by native threads."""

from collections.abc import Iterator

from corpus_files import (
    MINIMUM_SIMILARITY,
    NUM_BANDS,
    ROWS_PER_BAND,
    SHINGLE_WORDS,
    clusters_of,
    read_options,
    read_table,
    write_result,
)
from gaoya.minhash import MinHashStringIndex


def main() -> None:
    """Insert all documents, ask for the neighbors of each, connect."""
    options = read_options()
    documents = read_table(options)
    texts = documents["text"].to_pylist()
    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=MINIMUM_SIMILARITY,
        num_bands=NUM_BANDS,
        band_size=ROWS_PER_BAND,
        analyzer="word",
        lowercase=True,
        ngram_range=(SHINGLE_WORDS, SHINGLE_WORDS),
        id_container="smallvec",
    )
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    neighbors = index.par_bulk_query(texts)
    write_result(options, documents, clusters_of(_pairs(neighbors), len(texts)))


def _pairs(neighbors: list[list[int]]) -> Iterator[tuple[int, int]]:
    for number, others in enumerate(neighbors):
        yield from ((number, other) for other in others if other > number)


if __name__ == "__main__":
    main()
