"""What really resembles what: exact Jaccard similarities, with a word splitter of its own.

Nothing here is shared with `corpus`: folding is written from the Unicode database, shingles are sets, and the
search for similar pairs is an exact join, so the contenders are judged by something none of them computes.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SHINGLE_WORDS = 5
_WORD = re.compile(r"[^\W_]+")
_SAME_LETTER = {
    "\N{ARABIC LETTER ALEF WITH MADDA ABOVE}": "\N{ARABIC LETTER ALEF}",
    "\N{ARABIC LETTER ALEF WITH HAMZA ABOVE}": "\N{ARABIC LETTER ALEF}",
    "\N{ARABIC LETTER ALEF WITH HAMZA BELOW}": "\N{ARABIC LETTER ALEF}",
    "\N{ARABIC LETTER ALEF WASLA}": "\N{ARABIC LETTER ALEF}",
    "\N{ARABIC LETTER ALEF MAKSURA}": "\N{ARABIC LETTER YEH}",
    "\N{ARABIC LETTER FARSI YEH}": "\N{ARABIC LETTER YEH}",
    "\N{ARABIC LETTER YEH BARREE}": "\N{ARABIC LETTER YEH}",
    "\N{ARABIC LETTER KEHEH}": "\N{ARABIC LETTER KAF}",
    "\N{ARABIC LETTER TEH MARBUTA}": "\N{ARABIC LETTER HEH}",
    "\N{ARABIC LETTER HEH GOAL}": "\N{ARABIC LETTER HEH}",
    "\N{ARABIC LETTER HEH DOACHASHMEE}": "\N{ARABIC LETTER HEH}",
    "\N{ARABIC LETTER AE}": "\N{ARABIC LETTER HEH}",
    "\N{ARABIC LETTER TEH MARBUTA GOAL}": "\N{ARABIC LETTER HEH}",
    "\N{ARABIC TATWEEL}": "",
}


class _Spelling(dict[int, str]):
    """A `str.translate` table that looks each character up in the Unicode database once."""

    def __missing__(self, code_point: int) -> str:
        character = chr(code_point)
        if unicodedata.category(character) in ("Mn", "Me", "Cf"):
            self[code_point] = ""
        else:
            self[code_point] = _SAME_LETTER.get(character, character)
        return self[code_point]


_SPELLING = _Spelling()


def folded_words(text: str) -> list[str]:
    """Words without what only spelling tells apart."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).translate(_SPELLING).casefold())


def spaced_words(text: str) -> list[str]:
    """Words as most tools cut them: at blanks, nothing else changed."""
    return text.split()


def shingles(words: Sequence[str]) -> set[str]:
    """All runs of five words; a shorter text is one shingle."""
    return {
        " ".join(words[start : start + SHINGLE_WORDS])
        for start in range(max(1, len(words) - SHINGLE_WORDS + 1))
    }


def jaccard(first: set[str], second: set[str]) -> float:
    """Shared shingles over all shingles.

    >>> jaccard({"a", "b", "c"}, {"b", "c", "d"})
    0.5
    """
    return len(first & second) / len(first | second)


class SimilarPairs(NamedTuple):
    """Pairs of documents, `first` < `second`, and their exact Jaccard similarity on folded words."""

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float64]


def shingle_keys(text: str) -> npt.NDArray[np.uint64]:
    """Sorted 64-bit keys of the folded shingles; 20 million of them collide with a probability of 1e-5."""
    keys = [
        int.from_bytes(hashlib.blake2b(shingle.encode(), digest_size=8).digest(), "little")
        for shingle in shingles(folded_words(text))
    ]
    return np.sort(np.array(keys, np.uint64))


def similar_pairs(documents: Iterable[npt.NDArray[np.uint64]], minimum: float) -> SimilarPairs:
    """Every pair with a similarity of at least `minimum`, found exactly.

    Two sets of Jaccard similarity J share at least J of the larger one's members. So if every set is put into one
    common order, rarest member first, and only its first n - ceil(J n) + 1 members are looked at, every such pair
    meets in one of them (prefix filter: Chaudhuri et al. 2006, Bayardo et al. 2007). What meets is then counted out.

    Args:
        documents: For each document the sorted distinct keys of its shingles.
        minimum: Jaccard similarity, above 0.
    """
    sets = list(documents)
    lengths = np.array([len(keys) for keys in sets], np.int64)
    owners = np.repeat(np.arange(len(sets)), lengths)
    members, rarity = _number_by_rarity(np.concatenate([*sets, np.empty(0, np.uint64)]))
    order = np.lexsort((members, owners))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    prefix = lengths - np.ceil(minimum * lengths - 1e-9).astype(np.int64) + 1
    looked_at = order[(rank < np.repeat(prefix, lengths)) & (rarity[order] > 1)]
    pairs = _pairs_that_meet(members[looked_at], owners[looked_at], len(sets))
    first, second = np.divmod(pairs, max(len(sets), 1))
    shared = np.array(
        [
            len(np.intersect1d(sets[one], sets[two], assume_unique=True))
            for one, two in zip(first, second, strict=True)
        ],
        np.int64,
    )
    similarity = shared / (lengths[first] + lengths[second] - shared)
    kept = similarity >= minimum
    return SimilarPairs(first[kept], second[kept], similarity[kept])


def _number_by_rarity(keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each key its place in the common order, and in how many documents it stands."""
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    place = np.empty(len(counts), np.int64)
    place[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    return place[inverse], counts[inverse].astype(np.int64)


def _pairs_that_meet(
    members: npt.NDArray[np.int64], owners: npt.NDArray[np.int64], num_documents: int
) -> npt.NDArray[np.int64]:
    """Distinct pairs of owners of one member, each as first * num_documents + second."""
    order = np.lexsort((owners, members))
    members, owners = members[order], owners[order]
    found: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
    distance = 1
    while distance < len(members):
        meets = members[distance:] == members[:-distance]
        if not meets.any():
            break
        found.append(np.unique(owners[:-distance][meets] * num_documents + owners[distance:][meets]))
        distance += 1
    return np.unique(np.concatenate(found))
