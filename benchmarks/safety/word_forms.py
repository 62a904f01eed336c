"""Listed Arabic words as they stand in text: with what is written together with them, before and behind."""

from collections.abc import Iterator

_WAW, _FEH, _BEH = "\N{ARABIC LETTER WAW}", "\N{ARABIC LETTER FEH}", "\N{ARABIC LETTER BEH}"
_KAF, _LAM, _ALEF = "\N{ARABIC LETTER KAF}", "\N{ARABIC LETTER LAM}", "\N{ARABIC LETTER ALEF}"
_HEH, _MEEM, _NOON = "\N{ARABIC LETTER HEH}", "\N{ARABIC LETTER MEEM}", "\N{ARABIC LETTER NOON}"
_YEH, _TEH = "\N{ARABIC LETTER YEH}", "\N{ARABIC LETTER TEH}"
_MARBUTA, _MAKSURA = "\N{ARABIC LETTER TEH MARBUTA}", "\N{ARABIC LETTER ALEF MAKSURA}"
_ARTICLE = _ALEF + _LAM

_CONJUNCTIONS = ("", _WAW, _FEH)
_PREPOSITIONS = ("", _BEH, _KAF, _LAM)
PREFIXES = (
    *(joint + before for joint in _CONJUNCTIONS for before in _PREPOSITIONS),
    *(joint + before + _ARTICLE for joint in _CONJUNCTIONS for before in ("", _BEH, _KAF)),
    *(joint + _LAM + _LAM for joint in _CONJUNCTIONS),  # "to the" is spelled without the article's alef
    _YEH + _ALEF,  # "O", which dialects write together with the word
)
"""And, so; in, as, to; the; and their sequences."""

PRONOUNS = (
    "", _HEH, _HEH + _ALEF, _HEH + _MEEM, _HEH + _NOON, _HEH + _MEEM + _ALEF, _KAF, _KAF + _MEEM, _KAF + _NOON,
    _NOON + _ALEF, _YEH,
)  # fmt: skip
"""Pronouns written to the end of a word."""

SHORTEST = 3
"""Letters of a word that takes all of them; shorter ones would become other words, and take only the article."""


def forms(entry: str) -> Iterator[str]:
    """An entry with every prefix and pronoun; of a phrase, prefixes of its first word and pronouns of its last."""
    entry = " ".join(entry.split())
    if len(entry) < SHORTEST:
        yield from (before + entry for before in ("", _ARTICLE, _WAW + _ARTICLE))
        return
    for before in PREFIXES:
        for pronoun in PRONOUNS if not before.endswith(_LAM) or before == _LAM else ("",):
            yield before + (_joined(entry) + pronoun if pronoun else entry)


def _joined(entry: str) -> str:
    """How a word ends before a pronoun."""
    if entry.endswith(_MARBUTA):
        return entry[:-1] + _TEH
    return entry[:-1] + _ALEF if entry.endswith(_MAKSURA) else entry
