r"""Pre-tokenizers extended for Arabic marks, and for nothing else.

Most byte-level bases cut text into words by `\p{L}+`, so a vocalized word falls apart at every haraka, for marks are
`\p{M}`. Here words are of letters **and Arabic marks**. Nothing else changes: text without these marks meets the same
alternatives in the same order. One more alternative keeps the lines that follow as they were: the base takes a mark
and the line ends after it as one run of signs; line ends after a marked word stay a word of their own, else they
would run on into the white space of the next line.
"""

import json
from typing import Any

from tokenization.errors import TokenizationError

# Arabic combining marks (category Mn) as of Unicode 16; U+06E5 and U+06E6 are letters already.
MARKS = (
    (0x0610, 0x061A),  # honorifics and small high signs
    (0x064B, 0x065F),  # tanwin, harakat, shadda, sukun, hamza and madda above
    (0x0670, 0x0670),  # superscript alef
    (0x06D6, 0x06DC),  # Quranic annotation
    (0x06DF, 0x06E4),
    (0x06E7, 0x06E8),
    (0x06EA, 0x06ED),
    (0x0897, 0x089F),
    (0x08CA, 0x08E1),
    (0x08E3, 0x08FF),
)
# What the ByteLevel pre-tokenizer of the tokenizers library has built in (OpenAI's GPT-2, encoder.py).
GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

# \uHHHH means the same to Oniguruma, Rust, Python and JavaScript; \x{HHHH} does not.
_CLASS = "".join(f"\\u{first:04X}" + (f"-\\u{last:04X}" if last > first else "") for first, last in MARKS)
_PROBES = (
    "\N{ARABIC LETTER KAF}\N{ARABIC FATHA}\N{ARABIC LETTER TEH}\N{ARABIC FATHA}\N{ARABIC LETTER BEH}\N{ARABIC FATHA}",
    " \N{ARABIC LETTER MEEM}\N{ARABIC DAMMA}\N{ARABIC LETTER DAL}\N{ARABIC FATHA}\N{ARABIC SHADDA}\N{ARABIC DAMMATAN}",
)


def is_mark(character: str) -> bool:
    r"""Whether a character is an Arabic mark.

    >>> is_mark("\N{ARABIC SHADDA}"), is_mark("\N{ARABIC LETTER BEH}"), is_mark("\N{COMBINING ACUTE ACCENT}")
    (True, False, False)
    """
    return any(first <= ord(character) <= last for first, last in MARKS)


def extend_pattern(pattern: str) -> str:
    r"""A regular expression whose words of letters hold Arabic marks too; what has no `\p{L}+` stays as it is.

    >>> extend_pattern(r"\p{N}{1,3}|[\p{L}\p{M}]+")
    '\\p{N}{1,3}|[\\p{L}\\p{M}]+'
    """
    extended = _extend_letters(pattern)
    if extended == pattern or not any(run in pattern for run in (r"[\r\n]*", r"[\r\n/]*")):
        return extended
    alternatives = _alternatives(extended)
    spaces = [n for n, alternative in enumerate(alternatives) if alternative.startswith(r"\s")]
    if spaces:
        alternatives.insert(spaces[0], rf"(?<=[{_CLASS}])[\r\n]+")
    return "|".join(alternatives)


def extend_pre_tokenizer(definition: dict[str, Any] | None, where: str) -> dict[str, Any]:
    """The pre-tokenizer of a tokenizer.json, extended; equal to the given one where that keeps words whole.

    Raises:
        TokenizationError: No way is known to extend it.
    """
    if definition is None:
        raise TokenizationError(f"{where}: has no pre_tokenizer, so words have no borders; use another base")
    if keeps_words_whole(definition):
        return definition
    parts = definition["pretokenizers"] if definition["type"] == "Sequence" else [definition]
    extended = {"type": "Sequence", "pretokenizers": [part for old in parts for part in _extend_part(old)]}
    if not keeps_words_whole(extended):
        shown = json.dumps(definition, ensure_ascii=False)[:300]
        raise TokenizationError(
            f"{where}: its pre-tokenizer cuts vocalized words and has no \\p{{L}}+ to extend ({shown}); "
            "use another base"
        )
    return extended


def keeps_words_whole(definition: dict[str, Any]) -> bool:
    """Whether a pre-tokenizer takes vocalized words as one."""
    from tokenizers.pre_tokenizers import PreTokenizer

    built: PreTokenizer = load_pre_tokenizer(definition)
    return all(len(built.pre_tokenize_str(probe)) == 1 for probe in _PROBES)


def load_pre_tokenizer(definition: dict[str, Any]) -> Any:
    """The tokenizers library's object of a pre-tokenizer's definition."""
    from tokenizers import Tokenizer

    empty = {"model": {"type": "BPE", "vocab": {}, "merges": []}, "pre_tokenizer": definition}
    return Tokenizer.from_str(json.dumps({"version": "1.0", "added_tokens": []} | empty)).pre_tokenizer


def _extend_part(part: dict[str, Any]) -> list[dict[str, Any]]:
    if part["type"] == "Split" and "Regex" in part["pattern"]:
        return [part | {"pattern": {"Regex": extend_pattern(part["pattern"]["Regex"])}}]
    if part["type"] == "ByteLevel" and part.get("use_regex", True):
        words = {"type": "Split", "pattern": {"Regex": extend_pattern(GPT2_PATTERN)}}
        return [words | {"behavior": "Isolated", "invert": False}, part | {"use_regex": False}]
    return [part]


def _extend_letters(pattern: str) -> str:
    r"""Replace every `\p{L}+` and `\p{L}++` outside a class of characters."""
    pieces, position, depth = [], 0, 0
    while position < len(pattern):
        if depth == 0 and pattern.startswith(r"\p{L}+", position):
            pieces.append(rf"[\p{{L}}{_CLASS}]+")
            position += len(r"\p{L}+")
            continue
        step = 2 if pattern[position] == "\\" else 1
        depth += {"[": 1, "]": -1}.get(pattern[position], 0)
        pieces.append(pattern[position : position + step])
        position += step
    return "".join(pieces)


def _alternatives(pattern: str) -> list[str]:
    """The alternatives of a pattern that stand outside groups and classes."""
    found, begin, position, depth = [], 0, 0, 0
    while position < len(pattern):
        character = pattern[position]
        depth += {"[": 1, "(": 1, "]": -1, ")": -1}.get(character, 0)
        if character == "|" and depth == 0:
            found.append(pattern[begin:position])
            begin = position + 1
        position += 2 if character == "\\" else 1
    return [*found, pattern[begin:]]
