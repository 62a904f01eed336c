"""A base tokenizer, read whichever kind it is."""

from pathlib import Path

from tokenization.base import Base
from tokenization.byte_level_base.expansion import read_byte_level_base
from tokenization.sentencepiece_base.reading import find_model, read_base


def load_base(path: str) -> Base:
    """Read a base, whichever kind it is.

    `path` is a SentencePiece model, a tokenizer.json, a tiktoken or tekken file, a directory with one of them, or
    `mistral-v1` for the one in mistral-common.

    Raises:
        TokenizationError: It is not there, cannot be read, or is no BPE.
    """
    model = find_model(path)
    return read_base(model) if model is not None else read_byte_level_base(Path(path))
