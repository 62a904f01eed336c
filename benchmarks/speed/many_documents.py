"""Documents by the million: what `documents.py` makes one by one in Python, from a compiled kernel.

Document `number` is a pure function of seed and number here too, so nothing is remembered, any range can be made
anywhere, and what was planted is known without a table of truth. Texts are phrases of two to four neighboring words,
shorter than the five-word shingles of near-duplicate removal, set into sentences and paragraphs. Planted are

* exact copies of an earlier document;
* near-duplicates of one, some words replaced, so that they aim at a Jaccard similarity between .5 and .99;
* notices: copies of a few texts with a word or two replaced, each a cluster that grows with the corpus;
* lines of a site around many texts, a masthead above and two lines below, the same for all documents of the site.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from documents import TASHKEEL
from word_pools import WordPools

BASE, EXACT, NEAR, NOTICE = range(4)
SITE_LINES = 3
_SITE_LINE_WORDS = 8
_SHORTEST = 60
_LOG_LENGTH_SPREAD = 0.5
_LEVELS = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99])
_FIRST_NOTICE = 1 << 48  # numbers of texts that are no documents themselves, only what notices are copies of
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MARKS = (b"", b".", b".", b",", b"?", b"\xd8\x8c", b"\xd8\x9f")  # the second full stop ends a paragraph


@dataclass(frozen=True, kw_only=True)
class ManyPlan:
    """What the corpus is made of; shares are of all documents.

    Attributes:
        seed: Another seed, another corpus.
        mean_bytes: Mean size of a text in bytes of UTF-8, met within some 3 %.
        exact_share: Exact copies.
        near_share: Near-duplicates by edits of words.
        notice_share: Copies of notices.
        notices: Number of different notices.
        site_share: Documents that have the lines of a site around them.
        sites: Number of sites.
    """

    seed: int = 1
    mean_bytes: int = 3_000
    exact_share: float = 0.04
    near_share: float = 0.08
    notice_share: float = 0.01
    notices: int = 16
    site_share: float = 0.2
    sites: int = 200

    @property
    def numbers(self) -> npt.NDArray[np.float64]:
        """All settings as the kernels take them."""
        shares = np.cumsum([self.exact_share, self.near_share, self.notice_share])
        return np.array([self.seed, *shares, self.notices, self.site_share, self.sites], np.float64)


class Pools(NamedTuple):
    """Vocalized Arabic, the same without tashkeel, and English, as one list of words in UTF-8."""

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]  # word of each pool, and at the end the number of words
    words: npt.NDArray[np.float64]  # typical length of a document in each pool


def pack(pools: WordPools, plan: ManyPlan) -> Pools:
    """The word pools as buffers."""
    lists = [pools.arabic, [TASHKEEL.sub("", word) for word in pools.arabic], pools.english]
    encoded = [[word.encode() for word in words] for words in lists]
    sizes = np.array([len(word) for words in encoded for word in words], np.int64)
    first = np.cumsum([0, *(len(words) for words in encoded)])
    data = np.frombuffer(b"".join(word for words in encoded for word in words), np.uint8)
    mean = np.array([sizes[start:end].mean() + 1.1 for start, end in pairwise(first)])
    typical = plan.mean_bytes / mean * np.exp(-(_LOG_LENGTH_SPREAD**2) / 2)
    return Pools(data, np.concatenate([[0], np.cumsum(sizes)]), first, typical)


class Roles(NamedTuple):
    """What was planted for each of some documents."""

    kinds: npt.NDArray[np.int8]
    families: npt.NDArray[np.int64]  # document that it is a copy of; for notices a number of their text
    targets: npt.NDArray[np.float64]  # Jaccard similarity that edits aim at
    sites: npt.NDArray[np.int64]  # -1 without


def roles(plan: ManyPlan, numbers: npt.NDArray[np.int64]) -> Roles:
    """What documents with these numbers are."""
    return Roles(*_roles(plan.numbers, numbers))


def texts(plan: ManyPlan, pools: Pools, numbers: npt.NDArray[np.int64], *, bare: bool = False) -> pa.Array:
    """Texts of these documents; `bare` leaves out the lines of sites."""
    data, offsets = _texts(plan.numbers, *pools, numbers, len(numbers) * plan.mean_bytes * 3 // 2, bare)
    return pa.LargeStringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(data))


@numba.njit(cache=True, nogil=True, inline="always")
def _mix(value: Any) -> Any:
    """splitmix64's finalizer."""
    value = np.uint64((value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9))
    value = np.uint64((value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB))
    return np.uint64(value ^ (value >> np.uint64(31)))


