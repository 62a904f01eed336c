"""Stages 8 to 10: what needs to see all parts at once, over columns of a few bytes per unit.

Each pass leaves its result as files below one directory and is skipped where they stand already.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, filterfalse, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.build_config import BuildConfig
from corpus.dedup import band_keys, choose_survivors, remove_lines, signatures
from corpus.dedup.key_ranges import KeyRanges
from corpus.fold import fold
from corpus.pipeline.engine import Engine
from corpus.pipeline.layout import PartFiles
from corpus.pipeline.part import id_key, unit_texts
from corpus.pipeline.units import Ids, PassFiles, UnitTable, load, save

DUPLICATE_COLUMNS = {
    "unit": pl.Int64(),  # number of the dropped unit
    "stage": pl.String(),
    "id": pl.String(),
    "kept_id": pl.String(),
    "source": pl.String(),
    "kept_source": pl.String(),
    "similarity": pl.Float32(),
}
"""One row per unit that the exact or near pass dropped, in order of units."""

Progress = Callable[[int], object]


def exact_pass(table: UnitTable, config: BuildConfig, files: PassFiles, engine: Engine) -> Ids:
    """Of units with equal folded text keep one: the highest priority, then the longest, then the first."""
    if files.exact.exists():
        return load(files.exact)
    stays: Ids = np.arange(len(table))
    if config.exact.enabled and len(table):
        stays = engine.exact_survivors(table)
    save(files.exact, stays)
    return stays


def boilerplate_pass(
    table: UnitTable, config: BuildConfig, files: PassFiles, stays: Ids, engine: Engine
) -> None:
    """Find the lines that many documents share; copies that the exact pass dropped do not count."""
    if files.boilerplate.exists():
        return
    found = np.empty(0, np.uint64)
    if config.boilerplate.enabled and len(table):
        found = engine.repeated_lines(table, stays, config.boilerplate)
    save(files.boilerplate, found)


@dataclass(frozen=True)
class SignTask:
    """What a worker needs to sign the units of one part."""

    config: BuildConfig
    part: PartFiles
    number: int
    first_unit: int
    num_units: int
    first_row: int
    num_rows: int
    total_rows: int
    files: PassFiles


def sign_pass(
    table: UnitTable, config: BuildConfig, files: PassFiles, stays: Ids, engine: Engine, progress: Progress
) -> None:
    """Write the signature and band keys of every exact survivor, as its text is without boilerplate."""
    alive = stays == np.arange(len(table))
    rows = np.concatenate([[0], np.cumsum(alive)])
    settings, total_rows = config.near_duplicates, int(rows[-1])
    _make_room(files, files.signatures, total_rows * settings.num_perm * 4)
    _make_room(files, files.bands, total_rows * settings.banding[0] * 8)
    tasks = []
    for number, part in enumerate(table.parts):
        first, last = int(table.starts[number]), int(table.starts[number + 1])
        first_row, num_rows = int(rows[first]), int(rows[last] - rows[first])
        if files.signed(number).exists() or num_rows == 0:
            progress(1)
            continue
        tasks.append(
            SignTask(config, part, number, first, last - first, first_row, num_rows, total_rows, files)
        )
    for _ in engine.map(sign_part, tasks):
        progress(1)


def _make_room(files: PassFiles, path: Path, size: int) -> None:
    """A file of this size for workers to fill; where there is none, nothing was signed, whatever markers say."""
    if not path.exists() or path.stat().st_size != size:
        shutil.rmtree(files.signed(0).parent, ignore_errors=True)
        with path.open("wb") as file:
            file.truncate(size)


def sign_part(task: SignTask) -> None:
    """Sign one part's survivors and write their rows at their places."""
    settings = task.config.near_duplicates
    alive = _alive(task.files.exact, task.first_unit, task.num_units)
    documents = keep_units(pl.read_parquet(task.part.documents), alive)
    documents = documents.with_columns(without_boilerplate(documents, task.files.boilerplate, task.config)[0])
    folded = fold(unit_texts(documents)["text"])
    rows = signatures(folded, settings)
    bands = band_keys(rows, settings)
    assert rows.shape == (task.num_rows, settings.num_perm)
    write_at(task.files.signatures, rows, task.first_row * rows.itemsize * settings.num_perm)
    for band, keys in enumerate(bands):
        write_at(task.files.bands, keys, (band * task.total_rows + task.first_row) * keys.itemsize)
    marker = task.files.signed(task.number)
    marker.parent.mkdir(exist_ok=True)
    marker.touch()


def near_pass(
    table: UnitTable, config: BuildConfig, files: PassFiles, stays: Ids, engine: Engine, progress: Progress
) -> Ids:
    """Of each cluster of near-duplicates keep one: the highest priority, then the longest, then the first."""
    if files.near.exists():
        return load(files.near)
    settings = config.near_duplicates
    survivors = np.flatnonzero(stays == np.arange(len(table)))
    final = stays.copy()
    if settings.enabled and len(survivors):
        labels = engine.near_labels(files, len(survivors), settings, progress)
        shared = np.flatnonzero((np.bincount(labels, minlength=len(labels)) > 1)[labels])
        units, clusters = survivors[shared], labels[shared]
        length = table.gather("characters", units).to_numpy().astype(np.int64)
        clusters = np.searchsorted(np.unique(clusters), clusters)
        final[units] = units[choose_survivors(clusters, table.priorities_of(units), length)]
        final = final[stays]  # whoever was kept for copies of its text may have fallen here
    save(files.near, final)
    return final


