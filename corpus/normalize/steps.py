"""The steps: each takes a line (or a text) and returns it mended, with the number of replacements.

Each is defined here once, on plain strings; `columns` decides which lines need which.
"""

import html
import re
import unicodedata
from collections.abc import Callable

from corpus.normalize.characters import (
    ARABIC_BLOCKS,
    CLOSING,
    CONTINUATIONS_1252,
    CONTINUATIONS_1256,
    CONTROLS,
    INVISIBLE,
    LEADS_1252,
    LEADS_1256,
    LINE_ENDS,
    ODD_BLANKS,
    OPENING,
    PHRASES,
    STOPS,
    arabic,
    regex_class,
)

Step = Callable[[str], tuple[str, int]]

_KINDS = arabic()
LETTER = regex_class(_KINDS.letters)
MARK = regex_class(_KINDS.marks)
WORD = LETTER + MARK
MARKS = frozenset(map(chr, _KINDS.marks))
OPENING_CLASS, CLOSING_CLASS = re.escape(OPENING), re.escape(CLOSING)
BRACKET_CLASS = OPENING_CLASS + CLOSING_CLASS
_ARABIC_STOPS = "\N{ARABIC COMMA}\N{ARABIC SEMICOLON}\N{ARABIC QUESTION MARK}"

_MOJIBAKE_1252 = re.compile(f"[{LEADS_1252}][{re.escape(CONTINUATIONS_1252)}]")
_PAIR_1256 = f"[{LEADS_1256}][{re.escape(CONTINUATIONS_1256)}]"
_MOJIBAKE_1256 = re.compile(f"{_PAIR_1256}(?:[ -~]*{_PAIR_1256}){{2,}}")


def encoding(text: str) -> tuple[str, int]:
    """Repair UTF-8 that was read with a code page of one byte per letter.

    Latin code pages: ftfy's fix_encoding, asked only where a byte pair of UTF-8 shows. windows-1256 (which
    ftfy leaves out): three or more letter pairs that are the bytes of U+0600 to U+06FF; the pair's second
    half is a sign or a Persian letter that no Arabic word has after such a letter three times running.

    >>> encoding("Ø³Ù„Ø§Ù…")
    ('سلام', 1)
    """
    fixed, count = _MOJIBAKE_1256.subn(_decode_1256, text)
    count = count if fixed != text else 0
    if _MOJIBAKE_1252.search(fixed):
        import ftfy  # 0.1 s, and most corpora need it rarely

        repaired = ftfy.fix_encoding(fixed)
        return repaired, count + (repaired != fixed)
    return fixed, count


def _decode_1256(match: re.Match[str]) -> str:
    try:
        return match[0].encode("cp1256").decode()
    except UnicodeError:
        return match[0]


_LINE_END = re.compile(f"\r\n|[{regex_class(LINE_ENDS)}]")
_RETURN_AT_END = re.compile(r"\r\Z")
_CONTROL = re.compile(f"[{regex_class(CONTROLS)}]")


def controls(text: str) -> tuple[str, int]:
    r"""Make line ends newlines and remove C0 and C1 controls.

    >>> controls("a\r\nb\x00\tc")
    ('a\nb\tc', 2)
    """
    text, carried = _RETURN_AT_END.subn("", text)  # the newline after it is where the line was cut
    text, ends = _LINE_END.subn("\n", text)
    text, removed = _CONTROL.subn("", text)
    return text, carried + ends + removed


_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_TAG_NAMES = (
    "a|abbr|article|aside|b|big|blockquote|body|center|cite|code|dd|del|div|dl|dt|em|font|footer|h[1-6]|head|"
    "header|hr|html|i|img|ins|kbd|li|link|main|mark|meta|nav|ol|option|pre|ref|s|script|section|select|small|"
    "span|strike|strong|style|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|tt|u|ul|var"
)
_TAG = re.compile(
    rf"<(?:(?P<end>br ?/?|/?p(?: [^<>]*)?)|!--[^<>]*--|/?(?:{_TAG_NAMES})(?: [^<>]*)?/?)>", re.IGNORECASE
)


def markup(text: str) -> tuple[str, int]:
    r"""Resolve HTML entities and remove the tags of HTML; `<br>` and `</p>` inside a line end it.

    >>> markup("قال&nbsp;<b>زيد</b><br>نعم")
    ('قال\xa0زيد\nنعم', 4)
    """
    entities = sum(html.unescape(entity) != entity for entity in _ENTITY.findall(text))
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())

    def end_line(match: re.Match[str]) -> str:
        inside = first < match.start() and match.end() < last
        return "\n" if match["end"] and inside else ""

    text, tags = _TAG.subn(end_line, text)
    return text, entities + tags


