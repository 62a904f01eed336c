"""Conversations as rows of turns, and the form in which every rule says what it found."""

import polars as pl

from corpus.fold import fold
from corpus.text_buffers import from_buffers

HIT_COLUMNS: dict[str, pl.DataType] = {
    "conversation": pl.UInt32(),  # its row
    "turn": pl.Int64(),  # from 1; 0 for the conversation as a whole
    "rule": pl.String(),
    "detail": pl.String(),  # the figure or the words that decided
}

_CODE = r"(?s)```.*?(?:```|$)|`[^`\n]+`"


def turns_of(conversations: pl.DataFrame) -> pl.DataFrame:
    """One row for each turn: `conversation`, `turn`, `role`, `content`, `prose`, `folded`, `arabic`, `latin`.

    `prose` is the content without code, `folded` its key (`corpus.fold`) between two spaces, so that a phrase between
    spaces is found as whole words; `arabic` and `latin` count the letters of either script.
    """
    turns = (
        conversations.with_row_index("conversation")
        .select("conversation", "messages")
        .explode("messages")
        .unnest("messages")
        .with_columns(
            turn=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("conversation"),
            prose=pl.col("content").str.replace_all(_CODE, " "),
        )
    )
    folded = from_buffers(fold(turns["prose"])).alias("folded")
    return turns.with_columns(
        folded=" " + folded + " ",
        arabic=pl.col("prose").str.count_matches(r"[\p{Arabic}&&\p{L}]").cast(pl.Int64),
        latin=pl.col("prose").str.count_matches(r"[\p{Latin}&&\p{L}]").cast(pl.Int64),
    )


def symbols(text: pl.Expr) -> pl.Expr:
    """Operators, currency signs and emoji of a text, which folding takes away: 5 + 3 asks something else than 5 - 3.

    A hyphen is one where a number follows it; a list of strings.
    """
    return text.str.extract_all(r"[\p{S}*/%#]|-\s*\p{N}").list.eval(pl.element().str.slice(0, 1))


def hits(turns: pl.DataFrame, rule: str, holds: pl.Expr, detail: pl.Expr) -> pl.DataFrame:
    """HIT_COLUMNS of the turns for which `holds` is true."""
    return turns.filter(holds).select(
        "conversation", "turn", rule=pl.lit(rule, pl.String), detail=detail.cast(pl.String)
    )


def no_hits() -> pl.DataFrame:
    """A frame of HIT_COLUMNS without a row."""
    return pl.DataFrame(schema=HIT_COLUMNS)


def is_answer() -> pl.Expr:
    """Whether a turn is the assistant's."""
    return pl.col("role") == "assistant"


def is_question() -> pl.Expr:
    """Whether a turn is the user's."""
    return pl.col("role") == "user"
