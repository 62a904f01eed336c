"""One way to open a tokenizer of any make: what it is goes by its content, not by its name."""

import hashlib
import json
import re
from pathlib import Path

from tokenization.byte_level_base.reading import DAMAGE
from tokenization.errors import TokenizationError
from tokenization.loading.places import find_file
from tokenization.loading.tokenizer import Tokenizer

_RANK_LINE = re.compile(rb"[A-Za-z0-9+/]+=* \d+\s*(\n|$)")


def open_tokenizer(path: str, name: str, pattern: str = "") -> Tokenizer:
    """Read a tokenizer.

    `path` is a SentencePiece model, a Hugging Face directory or tokenizer.json, a tiktoken or tekken file, any of them
    inside an installed package as `package:NAME/path/in/it`, or `mistral-v1`. `pattern` is the regular expression by
    which a tiktoken file cuts text into words, where that is not known.

    Raises:
        TokenizationError: It is not there, or cannot be read.
    """
    file = find_file(name, path)
    try:
        return _open(name, file, pattern)
    except DAMAGE as error:
        raise TokenizationError(
            f"tokenizer {name}: {file} is a damaged tokenizer file ({error!r:.200}): download it again"
        ) from error


def _open(name: str, file: Path, pattern: str) -> Tokenizer:
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if content[:1] == b"{":
        return _open_json(name, str(file), content, sha256)
    if _RANK_LINE.match(content):
        from tokenization.loading.rank_file import read_tiktoken

        return read_tiktoken(name, str(file), content, sha256, pattern)
    if not content or content[:1] != b"\n":  # the first field of a SentencePiece model is a piece, tag 0x0A
        raise TokenizationError(
            f"tokenizer {name}: {file} is neither a SentencePiece model, a tokenizer.json, "
            "a tiktoken nor a tekken file: name one of these"
        )
    from tokenization.loading.sentencepiece_model import SentencePieceModel

    return SentencePieceModel(name, str(file), content, sha256)


def _open_json(name: str, path: str, content: bytes, sha256: str) -> Tokenizer:
    try:
        definition = json.loads(content)
    except ValueError as error:
        raise TokenizationError(
            f"tokenizer {name}: {path} is damaged JSON ({error}): download it again"
        ) from error
    if {"config", "vocab"} <= definition.keys():
        from tokenization.loading.rank_file import read_tekken

        return read_tekken(name, path, definition, sha256)
    if "model" not in definition:
        raise TokenizationError(
            f"tokenizer {name}: {path} has no 'model', so it is no tokenizer.json: name that file instead"
        )
    from tokenization.loading.fast_tokenizer import FastTokenizer

    return FastTokenizer(name, path, content, sha256, definition)
