"""Which bundle becomes what: formats by their shares, directions and instruction lines in turn."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.pair_documents.settings import FORMATS, Format

CHOICE_COLUMNS = ("row", "format", "number")
"""`row`: of the bundle; `number`: of its first document within the format, from 0, in the order of drawing."""


def choose(
    sizes: pl.DataFrame, shares: Mapping[str, float], *, every: bool, translation_pairs: int, seed: int
) -> pl.DataFrame:
    """CHOICE_COLUMNS for the bundles of one source (rows of BUNDLE_COLUMNS).

    Bundles are taken in an order drawn from the seed. Where each is used once, the words that were taken so far say
    whose turn it is, so that no format is off its share by more than a bundle. A bundle of one sentence cannot change
    the language within, so code_switched passes it on to interleaved or else to document_pairs. `number` counts
    documents: what takes turns by it (directions, instruction lines) is used alike.
    """
    order = np.random.Generator(np.random.PCG64(seed)).permutation(sizes.height)
    wanted = [name for name in FORMATS if shares.get(name)]
    alone = sizes["num_units"].to_numpy()[order] < 2
    if every:
        chosen = {name: order[~alone] if name == "code_switched" else order for name in wanted}
    else:
        slots = _by_words(sizes["words"].to_numpy()[order], [shares[name] for name in wanted])
        names = np.array(wanted, dtype=object)[slots]
        names[alone & (names == "code_switched")] = _heir(wanted)
        chosen = {name: order[names == name] for name in FORMATS}
    num_pairs = sizes["num_pairs"].to_numpy()
    frames = [
        pl.DataFrame(
            {
                "row": rows,
                "format": [name] * len(rows),
                "number": _starts(-(-num_pairs[rows] // translation_pairs))
                if name == "translation"
                else np.arange(len(rows)),
            },
            schema={"row": pl.Int64, "format": pl.String, "number": pl.Int64},
        )
        for name, rows in chosen.items()
    ]
    return pl.concat(frames).sort("row", maintain_order=True)


def draws(seed: int, keys: pl.Series, positions: pl.Series) -> npt.NDArray[np.float64]:
    """One number from 0 to below 1 for each key and position; the same for the same three on any machine."""
    with np.errstate(over="ignore"):
        state = keys.to_numpy().astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ np.uint64(seed)) * np.uint64(0xD1342543DE82EF95)
        state += positions.to_numpy().astype(np.uint64) * np.uint64(0xDA942042E4DD58B5)
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):  # MurmurHash3's 64-bit finalizer
            state = (state ^ (state >> np.uint64(33))) * np.uint64(factor)
    return (state >> np.uint64(11)).astype(np.float64) * 2.0**-53


def coins(seed: int, keys: pl.Series, positions: pl.Series) -> npt.NDArray[np.bool_]:
    """One fair coin for each key and position, of `draws`."""
    heads: npt.NDArray[np.bool_] = draws(seed, keys, positions) >= 0.5
    return heads


def _by_words(words: npt.NDArray[np.int64], shares: Sequence[float]) -> npt.NDArray[np.int64]:
    """Slot of each bundle in turn: the one that lacks most of its share of the words so far.

    Taking the middle of each bundle on the line of all words keeps every slot contiguous; bundles are already in a
    drawn order, so a slot is a fair sample of them.
    """
    total = max(1, int(words.sum()))
    middles = (np.cumsum(words) - words / 2) / total
    edges = np.cumsum(shares) / np.sum(shares)
    slots: npt.NDArray[np.int64] = np.minimum(np.searchsorted(edges, middles, side="right"), len(shares) - 1)
    return slots


def _heir(wanted: Sequence[Format]) -> Format:
    return "interleaved" if "interleaved" in wanted else "document_pairs"


def _starts(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    starts: npt.NDArray[np.int64] = np.cumsum(counts) - counts
    return starts
