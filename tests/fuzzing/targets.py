"""What strangers' bytes reach, one function for each: it reads them, or raises the room's own error, and nothing else.

A target takes the bytes and an empty directory of its own. What it checks beyond "no other exception" stands in it.
`test_fuzzing.py` tries each shortly, `long_run.py` for hours.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from corpus.errors import DaadError

Try = Callable[[bytes, Path], object]


@dataclass(frozen=True)
class Target:
    """A function to try, and inputs that its mutations start from."""

    attempt: Try
    seeds: tuple[bytes, ...]

    def __call__(self, data: bytes, directory: Path) -> bool:
        """Whether the bytes were read; False where they were refused by an error of the project's own.

        Raises:
            Exception: Anything else: a find.
        """
        try:
            self.attempt(data, directory)
        except DaadError as error:
            said = str(error)
            assert said.strip(), "an error without a word"
            return False
        return True


def read_source(data: bytes, path: Path, **settings: Any) -> Any:
    """All documents of one file, as a build reads them; each quarantined record says where it stands."""
    import polars as pl

    from corpus import readers
    from corpus.schema import READ_COLUMNS
    from corpus.sources import Source

    path.write_bytes(data)
    source = Source(name="hostile", path=str(path), **settings)
    frames = [pl.DataFrame(schema=READ_COLUMNS)]
    for file in readers.resolve(source):
        for block in readers.cut(file, source, block_bytes=1 << 16):
            parsed = readers.parse(block, source)
            assert all(fault.rule and fault.position for fault in parsed.faults)
            assert all(fault.excerpt.isprintable() for fault in parsed.faults)
            frames.append(parsed.documents.select(list(READ_COLUMNS)))
    documents = pl.concat(frames)
    assert documents["text"].null_count() == 0
    return documents


def reader(ending: str, **settings: Any) -> Try:
    """Read the bytes as a file of that ending."""

    def attempt(data: bytes, directory: Path) -> None:
        read_source(data, directory / f"input.{ending}", **settings)

    return attempt


def moses(data: bytes, directory: Path) -> None:
    """The two sides of a Moses corpus: the bytes, and the bytes backwards."""
    (directory / "corpus.en").write_bytes(data[::-1])
    from corpus import readers
    from corpus.sources import Source

    (directory / "corpus.ar").write_bytes(data)
    columns = {"en": "en", "ar": "ar"}
    source = Source(name="moses", path=str(directory / "corpus"), format="moses", text_columns=columns)
    for file in readers.resolve(source):
        for block in readers.cut(file, source, block_bytes=1 << 16):
            readers.parse(block, source)


def text_of(data: bytes) -> str:
    """Bytes as a text that polars can hold: what is no UTF-8 is read as UTF-16 or Latin."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-16-le" if len(data) % 2 == 0 else "latin-1", "replace")


def normalization(data: bytes, _: Path) -> None:
    """Normalized text stays valid, is the same when normalized again, and can be folded."""
    import polars as pl

    from corpus.fold import fold
    from corpus.normalize import normalize
    from corpus.normalize.settings import Normalization

    texts = pl.Series("text", [text_of(data)])
    once = normalize(texts, Normalization()).texts
    assert normalize(once, Normalization()).texts.to_list() == once.to_list()
    fold(once)


def sentences(data: bytes, _: Path) -> None:
    """Segments put together again are the text."""
    from corpus.sentences import join, split

    text = text_of(data)
    assert join(split(text)) == text


class Elements(HTMLParser):
    """The elements and attributes of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an element."""
        self.found.append((tag, dict(attrs)))


HARMLESS = {"html", "head", "meta", "title", "style", "body", "header", "p", "h1", "main", "footer", "blockquote",
            "bdi", "code", "span", "mark", "dl", "div", "dt", "dd", "strong", "small", "table", "caption", "thead",
            "tbody", "tr", "th", "td"}  # fmt: skip


