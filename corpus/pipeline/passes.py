"""Stages 8 to 10: what needs to see all parts at once, over columns of a few bytes per unit.

Each pass leaves its result as files below one directory and is skipped where they stand already.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.build_config import BuildConfig
from corpus.dedup import band_keys, choose_survivors, remove_lines, signatures
from corpus.fold import fold
from corpus.pipeline.engine import Engine
from corpus.pipeline.layout import PartFiles
from corpus.pipeline.part import unit_texts
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
    for path in (files.signatures, files.bands):
        path.touch()
    tasks = []
    for number, part in enumerate(table.parts):
        first, last = int(table.starts[number]), int(table.starts[number + 1])
        first_row, num_rows = int(rows[first]), int(rows[last] - rows[first])
        if files.signed(number).exists() or num_rows == 0:
            progress(1)
            continue
        tasks.append(
            SignTask(config, part, number, first, last - first, first_row, num_rows, int(rows[-1]), files)
        )
    for _ in engine.map(sign_part, tasks):
        progress(1)


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
        length = table.column("characters", np.int64)[survivors]
        chosen = choose_survivors(labels, table.priority[survivors], length)
        final[survivors] = survivors[chosen]
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
    units = np.arange(len(table))
    exact = stays != units
    near = (final != units) & ~exact
    dropped = np.flatnonzero(exact | near)
    kept = np.where(exact, stays, final)[dropped]
    similarity = np.ones(len(dropped), np.float32)
    if near.any():
        is_near = near[dropped]
        similarity[is_near] = similarities(files, config, stays, dropped[is_near], kept[is_near])
    keepers, place = np.unique(kept, return_inverse=True)
    kept_ids = pl.Series(_final_ids(table, keepers, renames), dtype=pl.String).gather(place)
    names = pl.Series(table.sources, dtype=pl.String)
    return pl.DataFrame(
        {
            "unit": dropped,
            "stage": pl.Series(np.where(exact[dropped], "exact", "near").tolist(), dtype=pl.String),
            "id": pl.Series(_final_ids(table, dropped, renames), dtype=pl.String),
            "kept_id": kept_ids,
            "source": names.gather(table.part_of(dropped)),
            "kept_source": names.gather(table.part_of(kept)),
            "similarity": similarity,
        },
        schema=DUPLICATE_COLUMNS,
    )


def find_repeated_ids(table: UnitTable) -> Ids:
    """Units whose id an earlier unit has, and how often it has come by then (2, 3, ...); int64[2, repeated]."""
    keys = table.column("id_key", np.uint64)
    order = np.argsort(keys, kind="stable")
    first = np.concatenate([[True], keys[order][1:] != keys[order][:-1]])[: len(order)]
    starts = np.flatnonzero(first)
    occurrence = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order)))) + 1
    repeated = np.sort(order[occurrence > 1])
    place = np.empty(len(order), np.int64)
    place[order] = occurrence
    return np.stack([repeated, place[repeated]])


def _final_ids(table: UnitTable, units: Ids, renames: Ids) -> list[str]:
    suffixes = dict(zip(renames[0].tolist(), renames[1].tolist(), strict=True))
    return [
        f"{name}~{suffixes[unit]}" if unit in suffixes else name
        for unit, name in zip(units.tolist(), table.ids(units), strict=True)
    ]


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
