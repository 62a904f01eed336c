"""All that a run learns from, made by the first process and read by all."""

import hashlib
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tqdm import tqdm

from alignment.chat_template import load_chat_tokenizer, save_chat_tokenizer
from alignment.chat_template.agreement import check_same_pieces
from alignment.conversations.reading import files_of, read_conversations
from alignment.errors import AlignmentError
from alignment.sft_config import InstructionSource, SftConfig
from alignment.supervised.examples import REMARKS, is_validation, make_examples
from corpus.pipeline.atomic import atomic_path, read_json, sha256_of, write_json, write_parquet

EXAMPLES_FILE = "data/examples.parquet"
TOLD_FILE = "data/examples.json"
REJECTS_FILE = "rejects.jsonl"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a run learns from.

    Attributes:
        frame: Examples (`examples.EXAMPLES` and `dataset`, the source's name in the config).
        described: Counts and digest, as plain data for the manifest; the same data is described the same.
        prompts: Conversations up to their first answer, by language, for samples.
    """

    frame: pl.DataFrame
    described: dict[str, Any]
    prompts: list[dict[str, Any]]

    @cached_property
    def training(self) -> pl.DataFrame:
        """What is learned."""
        return self.frame.filter(~pl.col("validation"))

    @cached_property
    def validation(self) -> pl.DataFrame:
        """What is kept for validation."""
        return self.frame.filter("validation")


def prepare(config: SftConfig) -> dict[str, Any]:
    """Write tokenizer, examples and rejects into the output directory; the first process does this.

    Returns what the others need to know besides. What a run made that was stopped is used again, as long as files,
    tokenizer, template and the settings that it depends on are the same.

    Raises:
        DaadError: Sources or tokenizer that cannot be used, or no conversation that can.
    """
    output = Path(config.output_dir)
    source = Path(config.data.tokenizer or config.model.checkpoint)
    save_chat_tokenizer(source, tokenizer_dir(output), config.data.template)
    check_same_pieces(source, Path(config.model.checkpoint))
    tokenizer = load_chat_tokenizer(tokenizer_dir(output))
    key = _key(config)
    known = read_json(output / TOLD_FILE) if (output / TOLD_FILE).is_file() else {}
    if known.get("key") == key and (output / EXAMPLES_FILE).is_file():
        return {"described": known["described"], "prompts": known["prompts"]}
    # What was told holds for the examples beside it alone; _make may stop once they are others.
    (output / TOLD_FILE).unlink(missing_ok=True)
    told = _make(config, tokenizer)
    write_json(output / TOLD_FILE, {"key": key} | told)
    return told


def _make(config: SftConfig, tokenizer: Any) -> dict[str, Any]:
    output = Path(config.output_dir)
    frames, remarks, prompts = [], [], []
    for one in tqdm(config.data.sources, desc="read conversations", unit="source", leave=False):
        found = _read(one)
        examples = make_examples(
            tokenizer, found.frame, config.data.sequence_length, config.data.validation_share
        )
        named = pl.lit(one.name).alias("dataset")
        frames.append(examples.frame.with_columns(named))
        for fate, rows in (
            ("rejected", found.rejects),
            ("skipped", examples.skipped),
            ("shortened", examples.shortened),
        ):
            remarks.append(rows.select(REMARKS.keys()).with_columns(named, fate=pl.lit(fate)))
        if one.examples:
            held_out = is_validation(found.frame["messages"], config.data.validation_share)
            prompts += _prompts(found.frame.filter(held_out), examples.frame, config.samples.per_language)
    frame, noted = pl.concat(frames), pl.concat(remarks)
    write_parquet(output / EXAMPLES_FILE, frame)
    with atomic_path(output / REJECTS_FILE) as partial:
        noted.write_ndjson(partial)
    if frame.filter(~pl.col("validation")).is_empty():
        raise AlignmentError(
            f"no conversation is left to learn from ({_by_rule(noted) or 'the files are empty'}): see "
            f"{output / REJECTS_FILE}"
        )
    given = [
        {"language": "", "messages": [{"role": "user", "content": text}]} for text in config.samples.prompts
    ]
    return {
        "described": _describe(frame, noted),
        "prompts": given or _first(prompts, config.samples.per_language),
    }


def read_prepared(config: SftConfig, told: dict[str, Any]) -> Prepared:
    """What `prepare` wrote, and what it told."""
    frame = pl.read_parquet(Path(config.output_dir) / EXAMPLES_FILE)
    return Prepared(frame=frame, described=told["described"], prompts=told["prompts"])


def tokenizer_dir(output: Path) -> Path:
    """Where the tokenizer with its template lies."""
    return output / "tokenizer"


def weights_of(frame: pl.DataFrame, config: SftConfig) -> Any:
    """How often an epoch reads each example, float64."""
    by_source = {source.name: source.weight for source in config.data.sources}
    by_language = {name: config.data.language_weights.get(name, 1.0) for name in ("ar", "en", "other")}
    weights = frame.select(
        pl.col("dataset").replace_strict(by_source, return_dtype=pl.Float64)
        * pl.col("language").replace_strict(by_language, return_dtype=pl.Float64)
    )
    return weights.to_series().to_numpy()


def _key(config: SftConfig) -> dict[str, Any]:
    """All that the examples follow from, as it comes back from JSON."""
    data = config.data
    sources = [
        asdict(source)
        | {"files": [[file.path, file.stamp] for file in files_of(source.path, source.columns)]}
        for source in data.sources
    ]
    place = tokenizer_dir(Path(config.output_dir))
    return {
        "sources": sources,
        "sequence_length": data.sequence_length,
        "validation_share": data.validation_share,
        "samples": asdict(config.samples),
        "tokenizer": {path.name: sha256_of(path) for path in sorted(place.iterdir())},
    }


def _read(source: InstructionSource) -> Any:
    return read_conversations(
        source.path,
        columns=source.columns,
        schema=source.schema,
        language=source.language,
        language_column=source.language_column,
    )


def _prompts(conversations: pl.DataFrame, examples: pl.DataFrame, most: int) -> list[dict[str, Any]]:
    """The first of some conversations of each language that fit, up to their first answer."""
    fit = examples.select("source", "line")
    shown = conversations.join(fit, on=["source", "line"], how="semi", maintain_order="left")
    first = shown.group_by("language", maintain_order=True).head(most)
    prompts = []
    for language, messages in first.select("language", "messages").iter_rows():
        answer = next(at for at, turn in enumerate(messages) if turn["role"] == "assistant")
        prompts.append({"language": language, "messages": messages[:answer]})
    return prompts


def _first(prompts: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """So many of each language, from all sources in turn."""
    by_language: dict[str, list[dict[str, Any]]] = {}
    for prompt in prompts:
        by_language.setdefault(prompt["language"], []).append(prompt)
    return [prompt for _, several in sorted(by_language.items()) for prompt in several[:most]]


def _describe(frame: pl.DataFrame, remarks: pl.DataFrame) -> dict[str, Any]:
    counted = (
        frame.group_by("dataset", "language", "validation")
        .agg(
            conversations=pl.len(),
            tokens=pl.col("ids").list.len().sum(),
            learned=pl.col("learned").list.sum().sum(),
            bytes=pl.col("bytes").sum(),
        )
        .sort("dataset", "language", "validation")
    )
    fates = remarks.group_by("dataset", "fate", "rule").len("records").sort("dataset", "fate", "rule")
    return {"digest": digest(frame), "conversations": counted.to_dicts(), "left_out": fates.to_dicts()}


def digest(frame: pl.DataFrame) -> str:
    """SHA-256 of the token ids, what is learned, and what is kept for validation."""
    state = hashlib.sha256()
    for column in ("ids", "learned"):
        values = frame[column].explode(keep_nulls=False, empty_as_null=False).to_numpy()
        state.update(np.ascontiguousarray(values).tobytes())
    state.update(frame["ids"].list.len().to_numpy().astype(np.int64).tobytes())
    state.update(frame["validation"].to_numpy().tobytes())
    return state.hexdigest()


def _by_rule(remarks: pl.DataFrame) -> str:
    counts = remarks.filter(pl.col("fate") != "shortened").group_by("rule").len("records").sort("rule")
    return ", ".join(f"{rule} {records:,}" for rule, records in counts.iter_rows())
