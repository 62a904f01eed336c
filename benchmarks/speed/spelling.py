"""The same Arabic text in another spelling: what differs between two sites that copied one article."""

import random
import re
from collections.abc import Callable

_FATHA, _DAMMA, _KASRA, _SUKUN = (
    "\N{ARABIC FATHA}",
    "\N{ARABIC DAMMA}",
    "\N{ARABIC KASRA}",
    "\N{ARABIC SUKUN}",
)
_TASHKEEL = re.compile("[\N{ARABIC FATHATAN}-\N{ARABIC SUKUN}\N{ARABIC LETTER SUPERSCRIPT ALEF}]")
_JOINING = re.compile(
    "([\N{ARABIC LETTER BEH}\N{ARABIC LETTER TEH}-\N{ARABIC LETTER KHAH}\N{ARABIC LETTER SEEN}-\N{ARABIC LETTER GHAIN}"
    "\N{ARABIC LETTER FEH}-\N{ARABIC LETTER HEH}])(?=[\N{ARABIC LETTER ALEF}-\N{ARABIC LETTER YEH}])"
)
_LETTER = re.compile(
    "(?<=[\N{ARABIC LETTER BEH}-\N{ARABIC LETTER HEH}])(?=[\N{ARABIC LETTER BEH}-\N{ARABIC LETTER HEH}])"
)
_ALEF_WITH_HAMZA = re.compile(
    "[\N{ARABIC LETTER ALEF WITH MADDA ABOVE}\N{ARABIC LETTER ALEF WITH HAMZA ABOVE}"
    "\N{ARABIC LETTER ALEF WITH HAMZA BELOW}]"
)
_FINAL_YEH = re.compile("\N{ARABIC LETTER YEH}(?![\\w\N{ARABIC FATHATAN}-\N{ARABIC SUKUN}])")
_FINAL_ALEF_MAKSURA = re.compile(
    "\N{ARABIC LETTER ALEF MAKSURA}(?![\\w\N{ARABIC FATHATAN}-\N{ARABIC SUKUN}])"
)
_MARK = re.compile("(?<=\\w)([.\N{ARABIC COMMA}\N{ARABIC QUESTION MARK}])")


def respell(text: str, rng: random.Random) -> str:
    """The text with two or more of the changes below; the first of them touches words throughout."""
    count = rng.randint(1, len(_CHANGES) - 1)
    changes = [rng.choice(_THOROUGH), *rng.sample(_CHANGES, count)]
    for change in changes:
        text = change(text, rng)
    return text


def _strip_tashkeel(text: str, rng: random.Random) -> str:
    """Without vowel marks; a text that had none gets them instead."""
    stripped = _TASHKEEL.sub("", text)
    return stripped if stripped != text else _add_tashkeel(text, rng)


def _add_tashkeel(text: str, rng: random.Random) -> str:
    marks = ("", _FATHA, _DAMMA, _KASRA, _SUKUN)
    return _LETTER.sub(lambda _: marks[int(rng.random() * len(marks))], text)


def _add_tatweel(text: str, rng: random.Random) -> str:
    tatweel = "\N{ARABIC TATWEEL}"
    return _JOINING.sub(lambda match: match[1] + tatweel * (rng.random() < 0.1), text)


def _bare_alef(text: str, rng: random.Random) -> str:  # noqa: ARG001
    return _ALEF_WITH_HAMZA.sub("\N{ARABIC LETTER ALEF}", text)


def _swap_final_yeh(text: str, rng: random.Random) -> str:
    """Final yeh as Egypt writes it, or final alef maksura as the Gulf's keyboards do."""
    yeh, maksura = "\N{ARABIC LETTER YEH}", "\N{ARABIC LETTER ALEF MAKSURA}"
    if rng.random() < 0.5:
        return _FINAL_YEH.sub(maksura, text)
    return _FINAL_ALEF_MAKSURA.sub(yeh, text)


def _heh_for_teh_marbuta(text: str, rng: random.Random) -> str:  # noqa: ARG001
    return text.replace("\N{ARABIC LETTER TEH MARBUTA}", "\N{ARABIC LETTER HEH}")


def _space_punctuation(text: str, rng: random.Random) -> str:  # noqa: ARG001
    return _MARK.sub(r" \1", text)


_Change = Callable[[str, random.Random], str]
_THOROUGH: tuple[_Change, ...] = (_strip_tashkeel, _add_tashkeel, _add_tatweel)
_CHANGES: tuple[_Change, ...] = (
    _add_tatweel,
    _bare_alef,
    _swap_final_yeh,
    _heh_for_teh_marbuta,
    _space_punctuation,
)