_INVISIBLE = re.compile(f"[{regex_class(INVISIBLE)}]")
_HEH_JOINER = re.compile(f"(?<![{WORD}])\N{ARABIC LETTER HEH}\u200d+(?![{WORD}])")
_JOINED = re.compile(f"[{WORD}\N{ARABIC TATWEEL}\u200c\u200d]+")
_JOINER = re.compile("[\u200c\u200d]")
_ALPHABET = {*range(0x0620, 0x064B), 0x0671}  # hamza to yeh, and alef wasla
_FOREIGN_LETTER = re.compile(
    f"[{regex_class(code for code in _KINDS.letters if code < 0x0900 and code not in _ALPHABET)}]"
)


def invisible(text: str) -> tuple[str, int]:
    """Remove what has no width: bidi controls, zero-width spaces, joiners inside and beside Arabic words.

    A word with a letter outside the Arabic alphabet keeps its joiners (they are spelling in Persian); emoji
    keep theirs because no Arabic letter stands beside them. A lone heh with a joiner is the abbreviation of
    "hijri": the joiner becomes the tatweel that keyboards have for it.
    """
    text, removed = _INVISIBLE.subn("", text)
    if "\u200c" not in text and "\u200d" not in text:
        return text, removed
    text, abbreviations = _HEH_JOINER.subn("\N{ARABIC LETTER HEH}\N{ARABIC TATWEEL}", text)
    joiners = text.count("\u200c") + text.count("\u200d")
    text = _JOINED.sub(_without_joiners, text)
    return text, removed + abbreviations + joiners - text.count("\u200c") - text.count("\u200d")


def _without_joiners(match: re.Match[str]) -> str:
    word = _JOINER.sub("", match[0])
    return match[0] if not word or _FOREIGN_LETTER.search(word) else word


_ARABIC = "".join(f"{chr(first)}-{chr(last)}" for first, last in ARABIC_BLOCKS)
_RESOLVED_CODES = set(_KINDS.resolved) - set(map(ord, PHRASES))
_RESOLVED = re.compile(f"[{regex_class(code for code in _RESOLVED_CODES if code < 0x10000)}]")
_RESOLVED_ASTRAL = re.compile("[\U0001ee00-\U0001eeff]")
# ASCII is inert under NFKC, so a run may go on over it: then most lines are one run.
_RUN = re.compile(f"[{_ARABIC}][\n -~{_ARABIC}]*")
_KEPT_APART = re.compile(f"([{''.join(sorted(PHRASES))}])")


def forms(text: str) -> tuple[str, int]:
    """NFKC on the runs of Arabic characters, phrases apart: presentation forms become letters.

    Counts characters resolved, and one for a line in which marks were only composed or put in order.

    >>> forms("ﻻ x² ﷺ")
    ('لا x² ﷺ', 1)
    """
    if unicodedata.is_normalized("NFKC", text):
        return text, 0
    fixed = _RUN.sub(_compatible, text)
    if fixed == text:
        return text, 0
    return fixed, max(1, len(_RESOLVED.findall(text)) + len(_RESOLVED_ASTRAL.findall(text)))


def _compatible(match: re.Match[str]) -> str:
    run = match[0]
    if unicodedata.is_normalized("NFKC", run):
        return run
    parts = _KEPT_APART.split(run)  # the phrases are at the odd places
    parts[::2] = [unicodedata.normalize("NFKC", part) for part in parts[::2]]
    return "".join(parts)


_PHRASE = re.compile(f"[{''.join(sorted(PHRASES))}]")
_SPELLED = {phrase: unicodedata.normalize("NFKC", phrase) for phrase in PHRASES} | {
    # as camel-tools spells them: with an Arabic yeh, and where Unicode has no decomposition
    "\N{RIAL SIGN}": "\u0631\u064a\u0627\u0644",
    "\N{ARABIC LIGATURE BISMILLAH AR-RAHMAN AR-RAHEEM}": "\u0628\u0633\u0645 \u0627\u0644\u0644\u0647 "
    "\u0627\u0644\u0631\u062d\u0645\u0646 \u0627\u0644\u0631\u062d\u064a\u0645",
}


def phrases(text: str) -> tuple[str, int]:
    """Spell out the one-character phrases, as camel-tools does."""
    return _PHRASE.subn(lambda match: _SPELLED[match[0]], text)


_ALEF, _LAM, _WAW, _FEH, _BEH, _KAF = (chr(code) for code in (0x627, 0x644, 0x648, 0x641, 0x628, 0x643))
_DETACHED = re.compile(  # one letter, or a prefix with the article, that is all of the word so far
    f"(?<![{WORD}])(?:[{LETTER}][{MARK}]*|[{_WAW}{_FEH}]?[{_BEH}{_KAF}]?{_ALEF}{_LAM}|[{_WAW}{_FEH}]?{_LAM}{_LAM})\\Z"
)
_LONGEST_DETACHED = 12  # characters: a letter and all marks that it can bear, or the longest prefix
_TATWEELS = re.compile("\N{ARABIC TATWEEL}+")
_WORD_CHARACTER = re.compile(f"[{WORD}]")
_CARRIED = "\N{ARABIC HAMZA ABOVE}\N{ARABIC HAMZA BELOW}\N{ARABIC LETTER SUPERSCRIPT ALEF}"


