"""Records of the other projects, and which conversations and pairs cannot be one.

Rules and shapes are those of their loaders:
NeMo-RL (main of 2026-08-22, 7ea279a): `nemo_rl/data/datasets/response_datasets/oai_format_dataset.py`,
`preference_datasets/preference_dataset.py`, `nemo_rl/data/processors.py`.
NeMo-Aligner (its last commit, af2b3bd of 2025-05-16): `nemo_aligner/data/nlp/datasets.py`; its SFT reads through NeMo
2.4's `nemo/collections/nlp/data/language_modeling/megatron/gpt_sft_chat_dataset.py`.
"""

import polars as pl

ALIGNER_MARKUP = {
    "system_turn_start": "\x00",
    "turn_start": "\x11",
    "label_start": "\x12",
    "end_of_turn": "\n",
    "end_of_name": "\n",
}
"""NeMo-Aligner's own `chat_prompt_tokens` (gpt_sft.yaml); control characters stay single pieces by byte fallback."""

ALIGNER_TURN_TOKENS = 8
"""Tokens that this markup adds to a turn, counted generously: turn start, name, line feeds."""

FAULTS = {
    "too_long": "more tokens than sequence_length: NeMo-RL would leave it out of the loss, NeMo-Aligner stop",
    "last_turn": "the last turn is not the assistant's: NeMo-RL's loader stops at it",
    "first_turn": "the first turn after the system's is not the user's: NeMo-Aligner masks the first turn whole",
    "tool_turn": "a turn of a tool: NeMo-Aligner would learn it, for it masks one role alone",
    "several_turns": "an answer of several turns: NeMo-Aligner takes one turn",
    "markup_in_text": "the text holds control characters of NeMo-Aligner's markup",
}
"""Why a conversation or pair is left out."""


def rl_instructions(conversations: pl.DataFrame) -> pl.DataFrame:
    """One record `messages` for each conversation, for NeMo-RL's `openai_format`."""
    return conversations.select("messages")


def rl_preferences(pairs: pl.DataFrame) -> pl.DataFrame:
    """One record `context` and `completions` for each pair, the chosen one of rank 0, for `PreferenceDataset`."""
    ranked = [
        pl.struct(rank=pl.lit(rank), completion=side) for rank, side in enumerate(("chosen", "rejected"))
    ]
    return pairs.select(context="prompt", completions=pl.concat_list(ranked))


def aligner_instructions(conversations: pl.DataFrame) -> pl.DataFrame:
    """One record `system`, `mask`, `type`, `conversations` for each conversation, for NeMo's chat format."""
    turn = pl.element()
    spoken = pl.struct(_role(turn).str.to_titlecase().alias("from"), _content(turn).alias("value"))
    turns = pl.col("messages").list.eval(spoken.filter(_role(turn) != "system"))
    systems = pl.col("messages").list.eval(_content(pl.element()).filter(_role(pl.element()) == "system"))
    return conversations.select(
        system=systems.list.join("\n"),
        mask=pl.lit("User"),
        type=pl.lit("VALUE_TO_TEXT"),
        conversations=turns,
    )


def aligner_preferences(pairs: pl.DataFrame) -> pl.DataFrame:
    """One record `prompt`, `chosen_response`, `rejected_response` for each pair, for NeMo-Aligner's DPO."""
    return pairs.select(
        "prompt",
        chosen_response=pl.col("chosen").list.first(),
        rejected_response=pl.col("rejected").list.first(),
    )


def rl_faults(rows: pl.DataFrame, sequence_length: int, at_most: bool) -> pl.Series:
    """The first of FAULTS for each row of `messages` (a pair's longer side) and `tokens`, null where there is none.

    `at_most`: whether a sequence of exactly `sequence_length` tokens passes, as pairs do in NeMo-RL and single
    conversations do not.
    """
    tokens = pl.col("tokens")
    too_long = tokens > sequence_length if at_most else tokens >= sequence_length
    return _first_fault(rows, {"last_turn": _roles().list.last() != "assistant", "too_long": too_long})


def aligner_faults(rows: pl.DataFrame, sequence_length: int) -> pl.Series:
    """The same for NeMo-Aligner; pairs have `answer_turns` too, the turns of their longer answer."""
    controls = "[" + "".join(sorted({mark for mark in ALIGNER_MARKUP.values() if mark != "\n"})) + "]"
    spoken = _roles().list.eval(pl.element().filter(pl.element() != "system"))
    tokens = pl.col("tokens") + ALIGNER_TURN_TOKENS * pl.col("messages").list.len()
    holds_markup = pl.col("messages").list.eval(_content(pl.element()).str.contains(controls)).list.any()
    rules = {
        "tool_turn": _roles().list.contains("tool"),
        "first_turn": spoken.list.first() != "user",
        "last_turn": spoken.list.last() != "assistant",
        "several_turns": pl.col("answer_turns") > 1
        if "answer_turns" in rows.columns
        else pl.lit(value=False),
        "markup_in_text": holds_markup,
        "too_long": tokens > sequence_length,
    }
    return _first_fault(rows, rules)


def _first_fault(rows: pl.DataFrame, rules: dict[str, pl.Expr]) -> pl.Series:
    assert rules.keys() <= FAULTS.keys()
    found = pl.coalesce(*(pl.when(broken).then(pl.lit(rule)) for rule, broken in rules.items()))
    return rows.select(rule=found).to_series()


def _roles() -> pl.Expr:
    return pl.col("messages").list.eval(_role(pl.element()))


def _role(turn: pl.Expr) -> pl.Expr:
    return turn.struct.field("role")


def _content(turn: pl.Expr) -> pl.Expr:
    return turn.struct.field("content")
