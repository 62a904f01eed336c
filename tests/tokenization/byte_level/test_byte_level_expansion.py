"""Expanded byte-level tokenizers: all proofs hold, libraries open them, and each proof finds its planted fault."""

import base64
import copy
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenization.arabic_script import is_arabic
from tokenization.base import Additions, Evidence
from tokenization.byte_level_base.alphabet import to_bytes
from tokenization.byte_level_base.base_definition import ByteLevelBase
from tokenization.byte_level_base.encoding import build_tokenizer, encoder
from tokenization.byte_level_base.expanded import expand_definition, is_reserve
from tokenization.byte_level_base.expansion import ByteLevelExpansion, read_byte_level_base
from tokenization.byte_level_base.rank_files import LLAMA3_PATTERN, Family, read_tiktoken
from tokenization.byte_level_base.reading import read_base
from tokenization.errors import TokenizationError
from tokenization.expand_config import ExpandConfig
from tokenization.expansion import pipeline
from tokenization.proofs.byte_level import PROOFS, prove_byte_level
from tokenization.proofs.byte_level_agreement import prove_same_ids, prove_specials
from tokenization.proofs.byte_level_pieces import prove_layout, prove_reachable
from tokenization.proofs.byte_level_round_trip import prove_lossless, prove_words_whole
from tokenization.proofs.byte_level_subject import Subject
from tokenization.proofs.byte_level_unchanged import prove_unchanged, prove_unchanged_in_context

Definition = dict[str, Any]
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
DIGITS = {"type": "Digits", "individual_digits": True}
NUM_PIECES = 120


def llama3(definition: Definition) -> Definition:
    return definition


def smollm2(definition: Definition) -> Definition:
    """Specials first in the vocabulary, merges as strings, digits apart, a byte that has no piece."""
    names = ["<|endoftext|>", "<|im_start|>"]
    vocab = {name: number for number, name in enumerate(names)}
    pieces = [piece for piece in definition["model"]["vocab"] if to_bytes(piece) != b"\x04"]
    vocab |= {piece: number for number, piece in enumerate(pieces, 2)}
    tokens = [
        definition["added_tokens"][0] | {"id": number, "content": name} for number, name in enumerate(names)
    ]
    merges = [" ".join(pair) for pair in definition["model"]["merges"]]
    model = definition["model"] | {"vocab": vocab, "merges": merges, "ignore_merges": False}
    pre_tokenizer = {"type": "Sequence", "pretokenizers": [DIGITS, BYTE_LEVEL]}
    return definition | {"model": model, "added_tokens": tokens, "pre_tokenizer": pre_tokenizer}


def qwen(definition: Definition) -> Definition:
    model = definition["model"] | {"ignore_merges": False}
    return definition | {"model": model, "normalizer": {"type": "NFC"}}


def gpt4o(definition: Definition) -> Definition:
    """The special is in the vocabulary, and ids that nobody uses lie between the pieces and it."""
    vocab = definition["model"]["vocab"]
    tokens = [definition["added_tokens"][0] | {"id": len(vocab) + 3, "content": "<|end|>"}]
    model = definition["model"] | {"vocab": vocab | {"<|end|>": len(vocab) + 3}}
    return definition | {"model": model, "added_tokens": tokens, "pre_tokenizer": BYTE_LEVEL}


FORMS = {form.__name__: form for form in (llama3, smollm2, qwen, gpt4o)}


def expand(base: ByteLevelBase, words: pl.DataFrame, directory: Path, text: str) -> Subject:
    expansion = ByteLevelExpansion(base)
    additions = expansion.learn(words, NUM_PIECES)
    num_reserve = -(base.size + len(additions)) % 128
    directory.mkdir(exist_ok=True)
    expansion.write(additions, num_reserve, directory)
    lines = text.splitlines()
    documents = ["\n".join(lines[first : first + 5]) for first in range(0, len(lines), 5)]
    return Subject(
        base=base,
        additions=additions,
        num_reserve=num_reserve,
        directory=directory,
        evidence=Evidence(texts=lambda: iter([documents, ["The house, 2026. It's old."]])),
    )


