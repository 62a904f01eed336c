"""Documents of a synthetic corpus, each a pure function of seed and number.

A text is phrases of two to four neighboring words from a pool, set into sentences and paragraphs. A phrase is
shorter than the five-word shingles of near-duplicate removal, so two documents resemble each other only where it was
planted. A planted document is a changed copy of an earlier one, which is simply made again: nothing is remembered.
"""

import random
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from spelling import respell
from word_pools import WordPools

Kind = Literal["base", "near", "spelling"]

TASHKEEL = re.compile("[\N{ARABIC FATHATAN}-\N{ARABIC SUKUN}\N{ARABIC LETTER SUPERSCRIPT ALEF}]")
_SHINGLE = 5
_LOG_LENGTH_SPREAD = 0.5
_SHORTEST = 60


@dataclass(frozen=True, kw_only=True)
class CorpusPlan:
    """What the corpus is made of.

    Attributes:
        documents: Number of documents.
        megabytes: Size of all texts together, in 10^6 bytes of UTF-8 (met within about 2 %).
        seed: Another seed, another corpus.
        arabic_share: Share of Arabic documents; the others are English.
        vocalized_share: Share of Arabic documents that keep their tashkeel.
        near_share: Share of documents that are near-duplicates of an earlier one by edits of words.
        spelling_share: Share of documents that are an earlier Arabic one in another spelling.
        levels: Jaccard similarities that edits aim at, on word 5-grams.
    """

    documents: int = 100_000
    megabytes: float = 205.0
    seed: int = 1
    arabic_share: float = 0.6
    vocalized_share: float = 0.25
    near_share: float = 0.1
    spelling_share: float = 0.02
    levels: list[float] = field(
        default_factory=lambda: [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99]
    )

    def __post_init__(self) -> None:
        if self.documents < 10:
            raise ValueError(f"documents must be at least 10, got {self.documents}")
        if self.megabytes * 1e6 < 200 * self.documents:
            raise ValueError(f"megabytes must allow 200 bytes a document, got {self.megabytes}")
        for name in ("arabic_share", "vocalized_share", "near_share", "spelling_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be between 0 and 1, got {getattr(self, name)}")
        if self.near_share + self.spelling_share > 0.5:
            raise ValueError("near_share + spelling_share must be at most 0.5, or bases run out")
        if not self.levels or not all(0 < level < 1 for level in self.levels):
            raise ValueError(f"levels must lie between 0 and 1, got {self.levels}")


class Document(NamedTuple):
    """One document and, where it was planted, what it was made from and the similarity aimed at."""

    id: int
    text: str
    language: str
    kind: Kind
    base: int
    target: float


