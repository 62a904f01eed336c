"""From answers with rewards to pairs."""

import polars as pl

_ROUNDING = 1e-12
"""Share of the rewards' size by which their sums may be off: .7 - .2 is a gap of .5."""

WHY_NOT = {
    "no_answer": "the prompt leaves no room in the context, or all its answers are empty",
    "one_answer": "all answers are the same text",
    "gap_too_small": "the best answer is not better than the worst by the minimum gap",
}
"""Why a prompt makes no pair."""


def pick(answers: pl.DataFrame, num_prompts: int, minimum_gap: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The best and the worst answer to each prompt, and why the other prompts make no pair.

    `answers` has `prompt`, `sample`, `answer`, `reward`. Of equal rewards the answer that was drawn first counts, and
    of equal texts too. Returns `prompt`, `chosen`, `rejected` and their rewards, and `prompt`, `rule` of the others.
    """
    told = answers.filter(pl.col("answer").str.strip_chars() != "").sort("prompt", "sample")
    unique = told.unique(["prompt", "answer"], keep="first", maintain_order=True)
    best, worst = pl.col("reward").arg_max(), pl.col("reward").arg_min()
    ranked = unique.group_by("prompt", maintain_order=True).agg(
        chosen=pl.col("answer").get(best),
        rejected=pl.col("answer").get(worst),
        chosen_reward=pl.col("reward").max(),
        rejected_reward=pl.col("reward").min(),
        different=pl.len(),
    )
    gap = pl.col("chosen_reward") - pl.col("rejected_reward")
    size = pl.max_horizontal(pl.col("chosen_reward", "rejected_reward").abs())
    judged = pl.DataFrame({"prompt": pl.int_range(num_prompts, eager=True)}).join(
        ranked, on="prompt", how="left", maintain_order="left"
    )
    judged = judged.with_columns(
        rule=pl.when(pl.col("different").is_null())
        .then(pl.lit("no_answer"))
        .when(pl.col("different") == 1)
        .then(pl.lit("one_answer"))
        .when(gap + _ROUNDING * size < minimum_gap)
        .then(pl.lit("gap_too_small"))
    )
    pairs = judged.filter(pl.col("rule").is_null()).drop("rule", "different")
    return pairs, judged.filter(pl.col("rule").is_not_null()).select("prompt", "rule")
