"""Tokenizers of every make: ids as the libraries give them, characters as a slow twin finds them, clear refusals."""

import base64
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenization.errors import TokenizationError
from tokenization.loading import Located, Tokenizer, open_tokenizer
from tokenization.loading.settings import TokenizerSource

TEXTS = ["وبالكتابة", "كَتَبَ الدَّرْسَ", "Hello, world", "ﷺ 😀 ڭ", "سطر\nآخر  وفراغ", "a", ""]
PATTERN = r" ?\S+|\s+"


def write_ranks(path: Path, *merges: bytes) -> Path:
    """A tiktoken file: all bytes, then these pieces."""
    pieces = [bytes([byte]) for byte in range(256)] + list(merges)
    lines = (b"%s %d\n" % (base64.b64encode(piece), rank) for rank, piece in enumerate(pieces))
    path.write_bytes(b"".join(lines))
    return path


def write_tekken(path: Path, *merges: bytes) -> Path:
    pieces = [bytes([byte]) for byte in range(256)] + list(merges)
    vocab = [
        {"rank": i, "token_bytes": base64.b64encode(p).decode(), "token_str": None}
        for i, p in enumerate(pieces)
    ]
    config = {"pattern": PATTERN, "default_vocab_size": len(pieces) + 3, "default_num_special_tokens": 3,
              "num_vocab_tokens": len(pieces), "version": "v3"}  # fmt: skip
    path.write_text(json.dumps({"config": config, "vocab": vocab}))
    return path


def write_byte_level(path: Path) -> Path:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, special_tokens=["<s>"], show_progress=False
    )
    tokenizer.train_from_iterator(["الكتاب والكتابة في المدرسة"] * 50, trainer)
    tokenizer.save(str(path))
    return path


