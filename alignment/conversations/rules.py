"""What turns must be to make a conversation that can be trained on."""

import polars as pl

_LETTERS = {"system": "s", "user": "u", "assistant": "a", "tool": "t"}

_ORDER = "^s?(ua(t+a)*)+$"
"""At most one system turn, first; then questions and answers in turn, ending in an answer. Results of tools follow the
answer that asked for them, and another answer follows them."""

WHAT_HOLDS = {
    "no_turns": "a conversation without a turn",
    "empty_turn": "a turn without text, or of white space alone",
    "no_assistant_turn": "nothing to learn from",
    "wrong_role_order": "turns are not [system], user, assistant, user, assistant, ...; tool only after assistant",
}
"""Rules in the order in which they are asked, and what each one refuses."""


def judge(conversations: pl.DataFrame) -> pl.DataFrame:
    """The first rule that each conversation breaks, as `rule` and `detail`; null where it breaks none.

    `conversations` has a column `messages`, a list of structs of role and content.
    """
    turns = pl.col("messages")
    roles = turns.list.eval(pl.element().struct.field("role"))
    blank = turns.list.eval(pl.element().struct.field("content").str.strip_chars() == "")
    letters = roles.list.eval(pl.element().replace_strict(_LETTERS, return_dtype=pl.String)).list.join("")
    order = roles.list.join(" ")
    shown = pl.when(order.str.len_chars() > 80).then(order.str.slice(0, 80) + " ...").otherwise(order)
    rules = {
        "no_turns": (turns.list.len() == 0, pl.lit("")),
        "empty_turn": (
            blank.list.any(),
            pl.format(
                "turn {} ({})",
                blank.list.arg_max() + 1,
                roles.list.get(blank.list.arg_max(), null_on_oob=True),
            ),
        ),
        "no_assistant_turn": (~letters.str.contains("a"), shown),
        "wrong_role_order": (~letters.str.contains(_ORDER), shown),
    }
    assert rules.keys() == WHAT_HOLDS.keys()
    rule = detail = pl.lit(None, pl.String)
    for name, (broken, figures) in reversed(rules.items()):
        rule = pl.when(broken).then(pl.lit(name)).otherwise(rule)
        detail = pl.when(broken).then(figures).otherwise(detail)
    return conversations.select(rule=rule, detail=detail)
