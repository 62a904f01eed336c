"""Turns too short or too long, and conversations with too many of them."""

import polars as pl

from alignment.preparation.settings import Lengths
from alignment.preparation.turns import hits, is_answer, is_question


def find(turns: pl.DataFrame, settings: Lengths) -> pl.DataFrame:
    """HIT_COLUMNS of rules short_prompt, long_prompt, short_answer, long_answer and many_turns."""
    characters = pl.col("content").str.len_chars()
    found = []
    for name, side in (("prompt", is_question()), ("answer", is_answer())):
        least, most = getattr(settings, f"minimum_{name}"), getattr(settings, f"maximum_{name}")
        below = pl.format("{} characters < {}", characters, pl.lit(least))
        above = pl.format("{} characters > {}", characters, pl.lit(most))
        # Further on in a conversation "no" is a question as good as any.
        first = pl.col("turn") == pl.col("turn").filter(side).min().over("conversation")
        found += [
            hits(turns, f"short_{name}", side & first & (characters < least), below),
            hits(turns, f"long_{name}", side & (characters > most), above),
        ]
    last = turns.group_by("conversation", maintain_order=True).agg(
        number=pl.col("turn").max(), turn=pl.lit(0, pl.Int64)
    )
    most = settings.maximum_turns
    found.append(
        hits(last, "many_turns", pl.col("number") > most, pl.format("{} turns > {}", "number", pl.lit(most)))
    )
    return pl.concat(found)
