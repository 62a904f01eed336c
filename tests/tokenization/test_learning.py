"""The learner: derived by hand, against a slow twin, and against the trainers of two libraries."""

import itertools
import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenization.learning import Merges, joint_shares, learn

Word = tuple[int, ...]


def columns(words: list[Word]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.cumsum([0, *map(len, words)]).astype(np.int64)
    return np.array([symbol for word in words for symbol in word], np.int32), starts


def spelled(words: dict[str, float], num_merges: int, **options: object) -> list[tuple[str, float]]:
    """What merges spell, with their weights, when the symbols are letters in code-point order."""
    letters = sorted({letter for word in words for letter in word})
    symbols, starts = columns([tuple(letters.index(letter) for letter in word) for word in words])
    counts = np.array(list(words.values()), float)
    return texts(learn(symbols, starts, counts, len(letters), num_merges, **options), letters)


def texts(merges: Merges, letters: list[str]) -> list[tuple[str, float]]:
    pieces = list(letters)
    for left, right in zip(merges.left, merges.right, strict=True):
        pieces.append(pieces[left] + pieces[right])
    return list(zip(pieces[len(letters) :], merges.weights.tolist(), strict=True))


def most_apart(weights: list[float]) -> float:
    """The most that some of them weigh, no two of which are neighbors."""
    if not weights:
        return 0.0
    return max(most_apart(weights[1:]), weights[0] + most_apart(weights[2:]))


def slow_twin(
    words: list[Word], counts: list[float], num_symbols: int, num_merges: int, joints: list[list[float]]
) -> list[tuple[int, int, float]]:
    """Count all pairs anew for every merge; a symbol is (id, share of the joint before it)."""
    cut = [list(zip(word, shares, strict=True)) for word, shares in zip(words, joints, strict=True)]
    merges: list[tuple[int, int, float]] = []
    while len(merges) < num_merges:
        weights: dict[tuple[int, int], float] = {}
        for word, count in zip(cut, counts, strict=True):
            pairs = [(left, right, count * share) for (left, _), (right, share) in itertools.pairwise(word)]
            for (left, right), places in itertools.groupby(pairs, key=lambda pair: pair[:2]):
                found = [weight for _, _, weight in places]
                total = most_apart(found) if left == right else sum(found)
                weights[left, right] = weights.get((left, right), 0.0) + total
        weights = {pair: weight for pair, weight in weights.items() if weight > 0}
        if not weights:
            break
        best = min(weights, key=lambda pair: (-weights[pair], pair))
        new = num_symbols + len(merges)
        merges.append((*best, weights[best]))
        for word in cut:
            place = 0
            while place + 1 < len(word):
                if (word[place][0], word[place + 1][0]) == best:
                    word[place : place + 2] = [(new, word[place][1])]
                place += 1
    return merges


def test_merges_derived_by_hand() -> None:
    # ab 5+3+2; then ab+c 5+2; then d+e before ab+d, for d is the lower left; then ab+de; last the two abc
    expected = [("ab", 10), ("abc", 7), ("de", 3), ("abde", 3), ("abcabc", 1)]
    assert spelled({"abc": 5, "abde": 3, "abcabc": 1}, 9) == expected


def test_a_run_is_counted_as_it_is_merged() -> None:
    # five letters hold two pairs that do not overlap; of aa+aa and aa+a, once each, the lower right symbol comes first
    assert spelled({"aaaaa": 1}, 9) == [("aa", 2), ("aaa", 1), ("aaaaa", 1)]


def test_of_equal_weights_the_lower_symbols_come_first() -> None:
    assert [text for text, _ in spelled({"cd": 1, "ab": 1, "ac": 1}, 9)] == ["ab", "ac", "cd"]


def test_learning_goes_on_from_symbols_that_the_base_has_joined() -> None:
    symbols, starts = columns([(7, 3, 9), (7, 3)])
    merges = learn(symbols, starts, np.array([2.0, 1.0]), 10, 5)
    assert merges.left.tolist() == [7, 10]
    assert merges.right.tolist() == [3, 9]
    assert merges.weights.tolist() == [3.0, 2.0]
    assert merges.first(1).right.tolist() == [3]
    assert len(merges) == 2


def test_a_joint_lowers_only_pairs_that_cross_it() -> None:
    # both words end in "bcd"; a cut before "b" leaves "ab" a quarter of its 8
    words, cut = [(0, 1, 2, 3)], np.array([1.0, 0.25, 1.0, 1.0])
    symbols, starts = columns(words)
    merges = learn(symbols, starts, np.array([8.0]), 4, 9, joints=cut)
    assert texts(merges, list("abcd")) == [("bc", 8), ("bcd", 8), ("abcd", 2)]
    never = learn(symbols, starts, np.array([8.0]), 4, 9, joints=np.where(cut < 1, 0.0, 1.0))
    assert texts(never, list("abcd")) == [("bc", 8), ("bcd", 8)]


def test_light_pairs_are_left_alone() -> None:
    words = {"ab": 3, "cd": 2, "aab": 0}
    assert spelled(words, 9, minimum_weight=2.5) == [("ab", 3)]
    assert spelled(words, 9) == [("ab", 3), ("cd", 2)]


weighted_words = st.lists(
    st.tuples(
        st.lists(st.integers(0, 3), max_size=10).map(tuple),
        st.one_of(st.integers(0, 4).map(float), st.floats(0, 1e6)),
    ),
    min_size=1,
    max_size=20,
)


@settings(deadline=None, max_examples=150)
@given(weighted_words, st.integers(0, 40), st.randoms(use_true_random=False))
def test_equals_the_slow_twin(
    weighted: list[tuple[Word, float]], num_merges: int, draw: random.Random
) -> None:
    words = [word for word, _ in weighted]
    joints = [[draw.choice([1.0, 1.0, 0.5, 0.0]) for _ in word] for word in words]
    symbols, starts = columns(words)
    # quarters, so that sums are exact in the twin too
    counts = [round(4 * count) / 4 for _, count in weighted]
    flat = np.array([share for shares in joints for share in shares])
    merges = learn(symbols, starts, np.array(counts), 4, num_merges, joints=flat)
    found = list(zip(merges.left.tolist(), merges.right.tolist(), merges.weights.tolist(), strict=True))
    assert found == slow_twin(words, counts, 4, num_merges, joints)


@settings(deadline=None, max_examples=60)
@given(weighted_words, st.randoms(use_true_random=False))
def test_holds_for_any_words(weighted: list[tuple[Word, float]], draw: random.Random) -> None:
    symbols, starts = columns([word for word, _ in weighted])
    before = symbols.copy()
    merges = learn(symbols, starts, np.array([count for _, count in weighted]), 4, 30)
    made = 4 + np.arange(len(merges))
    assert (merges.left < made).all()
    assert (merges.right < made).all()
    assert (np.diff(merges.weights) <= 0).all()
    assert (merges.weights > 0).all()
    assert len(set(zip(merges.left.tolist(), merges.right.tolist(), strict=True))) == len(merges)
    assert (symbols == before).all()
    draw.shuffle(weighted)
    symbols, starts = columns([word for word, _ in weighted])
    again = learn(symbols, starts, np.array([count for _, count in weighted]), 4, 30)
    for one, other in [
        (merges.left, again.left),
        (merges.right, again.right),
        (merges.weights, again.weights),
    ]:
        assert one.tolist() == other.tolist()
    fewer = learn(symbols, starts, np.array([count for _, count in weighted]), 4, 7)
    assert fewer.left.tolist() == merges.first(7).left.tolist()


def made_words(number: int, seed: int) -> dict[str, int]:
    """Words of Arabic syllables with counts that hardly ever tie; no piece stands three times in a row."""
    draw = random.Random(seed)
    syllables = ["ال", "كت", "اب", "مد", "رس", "ة", "ون", "ي", "و", "با", "سل", "ام", "قر", "ية"]
    words: dict[str, int] = {}
    while len(words) < number:
        chosen = draw.sample(syllables, draw.randint(1, 5))
        words["".join(chosen)] = draw.randint(1, 1_000_000)
    return words


def test_agrees_with_hugging_face() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    words = {
        word: 1 + count % 7 for word, count in made_words(300, 1).items()
    }  # many ties: the rules are the same
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=200, min_frequency=0, show_progress=False)
    tokenizer.train_from_iterator([f"{word} " * count for word, count in words.items()], trainer)
    theirs = ["".join(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    assert len(theirs) > 150
    assert [text for text, _ in spelled(words, len(theirs))] == theirs


def test_agrees_with_sentencepiece(tmp_path) -> None:
    import sentencepiece

    words = made_words(300, 2)
    path = tmp_path / "words.tsv"
    path.write_text("".join(f"{word}\t{count}\n" for word, count in words.items()), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(path),
        input_format="tsv",
        model_prefix=str(tmp_path / "model"),
        model_type="bpe",
        vocab_size=140,
        character_coverage=1.0,
        normalization_rule_name="identity",
        split_by_unicode_script=False,
        minloglevel=2,
    )
    model = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "model.model"))
    pieces = [model.id_to_piece(number) for number in range(3, len(model))]
    theirs = [piece for piece in pieces if len(piece) > 1]
    assert len(theirs) > 100
    ours = [text for text, _ in spelled({f"\N{LOWER ONE EIGHTH BLOCK}{w}": c for w, c in words.items()}, 200)]
    assert ours[: len(theirs)] == theirs


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"starts": [0, 2]}, "starts must be one longer"),
        ({"starts": [0, 3, 2]}, "starts must rise"),
        ({"starts": [1, 2, 3]}, "starts must rise"),
        ({"symbols": [0, 4, 1]}, "below num_symbols, 4"),
        ({"symbols": [0, -1, 1]}, "at least 0"),
        ({"counts": [1.0, float("nan")]}, "counts must be finite"),
        ({"counts": [1.0, -1.0]}, "counts must be finite"),
        ({"num_merges": -1}, "num_merges must be at least 0, got -1"),
        ({"joints": [1.0]}, "joints must be as many as symbols"),
        ({"joints": [1.0, 2.0, 1.0]}, "joints must be from 0 to 1"),
    ],
)
def test_refuses_what_does_not_hang_together(change: dict[str, object], message: str) -> None:
    given = {"symbols": [0, 1, 2], "starts": [0, 2, 3], "counts": [1.0, 1.0], "num_merges": 2} | change
    types = {"symbols": np.int32, "starts": np.int64, "counts": float, "joints": float}
    arguments = {key: np.array(value, types[key]) if key in types else value for key, value in given.items()}
    with pytest.raises(ValueError, match=message):
        learn(num_symbols=4, **arguments)


