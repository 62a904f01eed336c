"""Small byte-level BPE bases, trained here on a page of English, and Arabic words to expand them with."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tokenization.byte_level_base.rank_files import LLAMA3_PATTERN

ENGLISH = """The house stands in the middle of the garden, and the garden is older than the house.
def read(path: str) -> list[str]:
    return [line.strip() for line in open(path) if not line.startswith("#")]
It's not that they don't know; they've known it for years, and I'm sure that we'll hear more of it in 2026.
The reader of the book reads the book that the writer of the book has written for the readers of books.
"""
STEMS = "كتب درس علم سلم قرأ شرب جلس خرج دخل فتح نصر سمع حمد رسم لعب صبر شكر ذكر نظر وصل".split()
VOCALIZED = ["كَتَبَ", "مُدَرِّسٌ", "العِلْمُ", "سَلَامٌ", "قُرْآنٌ", "الحَمْدُ", "هٰذَا", "ـكتاب"]


def letters_definition(pattern: str = LLAMA3_PATTERN) -> dict[str, Any]:
    words = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    letters = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {"type": "Sequence", "pretokenizers": [words, letters]}


def train(specials_first: tuple[str, ...] = (), arabic: str = "") -> dict[str, Any]:
    """A tokenizer.json of 256 bytes and some merges of English, and of Arabic where some is given."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA3_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        show_progress=False,
        special_tokens=list(specials_first),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    # line ends and digits often enough that some are joined
    tokenizer.train_from_iterator([ENGLISH, arabic, "x\n \n" * 60, "1234567890 26 " * 30], trainer)
    definition: dict[str, Any] = json.loads(tokenizer.to_str())
    return definition


def added(name: str, number: int) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": name, "special": True} | flags


@pytest.fixture(scope="session")
def byte_level_definition() -> dict[str, Any]:
    """As Llama-3's: specials beside the vocabulary, after all its pieces; words that are pieces are looked up."""
    definition = train(arabic="في من ال " * 20)
    size = len(definition["model"]["vocab"])
    definition["added_tokens"] = [added("<|begin|>", size), added("<|end|>", size + 1)]
    definition["model"]["ignore_merges"] = True
    return definition


@pytest.fixture
def write_base(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Write a tokenizer.json and name it."""

    def write(definition: dict[str, Any]) -> Path:
        path = tmp_path / "base" / "tokenizer.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(definition, ensure_ascii=False), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def arabic_text() -> str:
    """Lines of Arabic words, some vocalized, with lines of English between them."""
    draw = random.Random(7)
    before, after = ["", "ال", "و", "وال", "ب", "ي", "ت"], ["", "ون", "ات", "ها", "ه", "ة", "نا"]
    lines = []
    for number in range(400):
        words = [
            draw.choice(VOCALIZED)
            if draw.random() < 0.2
            else draw.choice(before) + draw.choice(STEMS) + draw.choice(after)
            for _ in range(8)
        ]
        lines.append(" ".join(words) + draw.choice([".", "؟", "،", " 12", " ٣٤"]))
        if number % 10 == 0:
            lines += ["", "The house of the reader, 2026.", "  "]
    return "\n".join(lines)


@pytest.fixture(scope="session")
def arabic_words(arabic_text: str) -> pl.DataFrame:
    """The words of that text, as the expansion's sample has them."""
    from tokenization.arabic_script import character_class, word_class

    text = pl.Series([arabic_text])
    runs = text.str.extract_all(f" ?[{word_class()}]+").explode()
    single = text.str.extract_all(f"[{character_class()}]").explode()
    signs = single.filter(~single.str.contains(f"[{word_class()}]"))
    return (
        pl.concat([runs, signs])
        .to_frame("word")
        .group_by("word")
        .agg(count=pl.len().cast(pl.Int64))
        .with_columns(weight=pl.col("count").cast(pl.Float64))
        .sort("word")
    )
