"""Ids are the libraries' own, however they are made."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer as Fast

from nemo_recipes.data.encoders import (
    FastEncoder,
    SentencePieceEncoder,
    WordEncoder,
    choose_kind,
    make_encoder,
    words_are_independent,
)
from nemo_recipes.data.part import with_ends
from nemo_recipes.data.tokenizer import open_tokenizer
from nemo_recipes.errors import PretrainingError

CASES = [
    "",
    " ",
    "   ",
    "word",
    " word",
    "word ",
    "two  words",
    "line\nbreak\n\n tab\tend ",
    "سلام عليكم  ورحمة",
    "السَّلَامُ عَلَيْكُمْ",
    "</s> spelled <s> out <unk>",
    "▁ the sign ▁▁ itself▁ and a space",
    "emoji 🙂 and \u200f marks",
    "\x00 nul",
]


def check_against(texts: list[str], encoder: WordEncoder | SentencePieceEncoder, path: Path) -> None:
    theirs = SentencePieceProcessor(model_file=str(path)).encode(texts)
    ours = encoder.encode(pl.Series(texts, dtype=pl.String))
    assert ours.ids.tolist() == [id_ for ids in theirs for id_ in ids]
    assert ours.lengths.tolist() == [len(ids) for ids in theirs]


def test_words_give_the_ids_of_texts(model_file: Path) -> None:
    assert words_are_independent(model_file)
    check_against(CASES, WordEncoder(model_file), model_file)
    check_against(CASES, SentencePieceEncoder(model_file), model_file)


@given(st.lists(st.text(st.sampled_from(list("aab  ▁\n\tسلامَ.</s>é🙂1")), max_size=30), max_size=6))
def test_any_texts_in_any_order(word_encoder: WordEncoder, model_file: Path, texts: list[str]) -> None:
    check_against(texts, word_encoder, model_file)  # its memory of words grows from example to example


def test_a_full_memory_starts_anew(model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nemo_recipes.data.encoders._MOST_WORDS", 3)
    encoder = WordEncoder(model_file)
    for start in range(0, len(CASES), 2):
        check_against(CASES[start : start + 2], encoder, model_file)


def test_models_that_rewrite_text_are_not_cut_into_words(tmp_path: Path, model_file: Path) -> None:
    from sentencepiece import sentencepiece_model_pb2

    def changed(**settings: object) -> Path:
        model = sentencepiece_model_pb2.ModelProto()
        model.ParseFromString(model_file.read_bytes())
        for name, value in settings.items():
            setattr(model.normalizer_spec, name, value)
        path = tmp_path / "changed.model"
        path.write_bytes(model.SerializeToString())
        return path

    assert not words_are_independent(changed(name="nmt_nfkc"))
    assert not words_are_independent(changed(remove_extra_whitespaces=True))
    path = changed(add_dummy_prefix=False)
    assert words_are_independent(path)
    check_against(CASES, WordEncoder(path), path)


def test_pieces_across_words_are_seen(tmp_path: Path, model_file: Path) -> None:
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(model_file.read_bytes())
    model.pieces[-1].piece = "▁of▁the"
    path = tmp_path / "phrases.model"
    path.write_bytes(model.SerializeToString())
    assert not words_are_independent(path)


def test_special_pieces_in_a_text_are_text(fast_dir: Path) -> None:
    ours = FastEncoder(fast_dir / "tokenizer.json").encode(pl.Series(["a<|end|>b", ""]))
    reference = Fast.from_file(str(fast_dir / "tokenizer.json"))
    assert reference.token_to_id("<|end|>") not in ours.ids
    assert reference.decode(ours.ids.tolist()) == "a<|end|>b"
    assert ours.lengths.tolist() == [len(ours.ids), 0]


def test_the_model_is_preferred_only_where_it_agrees(
    tmp_path: Path, fast_dir: Path, model_file: Path
) -> None:
    sample = pl.Series(["the city of the ocean"])
    assert choose_kind(open_tokenizer(str(model_file)), sample) == "sentencepiece words"
    assert choose_kind(open_tokenizer(str(fast_dir)), sample) == "fast"
    both = tmp_path / "both"
    both.mkdir()
    for path in (*fast_dir.iterdir(), model_file):
        (both / path.name).write_bytes(path.read_bytes())
    assert choose_kind(open_tokenizer(str(both)), sample) == "fast"


def test_tokenizers_are_described(fast_dir: Path, model_file: Path) -> None:
    fast, sentencepiece = open_tokenizer(str(fast_dir)), open_tokenizer(str(model_file))
    assert (fast.vocab_size, fast.end_id, fast.begin_id, fast.dtype) == (400, 0, 1, "uint16")
    assert (sentencepiece.vocab_size, sentencepiece.end_id, sentencepiece.begin_id) == (32_000, 2, 1)
    assert open_tokenizer(str(fast_dir), "<|start|>").end_id == 1
    assert open_tokenizer(str(model_file.parent)) == sentencepiece


def test_a_model_may_have_any_name(tmp_path: Path, model_file: Path) -> None:
    """Mistral's is tokenizer.model.v1."""
    path = Path(shutil.copy(model_file, tmp_path / "tokenizer.model.v1"))
    tokenizer = open_tokenizer(str(path))
    encoder = make_encoder(tokenizer, choose_kind(tokenizer, pl.Series(["a word"])))
    assert encoder.encode(pl.Series(["a word"])).lengths.tolist() == [
        len(SentencePieceProcessor(model_file=str(path)).encode("a word"))
    ]