def write_lossy(path: Path) -> Path:
    """A tokenizer with an unknown piece and a normalizer that spells ligatures out."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    letters = ["<unk>", "▁", *"اللهصىعيوسم ab"]
    vocabulary = {letter: i for i, letter in enumerate(dict.fromkeys(letters))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.save(str(path))
    return path


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tokenizer]:
    directory = tmp_path_factory.mktemp("tokenizers")
    paths = {
        "sentencepiece": "mistral-v1",
        "byte_level": str(write_byte_level(directory / "tokenizer.json")),
        "tiktoken": str(write_ranks(directory / "own.tiktoken", " ال".encode()[:2], " ا".encode())),
        "tekken": str(write_tekken(directory / "tekken.json", " ا".encode()[:2], " ا".encode())),
    }
    return {name: open_tokenizer(path, name, PATTERN) for name, path in paths.items()}


def spans_by_hand(tokenizer: Tokenizer, text: str) -> list[tuple[int, int]]:
    """The slow twin: walk through the bytes of each piece."""
    ids = tokenizer.encode_batch([text]).ids.tolist()
    contents = [tokenizer.pieces.contents[i] for i in ids]
    data = text.encode()
    skip = sum(map(len, contents)) - len(data)
    assert skip in (0, 1)

    def place(byte: int) -> int:
        byte = max(byte, 0)
        try:
            return 2 * len(data[:byte].decode())
        except UnicodeDecodeError:
            return 2 * len(data[:byte].decode(errors="ignore")) + 1

    found, at = [], -skip
    for content in contents:
        found.append((place(at), place(at + len(content))))
        at += len(content)
    return found


def spans(located: Located, i: int) -> list[tuple[int, int]]:
    here = slice(located.encoded.offsets[i], located.encoded.offsets[i + 1])
    return list(zip(located.begins[here].tolist(), located.ends[here].tolist(), strict=True))


@pytest.mark.parametrize("name", ["sentencepiece", "byte_level", "tiktoken", "tekken"])
def test_spans_against_the_slow_twin(opened: dict[str, Tokenizer], name: str) -> None:
    tokenizer = opened[name]
    located = tokenizer.locate(TEXTS)
    assert [spans(located, i) for i in range(len(TEXTS))] == [
        spans_by_hand(tokenizer, text) for text in TEXTS
    ]


@given(texts=st.lists(st.text(st.sampled_from("abاكَ \n😀ﷺ"), max_size=12), max_size=5))
def test_pieces_cover_every_text_once(opened: dict[str, Tokenizer], texts: list[str]) -> None:
    for tokenizer in opened.values():
        located = tokenizer.locate(texts)
        for i, text in enumerate(texts):
            own = spans(located, i)
            if not text or not own:
                continue
            assert own[0][0] == 0
            assert own[-1][1] == 2 * len(text)
            assert all(left[1] == right[0] for left, right in pairwise(own))
            assert (
                tokenizer.decode(located.encoded.ids[slice(*located.encoded.offsets[i : i + 2])].tolist())
                == text
            )


def test_sentencepiece_gives_the_librarys_ids(opened: dict[str, Tokenizer]) -> None:
    from sentencepiece import SentencePieceProcessor

    tokenizer = opened["sentencepiece"]
    processor = SentencePieceProcessor(model_file=tokenizer.path)
    assert tokenizer.encode_batch(TEXTS).ids.tolist() == [i for text in TEXTS for i in processor.encode(text)]
    assert (tokenizer.size, tokenizer.unknown_id) == (32000, 0)
    assert tokenizer.pieces.surface(processor.piece_to_id("<0xD9>")) == "<D9>"
    assert tokenizer.pieces.partial.sum() == 128  # of 256 byte pieces those above 0x7F are no character


def test_tekken_gives_mistral_commons_ids(tmp_path: Path) -> None:
    from mistral_common.tokens.tokenizers.base import TokenizerVersion
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    path = write_tekken(tmp_path / "tekken.json", "ال".encode()[:2], b"he", b" a")
    vocabulary = json.loads(path.read_text())["vocab"]
    specials = [{"rank": i, "token_str": f"<{i}>", "is_control": True} for i in range(3)]
    theirs = Tekkenizer(vocabulary, specials, PATTERN, len(vocabulary) + 3, 3, TokenizerVersion.v3)
    ours = open_tokenizer(str(path), "own")
    assert ours.kind == "tekken"
    for text in TEXTS:
        assert ours.encode_batch([text]).ids.tolist() == theirs.encode(text, bos=False, eos=False)


def test_byte_level_ids_and_specials_as_text(opened: dict[str, Tokenizer]) -> None:
    from tokenizers import Tokenizer as Fast

    tokenizer = opened["byte_level"]
    fast = Fast.from_file(tokenizer.path)
    fast.encode_special_tokens = True
    encoded = tokenizer.encode_batch([*TEXTS, "<s> a"])
    assert encoded.ids.tolist() == [
        i for text in [*TEXTS, "<s> a"] for i in fast.encode(text, add_special_tokens=False).ids
    ]
    assert fast.token_to_id("<s>") not in encoded.ids


def test_what_a_normalizer_changed_goes_by_the_librarys_offsets(tmp_path: Path) -> None:
    tokenizer = open_tokenizer(str(write_lossy(tmp_path / "tokenizer.json")), "lossy")
    located = tokenizer.locate(["aﷺb", "ab"])
    assert spans(located, 1) == [(0, 0), (0, 2), (2, 4)]  # ▁ a b: the bytes add up but for the space
    first = spans(located, 0)
    assert first[1:3] == [(0, 2), (2, 4)]  # a, then the first of many letters that the ligature becomes
    assert all(2 <= begin <= end <= 4 for begin, end in first[2:-1])
    assert first[-1] == (4, 6)
    unknown = tokenizer.encode_batch(["z"]).ids.tolist()
    assert unknown[-1] == tokenizer.unknown_id == 0


def test_batches_do_not_change_the_ids(opened: dict[str, Tokenizer], monkeypatch: pytest.MonkeyPatch) -> None:
    import tokenization.loading.tokenizer as module

    whole = opened["byte_level"].encode_batch(TEXTS)
    monkeypatch.setattr(module, "BATCH_TEXTS", 2)
    parts = opened["byte_level"].encode_batch(TEXTS)
    assert parts.ids.tolist() == whole.ids.tolist()
    assert parts.offsets.tolist() == whole.offsets.tolist()


def test_directories_and_packages(tmp_path: Path) -> None:
    write_byte_level(tmp_path / "tokenizer.json")
    assert open_tokenizer(str(tmp_path), "dir").kind == "huggingface"
    package = open_tokenizer("package:mistral_common/data/tokenizer.model.v1", "package")
    assert package.sha256 == open_tokenizer("mistral-v1", "v1").sha256
    assert TokenizerSource(path="a/llama/tokenizer.json").label == "llama"
    assert TokenizerSource(path="a/own.model").label == "own"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not there"),
        (b"", "neither a SentencePiece model"),
        (b"plain text", "neither a SentencePiece model"),
        (b"\nbroken", "is no SentencePiece model"),
        (b"{broken", "damaged JSON"),
        (b'{"a": 1}', "has no 'model'"),
        (b'{"model": {"type": "X"}}', "no tokenizer.json that can be read"),
        (b'{"config": {}, "vocab": []}', "damaged tekken file"),
        (b"YQ== 0\nYg== 1\n", "set pattern"),
        (b"YQ== 0\n!! x\n", "is no tiktoken file"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TokenizationError, match=message) as caught:
        open_tokenizer(str(path), "mine")
    assert str(caught.value).startswith("tokenizer mine: ")
    assert "\n" not in str(caught.value)


def test_empty_directory_and_missing_package_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TokenizationError, match="holds none of"):
        open_tokenizer(str(tmp_path), "mine")
    with pytest.raises(TokenizationError, match="no package 'nosuchpackage' is installed"):
        open_tokenizer("package:nosuchpackage/file", "mine")
