"""A short run of every fuzz target, and what longer runs have found, each as it was found."""

import base64
import gzip
import json
import os
import random
import zlib
from pathlib import Path
from typing import Any

import pytest
from mutations import mutated
from targets import PIECES, TARGETS

from alignment.conversations import json_lines
from alignment.conversations.json_lines import read_records
from benchmarks.errors import BenchmarkError
from benchmarks.tasks import rows
from corpus.errors import DaadError

EXAMPLES = int(os.environ.get("DAAD_EXAMPLES", "8"))
"""Changed copies of its seeds that each target is given; thousands for a long run."""

SLOW = {"conversations", "preferences"}
"""They identify languages, whose model is loaded once."""


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_changed_seeds_are_read_or_refused(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    draw = random.Random(zlib.crc32(name.encode()))
    taken = [target(seed, place(tmp_path, f"seed{number}")) for number, seed in enumerate(target.seeds)]
    assert any(taken) or name in {"tokenizer_json", "tokenizer_model", "base_json", "base_model"}
    for number in range(EXAMPLES if name not in SLOW else EXAMPLES // 4):
        target(mutated(draw.choice(target.seeds), draw), place(tmp_path, str(number)))


def place(directory: Path, name: str) -> Path:
    (directory / name).mkdir()
    return directory / name


def ranks(**changed: Any) -> bytes:
    """A tekken file with a value of its config, or the ranks of its pieces, replaced."""
    config = {"pattern": r"\S+", "default_num_special_tokens": 3, "default_vocab_size": 3 + len(PIECES)}
    vocab = [
        {"rank": rank, "token_bytes": base64.b64encode(each).decode()} for rank, each in enumerate(PIECES)
    ]
    vocab[0] |= {key: changed.pop(key) for key in ("rank", "token_bytes") if key in changed}
    return json.dumps({"config": config | changed, "vocab": vocab}).encode()


@pytest.mark.parametrize(
    ("target", "data"),
    [
        pytest.param("tokenizer_json", ranks(default_num_special_tokens=float("inf")), id="endless number"),
        pytest.param("tokenizer_json", ranks(rank=float("inf")), id="endless rank"),
        pytest.param("tokenizer_json", ranks(rank=1), id="a rank given twice, at which tiktoken panics"),
        pytest.param("tokenizer_json", ranks(rank=10**12), id="a rank that would fill the memory"),
        pytest.param("tokenizer_json", ranks(rank=-1), id="a rank below 0"),
        pytest.param("tokenizer_json", ranks(token_bytes=""), id="an empty piece, at which tiktoken panics"),
        pytest.param("tokenizer_ranks", b"YQ== 0\nYg== 1\n", id="bytes without a piece, at which tiktoken panics"),
        pytest.param("tokenizer_model", b"{" + b'"a":{' * 20_000, id="deep JSON that calls itself a model"),
        pytest.param("base_json", b'{"model": {"type": "BPE", "merges": [1], "vocab": 5}}', id="vocab a number"),
        pytest.param("base_json", b'{"model":{"merges":["a b"],"vocab":{}},"pre_tokenizer":{}}', id="no type"),
        pytest.param("base_json", b'{"model":{"merges":["a b"],"vocab":{}},"pre_tokenizer":[1]}', id="a list"),
        pytest.param("base_json", b'{"config":{"default_vocab_size":[],"default_num_special_tokens":0},"vocab":[]}',
                     id="size a list"),
        pytest.param("task_jsonl", b'{"question": 1.5, "answerKey": "A", "info": {}}', id="question a number"),
        pytest.param("task_jsonl", b"[1]\n", id="a record that is no object"),
        pytest.param("task_json", b"[" * 20_000, id="deep JSON as a task"),
    ],
)  # fmt: skip
def test_finds_are_refused_in_words(target: str, data: bytes, tmp_path: Path) -> None:
    assert TARGETS[target](data, tmp_path) is False


def test_a_line_without_end_is_one_reject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instructions and preferences: the line is passed over, not held, and the record behind it is read."""
    monkeypatch.setattr(json_lines, "MAX_RECORD_BYTES", 1 << 20)
    path = tmp_path / "chat.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": "' + b"x" * (30 << 20) + b'"}\n{"a": 1}\n'))
    read, rejects = read_records(str(path), "chat", lambda record, line: (record["a"], line))
    assert read == [(1, 2)]
    assert [reject[:3] for reject in rejects] == [("chat", 1, "too_long")]


def test_a_packed_task_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "LARGEST_FILE", 1 << 20)
    (tmp_path / "task.csv.gz").write_bytes(gzip.compress(b"a" * (64 << 20)))
    with pytest.raises(BenchmarkError, match="holds more than 1 MiB"):
        rows.read_rows(tmp_path / "task.csv.gz")
    (tmp_path / "task.csv.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03not deflate")
    with pytest.raises(DaadError, match="cannot be read"):
        rows.read_rows(tmp_path / "task.csv.gz")
