"""Thresholds chosen on a labeled sample: on one half of it, and told by the other, which did not choose.

`sample` reads the pairs with their labels and scores, `choosing` finds the threshold and what it does to pairs that it
was not chosen on, and the entry writes both down.
"""

from corpus.clean_pairs.threshold.settings import ChooseThreshold

__all__ = ["ChooseThreshold"]
