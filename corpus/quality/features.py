"""What the quality rules look at, counted for each document."""

from functools import lru_cache

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.quality.characters import Characters, characters
from corpus.quality.phrases import PhraseTable, longest_phrase, phrase_table
from corpus.quality.repetition import LONGEST, new_scratch, ngram_repetition, repeated
from corpus.quality.scan import COUNTS, room_for, scan
from corpus.quality.settings import Quality, Rules
from corpus.text_buffers import Bytes, Offsets, to_buffers

Numbers = npt.NDArray[np.int64]

STOP, SPAM, NOTICE, LOREM = 1, 2, 4, 8
_WAW, _HAMZA, _YEH = "\N{ARABIC LETTER WAW}", "\N{ARABIC LETTER HAMZA}", "\N{ARABIC LETTER YEH}"

_NUM_SCANNED = len(COUNTS)
_FOUND = (
    "stops",
    "spam",
    "notice",
    "lorem",
    "again_lines",
    "again_line_characters",
    "again_paragraphs",
    "again_paragraph_characters",
    "top_count",
    *(f"gram_{size}" for size in range(2, LONGEST + 1)),
)
_STOPS, _SPAM, _NOTICE, _LOREM, _LINES, _PARAGRAPHS, _TOP = (_NUM_SCANNED + i for i in (0, 1, 2, 3, 4, 6, 8))
_SCAN_LINES, _SCAN_PARAGRAPHS = COUNTS.index("lines"), COUNTS.index("paragraphs")


def measure(texts: pl.Series, languages: pl.Series, settings: Quality | None = None) -> pl.DataFrame:
    """One row of features for each text, in order; docs/quality.md defines them.

    Counts are Int64, ratios Float64; a ratio to nothing is 0. `settings` says what the stop words, spam words
    and notices of each language are; thresholds play no part here.

    >>> frame = measure(pl.Series(["the cat sat on the mat ."]), pl.Series(["en"]))
    >>> frame.select("words", "mean_word_length", "stop_words", "punctuated_lines").row(0)
    (6, 2.8333333333333335, 2, 1.0)
    """
    settings = settings or Quality()
    buffers = to_buffers(texts)
    counts = np.zeros((len(buffers), _NUM_SCANNED + len(_FOUND)), np.int64)
    section = languages.fill_null("").to_numpy()
    arabic, english = section == "ar", section == "en"
    for rules, chosen in (
        (settings.ar, arabic),
        (settings.en, english),
        (settings.other, ~(arabic | english)),
    ):
        rows = np.flatnonzero(chosen)
        if len(rows):
            _measure(buffers.data, buffers.offsets, rows, _tables(), _phrases(*_listed(rules)), counts)
    return _features(counts)


def word_keys(text: str) -> tuple[int, ...]:
    """The keys of the words of a text, as `measure` compares them."""
    data = np.frombuffer(text.encode(), np.uint8)
    pieces, counts = room_for(len(data)), np.zeros(_NUM_SCANNED, np.int64)
    scan(data, 0, len(data), _tables(), pieces, counts)
    return tuple(int(key) for key in pieces.words[: counts[0]])


@lru_cache(maxsize=1)
def _tables() -> Characters:
    return characters()


def _listed(rules: Rules) -> tuple[tuple[str, ...], ...]:
    return tuple(rules.stop_words), tuple(rules.spam_words), tuple(rules.notices)


@lru_cache(maxsize=8)
def _phrases(stop_words: tuple[str, ...], spam: tuple[str, ...], notices: tuple[str, ...]) -> PhraseTable:
    labels: dict[tuple[int, ...], int] = {}
    with_waw = tuple(
        _WAW + word for word in stop_words if "\N{ARABIC LETTER HAMZA}" <= word[0] <= "\N{ARABIC LETTER YEH}"
    )
    listed = ((STOP, stop_words + with_waw), (SPAM, spam), (NOTICE, notices), (LOREM, ("lorem ipsum",)))
    for label, phrases in listed:
        for phrase in phrases:
            words = word_keys(phrase)
            labels[words] = labels.get(words, 0) | label
    return phrase_table(labels)


