"""Parts become token files: one .bin, .idx and list of documents for each component and split.

Parts are put together in their order, so the bytes do not depend on who encoded them. Validation documents whose text
is also trained on (a copy under another id, in another source) are left out here, and counted.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus.pipeline.atomic import atomic_path, sha256_of, write_parquet
from nemo_recipes.data.megatron_files import index_bytes
from nemo_recipes.data.split import SPLITS, shared


@dataclass(frozen=True, kw_only=True)
class PartFiles:
    """Where one part's tokens and documents are."""

    tokens: Path
    documents: Path


@dataclass(frozen=True, kw_only=True)
class MergeTask:
    """What a worker needs to put one component's split together."""

    component: int
    split: str
    parts: Sequence[PartFiles]
    dtype: str
    leaked: Path  # .npy of keys that validation must not hold
    prefix: Path  # path of the result without its ending

    def path(self, ending: str) -> Path:
        """One of the files that are made: bin, idx or documents.parquet."""
        return self.prefix.with_name(f"{self.prefix.name}.{ending}")


def merge(task: MergeTask) -> dict[str, Any]:
    """Write the files of one component and split; their counts and digests."""
    leaked = np.load(task.leaked) if task.split == "validation" else np.zeros(0, np.uint64)
    digest = hashlib.sha256()
    lists = []
    with atomic_path(task.path("bin")) as partial, partial.open("wb") as file:
        for part in task.parts:
            ids, documents = _slice(part, task)
            stays = ~np.isin(documents["key"].to_numpy(), leaked)
            content = ids[np.repeat(stays, documents["tokens"].to_numpy())].tobytes()
            digest.update(content)
            file.write(content)
            lists.append(documents.with_columns(stays=pl.Series(stays)))
    documents = pl.concat(lists) if lists else _no_documents()
    kept = documents.filter("stays")
    with atomic_path(task.path("idx")) as partial:
        partial.write_bytes(index_bytes(kept["tokens"].to_numpy(), task.dtype))
    write_parquet(task.path("documents.parquet"), kept.select("id", "key", "bytes", "tokens"))
    return {
        "documents": kept.height,
        "bytes": int(kept["bytes"].sum()),
        "tokens": int(kept["tokens"].sum()),
        "left_out_as_trained_on": documents.height - kept.height,
        "sha256": {
            "bin": digest.hexdigest(),
            "idx": sha256_of(task.path("idx")),
        },
    }


def find_leaks(parts: Sequence[PartFiles]) -> NDArray[np.uint64]:
    """Keys of texts that are in both splits, sorted; of training keys one part is in memory at a time."""
    held = [_keys(part, validation=True) for part in parts]
    validation = np.unique(np.concatenate(held)) if held else np.zeros(0, np.uint64)
    found = [shared(_keys(part, validation=False), validation) for part in parts]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint64)


def _keys(part: PartFiles, *, validation: bool) -> NDArray[np.uint64]:
    frame = pl.scan_parquet(part.documents).filter(pl.col("validation") == validation).select("key").collect()
    return frame["key"].to_numpy()


def _slice(part: PartFiles, task: MergeTask) -> tuple[NDArray[np.integer], pl.DataFrame]:
    """Ids and documents of the task's component and split in one part."""
    documents = pl.read_parquet(part.documents).with_columns(
        start=pl.col("tokens").cum_sum() - pl.col("tokens")
    )
    own = documents.filter(
        (pl.col("component") == task.component) & (pl.col("validation") == (task.split == SPLITS[1]))
    )
    if not own.height:
        return np.zeros(0, task.dtype), own
    size = int(own["tokens"].sum())
    itemsize = np.dtype(task.dtype).itemsize
    ids: NDArray[np.integer] = np.fromfile(
        part.tokens, task.dtype, size, offset=int(own["start"][0]) * itemsize
    )
    return ids, own


def _no_documents() -> pl.DataFrame:
    columns = {"id": pl.String, "key": pl.UInt64, "bytes": pl.Int64, "tokens": pl.Int64, "stays": pl.Boolean}
    return pl.DataFrame(schema=columns)