def base_of(definition: Definition) -> ByteLevelBase:
    return ByteLevelBase(path=Path("base.json"), kind="tokenizer.json", definition=definition)


@pytest.fixture(scope="module")
def subject(
    byte_level_definition: Definition,
    arabic_words: pl.DataFrame,
    arabic_text: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Subject:
    directory = tmp_path_factory.mktemp("expanded")
    return expand(base_of(byte_level_definition), arabic_words, directory, arabic_text)


@pytest.mark.parametrize("form", FORMS)
def test_all_proofs_hold(
    form: str, byte_level_definition: Definition, arabic_words: pl.DataFrame, arabic_text: str, tmp_path: Path
) -> None:
    base = base_of(FORMS[form](copy.deepcopy(byte_level_definition)))
    subject = expand(base, arabic_words, tmp_path / "expanded", arabic_text)
    proofs = prove_byte_level(subject)
    assert [proof.detail for proof in proofs if not proof.passed] == []
    assert len(proofs) == len(PROOFS)
    assert len(subject.definition["model"]["vocab"]) % 128 == 0
    before, after = (
        sum(map(len, encoder(each)([arabic_text]))) for each in (base.definition, subject.definition)
    )
    assert after < before / 2


def test_a_base_of_ranks_has_a_tiktoken_form(
    byte_level_definition: Definition, arabic_words: pl.DataFrame, arabic_text: str, tmp_path: Path
) -> None:
    vocab = byte_level_definition["model"]["vocab"]
    lines = (base64.b64encode(to_bytes(piece) or b"") + b" %d\n" % rank for piece, rank in vocab.items())
    family = Family(LLAMA3_PATTERN, ("<|begin|>",), "<|begin|>", "<|begin|>")
    base = read_tiktoken(tmp_path / "ranks", b"".join(lines), family)
    text = arabic_text.replace(".", " <|begin|>.")  # documents may hold the names of specials
    proof = prove_same_ids(expand(base, arabic_words, tmp_path / "expanded", text))
    assert proof.passed, proof.detail
    assert "tiktoken" in proof.name


@settings(max_examples=150)
@given(
    text=st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: not any(map(is_arabic, text)))
)
def test_text_without_arabic_keeps_its_ids(subject: Subject, text: str) -> None:
    assert encode(subject.new, text) == encode(subject.old, text)


@settings(max_examples=150)
@given(text=st.text(st.sampled_from("ابتثجحكلمنهو ًٌَُِّْـﷺﻻ\u200f\u061c😀é \n")))
def test_arabic_comes_back_as_it_was(subject: Subject, text: str) -> None:
    assert subject.new.decode(encode(subject.new, text), skip_special_tokens=False) == text


def encode(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids


@pytest.mark.parametrize("number", [0, 1, 17, NUM_PIECES - 1])
def test_smaller_vocabularies_of_the_series_hold_too(subject: Subject, number: int, tmp_path: Path) -> None:
    smaller = dataclasses.replace(
        subject, additions=subject.additions.first(number), directory=tmp_path, num_reserve=5
    )
    ByteLevelExpansion(subject.base).write(smaller.additions, 5, tmp_path)
    assert prove_layout(smaller).passed
    assert number == 0 or prove_reachable(smaller).passed
    merges = smaller.definition["model"]["merges"]
    assert merges == subject.definition["model"]["merges"][: len(merges)]


@pytest.mark.parametrize("model_type", ["llama", "qwen3", "gpt2"])
def test_transformers_opens_it_beside_a_checkpoint(
    subject: Subject, model_type: str, arabic_text: str, tmp_path: Path
) -> None:
    """Classes named after models build pre-tokenizers of their own; a config.json must not bring them in."""
    from transformers import AutoTokenizer

    for file in subject.directory.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type, "architectures": ["X"]}))
    loaded = AutoTokenizer.from_pretrained(str(tmp_path))
    assert len(loaded) == len(subject.definition["model"]["vocab"])
    assert loaded(arabic_text, add_special_tokens=False)["input_ids"] == encode(subject.new, arabic_text)
    assert loaded.decode(loaded("كَتَبَ ، don 't")["input_ids"]) == "كَتَبَ ، don 't"


