"""From instructions, preferences and a model to the directories that NeMo-RL and NeMo-Aligner are pointed at."""

from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xxhash
import yaml
from tqdm import tqdm

from alignment.errors import AlignmentError
from alignment.exporting import nemo_aligner, nemo_rl, records
from alignment.exporting.model_directory import inspect
from alignment.exporting.settings import Config, ExportConfig
from corpus.pipeline.atomic import atomic_path, sha256_of, write_json

_SPLITS = ("train", "validation")
_PLACES = ("source", "line", "rule")


def export(config: ExportConfig) -> dict[str, Any]:
    """Write all of it; the manifest.

    Raises:
        AlignmentError: The model cannot be served, or nothing is left of the data.
    """
    output, model = Path(config.output_dir).resolve(), Path(config.model).resolve()
    served = inspect(model)
    length = config.sequence_length or served["context"]
    counts: list[dict[str, Any]] = []
    left_out: list[pl.DataFrame] = []
    paths: list[Path] = []
    for what, (rows, rejects) in _data(config, model).items():
        for target in tqdm(config.targets, desc=what, unit="target", disable=None):
            fault = _faults(target, what, rows, length)
            kept = rows.filter(fault.is_null())
            gone = pl.concat([rejects, rows.select("source", "line", rule=fault).drop_nulls("rule")])
            named = pl.lit(target).alias("target"), pl.lit(what).alias("what")
            left_out.append(gone.sort("source", "line", maintain_order=True).select(*named, *_PLACES))
            directory = output / target / what
            train, validation = _split(kept, config.validation_share)
            if train.is_empty() or validation.is_empty():
                raise AlignmentError(
                    f"{target} {what}: {train.height} rows to train on and {validation.height} to validate with are "
                    f"left of {rows.height + rejects.height} (left out: {_by_rule(gone)}): give more "
                    "data, or raise sequence_length or validation_share"
                )
            for name, part in zip(_SPLITS, (train, validation), strict=True):
                paths.append(directory / f"{name}.jsonl")
                with atomic_path(paths[-1]) as partial:
                    _SHAPES[target, what](part).write_ndjson(partial)
            paths.append(_write_config(config, target, what, model, directory, length))
            counts.append(_count(target, what, train, validation, gone))
    with atomic_path(output / "left_out.jsonl") as partial:
        pl.concat(left_out).write_ndjson(partial)
    manifest = {
        "daad": version("daad"),
        "model": served,
        "sequence_length": length,
        "counts": counts,
        "faults": records.FAULTS,
        "sha256": {
            str(path.relative_to(output)): sha256_of(path) for path in paths if path.suffix == ".jsonl"
        },
        "run": {"model": str(model)},
    }
    write_json(output / "manifest.json", manifest)
    return manifest


_SHAPES: dict[tuple[str, str], Callable[[pl.DataFrame], pl.DataFrame]] = {
    ("nemo_rl", "sft"): records.rl_instructions,
    ("nemo_rl", "dpo"): records.rl_preferences,
    ("nemo_aligner", "sft"): records.aligner_instructions,
    ("nemo_aligner", "dpo"): records.aligner_preferences,
}


def _data(config: ExportConfig, model: Path) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """Rows by use, with `messages` (for pairs the longer side) and `tokens`, and the places of broken records."""
    from alignment.chat_template import load_chat_tokenizer

    tokenizer = load_chat_tokenizer(model)
    data = {}
    if config.instructions:
        from alignment.conversations import read_conversations

        read = read_conversations(config.instructions)
        frame = read.frame.with_columns(tokens=_tokens(tokenizer, read.frame["messages"]))
        data["sft"] = frame, read.rejects.select(_PLACES)
    if config.preferences:
        from alignment.preferences import read_preferences

        found = read_preferences(config.preferences)
        pairs = found.frame
        sides = [
            pairs.select(messages=pl.concat_list("prompt", side))["messages"]
            for side in ("chosen", "rejected")
        ]
        tokens = [_tokens(tokenizer, side).to_numpy() for side in sides]
        longer = pl.Series(tokens[0] >= tokens[1])
        frame = pairs.with_columns(
            messages=sides[0].zip_with(longer, sides[1]),
            tokens=pl.Series(np.maximum(*tokens)),
            answer_turns=pl.max_horizontal(pl.col("chosen").list.len(), pl.col("rejected").list.len()),
        )
        data["dpo"] = frame, found.rejects.select(_PLACES)
    return data


def _tokens(tokenizer: Any, messages: pl.Series) -> pl.Series:
    from alignment.chat_template import encode_conversations

    return pl.Series(encode_conversations(tokenizer, messages.to_list()).lengths)


def _faults(target: str, what: str, rows: pl.DataFrame, length: int) -> pl.Series:
    if target == "nemo_rl":
        return records.rl_faults(rows, length, at_most=what == "dpo")
    return records.aligner_faults(rows, length)


def _split(rows: pl.DataFrame, share: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """By a hash of the first question, so that it never stands on both sides; many may have one system prompt."""
    turn = pl.element().struct
    spoken = turn.field("content").filter(turn.field("role") != "system")
    asked = pl.col("messages").list.eval(spoken).list.first()
    texts = rows.select(asked).to_series()
    # polars' own hash may change with its version.
    drawn = pl.Series([xxhash.xxh3_64_intdigest(text.encode()) / 2**64 for text in texts], dtype=pl.Float64)
    return rows.filter(drawn >= share), rows.filter(drawn < share)


def _by_rule(gone: pl.DataFrame) -> dict[str, int]:
    return dict(sorted(Counter(gone["rule"]).items()))


def _count(
    target: str, what: str, train: pl.DataFrame, validation: pl.DataFrame, gone: pl.DataFrame
) -> dict[str, Any]:
    return {
        "target": target,
        "what": what,
        "train": train.height,
        "validation": validation.height,
        "left_out": _by_rule(gone),
        "longest": int(pl.concat([train, validation])["tokens"].max() or 0),  # type: ignore[arg-type]
    }


def _write_config(
    config: ExportConfig, target: str, what: str, model: Path, directory: Path, length: int
) -> Path:
    train, validation = (str(directory / f"{name}.jsonl") for name in _SPLITS)
    settings: Config
    if target == "nemo_rl":
        make = nemo_rl.sft_config if what == "sft" else nemo_rl.dpo_config
        settings = make(config, str(model), train, validation, length)
    else:
        make_aligner = nemo_aligner.sft_config if what == "sft" else nemo_aligner.dpo_config
        settings = make_aligner(config, train, validation, length)
    path = directory / f"{what}.yaml"
    with atomic_path(path) as partial:
        partial.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=False), encoding="utf-8")
    return path
