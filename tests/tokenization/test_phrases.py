"""Phrases: learned from running text, and joined by sentencepiece after words are cut as they are without them."""

import random

import polars as pl
import pytest
from sentencepiece import SentencePieceProcessor

from tokenization.load_base import load_base
from tokenization.phrases import learn_phrases
from tokenization.sentencepiece_base.model import SPACE

WORDS = [" في", " عام", " من", " قبل", " كتاب"]
TEXTS = pl.Series(["في عام من قبل", "وجد في عام من", "في عام\nمن  قبل، من في عام", "house في عام 12 من قبل"])


def test_derived_by_hand() -> None:
    # "in the year" five times, then "from before" twice, for two spaces part it in the third text; after that
    # "in the year" and "from before" stand side by side but once
    expected = [(" في", " عام"), (" من", " قبل")]
    assert learn_phrases([TEXTS], WORDS, 9) == expected
    assert learn_phrases([TEXTS.head(1), TEXTS.tail(3)], WORDS, 9) == expected
    assert learn_phrases([TEXTS], WORDS, 1) == expected[:1]


@pytest.mark.parametrize(("texts", "words"), [([], WORDS), ([TEXTS], []), ([TEXTS.clear()], WORDS)])
def test_nothing_to_join(texts: list[pl.Series], words: list[str]) -> None:
    assert learn_phrases(texts, words, 3) == []


def test_longer_phrases_build_on_shorter_ones() -> None:
    found = learn_phrases([pl.Series(["من قبل في عام"] * 3 + ["في عام"])], WORDS, 9)
    assert found == [(" في", " عام"), (" من", " قبل"), (" من قبل", " في عام")]


def test_sentencepiece_joins_phrases_and_moves_no_boundary_within_words() -> None:
    from sentencepiece import sentencepiece_model_pb2

    draw = random.Random(5)
    vocabulary = ["في", "عام", "من", "قبل", "كتاب", "والكتب", "مدرسة", "العلم", "بيت", "نور"]
    texts = [
        " ".join(draw.choices(vocabulary, weights=range(1, 11), k=draw.randint(2, 9)))
        + draw.choice(["", ".", "\nx"])
        for _ in range(300)
    ]
    base = load_base("mistral-v1")
    words = pl.DataFrame({"word": [f" {word}" for word in vocabulary], "weight": 9.0, "count": 9})
    additions = base.learn(words, 40)
    whole = [text for text in additions.texts if text in set(words["word"])]
    assert len(whole) == len(vocabulary)
    phrases = learn_phrases([pl.Series(texts)], whole, 25)
    assert len(phrases) == 25

    def model(pieces: list[str]) -> SentencePieceProcessor:
        proto = sentencepiece_model_pb2.ModelProto()
        proto.ParseFromString(base.path.read_bytes())
        for place, piece in enumerate(pieces):
            proto.pieces.add(piece=piece, score=-30_000.0 - place, type=1)
        return SentencePieceProcessor(model_proto=proto.SerializeToString())

    joined = ["".join(pair).replace(" ", SPACE) for pair in phrases]
    with_phrases, without = model([*additions.pieces, *joined]), model(list(additions.pieces))
    made = set()
    for text in texts:
        apart, together = without.encode(text, out_type=str), with_phrases.encode(text, out_type=str)
        made |= set(together) & set(joined)
        # each phrase covers whole pieces of the plain cut
        ends = {sum(map(len, apart[: place + 1])) for place in range(len(apart))}
        assert {sum(map(len, together[: place + 1])) for place in range(len(together))} <= ends
        assert len(together) <= len(apart)
    for left, right in phrases:
        assert len(with_phrases.encode((left + right).strip())) == 1
    assert len(made) > 15