def test_beside_a_qwen2_checkpoint_the_class_must_be_named(
    subject: Subject, arabic_text: str, tmp_path: Path
) -> None:
    """For this model type AutoTokenizer takes its own class, whatever tokenizer_config.json says."""
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    for file in subject.directory.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2", "architectures": ["X"]}))
    loaded = PreTrainedTokenizerFast.from_pretrained(str(tmp_path))
    ours = encode(subject.new, arabic_text)
    assert loaded(arabic_text, add_special_tokens=False)["input_ids"] == ours
    stock = AutoTokenizer.from_pretrained(str(tmp_path))
    assert stock(arabic_text, add_special_tokens=False)["input_ids"] != ours


def test_it_converts_to_gguf_metadata(subject: Subject, tmp_path: Path, arabic_text: str) -> None:
    """As llama.cpp's converter does it, then read back; words with marks apart, whose pattern GGUF cannot name."""
    import gguf

    vocabulary = gguf.vocab.BpeVocab(subject.directory)
    tokens, _, kinds = zip(*vocabulary.all_tokens(), strict=True)
    path = tmp_path / "vocabulary.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(tokens)
    specials = subject.base.specials
    writer.add_token_types(
        [3 if token in specials else kind for token, kind in zip(tokens, kinds, strict=True)]
    )
    gguf.SpecialVocab(subject.directory, load_merges=True).add_to_gguf(writer, quiet=True)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    back = read_base(path)
    assert back.vocabulary | back.specials == subject.definition["model"]["vocab"] | specials
    assert [list(pair) for pair in back.merges] == subject.definition["model"]["merges"]
    plain = "".join(character for character in arabic_text if not "\u064b" <= character <= "\u0670")
    assert encoder(back.definition)([plain]) == [encode(subject.new, plain)]


def test_an_expanded_tokenizer_is_no_base(subject: Subject) -> None:
    with pytest.raises(TokenizationError, match="is an expanded tokenizer already"):
        read_byte_level_base(subject.directory)


def test_pieces_that_the_base_has_are_refused(subject: Subject) -> None:
    known = [piece for piece in subject.base.vocabulary if piece == "Ùģ" or piece.startswith("ĠÙ")][:1]
    doubled = dataclasses.replace(subject.additions, pieces=[*known, *subject.additions.pieces[1:]])
    with pytest.raises(TokenizationError, match="has 1 of the new pieces already"):
        expand_definition(subject.base, doubled, 0)


def test_literal_specials_are_text_where_everything_is(subject: Subject) -> None:
    text = "<|begin|> ⟨reserve_600⟩ كتاب"
    reserve = {number for piece, number in subject.definition["model"]["vocab"].items() if is_reserve(piece)}
    assert not set(encode(subject.new, text)) & (set(subject.base.specials.values()) | reserve)
    found = build_tokenizer(subject.definition, specials=True).encode(text, add_special_tokens=False).ids
    assert found[0] == subject.base.specials["<|begin|>"]
    assert not set(found) & reserve


# What is planted, and the proof that must find it.


def swap_base_merges(definition: Definition) -> None:
    merges = definition["model"]["merges"]
    merges[0], merges[1] = merges[1], merges[0]


def leave_a_gap(definition: Definition) -> None:
    definition["model"]["vocab"].popitem()


def add_a_latin_merge(definition: Definition) -> None:
    """In place of a reserve piece."""
    vocab, merges = definition["model"]["vocab"], definition["model"]["merges"]
    vocab["=="] = vocab.pop(next(piece for piece in vocab if is_reserve(piece)))
    merges.append(["=", "="])


def cut_digits_apart(definition: Definition) -> None:
    pattern = definition["pre_tokenizer"]["pretokenizers"][0]["pattern"]
    pattern["Regex"] = pattern["Regex"].replace(r"\p{N}{1,3}", r"\p{N}")


def forget_line_ends_after_marks(definition: Definition) -> None:
    pattern = definition["pre_tokenizer"]["pretokenizers"][0]["pattern"]
    pattern["Regex"] = "|".join(part for part in pattern["Regex"].split("|") if not part.startswith("(?<="))