@pytest.mark.parametrize("words", [[], [()], [(), (1,), ()]])
def test_nothing_to_learn(words: list[Word]) -> None:
    symbols, starts = columns(words)
    assert len(learn(symbols, starts, np.ones(len(words)), 4, 5)) == 0


def test_large_words_and_many_pairs() -> None:
    """More pairs than the first tables hold, against exact totals."""
    draw = np.random.default_rng(3)
    symbols = draw.integers(0, 3000, 200_000).astype(np.int32)
    starts = np.arange(0, 200_001, 10)
    merges = learn(symbols, starts, np.ones(20_000), 3000, 50)
    inner = np.delete(np.arange(199_999), np.arange(9, 199_999, 10))
    pairs = symbols[inner].astype(np.int64) * 3000 + symbols[inner + 1]
    assert merges.weights[0] == np.unique(pairs, return_counts=True)[1].max()


def test_shares_fall_on_symbols_that_begin_at_a_cut() -> None:
    import polars as pl

    pieces = [b" ", "و".encode(), "ال".encode(), "ب".encode(), "يت".encode(), "وا".encode(), "ل".encode()]
    cuts = pl.DataFrame({"word": ["والبيت", "بيت"], "cuts": [[1, 4], [2]]})
    # " و ال ب يت", cut before "ال" and inside "يت"; "وا ل ب يت", whose second letter is inside a symbol; "ب يت"
    symbols, starts = columns([(0, 1, 2, 3, 4), (5, 6, 3, 4), (3, 4)])
    shares = joint_shares(symbols, starts, pieces, cuts, 0.5)
    assert shares.tolist() == [1, 1, 0.5, 1, 0.5, 1, 1, 1, 0.5, 1, 1]
    assert joint_shares(symbols, starts, pieces, cuts, 1).tolist() == [1] * 11
    with pytest.raises(ValueError, match="share must be from 0 to 1, got 2"):
        joint_shares(symbols, starts, pieces, cuts, 2)
