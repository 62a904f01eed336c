"""One reading of a document's bytes: keys of its words, lines and paragraphs, and all that is counted."""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from corpus.quality.characters import (
    BULLET,
    DIGIT,
    ENDS_LINE,
    ENDS_SENTENCE,
    IGNORED,
    KIND,
    LETTER,
    SPACE,
    SYMBOL,
    Characters,
    decode,
)
from corpus.text_buffers import Bytes
from corpus.word_keys import PRIME, SEED, mixed

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

COUNTS = (
    "words",
    "letters",  # letters and digits in words
    "words_with_letter",
    "longest_word",
    "characters",  # all that is not white space, a mark or invisible
    "digits",
    "hashes",
    "ellipses",
    "curly_brackets",
    "sentences",
    "urls",
    "hashtags",
    "long_numbers",
    "lines",
    "bullet_lines",
    "ellipsis_lines",
    "punctuated_lines",
    "short_lines",
    "paragraphs",
)
"""What `scan` counts, by position."""

(
    _WORDS,
    _LETTERS,
    _LETTERED,
    _LONGEST,
    _CHARACTERS,
    _DIGITS,
    _HASHES,
    _ELLIPSES,
    _CURLY,
    _SENTENCES,
    _URLS,
    _HASHTAGS,
    _LONG_NUMBERS,
    _LINES,
    _BULLETS,
    _ELLIPSIS_LINES,
    _PUNCTUATED,
    _SHORT,
    _PARAGRAPHS,
) = range(len(COUNTS))

_SHORT_LINE = 30  # characters, FineWeb
_LONG_NUMBER = (9, 15)  # digits; a date has 8, E.164 allows 15
_LINE_FEED, _ELLIPSIS, _DOT, _HASH, _COLON, _SLASH = 0x0A, 0x2026, 0x2E, 0x23, 0x3A, 0x2F


class Pieces(NamedTuple):
    """Room for the pieces of one document; `counts` of the scan says how much of it is in use.

    Attributes:
        words: Key of each word: its letters and digits, folded.
        letters_before: Letters in all words before word i.
        lines: Key of each line that is not blank: its visible characters as they are, without marks.
        line_characters: How many these are.
        paragraphs: Key of each paragraph: lines that no blank one parts.
        paragraph_characters: How many visible characters it has.
    """

    words: Keys
    letters_before: Numbers
    lines: Keys
    line_characters: Numbers
    paragraphs: Keys
    paragraph_characters: Numbers


@numba.njit(cache=True, nogil=True)
def room_for(num_bytes: int) -> Pieces:
    """Room for any document of so many bytes; what is never touched of it costs no memory."""
    most = num_bytes // 2 + 2
    return Pieces(
        np.empty(most, np.uint64),
        np.zeros(most, np.int64),
        np.empty(most, np.uint64),
        np.empty(most, np.int64),
        np.empty(most, np.uint64),
        np.empty(most, np.int64),
    )


@numba.njit(cache=True, nogil=True)
def scan(data: Bytes, start: int, end: int, characters: Characters, pieces: Pieces, counts: Numbers) -> None:
    """Read `data[start:end]`, valid UTF-8, into `pieces` and `counts` (see COUNTS), which must be 0."""
    classes, folded = characters.classes, characters.folded
    word, letters, alphabetic, token, url = SEED, 0, False, 0, False
    first, last_class, previous, dots = np.int64(0), np.int64(0), np.int64(0), 0
    line, line_visible, line_tokens = SEED, 0, 0
    line_bullet, paragraph, paragraph_visible = False, SEED, 0
    position = start
    while position <= end:
        if position < end:
            code, size = decode(data, position)
        else:
            code, size = np.int64(_LINE_FEED), 1  # the text ends its last word, line and paragraph
        position += size
        character_class = np.int64(classes[code]) if code < 0x10000 else np.int64(_class_beyond(code))
        kind = character_class & KIND
        if kind == IGNORED:
            continue
        if kind != SPACE:
            if token == 0:
                first = code
                if line_tokens == 0:
                    line_bullet = character_class & BULLET != 0
                    if line_bullet and code < 0x80:  # "-1" and "*args" are no bullets
                        line_bullet = position < end and data[position] == 0x20
                line_tokens += 1
            token += 1
            line = (line ^ np.uint64(code)) * PRIME
            if kind in (LETTER, DIGIT):
                letter = np.int64(folded[code]) if code < 0x10000 else code
                word = (word ^ np.uint64(letter)) * PRIME
                letters += 1
                if kind == LETTER:
                    alphabetic = True
                else:
                    counts[_DIGITS] += 1
                dots = 0
            else:
                dots = dots + 1 if code == _DOT else 0
                counts[_HASHES] += code == _HASH
                counts[_ELLIPSES] += code == _ELLIPSIS or dots == 3
                counts[_CURLY] += code == 0x7B
                if code == _SLASH and previous == _COLON:
                    url = True
            previous, last_class = code, character_class
            continue
        if token > 0:
            line_visible += token
            line = mixed(line)
            if letters > 0:
                index = counts[_WORDS]
                pieces.words[index] = mixed(word)
                pieces.letters_before[index + 1] = pieces.letters_before[index] + letters
                counts[_WORDS] += 1
                counts[_LETTERED] += alphabetic
                counts[_LONGEST] = max(counts[_LONGEST], letters)
                counts[_URLS] += url or _starts_with_www(data, position - size - token, start)
                counts[_HASHTAGS] += first == _HASH and alphabetic
                counts[_LONG_NUMBERS] += not alphabetic and _LONG_NUMBER[0] <= letters <= _LONG_NUMBER[1]
            counts[_SENTENCES] += last_class & ENDS_SENTENCE != 0
            word, letters, alphabetic, token, url = SEED, 0, False, 0, False
        if code != _LINE_FEED:
            continue
        if line_visible > 0:
            index = counts[_LINES]
            pieces.lines[index], pieces.line_characters[index] = line, line_visible
            counts[_LINES] += 1
            counts[_BULLETS] += line_bullet
            counts[_ELLIPSIS_LINES] += previous == _ELLIPSIS or dots >= 3
            counts[_PUNCTUATED] += last_class & ENDS_LINE != 0
            counts[_SHORT] += line_visible + line_tokens - 1 <= _SHORT_LINE
            paragraph = mixed(paragraph ^ line) * PRIME
            paragraph_visible += line_visible
            counts[_CHARACTERS] += line_visible
        if paragraph_visible > 0 and (line_visible == 0 or position > end):
            index = counts[_PARAGRAPHS]
            pieces.paragraphs[index], pieces.paragraph_characters[index] = paragraph, paragraph_visible
            counts[_PARAGRAPHS] += 1
            paragraph, paragraph_visible = SEED, 0
        line, line_visible, line_tokens, dots, previous = SEED, 0, 0, 0, np.int64(0)
    counts[_LETTERS] = pieces.letters_before[counts[_WORDS]]


@numba.njit(cache=True, nogil=True)
def _class_beyond(code: np.int64) -> int:
    """Class beyond the BMP: letters, but for the symbols and emoji of plane 1."""
    return SYMBOL if 0x1F000 <= code < 0x20000 else LETTER


@numba.njit(cache=True, nogil=True)
def _starts_with_www(data: Bytes, position: int, start: int) -> bool:
    """Whether an ASCII token that starts at this byte starts with "www."."""
    if position < start:
        return False
    for place in range(position, position + 3):
        if data[place] | 0x20 != 0x77:
            return False
    return bool(data[position + 3] == _DOT)