def page(data: bytes, _: Path) -> None:
    """A text in every place that the shared parts of a page have for it: no element or attribute comes of it."""
    from corpus.card.excerpts import card_line, compare, excerpt
    from corpus.card.markup import attribute, code, isolated, table
    from corpus.card.shell import html_page, tiles

    text = text_of(data)
    shown = {"id": text, "source": text, "characters": len(text), "text": text, "language": text}
    parts = [excerpt(shown), card_line(shown), *compare(shown, shown | {"text": text[::-1]})[:2]]
    parts += [
        f'<p title="{attribute(text)}">{isolated(text)}{code(text)}</p>',
        table(text, ["a"], [[isolated(text)]]),
    ]
    elements = Elements()
    elements.feed(html_page(text, text, header=tiles([("a", "1", "b")]), main="".join(parts), footer=""))
    elements.close()
    for tag, attributes in elements.found:
        assert tag in HARMLESS, tag
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "href", "style"}]


def conversations(data: bytes, directory: Path) -> None:
    """Instructions in JSON Lines: conversations or rejects, each with its rule."""
    from alignment.conversations.reading import read_conversations

    path = directory / "chat.jsonl"
    path.write_bytes(data)
    read = read_conversations(str(path))
    assert read.rejects["rule"].null_count() == 0
    assert set(read.frame["language"]) <= {"ar", "en", "other"}


def preferences(data: bytes, directory: Path) -> None:
    """Pairs of a better and a worse answer in JSON Lines."""
    from alignment.preferences.reading import read_preferences

    path = directory / "pairs.jsonl"
    path.write_bytes(data)
    assert read_preferences(str(path)).rejects["rule"].null_count() == 0


def chat_template(data: bytes, _: Path) -> None:
    """A chat template of a stranger's tokenizer: Jinja, in the sandbox."""
    from alignment.chat_template.encoding import skeleton

    tokenizer = _word_tokenizer()
    tokenizer.chat_template = text_of(data)
    for roles in (("user",), ("system", "user", "assistant", "user")):
        skeleton(tokenizer, roles, True)


