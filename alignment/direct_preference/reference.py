"""Log-probabilities of all answers under the model that a run starts from, computed once and kept on disk.

    reference/KEY/
        key.json             digests of the checkpoint, the pairs and the template that the figures belong to
        part-00000.parquet   pairs 0 to 511: `chosen` and `rejected`, a list of one float32 for each token of an answer
        parts.json           digest of each part, written when all are there

KEY is a digest of key.json. Another checkpoint has another key, so figures of a model that has learned in the meantime
are never taken for the reference's.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from tqdm import tqdm

from alignment.direct_preference.batches import PairSamples, collate_pairs
from alignment.direct_preference.scoring import label_log_probabilities
from alignment.preferences.encoding import EncodedPairs
from corpus.errors import cause_of
from corpus.pipeline.atomic import read_json, sha256_of, write_json, write_parquet
from nemo_recipes.engine.agreement import agree, say
from nemo_recipes.engine.batches import NOT_COUNTED

FORMAT = 1
PART = 512
"""Pairs of a part, what a stopped computation loses at most."""

Floats = NDArray[np.float32]
Score = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def checkpoint_digests(directory: Path) -> dict[str, str]:
    """SHA-256 of the files that make a model: weights and config."""
    files = [*sorted(directory.glob("*.safetensors")), directory / "config.json"]
    return {path.name: sha256_of(path) for path in files if path.is_file()}


def make_key(
    checkpoint: dict[str, str], pairs: EncodedPairs, template: str, precision: str
) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "format": FORMAT,
        "checkpoint": checkpoint,
        "pairs": pairs.digest(),
        "template": hashlib.sha256(template.encode()).hexdigest(),
        "precision": precision,
    }


def digest_of(key: dict[str, Any]) -> str:
    """SHA-256 of plain data."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


def cached_scores(
    directory: Path,
    key: dict[str, Any],
    pairs: EncodedPairs,
    open_model: Callable[[], Score],
    micro_batch: int,
) -> tuple[Floats, Floats]:
    """Log-probabilities of the answers' tokens, of all chosen and of all rejected ones, from the cache or computed now.

    All processes of a layout call this together and share the parts. `open_model` is called only where a part is
    missing or damaged.
    """
    place = directory / digest_of(key)[:16]
    agree(lambda: write_json(place / "key.json", key))
    parts = range(-(-len(pairs) // PART))
    known = read_json(place / "parts.json") if (place / "parts.json").is_file() else {}
    missing = agree(lambda: [number for number in parts if not _whole(place, number, pairs, known)])
    mine = missing[dist.get_rank() :: dist.get_world_size()]
    if mine:
        _compute(place, mine, pairs, open_model(), micro_batch)
    dist.barrier()
    agree(lambda: write_json(place / "parts.json", {_name(n): sha256_of(place / _name(n)) for n in parts}))
    frame = pl.concat(pl.read_parquet(place / _name(number)) for number in parts)
    chosen, rejected = (
        frame[side].explode().to_numpy().astype(np.float32) for side in ("chosen", "rejected")
    )
    return chosen, rejected


def _name(number: int) -> str:
    return f"part-{number:05d}.parquet"


def _of_part(number: int, pairs: EncodedPairs) -> range:
    return range(number * PART, min((number + 1) * PART, len(pairs)))


def _whole(place: Path, number: int, pairs: EncodedPairs, known: dict[str, str]) -> bool:
    """Whether a part is there, unchanged, with a finite figure for each token of its pairs."""
    path = place / _name(number)
    if not path.is_file():
        return False
    expected = known.get(path.name)
    if expected is not None and sha256_of(path) != expected:
        say(f"{path}: is damaged (another digest than was written); computing it anew")
        return False
    try:
        frame = pl.read_parquet(path)
        lengths = [
            frame.select(pl.col(name).list.len()).to_series().to_list()
            == _tokens(side, _of_part(number, pairs))
            for name, side in (("chosen", pairs.chosen), ("rejected", pairs.rejected))
        ]
        finite = frame.select(pl.all().list.eval(pl.element().is_finite()).list.all().all()).row(0)
    except (pl.exceptions.PolarsError, OSError, TypeError) as error:
        say(f"{path}: cannot be read ({cause_of(error)}); computing it anew")
        return False
    if not all(lengths) or not all(finite):
        say(f"{path}: does not fit the pairs; computing it anew")
        return False
    return True


def _tokens(side: Any, rows: range) -> list[int]:
    return [int(side[row][1].sum()) for row in rows]


def _compute(place: Path, numbers: list[int], pairs: EncodedPairs, score: Score, micro_batch: int) -> None:
    """Compute parts, pairs of like length together; a part is written when it is done."""
    samples = PairSamples(
        pairs, np.arange(len(pairs)), None, sorted(set(pairs.frame["language"])), seed=0, length=len(pairs)
    )
    lengths = pairs.lengths()
    total = sum(len(_of_part(number, pairs)) for number in numbers)
    with (
        tqdm(total=total, desc="reference", unit="pair", disable=dist.get_rank() != 0) as bar,
        torch.no_grad(),
    ):
        for number in numbers:
            rows = sorted(_of_part(number, pairs), key=lambda row: int(lengths[row]))
            found: dict[int, tuple[list[float], list[float]]] = {}
            for first in range(0, len(rows), micro_batch):
                these = rows[first : first + micro_batch]
                batch = collate_pairs([samples.pair(row) for row in these], micro_batch)
                found |= dict(zip(these, _answers(batch, score), strict=True))
                bar.update(len(these))
            frame = pl.DataFrame(
                [found[row] for row in sorted(found)],
                schema={"chosen": pl.List(pl.Float32), "rejected": pl.List(pl.Float32)},
                orient="row",
            )
            write_parquet(place / _name(number), frame)


def _answers(batch: dict[str, Any], score: Score) -> list[tuple[list[float], list[float]]]:
    """Log-probabilities of the tokens of both answers of each pair of a batch of one micro batch."""
    tokens, labels = batch["tokens_ABS"][0], batch["labels_ABS"][0]
    scores = score(tokens, labels).cpu()
    rows = [row[counted].tolist() for row, counted in zip(scores, labels != NOT_COUNTED, strict=True)]
    half = len(rows) // 2
    return list(zip(rows[:half], rows[half:], strict=True))


def scorer(model: Any, device: torch.device, precision: str) -> Score:
    """Scores labels with a model that never learns, in the arithmetic of the run."""
    model.requires_grad_(False).eval().to(device)

    def score(tokens: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            return label_log_probabilities(model, tokens.to(device), labels.to(device))

    return score
