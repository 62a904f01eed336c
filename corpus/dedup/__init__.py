"""Deduplication: exact copies, lines repeated over many documents, and near-duplicates by MinHash.

Everything compares folded text (`corpus.fold`), so that copies which differ in spelling only are copies.
The functions here make small columns of keys from texts and clusters from keys; which files hold them is
the pipeline's business. Settings live in `corpus.dedup.settings`, which loads nothing heavy; the functions
load with their first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from corpus.dedup.settings import Boilerplate, Exact, NearDuplicates

if TYPE_CHECKING:
    from corpus.dedup.boilerplate import LineKeys, Removed, line_keys, remove_lines, repeated_lines
    from corpus.dedup.exact import choose_survivors, exact_clusters, exact_keys
    from corpus.dedup.minhash import band_keys, signatures
    from corpus.dedup.near import near_clusters

__all__ = [
    "Boilerplate",
    "Exact",
    "LineKeys",
    "NearDuplicates",
    "Removed",
    "band_keys",
    "choose_survivors",
    "exact_clusters",
    "exact_keys",
    "line_keys",
    "near_clusters",
    "remove_lines",
    "repeated_lines",
    "signatures",
]

_HOMES = {
    "boilerplate": ("LineKeys", "Removed", "line_keys", "remove_lines", "repeated_lines"),
    "exact": ("choose_survivors", "exact_clusters", "exact_keys"),
    "minhash": ("band_keys", "signatures"),
    "near": ("near_clusters",),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"corpus.dedup.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
