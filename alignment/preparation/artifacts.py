"""Traces of machine translation and of careless collecting."""

import polars as pl

from alignment.preparation.phrases import first_phrase, holds_phrase, read_phrases
from alignment.preparation.settings import Artifacts
from alignment.preparation.turns import hits, is_answer, no_hits, symbols

_SHOWN = 80

_QUOTED = r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»|\([^)\n]*\)|https?://\S+|\S+@\S+"
_MARKS = {
    "«": "»",
    "“": "”",
    "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
}

_PREFIXES = "وفبكلسا"
"""Letters that Arabic writes together with the next word: and, in, like, for, the article."""

_MIXED_WORD = (
    rf"[A-Za-z]{{2,}}[\p{{Arabic}}&&\p{{L}}]{{2,}}"  # Latin running into Arabic
    rf"|[\p{{Arabic}}&&\p{{L}}&&[^{_PREFIXES}ـ]][A-Za-z]{{2,}}"  # Arabic that is no prefix before Latin
    r"|[\p{Cyrillic}\p{Greek}]+[A-Za-z]{2,}|[A-Za-z]{2,}[\p{Cyrillic}\p{Greek}]+"
    r"|[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}][\p{Arabic}&&\p{L}]|[\p{Arabic}&&\p{L}][\p{Han}\p{Hiragana}\p{Hangul}]"
)

_PLACEHOLDERS = (
    r"\[(?:insert|enter|your|name|date|city|company|add)\b[^\]\n.!?]{0,40}\]",
    r"\[(?:أدخل|ادخل|اسم|اسمك|الاسم|التاريخ|ضع|أضف|اكتب)[^\]\n.!؟]{0,40}\]",
    r"\{\{?\s*[a-z_][a-z_ ]{1,30}\}?\}",
    r"<\|[^|>\n]{1,40}\|>",
    r"<(?:extra_id_\d+|unk|pad|mask|s|/s|eos|bos|endoftext|start_of_turn|end_of_turn)>",
    r"\[(?:UNK|MASK|PAD|CLS|SEP|/?INST)\]",
    r"<</?SYS>>",
    r"%\([a-z_]+\)[sd]",
    r"\blorem ipsum\b",
    r"\bX{4,}\b",
)
_PLACEHOLDER = "(?i)" + "|".join(_PLACEHOLDERS)

_MOJIBAKE = "\N{REPLACEMENT CHARACTER}|(?:[ØÙ]\\S){2,}|â€[™œ“”\x9d]"
"""What could not be decoded, and UTF-8 read as Windows-1252: Arabic and curly quotation marks."""

_OPEN_END = r"[,،;؛:«“\-–—]\s*$|(?:^|[^:;=\-])[(\[]\s*$"
"""At a mark that something must follow; a bracket after a colon is a face."""

_ENDED = r"[\p{P}\p{S}\p{N}\p{M}]\s*$|https?://\S+\s*$"

_CLOSING_LINE = r"\n\s*\S+(?: \S+){0,2}$"
"""A last line of up to three words: the end, a signature."""


def find(turns: pl.DataFrame, settings: Artifacts) -> pl.DataFrame:
    """HIT_COLUMNS of rules english_left, translator_talk, unbalanced_quotes, mixed_script, placeholder and the rest."""
    found = [
        _english_left(turns, settings.english_words),
        _translator_talk(turns) if settings.translator_talk else no_hits(),
        _unbalanced_quotes(turns, settings.unbalanced_quotes),
        _counted(turns, "mixed_script", _MIXED_WORD, settings.mixed_words),
        _counted(turns, "placeholder", _PLACEHOLDER, settings.placeholders),
        _counted(turns, "mojibake", _MOJIBAKE, settings.mojibake),
        _ends(turns, settings),
        _echoes(turns) if settings.echo else no_hits(),
    ]
    return pl.concat(found)


def _english_left(turns: pl.DataFrame, words: int) -> pl.DataFrame:
    if not words:
        return no_hits()
    run = rf"(?:[A-Za-z][A-Za-z'’]*[ ,]+){{{words - 1},}}[A-Za-z]+"
    bare = turns.with_columns(run=pl.col("prose").str.replace_all(_QUOTED, " ").str.extract(f"({run})"))
    mostly_arabic = pl.col("arabic") > pl.col("latin")
    return hits(
        bare, "english_left", mostly_arabic & pl.col("run").is_not_null(), pl.col("run").str.slice(0, _SHOWN)
    )


def _translator_talk(turns: pl.DataFrame) -> pl.DataFrame:
    """A question may ask for a translation; where no one asked, an answer that speaks of one was translated itself."""
    phrases = read_phrases("translator_talk")
    asked = holds_phrase(read_phrases("language_names"))
    judged = turns.with_columns(asked=asked.cum_max().shift(1, fill_value=False).over("conversation"))
    talks = is_answer() & ~pl.col("asked") & holds_phrase(phrases)
    return hits(judged, "translator_talk", talks, first_phrase(phrases))


def _unbalanced_quotes(turns: pl.DataFrame, least: int) -> pl.DataFrame:
    if not least:
        return no_hits()
    lone = (
        pl.sum_horizontal((_number(opening) - _number(closing)).abs() for opening, closing in _MARKS.items())
        + _number('"') % 2
    )
    judged = turns.with_columns(lone=lone)
    return hits(judged, "unbalanced_quotes", pl.col("lone") >= least, pl.format("{} marks alone", "lone"))


def _number(mark: str) -> pl.Expr:
    return pl.col("prose").str.count_matches(mark, literal=True).cast(pl.Int64)


def _counted(turns: pl.DataFrame, rule: str, pattern: str, least: int) -> pl.DataFrame:
    if not least:
        return no_hits()
    number = pl.col("prose").str.count_matches(pattern)
    first = pl.col("prose").str.extract(f"({pattern})").str.slice(0, _SHOWN)
    return hits(turns, rule, number >= least, pl.format("{}, the first is {}", number, first))


def _ends(turns: pl.DataFrame, settings: Artifacts) -> pl.DataFrame:
    """Answers cut off: nothing said it, so the last character has to."""
    found = [no_hits()]
    text = pl.col("content").str.strip_chars_end()
    tail = text.str.slice(-_SHOWN)
    if settings.open_end:
        found.append(hits(turns, "open_end", is_answer() & text.str.contains(_OPEN_END), tail))
    if settings.unfinished:
        # Verse and lists have no full stops: an answer whose other lines end in letters too is no fragment.
        lines = (
            text.str.replace(_CLOSING_LINE, "")
            .str.split("\n")
            .list.eval(pl.element().filter(pl.element().str.strip_chars() != ""))
        )
        bare = lines.list.eval(~pl.element().str.contains(_ENDED)).list.sum()
        alone = bare <= pl.max_horizontal(1, lines.list.len() // 4)
        long = text.str.len_chars() >= settings.unfinished
        unended = is_answer() & long & ~text.str.replace(_CLOSING_LINE, "").str.contains(_ENDED) & alone
        found.append(hits(turns, "unfinished", unended, tail))
    return pl.concat(found)


def _echoes(turns: pl.DataFrame) -> pl.DataFrame:
    judged = turns.with_columns(said=pl.col("folded") + symbols(pl.col("prose")).list.join(" "))
    judged = judged.with_columns(asked=pl.col("said").shift(1).over("conversation"))
    echo = is_answer() & (pl.col("said") == pl.col("asked")) & (pl.col("folded") != "  ")
    return hits(judged, "echo", echo, pl.lit("repeats its question"))
