"""What the proofs of a byte-level expansion are about."""

import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenization.arabic_script import word_class
from tokenization.base import Additions, Evidence
from tokenization.byte_level_base.alphabet import missing_bytes
from tokenization.byte_level_base.base_definition import ByteLevelBase
from tokenization.byte_level_base.encoding import build_tokenizer

WORD = re.compile("[" + re.sub(r"\\x\{(\w+)\}", lambda code: chr(int(code[1], 16)), word_class()) + "]+")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A base, and the tokenizer that was written.

    Attributes:
        base: The base.
        additions: What was added to it.
        num_reserve: Reserve pieces after them.
        directory: Where the expanded tokenizer lies.
        evidence: What it is tried on.
    """

    base: ByteLevelBase
    additions: Additions
    num_reserve: int
    directory: Path
    evidence: Evidence

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The expanded tokenizer.json, read from the directory."""
        content: dict[str, Any] = json.loads((self.directory / "tokenizer.json").read_text(encoding="utf-8"))
        return content

    @cached_property
    def old(self) -> Any:
        """The base, specials' names being text."""
        return build_tokenizer(self.base.definition)

    @cached_property
    def new(self) -> Any:
        """The expanded tokenizer, specials' names being text."""
        return build_tokenizer(self.definition)

    @cached_property
    def lost(self) -> re.Pattern[str] | None:
        """Characters that hold a byte for which the base has no piece; the base drops it and so must we."""
        missing = set(missing_bytes(self.base.vocabulary)) - {0xC0, 0xC1, *range(0xF5, 0x100)}
        low = "".join(re.escape(chr(byte)) for byte in sorted(missing) if byte < 0x80)
        leads = [byte for byte in missing if byte >= 0xF0]  # each leads 2^18 code points
        high = "".join(
            f"{chr(max(0x10000, (b & 7) << 18))}-{chr(min(0x10FFFF, (b & 7) << 18 | 0x3FFFF))}" for b in leads
        )
        return re.compile(f"[{low}{high}]") if low or high else None

    def sample(self, share: int) -> Evidence:
        """About one of so many documents of the evidence, the same ones each time."""

        def texts() -> Iterator[list[str]]:
            for some in self.evidence.texts():
                yield [text for text in some if zlib.crc32(text.encode()) % share == 0]

        return Evidence(texts=texts, seed=self.evidence.seed)


def ids_of(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Ids of texts, without bos or eos."""
    return [cut.ids for cut in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
