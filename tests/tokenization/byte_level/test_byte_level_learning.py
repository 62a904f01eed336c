"""Learning goes on where the base's merges stop, on whole Arabic characters; twins that take the long way."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenization.base import Additions
from tokenization.byte_level_base.additions import Learned, count_made, describe, learn_merges
from tokenization.byte_level_base.alphabet import to_letters
from tokenization.byte_level_base.base_definition import ByteLevelBase
from tokenization.byte_level_base.characters import join_characters
from tokenization.byte_level_base.encoding import encoder
from tokenization.byte_level_base.expansion import ByteLevelExpansion
from tokenization.byte_level_base.words import Words, break_at, cut_words
from tokenization.learning import learn

Definition = dict[str, Any]


@pytest.fixture(scope="module")
def base(byte_level_definition: Definition) -> ByteLevelBase:
    return ByteLevelBase(path=Path("base.json"), kind="tokenizer.json", definition=byte_level_definition)


@pytest.fixture(scope="module")
def additions(base: ByteLevelBase, arabic_words: pl.DataFrame) -> Additions:
    return ByteLevelExpansion(base).learn(arabic_words, 150)


def as_lists(words: Words) -> list[list[int]]:
    return [
        words.symbols[first:end].tolist() for first, end in zip(words.starts, words.starts[1:], strict=False)
    ]


def test_words_are_cut_by_the_base(base: ByteLevelBase) -> None:
    words = [" كتاب", "كتاب", " the", "في", "", "house"]
    cut = cut_words(base.definition, words, np.arange(6.0))
    assert as_lists(cut) == encoder(base.definition)(words)
    assert cut.counts.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_word_with_marks_is_cut_as_one(base: ByteLevelBase) -> None:
    """The base's pattern would part it at each mark; ids are those of its bytes."""
    (cut,) = as_lists(cut_words(base.definition, ["ثَثَ"], np.ones(1)))
    assert [base.bytes_of[number] for number in cut] == [bytes([byte]) for byte in "ثَثَ".encode()]


@given(st.lists(st.tuples(st.lists(st.integers(0, 3), max_size=6), st.integers(1, 5)), max_size=8), st.data())
def test_breaking_words_equals_the_long_way(words: list[tuple[list[int], int]], data: st.DataObject) -> None:
    symbols = np.array([symbol for word, _ in words for symbol in word], np.int32)
    starts = np.cumsum([0] + [len(word) for word, _ in words])
    joins = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(symbols), max_size=len(symbols))), np.bool_
    )
    expected: Counter[tuple[int, ...]] = Counter()
    for (word, count), start in zip(words, starts, strict=False):
        parts: list[list[int]] = []
        for place, symbol in enumerate(word):
            if place == 0 or not joins[start + place]:
                parts.append([])
            parts[-1].append(symbol)
        expected.update({tuple(part): 0 for part in parts if len(part) > 1})
        for part in parts:
            if len(part) > 1:
                expected[tuple(part)] += count
    broken = break_at(Words(symbols, starts, np.array([count for _, count in words], np.float64)), joins)
    assert dict(zip(map(tuple, as_lists(broken)), broken.counts.tolist(), strict=True)) == dict(expected)


def test_characters_are_made_whole_by_hand() -> None:
    """Bytes D8 A7 are alef, EF BA 8D its presentation form: two joins for the second; EF BB begins the BOM too."""
    bytes_of: list[bytes | None] = [b"\xd8", b"\xa7", b"\xef", b"\xba", b"\x8d", b"\xbb", b"\xbc", b"a"]
    symbols = np.array([0, 1, 0, 1, 7, 2, 3, 4, 2, 5, 6, 0, 1], np.int32)
    words = Words(symbols, np.array([0, 5, 8, 11, 13]), np.array([10.0, 9.0, 50.0, 1.0]))
    joined = join_characters(words, bytes_of, min_count=8)
    assert joined.pairs == [(0, 1), (2, 3), (9, 4)]
    assert joined.weights == [21.0, 9.0, 9.0]
    assert as_lists(joined.words) == [[8, 8, 7], [10], [2, 5, 6], [8]]
    assert joined.bytes_of[8:] == ["ا".encode(), b"\xef\xba", "\ufe8d".encode()]


def test_rare_characters_stay_bytes() -> None:
    words = Words(np.array([0, 1], np.int32), np.array([0, 2]), np.array([7.0]))
    assert join_characters(words, [b"\xd8", b"\xa7"], min_count=8).pairs == []


