"""Byte-level bases in every form that they come in, and what is refused."""

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from tokenization.arabic_script import is_arabic
from tokenization.byte_level_base.alphabet import to_bytes, to_letters
from tokenization.byte_level_base.arabic_bytes import is_admitted
from tokenization.byte_level_base.encoding import build_tokenizer, encoder
from tokenization.byte_level_base.expansion import read_byte_level_base
from tokenization.byte_level_base.rank_files import LLAMA3_PATTERN, Family, read_tiktoken
from tokenization.byte_level_base.ranks import cut, to_merges
from tokenization.byte_level_base.reading import read_base
from tokenization.errors import TokenizationError
from tokenization.load_base import load_base

Definition = dict[str, Any]
Write = Callable[[Definition], Path]
FAMILY = Family(LLAMA3_PATTERN, ("<|begin|>", "<|end|>"), "<|begin|>", "<|end|>")


def ranks_of(definition: Definition) -> dict[bytes, int]:
    pieces = ((to_bytes(piece), number) for piece, number in definition["model"]["vocab"].items())
    return {piece: number for piece, number in pieces if piece is not None}


def write_ranks(path: Path, ranks: dict[bytes, int]) -> Path:
    lines = (base64.b64encode(piece) + b" %d\n" % rank for piece, rank in ranks.items())
    path.write_bytes(b"".join(lines))
    return path


@given(st.binary(max_size=40))
def test_letters_spell_all_bytes(data: bytes) -> None:
    assert to_bytes(to_letters(data)) == data
    assert len(to_letters(data)) == len(data)
    assert not any(letter.isspace() for letter in to_letters(data))


def test_admitted_bytes_occur_in_arabic_only() -> None:
    """Brute force: the beginning of a character is admitted where no character but Arabic ones begins so.

    Characters beyond U+FFFF begin with bytes of their own.
    """
    arabic, others = set(), set()
    for code in range(0x10000):
        data = chr(code).encode("utf-8", "surrogatepass")
        (arabic if is_arabic(chr(code)) else others).update(data[:length] for length in range(1, len(data)))
    assert {data for data in arabic if is_admitted(data)} == arabic - others
    assert b"\xd8" in arabic - others
    assert b"\xef\xbb" in others  # the byte order mark
    assert not any(is_admitted(data) for data in others)


@pytest.mark.parametrize(
    ("data", "admitted"),
    [
        (" اب".encode(), True),
        ("اَﷺ".encode(), True),
        ("ا".encode() + b"\xd9", True),
        (b" \xd9", True),
        ("ا ب".encode(), False),
        ("  ا".encode(), False),
        ("اa".encode(), False),
        ("\u061c".encode(), False),
        (b"\xa7\xd8", False),
        (b" ", False),
        (b"", False),
    ],
)
def test_new_pieces_are_arabic_characters_after_at_most_one_space(data: bytes, admitted: bool) -> None:
    assert is_admitted(data) is admitted


def test_ranks_give_the_merges_that_they_were_made_of(byte_level_definition: Definition) -> None:
    ranks = ranks_of(byte_level_definition)
    merges = [[to_letters(left), to_letters(right)] for left, right in to_merges(ranks)]
    assert merges == byte_level_definition["model"]["merges"]


def test_a_piece_that_no_merges_reach_is_joined_from_any_parts() -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"abc": 256, b"bc": 257, b"abcd": 258}
    # abc itself is cut into a, b, c by lower ranks; later bc is joined, and then a and bc.
    assert to_merges(ranks) == [(b"a", b"bc"), (b"b", b"c"), (b"abc", b"d")]
    assert cut(b"abcd", ranks, below=300) == [b"abcd"]


def test_ids_from_ranks_equal_those_of_tiktoken() -> None:
    ranks = {bytes([byte]): byte for byte in range(256)}
    for piece in (
        b"abc",
        b"bc",
        b"ca",
        b"cab",
        b"abca",
        b"he",
        b"the",
        b" h",
        b"ou",
        b"hou",
        b"\xd9\x81",
        b"bcab",
    ):
        ranks[piece] = len(ranks)
    lines = b"".join(base64.b64encode(piece) + b" %d\n" % rank for piece, rank in ranks.items())
    base = read_tiktoken(Path("x"), lines, FAMILY)
    encoding = tiktoken.Encoding(
        "x", pat_str=LLAMA3_PATTERN, mergeable_ranks=ranks, special_tokens=base.specials
    )
    draw = random.Random(3)
    parts = ["ab", "abc", "bcd", "cab", "the", " house", "cabcab", "في", "\n", "2026", "a", "c"]
    texts = ["".join(draw.choices(parts, k=draw.randrange(12))) for _ in range(4000)]
    assert encoder(base.definition)(texts) == [encoding.encode_ordinary(text) for text in texts]


