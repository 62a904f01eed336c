"""Pre-tokenizers extended for Arabic marks: whole words where there are marks, and the base's own cuts elsewhere."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenization.byte_level_base.patterns import (
    GPT2_PATTERN,
    extend_pattern,
    extend_pre_tokenizer,
    is_mark,
    load_pre_tokenizer,
)
from tokenization.byte_level_base.rank_files import LLAMA3_PATTERN, QWEN_PATTERN
from tokenization.errors import TokenizationError

GPT4O_PATTERN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# tiktoken's newer spelling of GPT-4's pattern, with possessive quantifiers
CL100K_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
    r"|\s+(?!\S)|\s"
)
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
LETTERS = BYTE_LEVEL | {"use_regex": False}
DIGITS = {"type": "Digits", "individual_digits": True}


def split(pattern: str, *, invert: bool = False) -> dict[str, Any]:
    behavior = "Removed" if invert else "Isolated"
    words = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}
    return {"type": "Sequence", "pretokenizers": [words, LETTERS]}


FORMS = {
    "gpt-2": BYTE_LEVEL,
    "smollm2": {"type": "Sequence", "pretokenizers": [DIGITS, BYTE_LEVEL]},
    "llama-3": split(LLAMA3_PATTERN),
    "qwen": split(QWEN_PATTERN),
    "gpt-4": split(CL100K_PATTERN),
    "gpt-4o": split(GPT4O_PATTERN, invert=True),
}
EXTENDED = {name: extend_pre_tokenizer(form, name) for name, form in FORMS.items()}
BUILT = {name: (load_pre_tokenizer(form), load_pre_tokenizer(EXTENDED[name])) for name, form in FORMS.items()}

MARKS = "\u064b\u064e\u064f\u0651\u0670\u0610\u06d6\u08f0"
ODD = st.sampled_from(
    [*"ab'sTé!?.,(5٣ \n\r\t", "\r\n", "  ", "\n\n", "'s", "e\u0301", "\u00a0", "ا", "ب", "،", "中", "\u200d"]
)
ANY = st.characters(exclude_categories=["Cs"])
PLAIN = st.lists(ODD | ANY, max_size=30).map(
    lambda parts: "".join(c for c in "".join(parts) if not is_mark(c))
)
MARKED = st.lists(ODD | st.sampled_from(list(MARKS)) | st.sampled_from("ابن"), max_size=30).map("".join)


def cuts(built: Any, text: str) -> set[int]:
    return {first for _, (first, _) in built.pre_tokenize_str(text)} | {len(text)}


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=150)
@given(PLAIN)
@example("I'm  here\n\n  \nx1234 don't")
@example("e\u0301te\u0301 \u05e9\u05c1\u05dc\u05d5\u05b9\u05dd नमस्ते")
def test_text_without_arabic_marks_is_cut_as_before(name: str, text: str) -> None:
    old, new = BUILT[name]
    assert new.pre_tokenize_str(text) == old.pre_tokenize_str(text)


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=200)
@given(MARKED)
@example("بَ\n\n  \nx")
@example("بَ's\n x")
@example("بَ!\n\n \n x")
def test_lines_without_arabic_marks_are_cut_as_before_where_they_stand(name: str, text: str) -> None:
    old, new = (cuts(built, text) for built in BUILT[name])
    place = 0
    for line in text.splitlines(keepends=True):
        if not any(map(is_mark, line)):
            inside = set(range(place, place + len(line) + 1))
            assert old & inside == new & inside
        place += len(line)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("word", ["كَتَبَ", "مُحَمَّدٌ", "الرَّحْمٰنِ", "هَٰذَا", "قُرْءَانٌۭ", "كتـــاب", "سلام"])
def test_vocalized_words_stay_whole(name: str, word: str) -> None:
    _, new = BUILT[name]
    assert len(new.pre_tokenize_str(f" {word}")) == 1
    assert cuts(new, f"{word} {word}\n{word}") == {
        0,
        len(word),
        2 * len(word) + 1,
        2 * len(word) + 2,
        3 * len(word) + 2,
    }


def test_the_base_cuts_a_vocalized_word_at_every_haraka() -> None:
    old, new = BUILT["llama-3"]
    assert [piece for piece, _ in old.pre_tokenize_str("كَتَبَ")] != [
        piece for piece, _ in new.pre_tokenize_str("كَتَبَ")
    ]
    assert sorted(cuts(old, "كَتَبَ")) == [0, 1, 3, 5, 6]


@settings(max_examples=300)
@given(st.lists(ODD | ANY, max_size=30).map("".join))
def test_the_written_gpt2_pattern_is_the_built_in_one(text: str) -> None:
    assert load_pre_tokenizer(split(GPT2_PATTERN)).pre_tokenize_str(text) == load_pre_tokenizer(
        BYTE_LEVEL
    ).pre_tokenize_str(text)


def test_patterns_that_take_marks_stay_as_they_are() -> None:
    assert EXTENDED["gpt-4o"] == FORMS["gpt-4o"]
    assert extend_pattern(r"[\p{L}\p{M}]+|\p{N}") == r"[\p{L}\p{M}]+|\p{N}"


def test_only_runs_of_letters_are_touched() -> None:
    marks = extend_pattern(r"\p{L}+").removeprefix(r"[\p{L}").removesuffix("]+")
    assert extend_pattern(r"a\\\p{L}+|[^\p{L}+]|\p{L}|(?:x\p{L}++)") == (
        rf"a\\[\p{{L}}{marks}]+|[^\p{{L}}+]|\p{{L}}|(?:x[\p{{L}}{marks}]++)"
    )


def test_a_form_that_cannot_be_extended_is_refused() -> None:
    with pytest.raises(TokenizationError, match=r"base\.json: its pre-tokenizer cuts vocalized words"):
        extend_pre_tokenizer(split(r"[a-z]+|."), "base.json")
    with pytest.raises(TokenizationError, match="has no pre_tokenizer"):
        extend_pre_tokenizer(None, "base.json")