@pytest.mark.parametrize(
    ("content", "end_piece", "message"),
    [
        (None, "", "no tokenizer.json and no SentencePiece .model"),
        ("{}", "", "not a tokenizer"),
        ("fast", "<|other|>", r"has no piece '<\|other\|>'"),
    ],
)
def test_what_is_no_tokenizer(
    tmp_path: Path, fast_dir: Path, content: str | None, end_piece: str, message: str
) -> None:
    if content is not None:
        text = (fast_dir / "tokenizer.json").read_text() if content == "fast" else content
        (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(PretrainingError, match=message):
        open_tokenizer(str(tmp_path), end_piece)


def test_a_tokenizer_without_an_end_is_refused(tmp_path: Path, fast_dir: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes((fast_dir / "tokenizer.json").read_bytes())
    with pytest.raises(PretrainingError, match="names no end-of-text piece"):
        open_tokenizer(str(tmp_path))


@pytest.mark.parametrize("name", ["tokenizer_config.json", "special_tokens_map.json"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"eos_token": "<|end', "not JSON"),
        (b'{"eos_token": "\xff"}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'["<|end|>"]', "holds list, not an object"),
        (b'{"eos_token": ["<|end|>"]}', "names no end-of-text piece"),
    ],
)
def test_a_damaged_file_beside_the_tokenizer_is_one_line(
    tmp_path: Path, fast_dir: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / "tokenizer.json").write_bytes((fast_dir / "tokenizer.json").read_bytes())
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PretrainingError, match=message) as refused:
        open_tokenizer(str(tmp_path))
    assert len(str(refused.value).splitlines()) == 1


def test_ends_stand_around_each_document(model_file: Path) -> None:
    encoded = WordEncoder(model_file).encode(pl.Series(["a b", "", "c"]))
    ids, lengths = with_ends(encoded, 2, None)
    documents = np.split(ids, np.cumsum(lengths)[:-1])
    assert [document[-1] for document in documents] == [2, 2, 2]
    assert np.concatenate([document[:-1] for document in documents]).tolist() == encoded.ids.tolist()


@pytest.fixture(scope="module")
def word_encoder(model_file: Path) -> WordEncoder:
    return WordEncoder(model_file)
