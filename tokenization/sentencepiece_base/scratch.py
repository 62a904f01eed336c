"""A bilingual SentencePiece BPE tokenizer from scratch, with sentencepiece's own trainer."""

import io
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from corpus.errors import cause_of
from tokenization.arabic_script import word_class
from tokenization.errors import TokenizationError
from tokenization.sentencepiece_base.merge import reserve_names
from tokenization.sentencepiece_base.model import CONTROL
from tokenization.sentencepiece_base.proto import parse

LONGEST_LINE = 1 << 20
"""Bytes; sentencepiece leaves out longer lines."""

_REQUIRED = "".join(
    map(chr, (*range(0x21, 0x7F), *range(0x621, 0x63B), *range(0x640, 0x653), *range(0x660, 0x66A)))
)
"""Characters that get pieces however rare they are: ASCII, the Arabic letters, marks and digits."""

_DELIMITER = "\x1f"
"""Tells the trainer where no piece may reach across; no text has it, for the corpus takes control characters out."""


def train(lines: Iterable[str], size: int, num_threads: int, multiple: int) -> Any:
    """Train on lines, each counted once; the model is filled up to a multiple with reserve pieces.

    Identity normalization keeps tashkeel and presentation forms. Scripts are not split by the trainer, for harakat
    belong to no script of their own and would be torn from their letters (google/sentencepiece#731); `part_words` does
    it instead. Digits stand alone, runs of spaces may be pieces, and what is in no piece is spelled in bytes.

    Raises:
        TokenizationError: The text holds too little for so many pieces.
    """
    from sentencepiece import SentencePieceTrainer

    model = io.BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=map(part_words, lines),
            pretokenization_delimiter=_DELIMITER,
            model_writer=model,
            model_type="bpe",
            vocab_size=size,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            byte_fallback=True,
            split_digits=True,
            split_by_unicode_script=False,
            character_coverage=0.99995,
            required_chars=_REQUIRED,
            max_sentence_length=LONGEST_LINE,
            num_threads=num_threads,
            minloglevel=2,
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise TokenizationError(
            f"size: {size:,} pieces cannot be trained on this text ({cause_of(error, 160)}): give more text, or "
            "ask for fewer pieces"
        ) from error
    proto = parse(model.getvalue())
    proto.trainer_spec.num_threads = 1  # how many there were decides nothing
    names = {piece.piece: number for number, piece in enumerate(proto.pieces)}
    for name in reserve_names(names, -len(proto.pieces) % multiple):
        proto.pieces.add(piece=name, score=0.0, type=CONTROL)
    proto.trainer_spec.vocab_size = len(proto.pieces)
    return proto


def part_words(line: str) -> str:
    """Mark where letters, with their marks, meet other signs, and both sides of every digit, Arabic ones included.

    >>> part_words("ab, x2").replace(_DELIMITER, "|")
    'ab|, x|2|'
    """
    return _borders().sub(_DELIMITER, line.replace(_DELIMITER, ""))


@cache
def _borders() -> re.Pattern[str]:
    arabic = re.sub(r"\\x\{([0-9A-F]+)\}", lambda match: chr(int(match[1], 16)), word_class())
    letter, sign = rf"(?:[^\W\d_]|[{arabic}])", rf"(?![{arabic}])(?:[^\w\s]|_)"
    return re.compile(rf"(?<={letter})(?={sign})|(?<=[^\w\s{arabic}])(?={letter})|(?<=\d)|(?=\d)")