def drop_an_intermediate_merge(definition: Definition) -> None:
    merges = definition["model"]["merges"]
    parts = {part for pair in merges[-40:] for part in pair}
    made = next(n for n in range(len(merges) - 41, 0, -1) if "".join(merges[n]) in parts)
    del merges[made]


def keep_the_base_pattern(definition: Definition) -> None:
    definition["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = LLAMA3_PATTERN


def normalize(definition: Definition) -> None:
    definition["normalizer"] = {"type": "NFKC"}


def make_reserve_match(definition: Definition) -> None:
    name, number = next(
        item for item in reversed(definition["model"]["vocab"].items()) if is_reserve(item[0])
    )
    definition["added_tokens"].append(definition["added_tokens"][0] | {"id": number, "content": name})


def lose_a_special(definition: Definition) -> None:
    definition["added_tokens"].pop()


FAULTS: list[tuple[Callable[[Definition], None], Callable[[Subject], Any]]] = [
    (swap_base_merges, prove_layout),
    (leave_a_gap, prove_layout),
    (lose_a_special, prove_layout),
    (add_a_latin_merge, prove_unchanged),
    (cut_digits_apart, prove_unchanged),
    (forget_line_ends_after_marks, prove_unchanged_in_context),
    (drop_an_intermediate_merge, prove_reachable),
    (keep_the_base_pattern, prove_words_whole),
    (normalize, prove_lossless),
    (make_reserve_match, prove_specials),
    (lose_a_special, prove_specials),
]


@pytest.mark.parametrize(("plant", "prove"), FAULTS, ids=lambda function: function.__name__)
def test_a_planted_fault_is_found(
    plant: Callable[[Definition], None], prove: Callable[[Subject], Any], subject: Subject, tmp_path: Path
) -> None:
    assert prove(subject).passed
    definition = copy.deepcopy(subject.definition)
    plant(definition)
    (tmp_path / "tokenizer.json").write_text(json.dumps(definition), encoding="utf-8")
    proof = prove(dataclasses.replace(subject, directory=tmp_path))
    assert not proof.passed
    assert proof.detail


def test_a_class_that_builds_its_own_pre_tokenizer_is_found(subject: Subject, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes((subject.directory / "tokenizer.json").read_bytes())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "Qwen2Tokenizer"}))
    assert not prove_same_ids(dataclasses.replace(subject, directory=tmp_path)).passed


def test_a_piece_that_ends_inside_a_character_is_proven_on_the_way(
    byte_level_definition: Definition, tmp_path: Path
) -> None:
    """0xEF 0xBA and then a third byte: the first join has no text of its own."""
    base = base_of(byte_level_definition)
    words = pl.DataFrame({"word": ["ﺍﺏﺍﺏ", "ﺍ"], "weight": [30.0, 30.0], "count": [30, 30]})
    additions: Additions = ByteLevelExpansion(base).learn(words, 4)
    assert additions.texts == [None, "ﺍ", "ﺏ", "ﺍﺏ"]
    evidence = Evidence(texts=lambda: iter([["ﺍﺏ a"]]))
    subject = Subject(base=base, additions=additions, num_reserve=0, directory=tmp_path, evidence=evidence)
    ByteLevelExpansion(base).write(additions, 0, tmp_path)
    assert prove_reachable(subject).passed
    definition = copy.deepcopy(subject.definition)
    definition["model"]["merges"].pop(-4)
    (tmp_path / "tokenizer.json").write_text(json.dumps(definition), encoding="utf-8")
    assert (
        "never made"
        in prove_reachable(dataclasses.replace(subject)).detail
        + prove_reachable(dataclasses.replace(subject, additions=additions.first(1))).detail
    )


def test_phrases_are_refused_before_anything_is_read(
    byte_level_definition: Definition, write_base: Callable[[Definition], Path]
) -> None:
    path = write_base(byte_level_definition)
    config = ExpandConfig(corpus="none", output_dir="none", base=str(path), pieces=9, phrases=3)
    with pytest.raises(TokenizationError, match="cuts text into words before it joins anything"):
        pipeline.expand(config)
