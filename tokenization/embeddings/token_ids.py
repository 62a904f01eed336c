"""The configs of the new checkpoint: its vocabulary size, and special ids that agree with the tokenizer's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from tokenization.errors import TokenizationError

Policy = Literal["check", "from_tokenizer", "keep"]


def grown_config(
    config: dict[str, Any], size: int, ids: Mapping[str, int], policy: Policy, path: Path
) -> dict[str, Any]:
    """`config.json` with the new vocabulary size and settled special ids; `path` is for messages.

    Raises:
        TokenizationError: An id contradicts the tokenizer, or lies outside the vocabulary.
    """
    grown = settled(config, size, ids, policy, path)
    if "vocab_size" in grown:
        grown["vocab_size"] = size
    if "vocab_size" in (config.get("text_config") or {}):  # of a model that also sees or hears
        grown["text_config"] = settled(config["text_config"], size, ids, policy, path) | {"vocab_size": size}
    return grown


def settled(
    config: dict[str, Any], size: int, ids: Mapping[str, int], policy: Policy, path: Path
) -> dict[str, Any]:
    """A config whose special ids agree with those of the tokenizer, as the policy says.

    A config may give a list of ids that end a text; it agrees if the tokenizer's is among them. An id that the config
    or the tokenizer does not have is no contradiction, and stays as it is.

    Raises:
        TokenizationError: An id contradicts the tokenizer, or lies outside the vocabulary.
    """
    result = dict(config)
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        given = config.get(name)
        listed = given if isinstance(given, list) else [given]
        if given is None:
            continue
        if policy != "keep" and name in ids and ids[name] not in listed:
            if policy == "check":
                raise TokenizationError(
                    f"{path}: {name} is {given}, but the tokenizer's is {ids[name]}: is it the tokenizer of this "
                    "model? If so, choose with --special_ids from_tokenizer or keep"
                )
            result[name] = ids[name]
        elif any(not isinstance(number, int) or number >= size for number in listed):
            raise TokenizationError(f"{path}: {name} is {given}, but ids end at {size - 1:,}: mend the file")
    return result