def test_a_tiktoken_file_equals_its_tokenizer_json(
    byte_level_definition: Definition, write_base: Write, tmp_path: Path, arabic_text: str
) -> None:
    path = write_ranks(tmp_path / "tokenizer.model", ranks_of(byte_level_definition))
    ranks, json_base = read_base(path, FAMILY), read_base(write_base(byte_level_definition))
    assert (ranks.kind, json_base.kind) == ("tiktoken", "tokenizer.json")
    assert ranks.size == json_base.size
    assert ranks.specials == json_base.specials
    assert ranks.merges == json_base.merges
    assert encoder(ranks.definition)([arabic_text]) == encoder(json_base.definition)([arabic_text])
    with_specials = build_tokenizer(ranks.definition, specials=True)
    assert with_specials.encode("<|begin|>the").ids[0] == ranks.specials["<|begin|>"]


def test_an_unknown_tiktoken_file_is_refused(byte_level_definition: Definition, tmp_path: Path) -> None:
    path = write_ranks(tmp_path / "tokenizer.model", ranks_of(byte_level_definition))
    with pytest.raises(TokenizationError, match="does not say how it cuts text"):
        read_base(path)


def test_tekken_equals_mistral_common(arabic_text: str, tmp_path: Path) -> None:
    """The first 9,000 pieces of Mistral's file, for speed; they hold some Arabic."""
    import mistral_common
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    whole = Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"
    content = json.loads(whole.read_text(encoding="utf-8"))
    content["vocab"] = content["vocab"][:10_000]
    content["config"] |= {"num_vocab_tokens": 10_000, "default_vocab_size": 10_000}
    path = tmp_path / "tekken.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    base, theirs = read_base(path), Tekkenizer.from_file(path)
    assert (base.kind, base.size, base.specials["<s>"]) == ("tekken", theirs.n_words, theirs.bos_id)
    texts = [arabic_text, "It's 2026:\n\n\tdef f(x): return x\r\n", "<s>[INST] كَتَبَ 你好 e\u0301 😀"]
    assert encoder(base.definition)(texts) == [theirs.encode(text, bos=False, eos=False) for text in texts]


@pytest.mark.parametrize("pre", ["gpt-2", "llama-bpe"])
def test_gguf_metadata_are_read(
    byte_level_definition: Definition, tmp_path: Path, pre: str, arabic_text: str
) -> None:
    path = write_gguf(tmp_path / "model.gguf", byte_level_definition, pre)
    base = read_base(path)
    vocabulary = byte_level_definition["model"]["vocab"]
    assert {piece: base.vocabulary[piece] for piece in vocabulary} == vocabulary
    assert base.specials == {"<|begin|>": len(vocabulary), "<|end|>": len(vocabulary) + 1}
    assert base.settings["eos_token"] == "<|end|>"
    if pre == "llama-bpe":
        assert encoder(base.definition)([arabic_text]) == encoder(byte_level_definition)([arabic_text])


def test_gguf_of_another_kind_is_refused(byte_level_definition: Definition, tmp_path: Path) -> None:
    with pytest.raises(TokenizationError, match="cuts words as 'chameleon', but only gpt-2"):
        read_base(write_gguf(tmp_path / "a.gguf", byte_level_definition, "chameleon"))
    with pytest.raises(TokenizationError, match="'llama', not byte-level BPE"):
        read_base(write_gguf(tmp_path / "b.gguf", byte_level_definition, "default", model="llama"))
    damaged = tmp_path / "c.gguf"
    damaged.write_bytes(b"GGUF" + bytes(3))
    with pytest.raises(TokenizationError, match="damaged GGUF"):
        read_base(damaged)


