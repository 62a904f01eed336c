"""From files of conversations to kept.jsonl, dropped.jsonl, the manifest and the report."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm

from alignment.errors import AlignmentError
from alignment.preparation.judging import RULES, judge
from alignment.preparation.report import render
from alignment.preparation.settings import InstructionSource, PrepareConfig
from corpus.pipeline.atomic import atomic_path, sha256_of, write_json
from corpus.pipeline.layout import versions
from corpus.pipeline.lock import held

FORMAT = 1

_STEPS = ("read", "judge", "write", "report")


def prepare(config: PrepareConfig) -> dict[str, Any]:
    """Read, judge and write; the manifest.

    Raises:
        AlignmentError: Another process works in the directory, or nothing could be read.
    """
    output = Path(config.output_dir)
    refusal = AlignmentError(
        f"{output}: another process prepares data there: wait for it, or choose another output_dir"
    )
    with held(output / ".lock", refusal), tqdm(total=len(_STEPS), unit="step", disable=None) as bar:
        bar.set_description("read")
        conversations, rejects = _read_all(config.sources)
        bar.update()
        bar.set_description("judge")
        judged = _judged(conversations, config)
        bar.update()
        bar.set_description("write")
        kept, dropped = (
            judged.filter(condition) for condition in (pl.col("rule").is_null(), pl.col("rule").is_not_null())
        )
        columns = ["messages", "language", "source", "line"]
        files = {
            "kept.jsonl": kept.select(columns),
            "dropped.jsonl": dropped.select(*columns, "rule", "detail", "turn", "also"),
            "unreadable.jsonl": rejects,
        }
        for name, frame in files.items():
            with atomic_path(output / name) as partial:
                frame.write_ndjson(partial)
        manifest = _manifest(config, judged, rejects, {name: output / name for name in files})
        bar.update()
        bar.set_description("report")
        with atomic_path(output / "report.html") as partial:
            partial.write_text(render(manifest, judged), encoding="utf-8")
        write_json(output / "manifest.json", manifest)
        bar.update()
    return manifest


def _judged(conversations: pl.DataFrame, config: PrepareConfig) -> pl.DataFrame:
    priorities = {source.name: source.priority for source in config.sources}
    priority = conversations["named"].replace_strict(priorities, return_dtype=pl.Int64)
    return pl.concat([conversations, judge(conversations, priority, config)], how="horizontal")


def _read_all(sources: list[InstructionSource]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Conversations and rejects of all sources; `named` is the name that the config gives."""
    frames, rejects = [], []
    for source in sources:
        read, unusable = _read(source)
        frames.append(read.with_columns(named=pl.lit(source.name)))
        rejects.append(unusable.with_columns(named=pl.lit(source.name)))
    conversations = pl.concat(frames)
    if conversations.is_empty():
        raise AlignmentError(
            "sources: no conversation could be read: see the first rejects: "
            + "; ".join(
                f"{row['source']} line {row['line']} {row['rule']}"
                for row in pl.concat(rejects).head(3).to_dicts()
            )
        )
    return conversations, pl.concat(rejects)


def _read(source: InstructionSource) -> tuple[pl.DataFrame, pl.DataFrame]:
    if source.schema == "preferences":
        from alignment.preferences import read_preferences

        pairs = read_preferences(source.path, language=source.language)
        messages = pl.concat_list("prompt", "chosen")
        return pairs.frame.select(
            messages=messages, language="language", source="source", line="line"
        ), pairs.rejects
    from alignment.conversations import read_conversations

    read = read_conversations(
        source.path, columns=source.columns, schema=source.schema, language=source.language
    )
    return read.frame, read.rejects


def _manifest(
    config: PrepareConfig, judged: pl.DataFrame, rejects: pl.DataFrame, written: dict[str, Path]
) -> dict[str, Any]:
    counts = (
        judged.group_by("named", "language", "rule")
        .len()
        .sort("named", "language", "rule", nulls_last=False)
        .rename({"named": "source", "len": "conversations"})
    )
    unreadable = (
        rejects.group_by("named", "rule")
        .len()
        .sort("named", "rule")
        .rename({"named": "source", "len": "records"})
    )
    return {
        "format": FORMAT,
        "daad": version("daad"),
        "config": config.decisive(),
        "versions": versions(),
        "rules": RULES,
        "counts": counts.to_dicts(),
        "unreadable": unreadable.to_dicts(),
        "files": {
            name: {"sha256": sha256_of(path), "bytes": path.stat().st_size} for name, path in written.items()
        },
    }
