"""Read a byte-level BPE base from whatever form it comes in, and refuse what is none."""

import json
from pathlib import Path
from typing import Any

from tokenization.byte_level_base.alphabet import missing_bytes
from tokenization.byte_level_base.base_definition import ByteLevelBase
from tokenization.byte_level_base.gguf_file import read_gguf
from tokenization.byte_level_base.rank_files import Family, read_tekken, read_tiktoken
from tokenization.errors import TokenizationError

_REQUIRED = set(range(0x80, 0xC0)) | {
    0xC2,
    *range(0xD8, 0xDC),
    0xE2,
    0xEF,
    0x20,
}  # what Arabic text is made of


DAMAGE = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
"""What comes of parts of a tokenizer file that are missing, or of another type than they should be."""


def read_base(path: Path, family: Family | None = None) -> ByteLevelBase:
    """Read a base: a tokenizer.json or a directory with one, a tiktoken file, a tekken JSON, or a GGUF file.

    Args:
        path: The file or the directory.
        family: How a tiktoken file cuts text and which specials it has; those of Llama-3 and Qwen are known.

    Raises:
        TokenizationError: It is damaged, or no byte-level BPE tokenizer.
        OSError: It cannot be read.
    """
    try:
        return _read_base(path, family)
    except DAMAGE as error:
        raise TokenizationError(
            f"{path}: a damaged tokenizer file ({error!r:.200}); download it again"
        ) from error


def _read_base(path: Path, family: Family | None) -> ByteLevelBase:
    if path.is_dir():
        path = _file_in(path)
    with path.open("rb") as file:
        beginning = file.read(64).lstrip()
    if beginning.startswith(b"GGUF"):
        base = read_gguf(path)
    elif beginning.startswith((b"{", b"[", b"\xef\xbb\xbf{")):
        base = _read_json(path)
    elif _is_rank_line(beginning):
        base = read_tiktoken(path, path.read_bytes(), family)
    else:
        raise TokenizationError(
            f"{path}: neither tokenizer.json, tiktoken, tekken nor GGUF; name one of these (or a SentencePiece model)"
        )
    _check(base)
    return base


def _file_in(directory: Path) -> Path:
    """The tokenizer's file in a directory, whichever form it has; the one that tells most comes first."""
    named = (directory / name for name in ("tokenizer.json", "tekken.json", "tokenizer.model"))
    found = [path for path in named if path.is_file()] or sorted(
        path for path in directory.iterdir() if path.suffix in {".tiktoken", ".gguf"}
    )
    if not found:
        raise TokenizationError(
            f"{directory}: holds no tokenizer.json, tekken.json, tokenizer.model, .tiktoken or .gguf file; name the "
            "tokenizer's file or its directory"
        )
    return found[0]


def _read_json(path: Path) -> ByteLevelBase:
    content = _parse_json(path)
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        settings = path.with_name("tokenizer_config.json")
        kept = _parse_json(settings) if settings.is_file() else {}
        return ByteLevelBase(path=path, kind="tokenizer.json", definition=_complete(content), settings=kept)
    if isinstance(content, dict) and "vocab" in content and "config" in content:
        return read_tekken(path, content)
    raise TokenizationError(
        f"{path}: JSON, but no tokenizer.json (it has no 'model'); name the tokenizer's own file"
    )


def _parse_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise TokenizationError(f"{path}: not UTF-8 at byte {error.start}; download it again") from error
    except json.JSONDecodeError as error:
        raise TokenizationError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}); download it again"
        ) from error


def _complete(content: dict[str, Any]) -> dict[str, Any]:
    """Parts that older files leave out, as the tokenizers library reads them."""
    model = dict(content["model"])
    if "type" not in model and "merges" in model:
        model["type"] = "BPE"
    defaults: dict[str, Any] = {
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": None,
    }
    return defaults | content | {"model": model}


def _is_rank_line(beginning: bytes) -> bool:
    """Whether a file begins as tiktoken's do: a piece in base 64, a space, and its rank."""
    parts = beginning.splitlines()[0].split() if beginning else []
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
    return len(parts) == 2 and parts[1].isdigit() and not parts[0].strip(letters)


def _check(base: ByteLevelBase) -> None:
    where, model = base.path, base.definition["model"]
    kind = model.get("type")
    if kind != "BPE":
        raise TokenizationError(
            f"{where}: a {kind} tokenizer; only BPE can be continued by merges, so use a BPE base"
        )
    if not model.get("merges"):
        raise TokenizationError(
            f"{where}: BPE without merges, so there is nothing to continue; use another base"
        )
    letters = _letters_part(base.definition["pre_tokenizer"])
    if model.get("byte_fallback") or letters is None:
        raise TokenizationError(
            f"{where}: BPE, but not byte-level (a SentencePiece model converted?); name its tokenizer.model instead"
        )
    if letters.get("add_prefix_space", True):
        raise TokenizationError(
            f"{where}: puts a space before each text, which is not supported; use another base"
        )
    for setting in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(setting):
            raise TokenizationError(f"{where}: has {setting} {model[setting]!r}, which no base here may have")
    missing = _REQUIRED & set(missing_bytes(base.vocabulary))
    if missing:
        shown = ", ".join(f"0x{byte:02X}" for byte in sorted(missing)[:8])
        raise TokenizationError(
            f"{where}: has no piece for the bytes {shown}; Arabic would be lost: use another base"
        )
    _check_ids(base)
    _check_merges(base)
    _check_loads(base)


def _letters_part(pre_tokenizer: dict[str, Any] | None) -> dict[str, Any] | None:
    """The part of a pre-tokenizer that writes bytes as letters."""
    if pre_tokenizer is None:
        return None
    parts = pre_tokenizer["pretokenizers"] if pre_tokenizer["type"] == "Sequence" else [pre_tokenizer]
    return next((part for part in parts if part["type"] == "ByteLevel"), None)


def _check_ids(base: ByteLevelBase) -> None:
    numbers = list(base.vocabulary.values()) + [
        number for name, number in base.specials.items() if base.vocabulary.get(name) != number
    ]
    if len(set(numbers)) < len(numbers) or min(numbers) < 0:
        raise TokenizationError(f"{base.path}: an id is given to two pieces; download it again")


def _check_merges(base: ByteLevelBase) -> None:
    vocabulary = base.vocabulary
    for number, merge in enumerate(base.merges):
        if len(merge) != 2 or any(piece not in vocabulary for piece in (*merge, "".join(merge))):
            raise TokenizationError(
                f"{base.path}: merge {number} {' '.join(merge)!r} has a part or a result that is no piece; "
                "download it again"
            )


def _check_loads(base: ByteLevelBase) -> None:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(json.dumps(base.definition, ensure_ascii=False))
    except Exception as error:  # the library raises bare Exceptions
        raise TokenizationError(f"{base.path}: the tokenizers library refuses it ({error})") from error
    for name, number in base.specials.items():
        if tokenizer.token_to_id(name) != number:
            raise TokenizationError(
                f"{base.path}: says that {name!r} has id {number}, but loads it as {tokenizer.token_to_id(name)}; "
                "save it again with the library that made it"
            )
