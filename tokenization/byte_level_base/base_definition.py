"""The one inner form of a byte-level base: the content of its tokenizer.json, checked, with its ids in columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenization.byte_level_base.alphabet import to_bytes, to_letters


@dataclass(frozen=True, kw_only=True)
class ByteLevelBase:
    """A byte-level BPE tokenizer.

    Attributes:
        path: The file that it was read from.
        kind: What that file is: tokenizer.json, tiktoken, tekken or gguf.
        definition: Content of its tokenizer.json; made here for the other kinds.
        settings: Content of the tokenizer_config.json beside it, or what stands for it.
    """

    path: Path
    kind: str
    definition: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def vocabulary(self) -> dict[str, int]:
        """Ids of the pieces of the model; some bases list their specials here, some beside it."""
        vocabulary: dict[str, int] = self.definition["model"]["vocab"]
        return vocabulary

    @cached_property
    def specials(self) -> dict[str, int]:
        """Ids of the tokens that are added beside the model, `<s>` and the like."""
        return {token["content"]: token["id"] for token in self.definition["added_tokens"]}

    @cached_property
    def merges(self) -> list[tuple[str, str]]:
        """The merges in their order, as letters of the byte alphabet."""
        return [tuple(pair) for pair in map(_pair, self.definition["model"]["merges"])]  # type: ignore[misc]

    @cached_property
    def size(self) -> int:
        """One more than the highest id; some bases leave ids unused below it."""
        return 1 + max(*self.vocabulary.values(), *self.specials.values(), -1)

    @cached_property
    def bytes_of(self) -> list[bytes | None]:
        """What each id stands for; None for specials and for ids that nobody uses."""
        pieces: list[bytes | None] = [None] * self.size
        for piece, number in self.vocabulary.items():
            if piece not in self.specials:
                pieces[number] = to_bytes(piece)
        return pieces


def build_definition(
    *,
    vocabulary: Mapping[bytes, int],
    merges: Sequence[tuple[bytes, bytes]],
    specials: Mapping[str, int],
    pre_tokenizer: Mapping[str, Any],
    looks_up_words: bool,
) -> dict[str, Any]:
    """A tokenizer.json for a base that came in another form.

    A text's specials are found as added tokens are; `looks_up_words` says that a word which is a piece is taken
    whole, without regard to merges, as tiktoken does.
    """
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": name, "special": True, "normalized": False}
            | dict.fromkeys(("single_word", "lstrip", "rstrip"), False)
            for name, number in sorted(specials.items(), key=lambda item: item[1])
        ],
        "normalizer": None,
        "pre_tokenizer": dict(pre_tokenizer),
        "post_processor": dict(byte_level),
        "decoder": dict(byte_level),
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": looks_up_words,
            # specials whose ids come before those of pieces must be in the vocabulary to keep their ids
            "vocab": dict(specials) | {to_letters(piece): number for piece, number in vocabulary.items()},
            "merges": [[to_letters(left), to_letters(right)] for left, right in merges],
        },
    }


def split_on(pattern: str) -> dict[str, Any]:
    """The definition of a pre-tokenizer that cuts by a pattern and writes bytes as letters."""
    words = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    letters = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {"type": "Sequence", "pretokenizers": [words, letters]}


def _pair(merge: str | Sequence[str]) -> Sequence[str]:
    """A merge is a pair, or in older files one string with a space, which no letter of the alphabet is."""
    return merge.split(" ") if isinstance(merge, str) else merge
