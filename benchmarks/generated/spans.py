"""Short answers against accepted ones: exact match and token F1, as SQuAD defines them.

SQuAD's script (Rajpurkar et al. 2016, arXiv:1606.05250; used unchanged by XQuAD, arXiv:1910.11856, and ARCD,
arXiv:1906.05394) lower-cases, removes ASCII punctuation and English articles, and splits at white space. It knows
nothing of Arabic, so the normalized form goes further: punctuation of all scripts, tashkeel, tatweel, spellings of
alef, alef maksura and teh marbuta, digits, and the article at the start of a word (MLQA's script, arXiv:1910.07475,
removes that too).
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from benchmarks.generated.numbers import western

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARABIC_ARTICLE = "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}"


def exact_match(text: str, accepted: Sequence[str], *, arabic: bool = False) -> float:
    """1 where the text is one of the accepted answers after normalization, else 0."""
    tokens = _tokens(arabic)
    found = tokens(text)
    return float(any(found == tokens(answer) for answer in accepted))


def overlap_f1(text: str, accepted: Sequence[str], *, arabic: bool = False) -> float:
    """The best F1 of the text's tokens with those of an accepted answer."""
    tokens = _tokens(arabic)
    found = tokens(text)
    return max((_f1(found, tokens(answer)) for answer in accepted), default=0.0)


def squad_tokens(text: str) -> list[str]:
    """Tokens as SQuAD's script makes them.

    >>> squad_tokens("The  U.S. Army")
    ['us', 'army']
    """
    return _ARTICLES.sub(" ", text.lower().translate(_ASCII_PUNCTUATION)).split()


def arabic_tokens(text: str) -> list[str]:
    """Tokens after the wider normalization."""
    from benchmarks.translation import normalize_for_scoring

    plain = western(normalize_for_scoring(text))
    spaced = "".join(" " if unicodedata.category(letter)[0] in "PS" else letter for letter in plain.lower())
    return [_without_article(token) for token in _ARTICLES.sub(" ", spaced).split()]


def _tokens(arabic: bool) -> Callable[[str], list[str]]:
    return arabic_tokens if arabic else squad_tokens


def _without_article(token: str) -> str:
    return token[2:] if token.startswith(_ARABIC_ARTICLE) and len(token) > 3 else token


def _f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    same = sum((Counter(found) & Counter(wanted)).values())
    if not same:
        return 0.0
    precision, recall = same / len(found), same / len(wanted)
    return 2 * precision * recall / (precision + recall)
