"""What token files need to know of a tokenizer: which files it is, its size, and the ids at the ends of documents."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corpus.errors import cause_of
from corpus.pipeline.atomic import read_json, sha256_of
from corpus.pipeline.layout import digest
from nemo_recipes.errors import PretrainingError

_FILES = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json")
_LARGEST_UINT16_VOCABULARY = 65_500
"""Megatron writes smaller vocabularies in two bytes a token (DType.optimal_dtype)."""


@dataclass(frozen=True, kw_only=True)
class Tokenizer:
    """A tokenizer on disk.

    Attributes:
        path: Directory with tokenizer.json, or a SentencePiece .model file.
        vocab_size: Greatest id plus one.
        end_id: The id that follows each document.
        begin_id: The id that may come before each document; None where the tokenizer has none.
        sha256: Digest of each of its files, by name.
    """

    path: str
    vocab_size: int
    end_id: int
    begin_id: int | None
    sha256: dict[str, str]

    @property
    def dtype(self) -> str:
        """How one id is written: Megatron's choice for this size."""
        return "uint16" if self.vocab_size < _LARGEST_UINT16_VOCABULARY else "int32"

    @property
    def fast_file(self) -> Path | None:
        """The Hugging Face file, where there is one."""
        path = Path(self.path, "tokenizer.json")
        return path if path.is_file() else None

    @property
    def sentencepiece_file(self) -> Path | None:
        """The SentencePiece model, where there is one, whatever its name ends in (Mistral's is tokenizer.model.v1)."""
        path = Path(self.path)
        path = path if path.is_file() else path / "tokenizer.model"
        return path if path.is_file() else None

    def vocabulary_digest(self) -> str:
        """Digest of the pieces by id: the same for a tokenizer that was saved again, or in the other format."""
        if self.fast_file is not None:
            import tokenizers

            fast = tokenizers.Tokenizer.from_file(str(self.fast_file))
            pieces = [[number, piece] for piece, number in fast.get_vocab(with_added_tokens=True).items()]
        else:
            from sentencepiece import SentencePieceProcessor

            processor = SentencePieceProcessor(model_file=str(self.sentencepiece_file))
            pieces = [[number, processor.id_to_piece(number)] for number in range(processor.vocab_size())]
        return digest(sorted(pieces))

    def described(self) -> dict[str, Any]:
        """All but where it lies."""
        content = asdict(self)
        del content["path"]
        return content


def open_tokenizer(path: str, end_piece: str = "") -> Tokenizer:
    """Read what is needed of a tokenizer; `end_piece` replaces its own end-of-text.

    Raises:
        PretrainingError: No tokenizer is there, a file of it is damaged, or it has no piece that could end documents.
    """
    place = Path(path)
    if place.is_file():
        return _from_sentencepiece(place, end_piece)
    if (place / "tokenizer.json").is_file():
        return _from_fast(place, end_piece)
    if (place / "tokenizer.model").is_file():
        return _from_sentencepiece(place / "tokenizer.model", end_piece)
    raise PretrainingError(
        f"{path}: no tokenizer.json and no SentencePiece .model is there: give the directory that a tokenizer was "
        "saved in (python -m tokenization.expand makes one)"
    )


def _from_sentencepiece(path: Path, end_piece: str) -> Tokenizer:
    from sentencepiece import SentencePieceProcessor

    try:
        processor = SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError) as error:
        raise PretrainingError(f"{path}: not a SentencePiece model ({cause_of(error, 80)})") from error
    known = processor.piece_to_id(end_piece) if end_piece else processor.eos_id()
    if end_piece and processor.id_to_piece(known) != end_piece:
        raise _no_end(path, end_piece)
    if known < 0:
        raise _no_end(path, "")
    return Tokenizer(
        path=str(path),
        vocab_size=processor.vocab_size(),
        end_id=known,
        begin_id=processor.bos_id() if processor.bos_id() >= 0 else None,
        sha256={path.name: sha256_of(path)},
    )


def _from_fast(directory: Path, end_piece: str) -> Tokenizer:
    import tokenizers

    path = directory / "tokenizer.json"
    try:
        fast = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing more special
        raise PretrainingError(f"{path}: not a tokenizer ({cause_of(error, 80)})") from error
    named = _special_pieces(directory)
    end = end_piece or named.get("eos_token", "")
    end_id = fast.token_to_id(end) if end else None
    if end_id is None:
        raise _no_end(directory, end)
    begin = named.get("bos_token")
    return Tokenizer(
        path=str(directory),
        vocab_size=max(fast.get_vocab(with_added_tokens=True).values()) + 1,
        end_id=end_id,
        begin_id=fast.token_to_id(begin) if begin else None,
        sha256={name: sha256_of(directory / name) for name in _FILES if (directory / name).is_file()},
    )


def _special_pieces(directory: Path) -> dict[str, str]:
    """The named special pieces of a Hugging Face directory, as strings."""
    found: dict[str, str] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        path = directory / name
        content = _read_object(path) if path.is_file() else {}
        for key in ("bos_token", "eos_token"):
            value = content.get(key)
            value = value.get("content") if isinstance(value, dict) else value
            if value and isinstance(value, str):
                found[key] = value
    return found


def _read_object(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except ValueError as error:
        raise PretrainingError(
            f"{path}: not JSON ({cause_of(error, 80)}): save the tokenizer again"
        ) from error
    if not isinstance(content, dict):
        raise PretrainingError(
            f"{path}: holds {type(content).__name__}, not an object: save the tokenizer again"
        )
    return content


def _no_end(path: Path, piece: str) -> PretrainingError:
    what = f"has no piece {piece!r}" if piece else "names no end-of-text piece (eos_token)"
    return PretrainingError(f"{path}: {what}, and documents must end in one: name one with end_piece")
