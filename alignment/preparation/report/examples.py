"""Conversations as the page shows them: turn by turn, each line in its own direction."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import xxhash

from corpus.card.excerpts import cut, excerpt
from corpus.card.figures import plural
from corpus.card.markup import code, direction, escape, isolated
from corpus.privacy import Privacy, mask

TURNS_SHOWN = 4
TURN_CHARACTERS = 420
DETAIL_CHARACTERS = 200


def choose(
    judged: pl.DataFrame, shown_sources: Sequence[str], by: Sequence[str], most: int
) -> list[dict[str, Any]]:
    """At most `most` conversations for each value of `by`, chosen by a hash of their place and not by hand."""
    rows = judged.with_row_index("row").filter(pl.col("named").is_in(list(shown_sources)))
    places = rows.select(pl.format("{} {}", "source", "line")).to_series()
    order = pl.Series([xxhash.xxh3_64_intdigest(place.encode()) for place in places], dtype=pl.UInt64)
    chosen = (
        rows.with_columns(order=order).sort(*by, "order", "row").group_by(by, maintain_order=True).head(most)
    )
    return [_masked(row) for row in chosen.to_dicts()]


def article(conversation: Mapping[str, Any]) -> str:
    """One conversation as a card; of long ones the beginning, and around the turn that decided."""
    turns = conversation["messages"]
    decided = conversation.get("turn") or 0
    first = max(0, decided - TURNS_SHOWN + 1) if decided else 0
    numbered = list(enumerate(turns, start=1))[first : first + TURNS_SHOWN]
    shown = "".join(_turn(number, turn, number == decided) for number, turn in numbered)
    left = len(turns) - len(numbered)
    more = f'<p class="quiet">{plural(left, "more turn")}</p>' if left else ""
    return (
        f'<article class="example talk">{shown}{more}<p class="source">{code(conversation["source"])} '
        f"<span>line {conversation['line']}</span></p>{_fate(conversation)}</article>"
    )


def _turn(number: int, turn: Mapping[str, str], decided: bool) -> str:
    way = direction(turn["content"])
    text = {"text": turn["content"], "language": "ar" if way == "rtl" else "en"}
    mark = " decided" if decided else ""
    return (
        f'<div class="turn {escape(turn["role"])}{mark}" dir="{way}">'
        f'<h5><bdi dir="ltr">{number} {escape(turn["role"])}</bdi></h5>'
        f"{excerpt(text, TURN_CHARACTERS)}</div>"
    )


def _fate(conversation: Mapping[str, Any]) -> str:
    if not conversation.get("rule"):
        return ""
    also = [rule.replace("_", " ") for rule in conversation["also"] or []]
    tail = f" <small>also: {escape(', '.join(also))}</small>" if also else ""
    return f'<p class="detail">{isolated(cut(conversation["detail"] or "", DETAIL_CHARACTERS))}{tail}</p>'


def _masked(conversation: dict[str, Any]) -> dict[str, Any]:
    """Without personal data: what was dropped is not shown to everybody."""
    texts = [turn["content"] for turn in conversation["messages"]] + [conversation.get("detail") or ""]
    *contents, detail = mask(pl.Series(texts, dtype=pl.String), Privacy()).texts.to_list()
    turns = [
        turn | {"content": content} for turn, content in zip(conversation["messages"], contents, strict=True)
    ]
    return conversation | {"messages": turns, "detail": detail}