@numba.njit(cache=True, nogil=True)
def _key(seed: float, number: int, purpose: int) -> Any:
    return _mix(_mix(np.uint64(seed) * _GOLDEN + np.uint64(purpose)) + np.uint64(number) * _GOLDEN)


@numba.njit(cache=True, nogil=True, inline="always")
def _draw(key: Any, step: int) -> Any:
    return _mix(key + np.uint64(step + 1) * _GOLDEN)


@numba.njit(cache=True, nogil=True, inline="always")
def _unit(key: Any, step: int) -> float:
    return np.float64(_draw(key, step) >> np.uint64(11)) / 9007199254740992.0


@numba.njit(cache=True, nogil=True, inline="always")
def _below(key: Any, step: int, count: int) -> int:
    return np.int64(_draw(key, step) % np.uint64(count))


@numba.njit(cache=True, nogil=True)
def _kind(plan: Any, number: int) -> int:
    share = _unit(_key(plan[0], number, 1), 0)
    if number == 0 or number >= _FIRST_NOTICE or share >= plan[3]:
        return BASE
    return EXACT if share < plan[1] else NEAR if share < plan[2] else NOTICE


@numba.njit(cache=True, nogil=True)
def _role(plan: Any, number: int) -> tuple[int, int, float, int]:
    kind, key = _kind(plan, number), _key(plan[0], number, 2)
    family, target, owner = number, 1.0, number
    if kind == NOTICE:
        family = _FIRST_NOTICE + _below(key, 0, np.int64(plan[4]))
        target = 0.97
    elif kind != BASE:
        step = 1
        family = _below(key, step, number)
        while _kind(plan, family) != BASE:
            step += 1
            family = _below(key, step, number)
    if kind == NEAR:
        target = _LEVELS[_below(key, 0, len(_LEVELS))]
    if kind == EXACT:
        owner = family
    site_key, site = _key(plan[0], owner, 3), -1
    if kind != NOTICE and _unit(site_key, 0) < plan[5]:
        site = _below(site_key, 1, np.int64(plan[6]))
    return kind, family, target, site


@numba.njit(cache=True, nogil=True)
def _roles(plan: Any, numbers: Any) -> Any:
    kinds = np.empty(len(numbers), np.int8)
    families = np.empty(len(numbers), np.int64)
    targets = np.empty(len(numbers), np.float64)
    sites = np.empty(len(numbers), np.int64)
    for place in range(len(numbers)):
        kinds[place], families[place], targets[place], sites[place] = _role(plan, numbers[place])
    return kinds, families, targets, sites


@numba.njit(cache=True, nogil=True)
def _pool(plan: Any, number: int) -> int:
    share = _unit(_key(plan[0], number, 4), 0)
    return 0 if share < 0.15 else 1 if share < 0.6 else 2


@numba.njit(cache=True, nogil=True)
def _phrases(key: Any, pool: int, first: Any, count: int) -> Any:
    """Numbers of `count` words, in phrases of two to four neighbors."""
    words = np.empty(count + 4, np.int64)
    held, step = 0, 0
    size = first[pool + 1] - first[pool]
    while held < count:
        start = first[pool] + _below(key, step, size - 4)
        for word in range(2 + _below(key, step + 1, 3)):
            words[held] = start + word
            held += 1
        step += 2
    return words[:count]


