"""Comparable texts aligned: which document goes with which, and which sentences of the two say the same.

`beads` is the dynamic program of Gale and Church with what a lexicon or a model adds, `coverage` is that addition
behind one interface, `documents` finds the documents that go together, and `aligning` runs all of it over files.
"""

from corpus.align_texts.settings import AlignTexts, Beads

__all__ = ["AlignTexts", "Beads"]