def _word_tokenizer(made: list[Any] = []) -> Any:  # noqa: B006  made once
    if not made:
        from tokenizers import Tokenizer, models
        from transformers import PreTrainedTokenizerFast

        words = Tokenizer(models.WordLevel({"<unk>": 0, "</s>": 1}, unk_token="<unk>"))
        made.append(PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", eos_token="</s>"))
    return made[0]


def task_file(ending: str) -> Try:
    """A benchmark's file: items, or the one error."""

    def attempt(data: bytes, directory: Path) -> None:
        from benchmarks.tasks.loading import from_rows
        from benchmarks.tasks.rows import read_rows
        from benchmarks.tasks.suites import TASKS

        path = directory / f"task{ending}"
        path.write_bytes(data)
        rows = read_rows(path)
        kinds = {(task.answer, task.several_right): task for task in TASKS.values()}
        refused = 0
        for task in kinds.values():
            try:
                from_rows(task, rows, path.name)
            except DaadError:
                refused += 1
        if refused == len(kinds):
            raise DaadError("no task takes it")

    return attempt


def tokenizer_file(name: str) -> Try:
    """A tokenizer to be measured: it encodes and gives back what it encoded, or the one error."""

    def attempt(data: bytes, directory: Path) -> None:
        from tokenization.loading.opening import open_tokenizer

        path = directory / name
        path.write_bytes(data)
        tokenizer = open_tokenizer(str(path), "hostile", r"\S+|\s+")
        encoded = tokenizer.encode_batch(["abc"])
        tokenizer.decode([int(each) for each in encoded.ids])
        assert len(tokenizer.pieces.contents) == tokenizer.size

    return attempt


def base_file(name: str) -> Try:
    """A tokenizer to be expanded."""

    def attempt(data: bytes, directory: Path) -> None:
        from tokenization.load_base import load_base

        path = directory / name
        path.write_bytes(data)
        load_base(str(path))

    return attempt


def checkpoint(data: bytes, directory: Path) -> None:
    """A safetensors file."""
    from tokenization.embeddings.tensor_file import read_contents

    path = directory / "model.safetensors"
    path.write_bytes(data)
    read_contents(path)


def _lines(*records: Any) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def _safetensors() -> bytes:
    header = json.dumps({"a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]}}).encode()
    return len(header).to_bytes(8, "little") + header + b"\x00" * 8


def _word_level() -> bytes:
    return json.dumps(
        {
            "version": "1.0",
            "added_tokens": [{"id": 0, "content": "<s>", "single_word": False, "lstrip": False, "rstrip": False,
                              "normalized": False, "special": True}],
            "normalizer": None,
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            "post_processor": None,
            "decoder": {"type": "ByteLevel"},
            "model": {"type": "BPE", "vocab": {"<s>": 0, "a": 1, "b": 2, "ab": 3}, "merges": [["a", "b"]]},
        }
    ).encode()  # fmt: skip


PIECES = [bytes([byte]) for byte in range(256)] + [b"ab", b"abc", "م".encode(), "مر".encode()]
RANKS = b"".join(base64.b64encode(piece) + f" {rank}\n".encode() for rank, piece in enumerate(PIECES))
TEKKEN = json.dumps(
    {
        "config": {"pattern": r"\S+|\s+", "default_num_special_tokens": 3, "default_vocab_size": 263},
        "vocab": [
            {"rank": n, "token_bytes": base64.b64encode(each).decode()} for n, each in enumerate(PIECES)
        ],
        "special_tokens": [{"rank": 0, "token_str": "<unk>"}],
    }
).encode()
PIECE = b"\n\x0c\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02\n\x08\n\x01a\x15\x00\x00\x80\xbf"
TEXTS = (
    "قال د. أحمد: «نعم!» ثم مضى…\r\n| جدول | آخر |\n```\ncode()\n".encode(),
    "A\u202e\u0000\ufeff\u200f<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&#x3c;".encode(),
    "ﷺ ﻻ\u0640\u0640ـ\u064b\u0651 U.S. e.g. 3.14".encode(),
)
TMX = (
    '<?xml version="1.0"?><tmx version="1.4"><body><tu><tuv xml:lang="en"><seg>a</seg></tuv>'
    '<tuv xml:lang="ar"><seg>ب</seg></tuv></tu></body></tmx>'
).encode()
CHAT = _lines(
    {"messages": [{"role": "user", "content": "مرحبا"}, {"role": "assistant", "content": [{"text": "a"}]}]},
    {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "system": "s"},
    {"instruction": "a", "input": "b", "output": "c", "history": [["d", "e"]]},
)
PAIRS = _lines(
    {"prompt": "a", "chosen": "b", "rejected": "c"},
    {"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"},
    {"chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "rejected": [1]},
)
TASK_ROWS = (
    {"question": "a", "A": "b", "B": "c", "C": "d", "D": "e", "answer": "A"},
    {"question": "a", "choices": ["b", "c"], "answer": 1},
    {"question": {"stem": "a", "choices": [{"text": "b", "label": "A"}] * 2}, "answerKey": "A", "info": {}},
    {
        "question": "a",
        "mc1_targets": {"choices": ["b", "c"], "labels": [1, 0]},
        "mc2_targets": {"labels": [1]},
    },
    {"context": "a", "question": "b", "answers": {"text": ["c"]}},
    {"query": "a", "sol1": "b", "sol2": "c", "label": "0"},
    {"sentence": "a _ b", "option1": "c", "option2": "d", "answer": "1"},
    {"context_options": ["a b", "a c"], "continuation": "d", "gold": 0},
    {"passage": "a", "question": "b", "answer": True},
    {"activity_label": "a", "ctx_a": "b", "ctx_b": "c", "endings": ["d", "e"], "label": "1"},
)
TASKS_SEEDS = tuple(_lines(row) for row in TASK_ROWS)
SQUAD = json.dumps(
    {
        "data": [
            {
                "title": "t",
                "paragraphs": [{"context": "c", "qas": [{"question": "q", "answers": [{"text": "c"}]}]}],
            }
        ]
    }
).encode()
PO = 'msgid ""\nmsgstr ""\n\n#: a\nmsgctxt "c"\nmsgid "a"\nmsgid_plural "b"\nmsgstr[0] "ب"\n'.encode()
WARC = b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 4\r\nWARC-Target-URI: http://a/\r\n\r\ntext\r\n\r\n"
OPUS = TMX
TEMPLATE = (
    b"{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}[I]{{ message['content'] }}[/I]"
    b"{% else %}{{ message['content'] + eos_token }}{% endif %}{% endfor %}"
)
PAIRED = {"text_columns": {"en": "en", "ar": "ar"}}

TARGETS: dict[str, Target] = {
    "jsonl": Target(
        reader("jsonl"), (_lines({"text": "مرحبا", "id": 1}, {"text": None}, [1]), b'{"text": "\\ud800"}')
    ),
    "jsonl_pairs": Target(reader("jsonl", **PAIRED), (_lines({"en": "a", "ar": "ب"}, {"en": 1}),)),
    "jsonl_gz": Target(
        reader("jsonl.gz"), (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xabV*I\xad(\x01\x00",)
    ),
    "jsonl_zst": Target(reader("jsonl.zst"), (b"\x28\xb5\x2f\xfd\x04\x58",)),
    "csv": Target(
        reader("csv", text_column="t"),
        (b't,id\n"a ""b""",1\nc\n', b'\xef\xbb\xbft\r\n"a\nb"\r\n', b'\n""a,i-\n,i-\n"\n'),
    ),
    "tsv_pairs": Target(reader("tsv", **PAIRED), ("en\tar\na\tب\n".encode(),)),
    "txt": Target(reader("txt", text_unit="paragraph"), TEXTS),
    "tmx": Target(reader("tmx", **PAIRED), (TMX,)),
    "po": Target(reader("po", text_columns={"en": "msgid", "ar": "msgstr"}), (PO,)),
    "warc": Target(reader("warc"), (WARC,)),
    "parquet": Target(reader("parquet"), (b"PAR1\x15\x04\x15\x10\x00\x00PAR1",)),
    "wiki": Target(
        reader("x", format="wikiextractor"), (b'<doc id="1" url="u" title="t">\nt\n\nx\n</doc>\n',)
    ),
    "opus": Target(reader("xml", format="opus", **PAIRED), (OPUS,)),
    "moses": Target(moses, TEXTS),
    "normalization": Target(normalization, TEXTS),
    "sentences": Target(sentences, TEXTS),
    "page": Target(page, TEXTS),
    "conversations": Target(conversations, (CHAT,)),
    "preferences": Target(preferences, (PAIRS,)),
    "chat_template": Target(chat_template, (TEMPLATE, b"{{" + b"{" * 300, b"{{ 1 / 0 }}")),
    "task_jsonl": Target(task_file(".jsonl"), TASKS_SEEDS),
    "task_json": Target(task_file(".json"), (SQUAD, SQUAD.replace(b"text", b"tewt"), *TASKS_SEEDS[:2])),
    "task_csv": Target(task_file(".csv"), (b"question,A,B,C,D,answer\na,b,c,d,e,A\n", b"q,b,c,d,e,A\n")),
    "tokenizer_json": Target(tokenizer_file("tokenizer.json"), (_word_level(), TEKKEN)),
    "tokenizer_ranks": Target(tokenizer_file("a.tiktoken"), (RANKS,)),
    "tokenizer_model": Target(tokenizer_file("tokenizer.model"), (PIECE,)),
    "base_json": Target(base_file("tokenizer.json"), (_word_level(), TEKKEN)),
    "base_model": Target(base_file("tokenizer.model"), (PIECE, RANKS)),
    "safetensors": Target(checkpoint, (_safetensors(),)),
}
