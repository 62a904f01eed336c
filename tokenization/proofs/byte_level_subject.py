"""What the proofs of a byte-level expansion are about, and the texts that they share."""

import json
import random
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenization.arabic_script import BLOCKS, word_class
from tokenization.base import Additions, Evidence
from tokenization.byte_level_base.alphabet import missing_bytes
from tokenization.byte_level_base.base_definition import ByteLevelBase
from tokenization.byte_level_base.encoding import build_tokenizer

ARABIC = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in BLOCKS) + "]")
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

    def sample(self, share: int) -> Iterator[list[str]]:
        """About one of so many documents of the evidence, the same ones each time."""
        for texts in self.evidence.texts():
            yield [text for text in texts if zlib.crc32(text.encode()) % share == 0]


def ids_of(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Ids of texts, without bos or eos."""
    return [cut.ids for cut in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]


def random_texts(seed: int, number: int, *, arabic: bool) -> list[str]:
    """Texts of random code points of all planes, with many spaces and line ends between them, surrogates apart."""
    draw = random.Random(seed)  # noqa: S311 - texts, not secrets
    return [_random_text(draw, arabic=arabic) for _ in range(number)]


def _random_text(draw: random.Random, *, arabic: bool) -> str:
    made = []
    for _ in range(draw.randrange(1, 40)):
        kind = draw.random()
        if kind < 0.3:
            made.append(draw.choice([" ", "  ", "\n", "\r\n", "\t", "\n\n  ", "\N{NO-BREAK SPACE}"]))
        elif kind < 0.5:
            made.append(
                draw.choice(
                    ["the", "I'm", "don't", "x1", "2024", "é", "e\N{COMBINING ACUTE ACCENT}", "(", "..."]
                )
            )
        elif kind < 0.8 and arabic:
            first, last = draw.choice(BLOCKS)
            made.append(chr(draw.randint(first, last)))
        elif kind < 0.9:
            made.append(_code_point(draw, 0x3000))
        else:
            made.append(_code_point(draw, 0x110000))
    text = "".join(made)
    return text if arabic else ARABIC.sub("", text)


def _code_point(draw: random.Random, below: int) -> str:
    code = draw.randrange(1, below)
    return "?" if 0xD800 <= code < 0xE000 else chr(code)
