"""Which documents hold items of a benchmark: overlap of word n-grams of folded text.

`load_benchmarks` reads the files once, `save_index` and `load_index` carry the index to workers, and `judge`
compares.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from corpus.decontamination.settings import Decontamination

if TYPE_CHECKING:
    from corpus.decontamination.ngram_index import NgramIndex, load_benchmarks, load_index, save_index
    from corpus.decontamination.overlap import judge

__all__ = ["Decontamination", "NgramIndex", "judge", "load_benchmarks", "load_index", "save_index"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "overlap" if name == "judge" else "ngram_index"
    return getattr(import_module(f"{__name__}.{home}"), name)
