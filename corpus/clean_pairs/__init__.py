"""Cleaning of parallel text: pairs that are no translations of each other are dropped, each with its reason.

`judging` holds the rules on one pair, `lexicon` learns from the pairs which words go together, `scoring` puts it and
embedding models behind one interface, `cleaning` runs all of it over files, and `report` shows what was dropped.
"""

from corpus.clean_pairs.settings import CleanPairs

__all__ = ["CleanPairs"]
