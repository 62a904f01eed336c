"""The fold of every Unicode code point, as arrays.

The arrays ship as a data file, so that keys do not change with the Unicode version of the Python that runs.
After a change of the definition, write them again with `python -m corpus.fold`; all keys change then.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corpus.fold.definition import fold_text

PAGE_SIZE = 256
_PATH = Path(__file__).with_name("table.npz")

KEEP, PART, DELETE, UNASSIGNED, FIRST_REPLACEMENT = range(5)
"""What happens to a code point: it stays, parts words, vanishes, parts words because Unicode had not
assigned it,
or, from FIRST_REPLACEMENT on, becomes replacement number `action - FIRST_REPLACEMENT`."""


class FoldTable(NamedTuple):
    """Actions by code point in two levels, and the replacements' UTF-8 laid end to end.

    The action of code point c is `actions[pages[c // 256] * 256 + c % 256]`; replacement r is
    `replacements[starts[r]:starts[r + 1]]`, in which a space parts words.
    """

    pages: npt.NDArray[np.uint16]
    actions: npt.NDArray[np.uint16]
    replacements: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int32]


@lru_cache(maxsize=1)
def load_table() -> FoldTable:
    """Read the shipped table."""
    with np.load(_PATH) as arrays:
        return FoldTable(*(arrays[name] for name in FoldTable._fields))


def save_table(table: FoldTable) -> None:
    """Write the table that ships."""
    np.savez_compressed(_PATH, **table._asdict())


def expand(table: FoldTable) -> npt.NDArray[np.uint16]:
    """The action of each code point; uint16[0x110000]."""
    return table.actions.reshape(-1, PAGE_SIZE)[table.pages].reshape(-1)


def make_table() -> FoldTable:
    """Derive the table from the definition, one code point at a time, under this Python's Unicode version."""
    numbers: dict[str, int] = {}
    actions = np.array([_action(chr(code), numbers) for code in range(0x110000)], np.uint16)
    rows, pages = np.unique(actions.reshape(-1, PAGE_SIZE), axis=0, return_inverse=True)
    encoded = [text.encode() for text in numbers]
    starts = np.concatenate([[0], np.cumsum([len(text) for text in encoded])])
    return FoldTable(
        pages.reshape(-1).astype(np.uint16),
        rows.reshape(-1),
        np.frombuffer(b"".join(encoded), np.uint8),
        starts.astype(np.int32),
    )


def _action(character: str, numbers: dict[str, int]) -> int:
    if unicodedata.category(character) == "Cn":
        return UNASSIGNED
    # Between two letters it shows whether the code point parts words, at its start, within, or at its end.
    between = fold_text(f"a{character}a")[1:-1]
    if between in ("", " "):
        return DELETE if between == "" else PART
    if between == character:
        return KEEP
    return FIRST_REPLACEMENT + numbers.setdefault(between, len(numbers))
