"""The data card: one self-contained HTML page that shows what is in a corpus and what became of the rest.

`write_card` reads the manifest for every count, and as little of the Parquet files as it needs for the examples.
"""

from corpus.card.writing import write_card

__all__ = ["write_card"]
