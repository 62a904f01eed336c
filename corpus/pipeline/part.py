"""Stages 1 to 7 over one part: from a block of a file to clean documents and the keys that the passes compare."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl
import xxhash

from corpus import decontamination, language, normalize, privacy, quality, readers
from corpus.build_config import BuildConfig
from corpus.dedup import exact_keys, line_keys
from corpus.fold import fold
from corpus.pipeline.atomic import atomic_path, write_json, write_parquet
from corpus.pipeline.flow import Flow
from corpus.pipeline.layout import PartFiles
from corpus.sources import Source

_VISIBLE = r"[^\s\p{C}]"


@dataclass(frozen=True)
class PartTask:
    """What a worker needs to make one part."""

    config: BuildConfig
    source: Source
    block: readers.Block
    num_records: int  # how many of the block's records count; fewer than it holds under max_documents
    files: PartFiles
    benchmarks: Path | None


def make_part(task: PartTask) -> PartFiles:
    """Run stages 1 to 7 and leave the part's files; the summary is written last."""
    clock: dict[str, float] = {}
    with _timed(clock, "read"):
        parsed = readers.parse(task.block, task.source)
        last_row = task.block.first_row + task.num_records - 1
        faults = [fault for fault in parsed.faults if fault.row is None or fault.row <= last_row]
        documents = _identified(parsed.documents.filter(pl.col("row") <= last_row), task)
    flow = Flow(documents)
    flow.step("read")
    _clean(flow, task, clock)
    kept = flow.documents.drop("document", "declared", "paragraphs").with_columns(
        pl.col("unit").rle_id().cast(pl.UInt32)
    )
    with _timed(clock, "keys"):
        units, lines = _keys(kept, task.config)
    with _timed(clock, "write"):
        files = task.files
        write_parquet(files.documents, kept)
        write_parquet(files.dropped, pl.DataFrame() if flow.dropped is None else flow.dropped)
        write_parquet(files.units, units)
        write_parquet(files.lines, lines)
        with atomic_path(files.faults) as path:
            records = (json.dumps(fault._asdict(), ensure_ascii=False) for fault in faults)
            path.write_text("".join(f"{record}\n" for record in records), encoding="utf-8")
    counted = {"source": task.source.name, "kind": task.source.kind}
    summary = {
        "records": task.num_records,
        "faults": _tally(fault.rule for fault in faults),
        "units": units.height,
        "text_bytes": int(kept["text"].str.len_bytes().sum()),
        "counts": [counted | row for row in flow.counts()],
        "changes": flow.changes,
        "bytes": files.sizes(),
        "run": {"seconds": clock},
    }
    write_json(files.summary, summary)
    return files


def _identified(documents: pl.DataFrame, task: PartTask) -> pl.DataFrame:
    """Give each document its id and its unit, and the source's word where the record says nothing."""
    source = task.source
    stem = PurePosixPath(task.block.path.replace("\\", "/")).name.split(".")[0]
    record = pl.coalesce("record", pl.lit(f"{stem}:") + pl.col("row").cast(pl.String))
    unit_id = pl.lit(f"{source.name}/") + record
    side = pl.when(pl.col("pair").is_null()).then(pl.lit("")).otherwise(pl.lit("#") + pl.col("language"))
    domain = pl.when(pl.col("domain").fill_null("") == "").then(pl.lit(source.domain)).otherwise("domain")
    documents = documents.with_columns(
        id=unit_id + side,
        pair=pl.when(pl.col("pair").is_null()).then(None).otherwise(unit_id),
        unit=pl.col("row").rle_id().cast(pl.UInt32),
        declared=pl.col("language").fill_null(""),
        language=pl.when(pl.col("language").fill_null("") == "")
        .then(pl.lit("und"))
        .otherwise(pl.col("language")),
        domain=domain,
        url=pl.col("url").fill_null(source.url),
        license=pl.col("license").fill_null(source.license),
    )
    return documents.drop("record", "row")


def _clean(flow: Flow, task: PartTask, clock: dict[str, float]) -> None:
    for stage, run in _STAGES.items():
        with _timed(clock, stage):
            run(flow, task)


def _normalize(flow: Flow, task: PartTask) -> None:
    clean = normalize.normalize(flow.documents["text"], task.config.normalize)
    empty = pl.DataFrame({"empty": ~clean.texts.str.contains(_VISIBLE)}).select(
        reason=pl.when("empty").then(pl.lit("empty")), detail=pl.when("empty").then(pl.lit("no text"))
    )
    flow.step("normalize", texts=clean.texts, verdicts=empty, changes=clean.counts)


