"""What `python -m tokenization.expand` left: the new pieces, what the base made of them, and the tokenizer's files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.errors import cause_of
from corpus.pipeline.atomic import sha256_of
from tokenization.embeddings.vocabulary import Vocabulary, read_vocabulary
from tokenization.embeddings.weights import Parts
from tokenization.errors import TokenizationError

TOKENIZER_FILES = (
    "tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocab.json", "merges.txt", "chat_template.jinja",
)  # fmt: skip
"""Files that make up a tokenizer; a checkpoint takes them from the expansion, never from the base."""


@dataclass(frozen=True)
class Expansion:
    """New pieces in the order of their ids, which go on where the base's end."""

    directory: Path
    base_size: int  # pieces whose rows stay
    parts: Parts  # in pieces below `base_size`; a reserve piece has none
    joins: tuple[tuple[int, ...], ...]  # ids that join to make each new piece, where the expansion tells them

    @property
    def size(self) -> int:
        """Pieces of the expanded tokenizer, reserve included: rows of the new matrices."""
        return self.base_size + len(self.parts)

    @property
    def is_learned(self) -> npt.NDArray[np.bool_]:
        """Which new pieces stand for text, and are no reserve; bool[new pieces]."""
        return np.diff(self.parts.starts) > 0

    @property
    def files(self) -> list[Path]:
        """The tokenizer's files that are there."""
        return [path for name in TOKENIZER_FILES if (path := self.directory / name).is_file()]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The expanded vocabulary."""
        return read_vocabulary(self.directory / "tokenizer.json")


def read_expansion(directory: Path) -> Expansion:
    """Read an expansion and check that its parts agree.

    Raises:
        TokenizationError: It is not there, not finished, or does not hold together.
    """
    _check_digests(directory)
    pieces = _read_pieces(directory / "pieces.parquet")
    ids = pieces["id"].to_numpy()
    base_size = int(ids[0])
    if not np.array_equal(ids, np.arange(base_size, base_size + len(ids))):
        raise _broken(directory, "its ids are not consecutive")
    lists = pieces["base_ids"].fill_null([]).to_list()
    for piece, role, parts in zip(pieces["piece"], pieces["role"], lists, strict=True):
        if (len(parts) == 0) != (role == "reserve"):
            raise _broken(directory, f"piece {piece!r} must have base_ids unless its role is reserve")
    joins = pieces["parts"].fill_null([]).to_list() if "parts" in pieces.columns else []
    expansion = Expansion(directory, base_size, parts_of(lists), tuple(map(tuple, joins)))
    if (
        len(expansion.parts.ids)
        and not 0 <= expansion.parts.ids.min() <= expansion.parts.ids.max() < base_size
    ):
        raise _broken(directory, f"base_ids must lie below the base's size of {base_size:,}")
    if expansion.vocabulary.size != expansion.size:
        raise _broken(
            directory,
            f"tokenizer.json has {expansion.vocabulary.size:,} pieces where {expansion.size:,} are listed",
        )
    return expansion


def from_stage(expansion: Expansion, kept: int) -> Expansion:
    """The expansion as it goes on from an earlier stage of itself, which has trained the rows of its first pieces.

    Pieces from `kept` on are made of what the earlier stage cuts them into, new pieces of its own among them.

    Raises:
        TokenizationError: The expansion does not tell how its pieces join.
    """
    if not expansion.joins:
        raise _broken(expansion.directory, "has no column parts, which going on from an earlier stage needs")
    cuts: dict[int, list[int]] = {}
    for number, join in enumerate(expansion.joins, start=expansion.base_size):
        if number >= kept:
            cuts[number] = [id_ for part in join for id_ in cuts.get(part, [part])]
    return replace(expansion, base_size=kept, parts=parts_of(list(cuts.values())), joins=())


def parts_of(lists: Sequence[Sequence[int]]) -> Parts:
    """Lists of ids as one column.

    >>> parts_of([[5, 6], [], [7]])
    Parts(ids=array([5, 6, 7], dtype=int32), starts=array([0, 2, 2, 3]))
    """
    ids = np.fromiter(chain.from_iterable(lists), np.int32)
    starts = np.zeros(len(lists) + 1, np.int64)
    np.cumsum([len(parts) for parts in lists], out=starts[1:])
    return Parts(ids, starts)


def special_ids(expansion: Expansion) -> dict[str, int]:
    """The ids of bos, eos and pad that the tokenizer names, as `bos_token_id` and so on."""
    path = expansion.directory / "tokenizer_config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise TokenizationError(f"{path}: not JSON ({error}): expand the tokenizer again") from error
    found = {}
    for name in ("bos_token", "eos_token", "pad_token"):
        token = config.get(name)
        content = token.get("content") if isinstance(token, dict) else token
        if content is None:
            continue
        if content not in expansion.vocabulary.ids:
            raise TokenizationError(
                f"{path}: {name} {content!r} is no piece of the tokenizer: expand the tokenizer again"
            )
        found[f"{name}_id"] = expansion.vocabulary.ids[content]
    return found


def _check_digests(directory: Path) -> None:
    path = directory / "manifest.json"
    try:
        digests: dict[str, str] = dict(json.loads(path.read_text(encoding="utf-8"))["files"])
    except FileNotFoundError as error:
        raise TokenizationError(
            f"{path}: not there: give the output_dir of a `python -m tokenization.expand` that has finished"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise TokenizationError(
            f"{path}: not the manifest of an expansion ({error!r}): expand the tokenizer again"
        ) from error
    for name in (*TOKENIZER_FILES, "pieces.parquet"):
        file = directory / name
        if file.is_file() and digests.get(name) != sha256_of(file):
            raise TokenizationError(
                f"{file}: not as the expansion wrote it, by the SHA-256 in manifest.json: expand the tokenizer again"
            )


def _read_pieces(path: Path) -> pl.DataFrame:
    try:
        pieces = pl.read_parquet(path)
    except FileNotFoundError as error:
        raise TokenizationError(f"{path}: not there: expand the tokenizer again") from error
    except pl.exceptions.PolarsError as error:
        reason = cause_of(error)
        raise TokenizationError(f"{path}: cannot be read ({reason}): expand the tokenizer again") from error
    if pieces.is_empty() or not {"id", "piece", "base_ids", "role"} <= set(pieces.columns):
        raise _broken(path.parent, "must have rows, and columns id, piece, base_ids and role")
    return pieces


def _broken(directory: Path, what: str) -> TokenizationError:
    return TokenizationError(f"{directory / 'pieces.parquet'}: {what}: expand the tokenizer again")
