"""Repeated lines: their keys, which are boilerplate, and texts without them."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.dedup import Boilerplate, key_ranges, line_keys, remove_lines, repeated_lines
from corpus.fold import fold_text

NOTICE = "All rights reserved, Example News 2024."
SETTINGS = Boilerplate(minimum_documents=2, minimum_words=3, maximum_share=1.0)


def key_of(line: str) -> int:
    return xxhash.xxh64(fold_text(line).encode()).intdigest()


def slow_removal(text: str, keys: set[int]) -> str:
    kept: list[str] = []
    closing = lost = False
    for line in text.split("\n"):
        if len(fold_text(line).split()) >= SETTINGS.minimum_words and key_of(line) in keys:
            closing = lost = True
            continue
        blank = not line.strip(" \t\n\v\f\r")
        if closing and blank and (not kept or not kept[-1].strip(" \t\n\v\f\r")):
            continue
        kept.append(line)
        closing = closing and blank
    while lost and closing and kept and not kept[-1].strip(" \t\n\v\f\r"):
        kept.pop()
    return "\n".join(kept) if any(map(str.strip, kept)) else text  # what is nothing else stays whole


def test_keys_are_of_folded_lines_and_once_a_document() -> None:
    texts = pl.Series(
        [f"{NOTICE}\nshort line\nALL rights — reserved: example news 2024", None, f"x\n{NOTICE}"]
    )
    found = line_keys(texts, SETTINGS)
    assert found.documents.tolist() == [0, 2]
    assert found.keys.tolist() == [key_of(NOTICE)] * 2


@pytest.mark.parametrize("values_in_memory", [1, 7, 1 << 24])
def test_repeated_lines_count_over_documents(values_in_memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ranges, "VALUES_IN_MEMORY", values_in_memory)
    keys = np.random.default_rng(1).integers(0, 1 << 64, 30, dtype=np.uint64)
    pieces = [keys[:20], keys[10:], keys[15:18], np.empty(0, np.uint64), keys[:1]]
    expected = {2: set(keys[10:20]) | {keys[0]}, 3: set(keys[15:18]), 4: set()}
    for minimum, wanted in expected.items():
        found = repeated_lines(iter(pieces), Boilerplate(minimum_documents=minimum))
        assert found.dtype == np.uint64
        assert found.tolist() == sorted(int(key) for key in wanted)


def test_no_keys_at_all() -> None:
    assert repeated_lines([], SETTINGS).tolist() == []


@pytest.mark.parametrize(
    ("text", "expected", "lost"),
    [
        (f"A\n{NOTICE}\nB", "A\nB", 1),
        (f"{NOTICE}\nB", "B", 1),
        (f"A\n{NOTICE}", "A", 1),
        (f"A\n\n{NOTICE}\n\nB", "A\n\nB", 1),
        (f"A\n\n{NOTICE}\n{NOTICE}\n\n\nB\n", "A\n\nB\n", 2),
        (f"A\n\n{NOTICE}\n", "A", 1),
        (f"\n{NOTICE}\n\nB", "\nB", 1),
        (NOTICE, NOTICE, 0),
        (f"{NOTICE}\n\n{NOTICE}", f"{NOTICE}\n\n{NOTICE}", 0),
        (f"{NOTICE}\n \n{NOTICE}\n\u3000", f"{NOTICE}\n \n{NOTICE}\n\u3000", 0),
        ("A\n\n\n\nB \r\n", "A\n\n\n\nB \r\n", 0),
        (f"A {NOTICE}", f"A {NOTICE}", 0),
        ("", "", 0),
    ],
)
def test_removal_leaves_no_holes(text: str, expected: str, lost: int) -> None:
    removed = remove_lines(
        pl.Series("text", [text, "other"]), np.array([key_of(NOTICE)], np.uint64), SETTINGS
    )
    assert removed.texts.to_list() == [expected, "other"]
    assert removed.lines.tolist() == [lost, 0]
    assert removed.texts.name == "text"


LINES = st.sampled_from(["", " ", "a b c", "A, b; c!", "d e f", "a b", "ا ب ت", "أ بـ تَ", "\t"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(LINES, max_size=9).map("\n".join), max_size=4))
def test_removal_equals_twin(texts: list[str]) -> None:
    keys = {key_of("a b c"), key_of("ا ب ت"), 0, 2**64 - 1}
    removed = remove_lines(pl.Series(texts, dtype=pl.String), np.array(sorted(keys), np.uint64), SETTINGS)
    assert removed.texts.to_list() == [slow_removal(text, keys) for text in texts]


def test_planted_notice_goes_from_all_documents_and_nothing_else_does() -> None:
    texts = pl.Series(
        [f"document {i} says its own thing\n{NOTICE}\nfin {i}" for i in range(5)] + ["no notice"]
    )
    found = line_keys(texts, SETTINGS)
    keys = repeated_lines([found.keys[:3], found.keys[3:]], SETTINGS)
    removed = remove_lines(texts, keys, SETTINGS)
    assert removed.texts.to_list() == [f"document {i} says its own thing\nfin {i}" for i in range(5)] + [
        "no notice"
    ]


def test_nothing_to_remove_returns_the_texts() -> None:
    texts = pl.Series(["a b c d", None])
    removed = remove_lines(texts, np.empty(0, np.uint64), SETTINGS)
    assert removed.texts.to_list() == ["a b c d", None]
    assert removed.lines.tolist() == [0, 0]


def test_settings_refuse_one_document() -> None:
    with pytest.raises(ValueError, match="minimum_documents must be at least 2, got 1"):
        Boilerplate(minimum_documents=1)


def test_settings_load_nothing_heavy() -> None:
    code = (
        "import sys, corpus.dedup.settings;"
        "print(sorted({'numba', 'numpy', 'datasketch', 'polars'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"{NOTICE}\n{'x' * len(NOTICE)}", "x" * len(NOTICE)),  # one line feed less than half goes
        (f"{NOTICE}\nshort", f"{NOTICE}\nshort"),
        (NOTICE, NOTICE),
    ],
)
def test_copies_are_left_whole_to_the_near_pass(text: str, left: str) -> None:
    settings = Boilerplate(minimum_documents=2, minimum_words=4, maximum_share=0.51)
    keys = line_keys(pl.Series([NOTICE]), settings).keys
    removed = remove_lines(pl.Series([text, "other"]), keys, settings)
    assert removed.texts.to_list() == [left, "other"]
    assert removed.lines.tolist() == [int(text != left), 0]