def _language(flow: Flow, task: PartTask) -> None:
    """Identify first; only in texts that are Arabic are look-alike letters mistakes."""
    settings = task.config.language
    texts, declared = flow.documents["text"], flow.documents["declared"]
    found = language.identify(texts, declared, settings)
    flow.set_languages(found.rename({"confidence": "language_confidence"}))
    verdicts = language.judge(found, declared, flow.documents["domain"], settings)
    arabic = (found["language"] == "ar").arg_true()
    resolved = normalize.resolve_lookalikes(texts.gather(arabic), task.config.normalize)
    changes = dict(resolved.counts)
    if len(arabic):
        texts = texts.clone().scatter(arabic, resolved.texts)
    if settings.drop_paragraphs:
        rest = language.cut_foreign_paragraphs(texts, settings)
        texts, changes = rest.texts, changes | rest.counts
    flow.step("language", texts=texts, verdicts=verdicts, changes=changes)


def _quality(flow: Flow, task: PartTask) -> None:
    documents = flow.documents
    kinds = pl.repeat(task.source.kind, documents.height, dtype=pl.String, eager=True)
    columns = (documents["text"], documents["language"], kinds, documents["domain"])
    flow.step("quality", verdicts=quality.judge(*columns, task.config.quality))


def _toxicity(flow: Flow, task: PartTask) -> None:
    verdicts = None
    if task.config.toxicity.word_lists:
        lists = _toxic_words(json.dumps(asdict(task.config.toxicity)))
        folded = fold(flow.documents["text"])
        verdicts = quality.judge_toxicity(folded, flow.documents["language"], lists)
    flow.step("toxicity", verdicts=verdicts)


def _privacy(flow: Flow, task: PartTask) -> None:
    masked = privacy.mask(flow.documents["text"], task.config.privacy)
    flow.step("privacy", texts=masked.texts, changes=masked.counts)


def _decontamination(flow: Flow, task: PartTask) -> None:
    verdicts = None
    if task.benchmarks is not None:
        index = _benchmark_index(task.benchmarks)
        folded = fold(flow.documents["text"])
        verdicts = decontamination.judge(folded, index, task.config.decontamination)
    flow.step("decontamination", verdicts=verdicts)


_STAGES: dict[str, Callable[[Flow, PartTask], None]] = {
    "normalize": _normalize,
    "language": _language,
    "quality": _quality,
    "toxicity": _toxicity,
    "privacy": _privacy,
    "decontamination": _decontamination,
}


def _keys(documents: pl.DataFrame, config: BuildConfig) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per unit with its id, exact key and length; and the keys of lines that could be boilerplate."""
    units = unit_texts(documents)
    exact = exact_keys(fold(units["text"]))
    ids = units["id"].to_list()
    frame = units.select("unit", "id", characters=pl.col("text").str.len_chars()).with_columns(
        id_key=pl.Series([id_key(name) for name in ids], dtype=pl.UInt64),
        key_high=pl.Series(exact[:, 0]),
        key_low=pl.Series(exact[:, 1]),
    )
    alone = documents.filter(pl.col("pair").is_null())
    lines = line_keys(alone["text"], config.boilerplate)
    position = pl.Series(np.asarray(lines.documents, np.int64))
    return frame, pl.DataFrame({"unit": alone["unit"].gather(position), "key": pl.Series(lines.keys)})


def id_key(name: str) -> int:
    """XXH3 of an id: 64 bits that stand for it."""
    return xxhash.xxh3_64_intdigest(name.encode())


def unit_texts(documents: pl.DataFrame) -> pl.DataFrame:
    """One row per unit, in order: `unit`, its `id` and the texts of its sides, one after the other."""
    if documents["pair"].null_count() == documents.height:
        return documents.select("unit", "id", "text")
    return documents.group_by("unit", maintain_order=True).agg(
        id=pl.coalesce("pair", "id").first(), text=pl.col("text").str.join("\n")
    )


@lru_cache(maxsize=1)
def _benchmark_index(path: Path) -> decontamination.NgramIndex:
    return decontamination.load_index(path)


@lru_cache(maxsize=1)
def _toxic_words(settings: str) -> quality.ToxicWords:
    """Load the word lists once a process; the settings come as JSON, since they hold a dictionary."""
    return quality.load_word_lists(quality.Toxicity(**json.loads(settings)))


def _tally(rules: Iterator[str]) -> dict[str, int]:
    tally: dict[str, int] = {}
    for rule in rules:
        tally[rule] = tally.get(rule, 0) + 1
    return tally


@contextmanager
def _timed(clock: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    clock[stage] = clock.get(stage, 0.0) + time.perf_counter() - start
