"""What becomes of each conversation: the first rule that it breaks, and the others that it breaks too."""

import numpy as np
import polars as pl

from alignment.preparation import artifacts, duplicates, languages, lengths, refusals
from alignment.preparation.settings import PrepareConfig
from alignment.preparation.turns import HIT_COLUMNS, no_hits, turns_of
from corpus.fold import fold

RULES: dict[str, str] = {
    "short_prompt": "a question too short",
    "long_prompt": "a question too long",
    "short_answer": "an answer too short",
    "long_answer": "an answer too long",
    "many_turns": "too many turns",
    "mojibake": "letters decoded wrongly",
    "foreign_language": "a turn in a language that does not stay",
    "refusal": "an answer that opens with a refusal",
    "model_talk": "an answer in which a model speaks of itself",
    "echo": "an answer that repeats its question",
    "placeholder": "a slot that nobody filled, or a model's markup",
    "translator_talk": "words of a translator where no one asked for a translation",
    "english_left": "English left over in an Arabic turn",
    "answer_language": "an answer in another script than its question, which names no language",
    "mixed_script": "words that run from one script into another",
    "unbalanced_quotes": "quotation marks without their other half",
    "open_end": "an answer that stops at a comma, a colon or a bracket",
    "unfinished": "a long answer that stops without punctuation",
    "contamination": "items of a benchmark",
    "same_conversation": "equal to another after folding",
    "same_prompt": "a prompt equal to another after folding",
    "near_conversation": "nearly equal to another (MinHash)",
    "near_prompt": "a prompt nearly equal to another (MinHash)",
}
"""All rules in the order in which they decide."""


def judge(conversations: pl.DataFrame, priority: pl.Series, config: PrepareConfig) -> pl.DataFrame:
    """`rule`, `detail`, `turn` and `also` of each conversation, null where it stays.

    `also` lists the other rules that it breaks. Duplicates are looked for last, among what else would stay, so that no
    conversation is dropped for one that is dropped itself.
    """
    turns = turns_of(conversations)
    found = [
        lengths.find(turns, config.lengths),
        languages.find(turns, config.languages),
        refusals.find(turns, config.refusals),
        artifacts.find(turns, config.artifacts),
        _contamination(conversations, config),
    ]
    hits = pl.concat(found)
    gone = np.zeros(conversations.height, np.bool_)
    gone[hits["conversation"].to_numpy()] = True
    copies = duplicates.find(conversations, pl.Series(~gone), priority, config.duplicates)
    return _verdicts(pl.concat([hits, copies]), conversations.height)


def _contamination(conversations: pl.DataFrame, config: PrepareConfig) -> pl.DataFrame:
    if not config.decontamination.benchmarks:
        return no_hits()
    from corpus.decontamination import judge as find_items
    from corpus.decontamination import load_benchmarks

    index = load_benchmarks(config.decontamination)
    contents = pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n")
    verdicts = find_items(fold(conversations.select(contents).to_series()), index, config.decontamination)
    return (
        verdicts.with_row_index("conversation")
        .filter(pl.col("reason").is_not_null())
        .select("conversation", turn=pl.lit(0, pl.Int64), rule="reason", detail="detail")
        .cast(HIT_COLUMNS)  # type: ignore[arg-type]
    )


def _verdicts(hits: pl.DataFrame, num_conversations: int) -> pl.DataFrame:
    order = {rule: place for place, rule in enumerate(RULES)}
    first = (
        hits.with_columns(order=pl.col("rule").replace_strict(order, return_dtype=pl.UInt32))
        .sort("conversation", "order", "turn", maintain_order=True)
        .group_by("conversation", maintain_order=True)
        .agg(
            pl.col("rule", "detail", "turn").first(),
            also=pl.col("rule").unique(maintain_order=True).slice(1),
        )
    )
    everything = pl.DataFrame({"conversation": np.arange(num_conversations, dtype=np.uint32)})
    return everything.join(first, on="conversation", how="left", maintain_order="left").drop("conversation")
