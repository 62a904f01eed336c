"""The build as a whole: what is there already, what is missing, and in which order it is made."""

import resource
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from tqdm import tqdm

from corpus import decontamination, readers
from corpus.build_config import BuildConfig
from corpus.card import write_card
from corpus.errors import CorpusError
from corpus.pipeline import passes
from corpus.pipeline.atomic import (
    atomic_path,
    read_json,
    remove_others,
    remove_partials,
    sha256_of,
    write_json,
    write_parquet,
)
from corpus.pipeline.cleaning import Cleaning, FinishedFile, read_and_clean
from corpus.pipeline.clock import Clock
from corpus.pipeline.differences import describe_differences
from corpus.pipeline.engine import Engine, open_engine
from corpus.pipeline.layout import FORMAT, Layout, digest, versions
from corpus.pipeline.lock import held
from corpus.pipeline.manifest import make_manifest
from corpus.pipeline.publish import Storage, check_free, is_url, open_storage, publish, size_of
from corpus.pipeline.shards import ShardSummary, plan_shards, write_shard
from corpus.pipeline.units import PassFiles, UnitTable, save
from corpus.pipeline.warm_up import NUM_STEPS, warm_up


def build(config: BuildConfig) -> dict[str, Any]:
    """Run the build, or what is left of it, put it to its URL if it has one, and return the manifest.

    Raises:
        CorpusError: A mistake in the config, unusable input, or another build in the same directory.
    """
    started = time.time()
    layout = Layout(Path(config.local_dir))
    storage = open_storage(config.output_dir) if is_url(config.output_dir) else None
    files = [(source, file) for source in config.sources for file in readers.resolve(source)]
    busy = CorpusError(
        f"{layout.output_dir}: another build is running here; wait for it or choose another output_dir"
    )
    with held(layout.lock, busy):
        if storage:
            check_free(storage, layout, update=config.update)
        benchmarks = _index_benchmarks(config, layout)
        plan = {
            "format": FORMAT,
            "versions": versions(),
            "config": config.decisive(),
            "references": _reference_digests(config, benchmarks),
            "inputs": [
                {"source": source.name, "path": file.path, "stamp": file.stamp} for source, file in files
            ],
        }
        if _is_finished(layout, plan, config):
            manifest: dict[str, Any] = read_json(layout.manifest)
            _publish(layout, storage, Clock())
            return manifest
        write_json(layout.plan, plan)
        remove_partials(layout.output_dir)
        shutil.rmtree(layout.discarded, ignore_errors=True)
        clock = Clock()
        with open_engine(config) as engine:
            with clock.phase("load kernels", NUM_STEPS, "step") as bar:
                for _ in engine.map(warm_up, [(config, step) for step in range(NUM_STEPS)]):
                    bar.update()
            cleaning = Cleaning(config, layout, benchmarks, digest([config.cleaning(), plan["references"]]))
            finished = read_and_clean(files, cleaning, engine, clock)
            manifest = _deduplicate_and_write(finished, config, layout, engine, clock)
        _remove_stale(layout, finished, benchmarks)
        manifest["run"] |= {
            "plan": digest(plan),
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            "seconds": round(time.time() - started, 3),
            "seconds_by_phase": clock.seconds,
            "workers": config.num_workers,
            "output_dir": config.output_dir,
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "workers_peak_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        }
        write_json(layout.manifest, manifest)
        write_card(layout.output_dir)
        _publish(layout, storage, clock)
    return manifest


def _publish(layout: Layout, storage: Storage | None, clock: "Clock") -> None:
    if storage:
        with clock.phase("put to output_dir", size_of(layout), "B", scale=True) as bar:
            publish(layout, storage, bar.update)


def _is_finished(layout: Layout, plan: dict[str, Any], config: BuildConfig) -> bool:
    """Whether the corpus is there already.

    Raises:
        CorpusError: Another config or input was used here before, and `update` was not asked for.
    """
    if not layout.plan.exists():
        if layout.manifest.exists() and not config.update:
            raise CorpusError(
                f"{layout.manifest} is there, but not what tells how it was made (work/plan.json): choose another "
                "output_dir, or add --update true to build it anew"
            )
        return False
    before = read_json(layout.plan)
    if before != plan:
        what = describe_differences(before, plan)
        if not config.update:
            raise CorpusError(
                f"{layout.output_dir} holds a build of another config or input ({what}): add --update true to "
                "bring it up to date, keeping what did not change, or choose another output_dir"
            )
        tqdm.write(f"updating {layout.output_dir}: {what}")
        return False
    if not layout.manifest.exists():
        return False
    manifest = read_json(layout.manifest)
    if manifest["run"].get("plan") != digest(plan):
        return False  # the corpus of an earlier plan: an update was stopped before it put its own in place
    listed = manifest["shards"] + manifest["dropped"]
    whole = all(_has_size(layout.output_dir / entry["path"], entry["bytes"]) for entry in listed)
    return whole and layout.card.exists() and layout.clusters.exists()


def _has_size(path: Path, size: int) -> bool:
    return path.exists() and path.stat().st_size == size


def _index_benchmarks(config: BuildConfig, layout: Layout) -> Path | None:
    """Index the benchmarks under a name that tells their content; None where there are none."""
    if not config.decontamination.benchmarks:
        return None
    index = decontamination.load_benchmarks(config.decontamination)
    with TemporaryDirectory(dir=layout.work) as directory:
        written = Path(directory) / "index.npz"
        decontamination.save_index(index, written)
        path = layout.work / f"benchmarks-{sha256_of(written)[:16]}.npz"
        written.replace(path)
    return path


def _reference_digests(config: BuildConfig, benchmarks: Path | None) -> dict[str, str]:
    """What else than the input decides about documents: benchmarks and word lists."""
    digests = {"benchmarks": benchmarks.stem if benchmarks else ""}
    for language, path in config.toxicity.word_lists.items():
        digests[f"word list of {language}"] = sha256_of(Path(path))
    return digests


def _deduplicate_and_write(
    finished: list[FinishedFile], config: BuildConfig, layout: Layout, engine: Engine, clock: Clock
) -> dict[str, Any]:
    """Stages 8 to 10 over all parts, the shards, and all of the manifest but what `build` adds to `run`."""
    parts = [part for file in finished for part in file.parts]
    owners = [file.source for file in finished for _ in file.parts]
    summaries = [read_json(part.summary) for part in parts]
    starts = np.concatenate([[0], np.cumsum([summary["units"] for summary in summaries])]).astype(np.int64)
    table = UnitTable(
        parts, [source.name for source in owners], [source.priority for source in owners], starts
    )
    key = digest(
        [config.decisive(), [str(part.directory.name) for part in parts], [part.number for part in parts]]
    )
    files = PassFiles(layout.passes(key))
    files.directory.mkdir(parents=True, exist_ok=True)
    for directory in files.directory.parent.iterdir():
        if directory.name != key:
            _discard(layout, directory)  # another plan's, whose shards this one is about to replace
    with clock.phase("exact duplicates", 2, "pass") as bar:
        stays = passes.exact_pass(table, config, files, engine)
        bar.update()
        passes.boilerplate_pass(table, config, files, stays, engine)
        bar.update()
    if config.near_duplicates.enabled:
        with clock.phase("signatures", len(parts), "part") as bar:
            passes.sign_pass(table, config, files, stays, engine, bar.update)
    with clock.phase("near-duplicates", config.near_duplicates.banding[0], "band") as bar:
        final = passes.near_pass(table, config, files, stays, engine, bar.update)
        bar.update(bar.total - bar.n)
    duplicates, renames = files.directory / "duplicates.parquet", files.directory / "renames.npy"
    renamed = passes.find_repeated_ids(table, files.directory)
    save(renames, renamed)
    clusters = passes.list_duplicates(table, config, files, stays, final, renamed)
    write_parquet(duplicates, clusters)
    tasks = plan_shards(
        table,
        config.sources,
        [summary["text_bytes"] for summary in summaries],
        config,
        files,
        duplicates,
        renames,
    )
    with clock.phase("shards", len(tasks), "shard") as bar:
        shards = []
        for shard in engine.map(write_shard, tasks):
            shards.append(shard)
            bar.update()
    with clock.phase("manifest and card", 1, "file"):
        _put_in_place(layout, files, shards)
        _write_clusters(layout.clusters, clusters)
        _write_quarantine(layout.quarantine, finished)
        manifest = make_manifest(
            config,
            [file.described for file in finished],
            list(zip(table.sources, summaries, strict=True)),
            shards,
            clusters.rename({"id": "dropped", "kept_id": "kept"}),
            renamed.shape[1],
            version("daad"),
        )
    seconds: dict[str, float] = {}
    for summary in summaries:
        for stage, spent in summary["run"]["seconds"].items():
            seconds[stage] = round(seconds.get(stage, 0.0) + spent, 3)
    manifest["run"] = {"worker_seconds_by_stage": seconds}
    return manifest


def _put_in_place(layout: Layout, files: PassFiles, shards: list[ShardSummary]) -> None:
    """Move finished shards to where users look; what an older build left there goes.

    From here until the manifest is written the directory is neither the old corpus nor the new one, so the old
    manifest goes first, and the old card with it. A kill in between is mended by the next run: moved files are simply
    there already.
    """
    layout.manifest.unlink(missing_ok=True)
    layout.card.unlink(missing_ok=True)
    for waiting, directory, names in (
        (files.directory / "shards" / "kept", layout.shards, {s.name for s in shards if s.shard}),
        (files.directory / "shards" / "dropped", layout.dropped, {s.name for s in shards if s.dropped}),
    ):
        directory.mkdir(exist_ok=True)
        for name in sorted(names):
            if (waiting / f"{name}.parquet").exists():
                (waiting / f"{name}.parquet").replace(directory / f"{name}.parquet")
        remove_others(directory, {f"{name}.parquet" for name in names})


def _write_clusters(path: Path, clusters: pl.DataFrame) -> None:
    columns = {"stage": "stage", "kept": "kept_id", "dropped": "id", "kept_source": "kept_source"}
    columns |= {"dropped_source": "source", "similarity": "similarity"}
    write_parquet(path, clusters.select(**{new: pl.col(old) for new, old in columns.items()}))


def _write_quarantine(directory: Path, finished: list[FinishedFile]) -> None:
    """One file of JSON lines for each source that had unreadable input."""
    directory.mkdir(exist_ok=True)
    faults: dict[str, list[str]] = {}
    for file in finished:
        for part in file.parts:
            text = part.faults.read_text(encoding="utf-8")
            if text:
                faults.setdefault(file.source.name, []).append(text)
    for path in directory.glob("*.jsonl"):
        if path.stem not in faults:
            path.unlink()
    for name, texts in faults.items():
        with atomic_path(directory / f"{name}.jsonl") as partial:
            partial.write_text("".join(texts), encoding="utf-8")


def _remove_stale(layout: Layout, finished: list[FinishedFile], benchmarks: Path | None) -> None:
    """Remove parts of files that this build does not have, and what only a stopped build needs."""
    used = {part.directory.name for file in finished for part in file.parts}
    for directory in (layout.work / "parts").iterdir():
        if directory.name not in used:
            _discard(layout, directory)
    _discard(layout, layout.work / "passes")
    shutil.rmtree(layout.discarded)
    for index in layout.work.glob("benchmarks-*.npz"):
        if index != benchmarks:
            index.unlink()


def _discard(layout: Layout, directory: Path) -> None:
    """Take a directory away whole, so that no later build finds half of it where a removal was killed."""
    layout.discarded.mkdir(exist_ok=True)
    directory.rename(layout.discarded / directory.name)
