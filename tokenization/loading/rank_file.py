"""Byte-level tokenizers given as ranks: tiktoken files and mistral-common's tekken JSON, run by tiktoken."""

import base64
import binascii
import os
from collections.abc import Sequence
from typing import Any

from tokenization.byte_level_base.rank_files import LLAMA3_PATTERN, QWEN_PATTERN
from tokenization.errors import TokenizationError
from tokenization.loading.pieces import Pieces
from tokenization.loading.spans import locate
from tokenization.loading.tokenizer import Encoded, Located, encode_in_batches, gather

_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
O200K_PATTERN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + _CONTRACTIONS
    + r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + _CONTRACTIONS
    + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)  # fmt: skip
PATTERNS = {
    100_256: LLAMA3_PATTERN,  # cl100k: GPT-4
    128_000: LLAMA3_PATTERN,
    151_643: QWEN_PATTERN,
    199_998: O200K_PATTERN,  # GPT-4o
    200_000: O200K_PATTERN,  # Llama 4
}
"""A tiktoken file does not say how it cuts text into words; these are known by the number of their ranks."""


MOST_RANKS = 10_000_000
"""More than any vocabulary has: a list is made as long as the highest rank."""


class RankFile:
    """A tokenizer that the tiktoken library runs; see `Tokenizer`. Ids are ranks plus `first`."""

    unknown_id = -1

    def __init__(
        self,
        name: str,
        path: str,
        sha256: str,
        kind: str,
        ranks: dict[bytes, int],
        pattern: str,
        first: int = 0,
    ) -> None:
        from tiktoken import Encoding

        _check_ranks(ranks, first, f"tokenizer {name}: {path}")
        self.name, self.path, self.sha256, self.kind = name, path, sha256, kind
        self._first = first
        self.size = first + 1 + max(ranks.values())
        contents: list[bytes | None] = [None] * self.size
        for piece, rank in ranks.items():
            contents[rank + first] = piece
        self.pieces = Pieces(contents)
        self._threads = len(os.sched_getaffinity(0))
        try:
            self._encoding: Any = Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        except (ValueError, KeyError) as error:
            raise TokenizationError(
                f"tokenizer {name}: {path} cannot be run with pattern {pattern!r} ({error}): check both"
            ) from error

    def encode_batch(self, texts: Sequence[str]) -> Encoded:
        """Ids of each text."""

        def encode(part: Sequence[str]) -> Encoded:
            found = gather(self._encoding.encode_ordinary_batch(list(part), num_threads=self._threads))
            return Encoded(found.ids + self._first, found.offsets)

        return encode_in_batches(texts, encode)

    def locate(self, texts: Sequence[str]) -> Located:
        """Ids of each text, and the characters that each piece covers."""
        return locate(texts, self.encode_batch(texts), self.pieces.lengths)

    def decode(self, ids: Sequence[int]) -> str:
        """The text that ids stand for."""
        return str(self._encoding.decode([number - self._first for number in ids]))


def _check_ranks(ranks: dict[bytes, int], first: int, where: str) -> None:
    """See that tiktoken can run these ranks: it panics where it cannot.

    Raises:
        TokenizationError: A rank is given twice or out of reach, or a byte has no piece.
    """
    if len(set(ranks.values())) < len(ranks) or not all(0 <= rank < MOST_RANKS for rank in ranks.values()):
        raise TokenizationError(
            f"{where}: a rank is given twice, or is not from 0 to {MOST_RANKS:,}: download it again"
        )
    missing = sum(bytes([byte]) not in ranks for byte in range(256))
    if b"" in ranks or missing or not 0 <= first < MOST_RANKS:
        raise TokenizationError(
            f"{where}: {missing} of the 256 bytes have no piece, or a piece is empty: download it again"
        )


def read_tiktoken(name: str, path: str, content: bytes, sha256: str, pattern: str = "") -> RankFile:
    """Read a tiktoken file: on each line a piece in base 64 and its rank.

    Raises:
        TokenizationError: The file is damaged, or it is not known how it cuts text and `pattern` is empty.
    """
    try:
        pairs = [line.split() for line in content.splitlines() if line.strip()]
        ranks = {base64.b64decode(piece, validate=True): int(rank) for piece, rank in pairs}
    except (ValueError, binascii.Error) as error:
        raise TokenizationError(
            f"tokenizer {name}: {path} is no tiktoken file, which has a piece in base 64 and its rank on each line"
        ) from error
    pattern = pattern or PATTERNS.get(len(ranks), "")
    if not ranks or not pattern:
        known = ", ".join(f"{size:,}" for size in PATTERNS)
        raise TokenizationError(
            f"tokenizer {name}: {path} has {len(ranks):,} ranks; a tiktoken file does not say how it cuts text and "
            f"only those of {known} ranks are known: set pattern to its regular expression"
        )
    return RankFile(name, path, sha256, "tiktoken", ranks, pattern)


def read_tekken(name: str, path: str, definition: dict[str, Any], sha256: str) -> RankFile:
    """Read mistral-common's tekken JSON: specials first, then as many ranks as its config says.

    Raises:
        TokenizationError: A part is missing or damaged.
    """
    try:
        config = definition["config"]
        specials = int(config["default_num_special_tokens"])
        entries = definition["vocab"][: int(config["default_vocab_size"]) - specials]
        ranks = {base64.b64decode(entry["token_bytes"]): int(entry["rank"]) for entry in entries}
        return RankFile(name, path, sha256, "tekken", ranks, config["pattern"], specials)
    except (KeyError, TypeError, ValueError) as error:
        raise TokenizationError(
            f"tokenizer {name}: {path} is a damaged tekken file ({error!r}): download it again"
        ) from error