@numba.njit(cache=True, nogil=True)
def _main_text(plan: Any, family: int, first: Any, typical: Any) -> Any:
    """Words of a text and the mark behind each, as a place in _MARKS."""
    pool, key = _pool(plan, family), _key(plan[0], family, 5)
    normal = np.sqrt(-2 * np.log(1 - _unit(key, 0))) * np.cos(2 * np.pi * _unit(key, 1))
    count = max(_SHORTEST, int(typical[pool] * np.exp(_LOG_LENGTH_SPREAD * normal)))
    words = _phrases(_key(plan[0], family, 6), pool, first, count)
    marks = np.zeros(count, np.int8)
    marks_key, step, position = _key(plan[0], family, 7), 0, 0
    while position < count - 1:
        position = min(position + 6 + _below(marks_key, step, 14), count - 1)
        choice = _below(marks_key, step + 1, 11)
        arabic = 2 if pool < 2 else 0
        marks[position] = 1 if choice < 5 else 2 if choice < 7 else (3 if choice < 10 else 4) + arabic
        step += 2
    marks[-1] = 1
    return words, marks


@numba.njit(cache=True, nogil=True)
def _edit(words: Any, target: float, key: Any, lowest: int, highest: int) -> Any:
    """As `documents._edit`: m words replaced far apart leave J = (N - 5m) / (N + 5m) of N shingles."""
    shingles = len(words) - 4
    replacements = round(shingles * (1 - target) / (5 * (1 + target)))
    if replacements == 0:
        return words[: len(words) - max(1, round(shingles * (1 - target)))]
    stride = len(words) / replacements
    offset = _unit(key, 0) * stride
    for step in range(replacements):
        at = int(offset + step * stride) % len(words)
        words[at] = lowest + _below(key, step + 1, highest - lowest)
    return words


@numba.njit(cache=True, nogil=True)
def _texts(
    plan: Any, data: Any, offsets: Any, first: Any, typical: Any, numbers: Any, capacity: int, bare: bool
) -> Any:
    out = np.empty(capacity, np.uint8)
    ends = np.zeros(len(numbers) + 1, np.int64)
    at = 0
    for place in range(len(numbers)):
        kind, family, target, site = _role(plan, numbers[place])
        pool = _pool(plan, family)
        words, marks = _main_text(plan, family, first, typical)
        if kind >= NEAR:
            words = _edit(words, target, _key(plan[0], numbers[place], 8), first[pool], first[pool + 1])
        needed = 1_000
        for word in words:
            needed += offsets[word + 1] - offsets[word] + 4
        if at + needed > len(out):
            grown = np.empty(2 * len(out) + needed, np.uint8)
            grown[:at] = out[:at]
            out = grown
        if site >= 0 and not bare:
            at = _site_line(out, at, plan, site, 0, pool, data, offsets, first)
            out[at] = 0x0A
            at += 1
        for index in range(len(words)):
            start, end = offsets[words[index]], offsets[words[index] + 1]
            out[at : at + end - start] = data[start:end]
            at += end - start
            mark = marks[index] if index < len(words) - 1 else 1
            for byte in _MARKS[mark]:
                out[at] = byte
                at += 1
            out[at] = 0x0A if mark == 2 else 0x20
            at += 1
        at -= 1
        if site >= 0 and not bare:
            for line in range(1, SITE_LINES):
                out[at] = 0x0A
                at = _site_line(out, at + 1, plan, site, line, pool, data, offsets, first)
        ends[place + 1] = at
    return out[:at], ends


@numba.njit(cache=True, nogil=True)
def _site_line(
    out: Any, at: int, plan: Any, site: int, line: int, pool: int, data: Any, offsets: Any, first: Any
) -> int:
    key = _key(plan[0], site * SITE_LINES + line, 9)
    for word in _phrases(key, pool, first, _SITE_LINE_WORDS):
        start, end = offsets[word], offsets[word + 1]
        out[at : at + end - start] = data[start:end]
        at += end - start
        out[at] = 0x20
        at += 1
    return at - 1