def test_merges_equal_those_of_the_hugging_face_trainer() -> None:
    """From single bytes, on words of letters that are bytes of their own: the same merges in the same order."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    words = ["اباب", "باب", "ابن", "بنت", "بنات", "نبات", "تاب", "كتاب", "كتب", "كاتب", "مكتب", "مكتبة"]
    counts = [3, 7, 5, 2, 9, 4, 6, 8, 1, 5, 3, 2]
    text = [word for word, count in zip(words, counts, strict=True) for _ in range(count)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=40, show_progress=False)
    tokenizer.train_from_iterator(text, trainer)
    letters = sorted(set("".join(words)))
    cut = [[letters.index(letter) for letter in word] for word in words]
    starts = np.cumsum([0] + [len(word) for word in cut])
    merges = learn(
        np.array([letter for word in cut for letter in word], np.int32),
        starts,
        np.array(counts, np.float64),
        len(letters),
        40 - len(letters),
    )
    spelled = list(letters)
    for left, right in zip(merges.left, merges.right, strict=True):
        spelled.append(spelled[left] + spelled[right])
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    assert spelled == [piece for piece, _ in vocabulary]


def test_expansion_continues_hugging_face_training(arabic_words: pl.DataFrame) -> None:
    """A trainer's first merges as base, ours after them: together its merges in its order, by weight of each."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    words = arabic_words.filter(pl.col("word").str.contains(r"^ [ا-ي]+$"))
    repeated = [word for word, count in words.select("word", "count").iter_rows() for _ in range(count)]
    # letters by themselves so often that they are made whole before anything else
    repeated += [space + letter for letter in set("".join(repeated)) - {" "} for space in ("", " ")] * 5_000

    def trained(size: int) -> Definition:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, initial_alphabet=alphabet)
        tokenizer.train_from_iterator(repeated, trainer)
        definition: Definition = json.loads(tokenizer.to_str())
        return definition

    start, goal = trained(360), trained(460)
    base = ByteLevelBase(path=Path("x"), kind="tokenizer.json", definition=start)
    learned = learn_merges(base, words, 100, learn)
    ours = describe(base, learned, [0] * 100)
    spelled = {number: piece for piece, number in start["model"]["vocab"].items()}
    spelled |= {base.size + n: piece for n, piece in enumerate(ours.pieces)}
    assert learned.num_characters == 0
    assert [[spelled[left], spelled[right]] for left, right in learned.pairs.tolist()] == goal["model"][
        "merges"
    ][104:]


def test_pieces_are_described(base: ByteLevelBase, additions: Additions) -> None:
    characters = [
        text for text, role in zip(additions.texts, additions.roles, strict=True) if role == "character"
    ]
    assert "ك" in {(text or "").strip() for text in characters}
    assert additions.roles == sorted(additions.roles)  # characters, then what is learned
    assert len(set(additions.pieces)) == len(additions)
    for text, piece, base_ids in zip(additions.texts, additions.pieces, additions.base_ids, strict=True):
        assert text is not None
        assert piece == to_letters(text.encode())
        assert as_lists(cut_words(base.definition, [text], np.ones(1))) == [list(base_ids)]


def test_nothing_is_learned_twice_or_from_other_scripts(additions: Additions) -> None:
    whole = [text for text in additions.texts if text]
    assert not any(character.isascii() for text in whole for character in text.removeprefix(" "))
    assert " في" not in whole  # the base has it


def test_counts_are_those_of_the_expanded_cut(base: ByteLevelBase, additions: Additions) -> None:
    """By hand: `ab` made 3 times for itself and 2 times for `abc`."""
    size = base.size
    learned = Learned(np.array([[0, 1], [size, 2]], np.int32), 0)
    words = Words(
        np.array([size, size + 1, size], np.int32), np.array([0, 1, 2, 3]), np.array([1.0, 2.0, 2.0])
    )
    assert count_made(base, learned, words) == [5, 2]
    assert min(additions.counts) > 0


def test_a_piece_that_the_base_cannot_reach_is_not_made_again(
    arabic_words: pl.DataFrame, byte_level_definition: Definition
) -> None:
    """The base has كتب as a whole word that no merges make: neither it nor anything from it is added."""
    model = byte_level_definition["model"]
    size = len(model["vocab"])
    known = {to_letters(word.encode()): size + 10 + n for n, word in enumerate(("كتب", " كتب"))}
    definition = byte_level_definition | {"model": model | {"vocab": model["vocab"] | known}}
    base = ByteLevelBase(path=Path("x"), kind="tokenizer.json", definition=definition)
    learned = learn_merges(base, arabic_words, 150, learn)
    additions = describe(base, learned, [0] * len(learned.pairs))
    assert len(additions) == 150
    assert not set(known) & set(additions.pieces)


def test_fewer_pieces_come_back_where_words_hold_no_more(base: ByteLevelBase) -> None:
    words = pl.DataFrame({"word": ["كتب", "12"], "weight": [20.0, 30.0], "count": [20, 30]})
    additions = ByteLevelExpansion(base).learn(words, 50)
    assert additions.texts[-1] == "كتب"
    assert len(additions) == 5  # three letters, and two joins
    assert ByteLevelExpansion(base).learn(words.clear(), 50).pieces == []


def test_clitics_keep_their_boundary_when_joins_across_count_nothing(base: ByteLevelBase) -> None:
    """ " and-book" is rarer than " book", so the evidence cuts behind the conjunction."""
    words = pl.DataFrame({"word": [" كتاب", " وكتاب"], "weight": [50.0, 40.0], "count": [50, 40]})
    expansion = ByteLevelExpansion(base)
    plain, guided = expansion.learn(words, 40), expansion.learn(words, 40, clitic_share=0)
    assert " وكتاب" in plain.texts
    assert plain.pieces == expansion.learn(words, 40, clitic_share=1).pieces
    assert {" و", "كتاب", " كتاب"} <= set(guided.texts)
    assert not any("وك" in (text or "") for text in guided.texts)
