"""Folding: a lossy text for keys, so that spelling and keyboard variants of one text share them.

Folded text is words of letters and digits with exactly one space between them. Case, tashkeel, tatweel, the
forms of alef, yeh, heh and kaf, punctuation and the kind of digits are gone, on purpose: it serves
deduplication, matching and word counts, and nobody reads it. `fold` is the compiled kernel, `fold_text` its
slow and obvious definition.
"""

from corpus.fold.definition import fold_text
from corpus.fold.kernel import fold, fold_buffers

__all__ = ["fold", "fold_buffers", "fold_text"]
