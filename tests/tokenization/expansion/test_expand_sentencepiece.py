"""SentencePiece's own rule, cross-checked: the fast twin, how pieces are made, scores, and properties of any text."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenization.arabic_script import BLOCKS, is_arabic
from tokenization.load_base import load_base
from tokenization.sentencepiece_base.claims import load_forms
from tokenization.sentencepiece_base.derivation import last_join
from tokenization.sentencepiece_base.fast_twin import tokenizer_json
from tokenization.sentencepiece_base.merge import new_scores, reserve_names
from tokenization.sentencepiece_base.model import NORMAL, SPACE, encoder
from tokenization.sentencepiece_base.proto import parse
from tokenization.sentencepiece_base.words import cut_words, missing_characters

ARABIC = st.sampled_from([chr(code) for first, last in BLOCKS for code in range(first, last + 1)])
COMMON = st.sampled_from("ابتةكلمنهويءأإآىّّّ ا  \n\t.،؟٢aThe019()")
ANY = st.characters(exclude_categories=["Cs"], exclude_characters=["\0", SPACE])
TEXT = st.text(st.one_of(COMMON, COMMON, ARABIC, ANY), max_size=60)
OTHER_TEXT = TEXT.map(lambda text: "".join(c for c in text if not is_arabic(c)))


@pytest.fixture(scope="module")
def forms(expanded_dir: Path) -> dict[str, Any]:
    return load_forms(expanded_dir)


@pytest.fixture(scope="module")
def decode(expanded_dir: Path) -> Any:
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_file=str(expanded_dir / "tokenizer.model")).decode


@pytest.fixture(scope="module")
def base() -> Any:
    return load_base("mistral-v1")


def test_properties_of_any_text(forms: dict[str, Any], decode: Any, base: Any) -> None:
    @given(TEXT)
    @settings(max_examples=400)
    def holds(text: str) -> None:
        ids = forms["sentencepiece"]([text])[0]
        assert decode(ids) == text
        assert forms["tokenizers"]([text])[0] == ids
        assert forms["transformers"]([text])[0] == ids

    @given(OTHER_TEXT)
    @settings(max_examples=400)
    def unchanged(text: str) -> None:
        assert forms["sentencepiece"]([text]) == base.encode([text])

    holds()
    unchanged()


def test_twin_of_the_base_itself_on_every_run_of_spaces(base: Any) -> None:
    """Mistral gives its runs of spaces one score for all, and lacks a run of 15."""
    from tokenizers import Tokenizer

    fast = Tokenizer.from_str(json.dumps(tokenizer_json(base.proto)))
    texts = [
        before + " " * n + after for n in range(130) for before in ("", "a", "\n") for after in ("", "a", "(")
    ]
    for text, ids in zip(texts, base.encode(texts), strict=True):
        assert fast.encode(text, add_special_tokens=False).ids == ids, (len(text), text.strip())


@given(st.data())
@settings(max_examples=60)
def test_last_join_is_what_sentencepiece_does(data: st.DataObject) -> None:
    """On toy vocabularies over three letters, against a model in which the piece itself is missing."""
    words = data.draw(st.lists(st.text("abc", min_size=2, max_size=5), min_size=1, max_size=8, unique=True))
    pieces = [("a", 0.0), ("b", 0.0), ("c", 0.0)] + [(word, -1.0 - rank) for rank, word in enumerate(words)]
    scores = dict(pieces)
    target = words[-1]  # the last to be joined
    proto = parse(b"")
    proto.trainer_spec.model_type = 2
    proto.normalizer_spec.name = "identity"
    proto.normalizer_spec.add_dummy_prefix = False
    proto.normalizer_spec.remove_extra_whitespaces = False
    proto.pieces.add(piece="<unk>", score=0.0, type=2)
    for piece, score in pieces[:-1]:
        proto.pieces.add(piece=piece, score=score, type=NORMAL)
    names = [piece.piece for piece in proto.pieces]
    without = [names[number] for number in encoder(proto)([target])[0]]
    expected = tuple(without) if len(without) == 2 else None
    assert last_join(scores, target) == expected


@pytest.mark.parametrize("floor", [-31_740.0, -0.5, -1e6, -16_777_000.0, -9e7])
def test_new_scores_stay_distinct_and_below(floor: float) -> None:
    scores = np.array(new_scores(floor, 40_000), np.float32)
    assert scores[0] < np.float32(floor)
    assert (np.diff(scores) < 0).all()


def test_reserve_names_avoid_what_is_taken() -> None:
    assert reserve_names({"<|reserve_0|>": 5}, 2) == ["<|reserve_1|>", "<|reserve_2|>"]


def test_floor_leaves_sentinels_out(base: Any) -> None:
    assert base.floor == -31_740.0
    assert min(piece.score for piece in base.proto.pieces) == -1e9


def test_words_are_broken_where_a_character_stays_in_bytes(base: Any) -> None:
    words = pl.Series(["كتا\u08a0ب", " من", "\u08a0"])
    cut = cut_words(base.proto, [], words)
    names = [piece.piece for piece in base.proto.pieces]
    spelled = [
        "".join(names[n] for n in cut.symbols[first:last])
        for first, last in zip(cut.starts, cut.starts[1:], strict=False)
    ]
    assert spelled == ["كتا", "ب", "▁من"]
    assert cut.word.tolist() == [0, 0, 1]
    whole = cut_words(base.proto, ["\u08a0"], words)
    assert whole.word.tolist() == [0, 1, 2]


def test_missing_characters_come_by_count(base: Any) -> None:
    words = pl.DataFrame({"word": ["٢", "كتاب", "ڤ", "٣٣"], "count": [5, 100, 9, 2]})
    found = missing_characters(words, base.vocabulary, 4)
    assert found.rows() == [("ڤ", 9), ("٢", 5), ("٣", 4)]


def test_other_versions_of_mistral_say_why_they_cannot_be_expanded(tmp_path: Path) -> None:
    from importlib.resources import files

    from tokenization.errors import TokenizationError

    data = files("mistral_common").joinpath("data")
    load_base(str(data.joinpath("mistral_instruct_tokenizer_240216.model.v2")))
    with pytest.raises(TokenizationError, match="dummy prefix, which no fast tokenizer can repeat"):
        load_base(str(data.joinpath("mistral_instruct_tokenizer_240323.model.v3")))