def write_gguf(path: Path, definition: Definition, pre: str, model: str = "gpt2") -> Path:
    from gguf import GGUFWriter

    writer = GGUFWriter(path, "llama")
    names = [token["content"] for token in definition["added_tokens"]]
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list([*definition["model"]["vocab"], *names])
    writer.add_token_types([1] * len(definition["model"]["vocab"]) + [3] * len(names))
    writer.add_token_merges([" ".join(pair) for pair in definition["model"]["merges"]])
    writer.add_eos_token_id(len(definition["model"]["vocab"]) + 1)
    writer.add_tensor("unused", np.zeros(1, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def changed(definition: Definition, **model: Any) -> Definition:
    return definition | {"model": definition["model"] | model}


REFUSED: dict[str, tuple[Callable[[Definition], Any], str]] = {
    "unigram": (lambda d: changed(d, type="Unigram", vocab=[["a", 0.0]]), "a Unigram tokenizer; only BPE"),
    "wordpiece": (lambda d: changed(d, type="WordPiece"), "a WordPiece tokenizer; only BPE"),
    "no merges": (lambda d: changed(d, merges=[]), "BPE without merges"),
    "sentencepiece": (lambda d: changed(d, byte_fallback=True), "not byte-level"),
    "metaspace": (
        lambda d: d | {"pre_tokenizer": {"type": "Metaspace", "replacement": "▁"}},
        "not byte-level",
    ),
    "no pre-tokenizer": (lambda d: d | {"pre_tokenizer": None}, "not byte-level"),
    "prefix space": (
        lambda d: d | {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True}},
        "puts a space before each text",
    ),
    "suffix": (lambda d: changed(d, end_of_word_suffix="</w>"), "has end_of_word_suffix '</w>'"),
    "merge of nothing": (
        lambda d: changed(d, merges=[["q", "ĠĠĠ"]]),
        "merge 0 'q ĠĠĠ' has a part or a result",
    ),
    "id twice": (lambda d: d | {"added_tokens": [d["added_tokens"][0] | {"id": 3}]}, "an id is given to two"),
    "no bytes": (
        lambda d: changed(
            d, vocab={k: v for k, v in d["model"]["vocab"].items() if k != to_letters(b"\xd9")}
        ),
        "has no piece for the bytes 0xD9",
    ),
    "library refuses": (
        lambda d: d | {"normalizer": {"type": "Unheard"}},
        "the tokenizers library refuses it",
    ),
    "no model": (lambda d: {"vocab": []}, "it has no 'model'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_byte_level_bpe_gets_one_clear_line(
    name: str, byte_level_definition: Definition, write_base: Write
) -> None:
    change, message = REFUSED[name]
    path = write_base(change(byte_level_definition))
    with pytest.raises(TokenizationError, match=message) as caught:
        read_byte_level_base(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"model": {', r"line 1, column 12: not JSON"),
        (b'{"model": "\xff"}', "not UTF-8 at byte 11"),
        (b"", "neither tokenizer.json"),
        (b"\x00\x01 binary", "neither tokenizer.json"),
        (b"YQ== 0\nYg==\n", "line 2: not a piece in base 64"),
        (b"YQ== 0\nYg== 0\n", "given twice"),
        (b'{"config": {}, "vocab": []}', "damaged tekken file"),
    ],
)
def test_damaged_files_get_one_clear_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(TokenizationError, match=message):
        read_base(path)


def test_a_directory_stands_for_its_tokenizer_json(
    byte_level_definition: Definition, write_base: Write
) -> None:
    path = write_base(byte_level_definition)
    (path.parent / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|end|>"}))
    base = read_base(path.parent)
    assert base.path == path
    assert base.settings == {"eos_token": "<|end|>"}
    path.unlink()
    with pytest.raises(TokenizationError, match=r"holds no tokenizer\.json, tekken\.json"):
        load_base(str(path.parent))


def test_a_directory_stands_for_the_one_tokenizer_in_it(
    byte_level_definition: Definition, tmp_path: Path
) -> None:
    path = write_gguf(tmp_path / "model.gguf", byte_level_definition, "gpt-2")
    assert load_base(str(tmp_path)).path == path
    path.unlink()
    write_ranks(tmp_path / "tokenizer.model", ranks_of(byte_level_definition))
    with pytest.raises(TokenizationError, match=r"tokenizer\.model.*does not say how it cuts text"):
        load_base(str(tmp_path))
