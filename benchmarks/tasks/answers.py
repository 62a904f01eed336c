"""How published data writes the right answer: letters of either alphabet, indices, words."""

import unicodedata
from collections.abc import Sequence
from typing import Any

ARABIC_LETTERS = (
    "\N{ARABIC LETTER ALEF WITH HAMZA ABOVE}",
    "\N{ARABIC LETTER BEH}",
    "\N{ARABIC LETTER JEEM}",
    "\N{ARABIC LETTER DAL}",
    "\N{ARABIC LETTER HEH}\N{ARABIC TATWEEL}",
    "\N{ARABIC LETTER WAW}",
    "\N{ARABIC LETTER ZAIN}",
    "\N{ARABIC LETTER HAH}",
    "\N{ARABIC LETTER TAH}",
    "\N{ARABIC LETTER YEH}",
    "\N{ARABIC LETTER KAF}",
    "\N{ARABIC LETTER LAM}",
    "\N{ARABIC LETTER MEEM}",
    "\N{ARABIC LETTER NOON}",
    "\N{ARABIC LETTER SEEN}",
    "\N{ARABIC LETTER AIN}",
    "\N{ARABIC LETTER FEH}",
    "\N{ARABIC LETTER SAD}",
    "\N{ARABIC LETTER QAF}",
    "\N{ARABIC LETTER REH}",
    "\N{ARABIC LETTER SHEEN}",
    "\N{ARABIC LETTER TEH}",
    "\N{ARABIC LETTER THEH}",
    "\N{ARABIC LETTER KHAH}",
    "\N{ARABIC LETTER THAL}",
    "\N{ARABIC LETTER DAD}",
    "\N{ARABIC LETTER ZAH}",
    "\N{ARABIC LETTER GHAIN}",
)
"""Letters of Arabic lists, in abjad order; heh carries a tatweel, as print does to tell it from the digit 5."""

LATIN_LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

BARE_ALEF = "\N{ARABIC LETTER ALEF}"

_SPELLINGS = {
    BARE_ALEF: ARABIC_LETTERS[0],
    "\N{ARABIC LETTER ALEF WITH HAMZA BELOW}": ARABIC_LETTERS[0],
    "\N{ARABIC LETTER HEH}": ARABIC_LETTERS[4],
}
_YES = {
    "\N{ARABIC LETTER NOON}\N{ARABIC LETTER AIN}\N{ARABIC LETTER MEEM}",
    "\N{ARABIC LETTER SAD}\N{ARABIC LETTER HAH}",
}
_NO = {
    "\N{ARABIC LETTER LAM}\N{ARABIC LETTER ALEF}",
    "\N{ARABIC LETTER KHAH}\N{ARABIC LETTER TAH}\N{ARABIC LETTER ALEF WITH HAMZA ABOVE}",
}


def letter_index(value: Any) -> int:
    r"""Place of an answer letter, Latin or Arabic, whatever stands around it.

    >>> letter_index("C"), letter_index(" b) "), letter_index("\N{ARABIC LETTER DAL}.")
    (2, 1, 3)

    Raises:
        ValueError: It is no answer letter.
    """
    letter = str(value).strip(" .):(-\t\n")
    letter = _SPELLINGS.get(letter, letter)
    if letter in ARABIC_LETTERS:
        return ARABIC_LETTERS.index(letter)
    if letter.upper() in LATIN_LETTERS:
        return LATIN_LETTERS.index(letter.upper())
    raise ValueError(f"the answer must be a letter, got {value!r}")


def index(value: Any, first: int = 0) -> int:
    r"""An answer given as a number that counts from `first`; Arabic-Indic digits count too.

    >>> index("3"), index("\N{ARABIC-INDIC DIGIT TWO}", first=1), index(True)
    (3, 1, 1)

    Raises:
        ValueError: It is no whole number.
    """
    written = str(int(value) if isinstance(value, bool) else value).strip()
    text = "".join(str(unicodedata.decimal(character, character)) for character in written)
    if not text.removeprefix("-").isdecimal():
        raise ValueError(f"the answer must be a whole number, got {value!r}")
    return int(text) - first


def true_or_index(value: Any) -> int:
    """True or false, as such or written out, or a number that counts from 0, as 1 or 0.

    >>> true_or_index("false"), true_or_index(True), true_or_index("1")
    (0, 1, 1)

    Raises:
        ValueError: It is none of these.
    """
    written = str(value).strip().lower()
    return ("false", "true").index(written) if written in ("false", "true") else index(value)


def yes_no(value: Any) -> bool:
    """Whether an Arabic yes or no, or true or false, is a yes.

    Raises:
        ValueError: It is neither.
    """
    text = str(value).strip()
    if text in _YES | _NO:
        return text in _YES
    raise ValueError(f"the answer must be yes or no in Arabic, got {value!r}")


def letter_or_index(value: Any, choices: Sequence[str]) -> int:
    """An answer given as a letter, else as an index that counts from 0, else as the text of a choice.

    The text comes last, as choices can be letters and numbers themselves; but no letter or index beyond them is meant
    where a choice reads so.

    Raises:
        ValueError: It is none of these.
    """
    for read in (letter_index, index):
        try:
            found = read(value)
        except ValueError:
            continue
        if found < len(choices) or str(value) not in choices:
            return found
    if str(value) not in choices:
        raise ValueError(f"the answer must be a letter, an index or one of the choices, got {value!r}")
    return choices.index(str(value))