class Corpus:
    """All documents of a plan, each made when it is asked for."""

    def __init__(self, plan: CorpusPlan, pools: WordPools) -> None:
        self.plan = plan
        self.pools = pools
        self._plain_arabic = [TASHKEEL.sub("", word) for word in pools.arabic]

    def planted(self, number: int) -> tuple[Kind, int, float]:
        """Kind of document `number`, what it is made from (itself for a base), and the similarity aimed at."""
        kinds, _, bases = self._roles
        levels = self.plan.levels
        target = (
            levels[int(self._random(number, "level").random() * len(levels))]
            if kinds[number] == "near"
            else 1.0
        )
        return kinds[number].item(), int(bases[number]), target

    def document(self, number: int) -> Document:
        """Document `number`, the same whenever and wherever it is asked for."""
        kind, base, target = self.planted(number)
        words, rng = self._base_words(base), self._random(number, "edit")
        if kind == "near":
            words = _edit(words, target, rng, self._pool(base))
        text = _as_text(words)
        if kind == "spelling":
            text = respell(text, rng)
        return Document(number, text, self._language(base), kind, base, target)

    @cached_property
    def _roles(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Kind, language and base of every document."""
        plan, rng = self.plan, np.random.default_rng(self.plan.seed)
        count = plan.documents
        order = rng.permutation(np.arange(1, count))  # document 0 is always a base
        num_near, num_spelling = int(count * plan.near_share), int(count * plan.spelling_share)
        kinds = np.full(count, "base", dtype="<U8")
        kinds[order[:num_near]] = "near"
        kinds[order[num_near : num_near + num_spelling]] = "spelling"
        arabic = rng.random(count) < plan.arabic_share
        arabic[0] = True
        bases = np.arange(count)
        own = kinds == "base"
        for kind, eligible in (("near", own), ("spelling", own & arabic)):
            candidates = np.flatnonzero(eligible)
            members = np.flatnonzero(kinds == kind)
            earlier = np.searchsorted(candidates, members)
            bases[members] = candidates[(rng.random(len(members)) * earlier).astype(np.int64)]
        return kinds, arabic, bases

    def _language(self, number: int) -> str:
        return "ar" if self._roles[1][number] else "en"

    def _random(self, number: int, purpose: str) -> random.Random:
        return random.Random(f"{self.plan.seed}-{number}-{purpose}")

    def _pool(self, number: int) -> list[str]:
        if self._language(number) == "en":
            return self.pools.english
        vocalized = self._random(number, "vocalized").random() < self.plan.vocalized_share
        return self.pools.arabic if vocalized else self._plain_arabic

    @cached_property
    def _bytes_per_word(self) -> dict[int, float]:
        """Mean bytes of a word with the blank or mark that follows it, by identity of its pool."""
        pools = (self.pools.arabic, self._plain_arabic, self.pools.english)
        return {id(pool): 1.1 + sum(len(word.encode()) for word in pool) / len(pool) for pool in pools}

    def _base_words(self, number: int) -> list[str]:
        """Words of a base document with the marks that end sentences and paragraphs attached to them."""
        rng, pool = self._random(number, "text"), self._pool(number)
        mean = self.plan.megabytes * 1e6 / self.plan.documents / self._bytes_per_word[id(pool)]
        typical = max(mean, _SHORTEST) * np.exp(-(_LOG_LENGTH_SPREAD**2) / 2)
        wanted = max(_SHORTEST, int(rng.lognormvariate(np.log(typical), _LOG_LENGTH_SPREAD)))
        words: list[str] = []
        while len(words) < wanted:
            start = int(rng.random() * (len(pool) - 4))
            words += pool[start : start + 2 + int(rng.random() * 3)]
        return _punctuate(words[:wanted], rng, self._language(number))


def _punctuate(words: list[str], rng: random.Random, language: str) -> list[str]:
    comma, question = ("\N{ARABIC COMMA}", "\N{ARABIC QUESTION MARK}") if language == "ar" else (",", "?")
    position = 0
    while position < len(words) - 1:
        position = min(position + 6 + int(rng.random() * 14), len(words) - 1)
        words[position] += rng.choices((". ", ".\n", comma + " ", question + " "), (5, 2, 3, 1))[0].rstrip(
            " "
        )
    words[-1] = words[-1].rstrip("." + comma + question + "\n") + "."
    return words


def _as_text(words: list[str]) -> str:
    return " ".join(words).replace("\n ", "\n")


def _edit(words: list[str], target: float, rng: random.Random, pool: list[str]) -> list[str]:
    """Change a copy of these words so that about `target` of all shingles are shared.

    Replacing one word of N shingles breaks five on either side, so m replacements far apart leave
    J = (N - 5m) / (N + 5m). Where not even one fits, the end is cut off instead: J = (N - k) / N.
    """
    shingles = len(words) - _SHINGLE + 1
    replacements = round(shingles * (1 - target) / (_SHINGLE * (1 + target)))
    if replacements == 0:
        return words[: len(words) - max(1, round(shingles * (1 - target)))]
    edited = list(words)
    stride = len(words) / replacements
    offset = rng.random() * stride
    for step in range(replacements):
        at = int((offset + step * stride) % len(words))
        ending = edited[at][len(edited[at].rstrip(".,?\n\N{ARABIC COMMA}\N{ARABIC QUESTION MARK}")) :]
        edited[at] = pool[int(rng.random() * len(pool))] + ending
    return edited
