"""What `python -m tokenization.expand` left: the new pieces, what the base made of them, and the tokenizer's files."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

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
    base_size: int
    parts: Parts  # a reserve piece has none

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
    pieces = _read_pieces(directory / "pieces.parquet")
    ids = pieces["id"].to_numpy()
    base_size = int(ids[0])
    if not np.array_equal(ids, np.arange(base_size, base_size + len(ids))):
        raise _broken(directory, "its ids are not consecutive")
    lists = pieces["base_ids"].fill_null([]).cast(pl.List(pl.Int32))
    counts = lists.list.len().to_numpy().astype(np.int64)
    is_reserve = (pieces["role"] == "reserve").to_numpy()
    if (bad := (counts == 0) != is_reserve).any():
        piece = pieces["piece"][int(bad.argmax())]
        raise _broken(directory, f"piece {piece!r} must have base_ids unless its role is reserve")
    parts = Parts(
        lists.explode(empty_as_null=False).to_numpy().astype(np.int32),
        np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
    )
    if len(parts.ids) and not (parts.ids.min() >= 0 and parts.ids.max() < base_size):
        raise _broken(directory, f"base_ids must lie below the base's size of {base_size:,}")
    expansion = Expansion(directory, base_size, parts)
    if expansion.vocabulary.size != expansion.size:
        raise _broken(
            directory,
            f"tokenizer.json has {expansion.vocabulary.size:,} pieces where {expansion.size:,} are listed",
        )
    return expansion


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


def _read_pieces(path: Path) -> pl.DataFrame:
    try:
        pieces = pl.read_parquet(path, columns=["id", "piece", "base_ids", "role"])
    except FileNotFoundError as error:
        raise TokenizationError(
            f"{path}: not there: give the output_dir of a `python -m tokenization.expand` that has finished"
        ) from error
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().splitlines()[0]
        raise TokenizationError(f"{path}: cannot be read ({reason}): expand the tokenizer again") from error
    if pieces.is_empty():
        raise _broken(path.parent, "it has no new piece")
    return pieces


def _broken(directory: Path, what: str) -> TokenizationError:
    return TokenizationError(f"{directory / 'pieces.parquet'}: {what}: expand the tokenizer again")
