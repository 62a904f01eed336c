"""A tokenizer with a chat template from disk, tried before it is used."""

from pathlib import Path
from typing import Any

from alignment.chat_template.templates import TEMPLATES
from alignment.errors import AlignmentError
from corpus.errors import cause_of


def load_chat_tokenizer(path: str | Path) -> Any:
    """The fast tokenizer of a directory, whose markers are control pieces when a template is rendered to text.

    Raises:
        AlignmentError: It cannot be read, has no chat template, or cuts text behind a control piece in another way than
            text alone.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(
            str(path), split_special_tokens=False, local_files_only=True
        )
    except Exception as error:  # the library raises anything for odd files
        raise AlignmentError(f"{path}: no tokenizer can be read there ({cause_of(error)})") from error
    if not getattr(tokenizer, "chat_template", None):
        raise AlignmentError(
            f"{path}: the tokenizer has no chat template: train with alignment/sft.py first, or set template to "
            f"{' or '.join(TEMPLATES)}"
        )
    end = tokenizer.eos_token
    together, alone = (tokenizer(text, add_special_tokens=False).input_ids for text in (f"a{end}a", "a"))
    if end is None or together != [*alone, tokenizer.eos_token_id, *alone]:
        raise AlignmentError(
            f"{path}: text behind the control piece {end!r} is cut in another way than text alone, so turns cannot be "
            "encoded on their own: make the tokenizer with python -m tokenization.expand"
        )
    return tokenizer
