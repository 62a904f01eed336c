"""The files of a SentencePiece tokenizer directory."""

import json
from pathlib import Path
from typing import Any

from corpus.pipeline.atomic import write_json
from tokenization.sentencepiece_base.fast_twin import tokenizer_config, tokenizer_json


def write_tokenizer(proto: Any, directory: Path) -> None:
    """Write tokenizer.model, and its fast twin for the Hugging Face libraries."""
    (directory / "tokenizer.model").write_bytes(proto.SerializeToString(deterministic=True))
    text = json.dumps(tokenizer_json(proto), ensure_ascii=False, indent=1)
    (directory / "tokenizer.json").write_text(text + "\n", encoding="utf-8")
    write_json(directory / "tokenizer_config.json", tokenizer_config(proto))
