"""Conversations that stand there already, whole or by their prompts, in spite of another spelling."""

import numpy as np
import numpy.typing as npt
import polars as pl

from alignment.preparation.settings import Duplicates
from alignment.preparation.turns import HIT_COLUMNS, symbols
from corpus.dedup import (
    NearDuplicates,
    band_keys,
    choose_survivors,
    exact_clusters,
    exact_keys,
    near_clusters,
)
from corpus.dedup import signatures as sign
from corpus.fold import fold
from corpus.text_buffers import TextBuffers, from_buffers, to_buffers

Labels = npt.NDArray[np.int64]


def find(
    conversations: pl.DataFrame, stays: pl.Series, priority: pl.Series, settings: Duplicates
) -> pl.DataFrame:
    """HIT_COLUMNS of rules same_conversation, same_prompt, near_conversation and near_prompt.

    Only the conversations that still stay are compared. Of each cluster the one with the highest priority stays, then
    the longest, then the first; the detail says where it stands, and for near ones how similar it is.
    """
    rows = stays.arg_true()
    kept = conversations[rows]
    whole, prompts = _keys(kept)
    # Folded: tashkeel and punctuation make no text longer.
    length = np.diff(whole.offsets)
    order = priority.gather(rows).to_numpy().astype(np.int64)
    alive = np.ones(kept.height, np.bool_)
    places = kept.select(pl.format("{} line {}", "source", "line")).to_series().to_list()
    found = [pl.DataFrame(schema=HIT_COLUMNS)]
    for name, folded in (("conversation", whole), ("prompt", prompts)):
        if getattr(settings, f"same_{name}"):
            labels = exact_clusters(exact_keys(folded))
            found.append(_drop(f"same_{name}", labels, None, alive, order, length, rows, places))
        near: NearDuplicates = getattr(settings, f"near_{name}")
        if near.enabled:
            labels, values = _near(folded, near)
            found.append(_drop(f"near_{name}", labels, values, alive, order, length, rows, places))
    return pl.concat(found)


def _keys(conversations: pl.DataFrame) -> tuple[TextBuffers, TextBuffers]:
    """Folded texts of conversations and of their prompts, the symbols of the prompts behind both as words."""
    contents = pl.col("messages").list.eval(pl.element().struct.field("content"))
    frame = conversations.select(
        whole=contents.list.join("\n"),
        prompt=contents.list.head(pl.col("messages").list.len() - 1).list.join("\n"),
    )
    asked = frame.select(symbols(pl.col("prompt")).list.join(" ")).to_series()
    whole, prompts = (
        to_buffers((from_buffers(fold(texts)) + " " + asked).str.strip_chars())
        for texts in (frame["whole"], frame["prompt"])
    )
    return whole, prompts


def _near(folded: TextBuffers, settings: NearDuplicates) -> tuple[Labels, npt.NDArray[np.uint32]]:
    values = sign(folded, settings)
    keys = band_keys(values, settings)
    return near_clusters(lambda band: keys[band], values, settings), values


def _drop(
    rule: str,
    labels: Labels,
    values: npt.NDArray[np.uint32] | None,
    alive: npt.NDArray[np.bool_],
    order: Labels,
    length: Labels,
    rows: pl.Series,
    places: list[str],
) -> pl.DataFrame:
    """Hits of one comparison; what earlier ones dropped is left out, and what this one drops is marked in `alive`."""
    members = np.flatnonzero(alive)
    _, compact = np.unique(labels[members], return_inverse=True)
    survivors = members[choose_survivors(compact.astype(np.int64), order[members], length[members])]
    gone = np.flatnonzero(survivors != members)
    alive[members[gone]] = False
    details = [
        places[into] + ("" if values is None else f", similarity {np.mean(values[out] == values[into]):.2f}")
        for out, into in zip(members[gone].tolist(), survivors[gone].tolist(), strict=True)
    ]
    return pl.DataFrame(
        {
            "conversation": rows.gather(members[gone]),
            "turn": np.zeros(len(gone), np.int64),
            "rule": [rule] * len(gone),
            "detail": details,
        },
        schema=HIT_COLUMNS,
    )
