"""What two answers must be to make a pair that can be trained on."""

import polars as pl

from alignment.conversations import rules as conversation_rules

WHAT_HOLDS = conversation_rules.WHAT_HOLDS | {
    "no_common_prompt": "the answers do not follow one and the same question",
    "same_answers": "chosen and rejected are the same text",
}
"""Rules in the order in which they are asked, and what each one refuses."""


def judge(pairs: pl.DataFrame) -> pl.DataFrame:
    """The first rule that each pair breaks, as `rule` and `detail`; null where it breaks none.

    `pairs` has the columns prompt, chosen and rejected, lists of structs of role and content.
    """
    sides = [
        conversation_rules.judge(pairs.select(messages=pl.concat_list("prompt", side))).select(
            rule=pl.col("rule"), detail=pl.format("{}: {}", pl.lit(side), pl.col("detail"))
        )
        for side in ("chosen", "rejected")
    ]
    frame = pl.concat(
        [pairs, *(side.rename(lambda name, n=n: f"{name}_{n}") for n, side in enumerate(sides))],  # type: ignore[misc]
        how="horizontal",
    )
    unasked = _last_role("prompt").is_null() | ~_last_role("prompt").is_in(["user", "tool"])
    same = _text("chosen") == _text("rejected")
    return frame.select(
        rule=pl.coalesce(
            pl.when(unasked & pl.col("rule_0").is_null() & pl.col("rule_1").is_null()).then(
                pl.lit("no_common_prompt")
            ),
            "rule_0",
            "rule_1",
            pl.when(same).then(pl.lit("same_answers")),
        ),
        detail=pl.coalesce(
            pl.when(pl.col("rule_0").is_not_null()).then("detail_0"),
            pl.when(pl.col("rule_1").is_not_null()).then("detail_1"),
            pl.lit(""),
        ),
    )


def _last_role(column: str) -> pl.Expr:
    return pl.col(column).list.last().struct.field("role")


def _text(column: str) -> pl.Expr:
    """Roles and texts of all turns, white space around them apart."""
    turn = pl.format(
        "{}:{}", pl.element().struct.field("role"), pl.element().struct.field("content").str.strip_chars()
    )
    return pl.col(column).list.eval(turn).list.join("\0")