@numba.njit(cache=True, nogil=True)
def _measure(
    data: Bytes, offsets: Offsets, rows: Numbers, tables: Characters, phrases: PhraseTable, counts: Numbers
) -> None:
    most = 0
    for row in rows:
        most = max(most, offsets[row + 1] - offsets[row])
    pieces, scratch = room_for(most), new_scratch(1024)
    stops = np.empty(len(pieces.words), np.uint8)
    turn = 1
    for row in rows:
        count = counts[row]
        scan(data, offsets[row], offsets[row + 1], tables, pieces, count)
        num_words, num_lines, num_paragraphs = count[0], count[_SCAN_LINES], count[_SCAN_PARAGRAPHS]
        if len(scratch.keys) < 2 * max(num_words, num_lines):
            scratch = new_scratch(max(num_words, num_lines))
        _find_phrases(pieces.words, num_words, phrases, stops, count)
        count[_LINES], count[_LINES + 1] = repeated(
            pieces.lines, pieces.line_characters, num_lines, turn, scratch
        )
        count[_PARAGRAPHS], count[_PARAGRAPHS + 1] = repeated(
            pieces.paragraphs, pieces.paragraph_characters, num_paragraphs, turn + 1, scratch
        )
        found = ngram_repetition(pieces.words, pieces.letters_before, stops, num_words, turn + 2, scratch)
        count[_TOP : _TOP + LONGEST] = found[1:]
        turn += 2 + LONGEST


@numba.njit(cache=True, nogil=True)
def _find_phrases(
    words: npt.NDArray[np.uint64],
    num_words: int,
    phrases: PhraseTable,
    stops: npt.NDArray[np.uint8],
    count: Numbers,
) -> None:
    for index in range(num_words):
        length, label = longest_phrase(words, index, num_words, phrases)
        stops[index] = label & STOP
        if length > 0:
            count[_STOPS] += label & STOP != 0
            count[_SPAM] += length if label & SPAM else 0
            count[_NOTICE] += label & NOTICE != 0
            count[_LOREM] += label & LOREM != 0


def _features(counts: Numbers) -> pl.DataFrame:
    frame = pl.DataFrame(counts, schema=[*COUNTS, *_FOUND], orient="row")

    def share(part: str, whole: str) -> pl.Expr:
        return pl.col(part) / pl.col(whole).clip(1)

    return frame.select(
        "words",
        "lines",
        "longest_word",
        "sentences",
        "curly_brackets",
        mean_word_length=share("letters", "words"),
        words_with_letter=share("words_with_letter", "words"),
        hash_ratio=share("hashes", "words"),
        ellipsis_ratio=share("ellipses", "words"),
        bullet_lines=share("bullet_lines", "lines"),
        ellipsis_lines=share("ellipsis_lines", "lines"),
        stop_words=pl.col("stops"),
        stop_word_share=share("stops", "words"),
        repeated_lines=share("again_lines", "lines"),
        repeated_line_characters=share("again_line_characters", "characters"),
        repeated_paragraphs=share("again_paragraphs", "paragraphs"),
        repeated_paragraph_characters=share("again_paragraph_characters", "characters"),
        **{f"top_{size}gram": share(f"gram_{size}", "letters") for size in range(2, 5)},
        **{f"repeated_{size}gram": share(f"gram_{size}", "letters") for size in range(5, LONGEST + 1)},
        punctuated_lines=share("punctuated_lines", "lines"),
        short_lines=share("short_lines", "lines"),
        line_breaks=(pl.col("lines") - 1).clip(0) / pl.col("words").clip(1),
        digits=share("digits", "characters"),
        urls=share("urls", "words"),
        hashtags=share("hashtags", "words"),
        long_numbers=share("long_numbers", "words"),
        top_word=share("top_count", "words"),
        spam_words=share("spam", "words"),
        notices=share("notice", "lines"),
        lorem_ipsum=pl.col("lorem"),
    )