def similarities(
    files: PassFiles, config: BuildConfig, stays: Ids, dropped: Ids, kept: Ids
) -> npt.NDArray[np.float32]:
    """Estimated Jaccard similarity of pairs of exact survivors: the share of equal signature values."""
    settings = config.near_duplicates
    survivors = np.flatnonzero(stays == np.arange(len(stays)))
    rows = files.signature_rows(len(survivors), settings.num_perm)
    left, right = np.searchsorted(survivors, dropped), np.searchsorted(survivors, kept)
    result = np.empty(len(dropped), np.float32)
    for start in range(0, len(dropped), 65_536):
        span = slice(start, start + 65_536)
        result[span] = (rows[left[span]] == rows[right[span]]).mean(axis=1)
    return result


def list_duplicates(
    table: UnitTable, config: BuildConfig, files: PassFiles, stays: Ids, final: Ids, renames: Ids
) -> pl.DataFrame:
    """Every unit that a pass dropped and the one that stays for it, as DUPLICATE_COLUMNS, in order of units.

    `renames` is what `find_repeated_ids` found.
    """
    exact = np.flatnonzero(stays != np.arange(len(table)))
    near = np.setdiff1d(np.flatnonzero(final != np.arange(len(table))), exact, assume_unique=True)
    dropped = np.concatenate([exact, near])
    left, right = stays[dropped], final[dropped]
    similarity = np.ones(len(dropped), np.float32)
    unlike = left != right
    similarity[unlike] = similarities(files, config, stays, left[unlike], right[unlike])
    found = pl.DataFrame(
        {
            "unit": dropped,
            "kept": right,
            "similarity": similarity,
            "stage": pl.Series(["exact", "near"]).gather(np.repeat([0, 1], [len(exact), len(near)])),
        }
    ).sort("unit")
    dropped, kept = found["unit"].to_numpy(), found["kept"].to_numpy()
    keepers, place = np.unique(kept, return_inverse=True)
    names = pl.Series(table.sources, dtype=pl.String)
    return found.select(
        "unit",
        "stage",
        id=_final_ids(table, dropped, renames),
        kept_id=_final_ids(table, keepers, renames).gather(place),
        source=names.gather(table.part_of(dropped)),
        kept_source=names.gather(table.part_of(kept)),
        similarity="similarity",
    ).cast(pl.Schema(DUPLICATE_COLUMNS))


def find_repeated_ids(table: UnitTable, directory: Path) -> Ids:
    """Units whose id an earlier unit has, and the number that their id gets; int64[2, repeated].

    Numbers are 2, 3, ..., without those that would make an id that stands in the input.
    """
    taken = _taken_numbers(table)
    found = [np.empty((2, 0), np.int64)]
    with KeyRanges(2, directory) as spread:
        for records in table.records("id_key"):
            spread.add(records)
        for records in spread.ranges():
            ranked = records[np.argsort(records[:, 0], kind="stable")]
            keys, units = ranked[:, 0], ranked[:, 1].astype(np.int64)
            starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
            occurrence = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys)))) + 1
            again = occurrence > 1
            for key in taken.keys() & set(keys[again].tolist()) if taken else ():
                same = again & (keys == key)
                free = filterfalse(taken[key].__contains__, count(2))
                occurrence[same] = list(islice(free, int(same.sum())))
            found.append(np.stack([units, occurrence])[:, again])
    together = np.concatenate(found, axis=1)
    return together[:, np.argsort(together[0])]


def _taken_numbers(table: UnitTable) -> dict[int, set[int]]:
    """For the key of each id that ids of the input have with `~2`, `~3`, ... behind it: those numbers."""
    taken: dict[int, set[int]] = {}
    for part in table.parts:
        numbered = pl.scan_parquet(part.units).select("id").filter(pl.col("id").str.contains(r"~[1-9]\d*$"))
        for name in numbered.collect()["id"]:
            before, _, number = name.rpartition("~")
            taken.setdefault(id_key(before), set()).add(int(number))
    return taken


def _final_ids(table: UnitTable, units: Ids, renames: Ids) -> pl.Series:
    """Ids of sorted units, with the suffix of those that come again."""
    ids = table.gather("id", units)
    if not renames.shape[1]:
        return ids
    place = np.minimum(np.searchsorted(renames[0], units), renames.shape[1] - 1)
    frame = pl.DataFrame({"id": ids, "again": renames[0][place] == units, "times": renames[1][place]})
    suffixed = pl.when("again").then(pl.format("{}~{}", "id", "times")).otherwise("id")
    return frame.select(suffixed.alias("id")).to_series()


def keep_units(documents: pl.DataFrame, alive: npt.NDArray[np.bool_]) -> pl.DataFrame:
    """The documents whose unit is alive."""
    return documents.filter(pl.Series(alive).gather(documents["unit"]))


def without_boilerplate(
    documents: pl.DataFrame, keys_path: Path, config: BuildConfig
) -> tuple[pl.Series, int]:
    """Texts without repeated lines, and how many lines went; sides of pairs stay whole."""
    texts = documents["text"]
    keys = load(keys_path)
    alone = documents["pair"].is_null()
    if not len(keys) or not alone.any():
        return texts, 0
    removed = remove_lines(texts, keys, config.boilerplate)
    kept = pl.select(pl.when(alone).then(removed.texts).otherwise(texts).alias("text")).to_series()
    return kept, int(removed.lines[alone.to_numpy()].sum())


def write_at(path: Path, values: npt.NDArray[np.generic], offset: int) -> None:
    """Write an array's bytes at an offset; unlike a memory map, this reports a full disk."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        view = np.ascontiguousarray(values).data.cast("B")
        while len(view):
            written = os.pwrite(descriptor, view, offset)
            view, offset = view[written:], offset + written
    finally:
        os.close(descriptor)


def _alive(exact: Path, first: int, count: int) -> npt.NDArray[np.bool_]:
    alive: npt.NDArray[np.bool_] = load(exact)[first : first + count] == np.arange(first, first + count)
    return alive
