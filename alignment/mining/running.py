"""The whole of mining: prompts in, pairs out, with a manifest."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from alignment.chat_template import load_chat_tokenizer
from alignment.direct_preference.reference import checkpoint_digests
from alignment.errors import AlignmentError
from alignment.mine_config import MineConfig
from alignment.mining.asking import read_prompts
from alignment.mining.judging import judge_answers
from alignment.mining.picking import pick
from alignment.mining.rewards import rewards_of
from alignment.mining.sampling import sample_answers
from corpus.pipeline.atomic import atomic_path, sha256_of, write_json, write_parquet
from corpus.pipeline.lock import held

FORMAT = 1


def mine(config: MineConfig) -> dict[str, Any]:
    """Write pairs.jsonl, answers.parquet and manifest.json; returns the manifest. What is there of it is used again.

    Raises:
        DaadError: Prompts, model, reward or judge that cannot be used, or no pair at all.
    """
    output = Path(config.output_dir)
    busy = AlignmentError(f"{output}: another run is mining here; wait for it, or choose another output_dir")
    with held(output / ".lock", busy):
        return _mine(config, output)


def _mine(config: MineConfig, output: Path) -> dict[str, Any]:
    prompts, rejects = read_prompts(config.prompts, config.sampling.seed)
    tokenizer = load_chat_tokenizer(config.model)
    checkpoint = checkpoint_digests(Path(config.model))
    answers = sample_answers(
        config.model,
        tokenizer,
        prompts,
        config.sampling,
        output / "samples",
        {"checkpoint": checkpoint},
        config.device,
    )
    texts = (
        prompts[answers["prompt"]].select("messages", "question", "language").with_columns(answers["answer"])
    )
    judged: dict[str, Any] = {}

    def judge(frame: pl.DataFrame) -> pl.Series:
        marks, judged["judge"] = judge_answers(frame, config.judge, output / "judge")
        return marks

    rewarded = pl.concat([answers, rewards_of(texts, config.reward, judge)], how="horizontal")
    pairs, without = pick(rewarded, prompts.height, config.reward.minimum_gap)
    if pairs.is_empty():
        counted = dict(without["rule"].value_counts().sort("rule").rows())
        raise AlignmentError(
            f"no pair comes of {prompts.height:,} prompts ({counted}): raise sampling.answers or sampling.temperature, "
            "or lower reward.minimum_gap"
        )
    write_parquet(output / "answers.parquet", rewarded)
    write_pairs(prompts, pairs, output / "pairs.jsonl")
    manifest = {
        "format": FORMAT,
        "daad": version("daad"),
        "config": config.decisive(),
        "versions": {name: version(name) for name in ("polars", "tokenizers", "torch", "transformers")},
        "checkpoint": checkpoint,
        "result": described(prompts, rewarded, pairs, without) | judged,
        "unusable_prompts": dict(rejects["rule"].value_counts().sort("rule").rows()),
        "files": {name: sha256_of(output / name) for name in ("pairs.jsonl", "answers.parquet")},
    }
    write_json(output / "manifest.json", manifest)
    return manifest


def write_pairs(prompts: pl.DataFrame, pairs: pl.DataFrame, path: Path) -> None:
    """Pairs as `alignment/dpo.py` reads them: lists of messages, the language of the question, both rewards."""
    asked = prompts[pairs["prompt"]]
    sides = [
        pairs.select(pl.concat_list(pl.struct(role=pl.lit("assistant"), content=side)).alias(side))
        for side in ("chosen", "rejected")
    ]
    frame = pl.concat(
        [
            asked.select(prompt="messages"),
            *sides,
            asked.select("language"),
            pairs.select("chosen_reward", "rejected_reward"),
        ],
        how="horizontal",
    )
    with atomic_path(path) as partial:
        frame.write_ndjson(partial)


def described(
    prompts: pl.DataFrame, answers: pl.DataFrame, pairs: pl.DataFrame, without: pl.DataFrame
) -> dict[str, Any]:
    """Counts and mean rewards, in all and by language."""
    languages = prompts["language"]
    of_answers, of_pairs = languages[answers["prompt"]], languages[pairs["prompt"]]
    rows = {
        str(name): {
            "prompts": int((languages == name).sum()),
            "pairs": int((of_pairs == name).sum()),
            "mean_reward": float(answers.filter(of_answers == name)["reward"].mean() or 0.0),  # type: ignore[arg-type]
        }
        for name in languages.unique().sort()
    }
    return {
        "prompts": prompts.height,
        "answers": answers.height,
        "pairs": pairs.height,
        "by_language": rows,
        "without_pair": dict(without["rule"].value_counts().sort("rule").rows()),
    }