def tatweel(text: str) -> tuple[str, int]:
    """Remove elongation, and nothing that tatweel carries or marks; counts the characters removed.

    It stays (as one) under a dagger alef or a hamza, at the end of a one-letter abbreviation or detached
    prefix, and where it touches no letter (a dash, a carrier that shows a vowel, an ornament).

    >>> tatweel("جميـــل سنة 1432هـ")
    ('جميل سنة 1432هـ', 3)
    """
    fixed = _TATWEELS.sub(_shortened, text)
    return fixed, len(text) - len(fixed)


def _shortened(match: re.Match[str]) -> str:
    text, (start, end) = match.string, match.span()
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    follows, precedes = _WORD_CHARACTER.match(before), _WORD_CHARACTER.match(after)
    if after and after in _CARRIED:
        return match[0][0]
    if not follows and (not precedes or after in MARKS):
        return match[0]
    if not precedes and _DETACHED.search(text, max(0, start - _LONGEST_DETACHED), start):
        return match[0][0]
    return ""


_ODD = re.compile(f"[{regex_class(ODD_BLANKS)}]")
_BLANK_RUN = re.compile("[ \t][ \t]+")


def spaces(text: str) -> tuple[str, int]:
    r"""One blank between words, none at the end of a line; indentation stays, odd blanks become spaces.

    >>> spaces("  نعم \u00a0 لا \t لا  ")
    ('  نعم لا\tلا', 4)
    """
    text, odd = _ODD.subn(" ", text)
    lines = text.split("\n")
    stripped = [line.rstrip(" \t") for line in lines]
    ends = sum(map(str.__ne__, lines, stripped))
    fixed = [_BLANK_RUN.sub(_one_blank, line) for line in stripped]
    runs = sum(len(_BLANK_RUN.findall(line)) for line in stripped) if fixed != stripped else 0
    indented = sum(line[:1] in {" ", "\t"} and line[1:2] in {" ", "\t"} for line in stripped) if runs else 0
    return "\n".join(fixed), odd + ends + runs - indented


def _one_blank(match: re.Match[str]) -> str:
    if match.start() == 0:
        return match[0]
    return "\t" if "\t" in match[0] else " "


_BEFORE = rf"[{WORD}{CLOSING_CLASS}]"
_BLANK_STOPS = [f" {stop}" for stop in STOPS]
_OPENING_BLANKS = [f"{bracket} " for bracket in OPENING]
_BLANK_CLOSINGS = [f" {bracket}" for bracket in CLOSING]
_SPACED_STOP = re.compile(rf" +(?=[{_ARABIC_STOPS}]|[.:!,](?: |$))", re.MULTILINE)
_SPACED_OPENING = re.compile(rf"(?<=[{OPENING_CLASS}]) +(?=[^\s{BRACKET_CLASS}])")
_SPACED_CLOSING = re.compile(rf" +(?=[{CLOSING_CLASS}])")
_UNSPACED = re.compile(rf"[{_ARABIC_STOPS}](?=[{LETTER}])(?<={_BEFORE}.)")
_UNSPACED_ASCII = re.compile(rf"[.:!,](?=[{LETTER}][{WORD}])(?<=[{WORD}][{WORD}][{WORD}].)")


def punctuation(text: str) -> tuple[str, int]:
    """Close the space before marks and inside brackets, open it after marks between words.

    Marks of ASCII are treated only where they cannot be part of a number, an abbreviation (fewer than three
    letters before a full stop), an emoticon or an address.

    >>> punctuation("نعم ،لا ( ربما ) ؟")
    ('نعم، لا (ربما)؟', 5)
    """
    length = len(text)
    if any(
        pair in text for pair in _BLANK_STOPS
    ):  # ten times as fast as the regex, which most lines do not need
        text = _SPACED_STOP.sub(_unless_loose, text)
    if any(pair in text for pair in _OPENING_BLANKS):
        text = _SPACED_OPENING.sub("", text)
    if any(pair in text for pair in _BLANK_CLOSINGS):
        text = _SPACED_CLOSING.sub(_unless_empty, text)
    removed = length - len(text)
    text, opened = _UNSPACED.subn(r"\g<0> ", text)
    stops = 0
    if "://" not in text and "www." not in text:
        text, stops = _UNSPACED_ASCII.subn(r"\g<0> ", text)
    return text, removed + opened + stops


_AFTER_WORD = re.compile(_BEFORE)
_AFTER_BRACKET = re.compile(rf"[\s{BRACKET_CLASS}]|^$")


def _unless_loose(match: re.Match[str]) -> str:
    """Nothing for blanks that follow a word or a closing bracket; others stay."""
    return "" if _AFTER_WORD.match(match.string[max(0, match.start() - 1) : match.start()]) else match[0]


def _unless_empty(match: re.Match[str]) -> str:
    """Nothing for blanks that follow the text inside brackets; those of `( )` or of a loose bracket stay."""
    return match[0] if _AFTER_BRACKET.match(match.string[max(0, match.start() - 1) : match.start()]) else ""
