"""How pairs enter training: translations of each other become documents in which both languages meet.

`bundles` puts neighboring pairs together until they make a document, `balance` gives each bundle a format, a direction
and an instruction line so that all are used alike, `formats` writes the documents, as columns, and `making` turns the
shards of a corpus into those of another one that `corpus.mixture` and the token files read like any corpus.
"""

from corpus.pair_documents.settings import PairDocuments

__all__ = ["PairDocuments"]
