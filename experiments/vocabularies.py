"""Token files and plans of an experiment's texts, once in the base tokenizer and once in the expanded one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.errors import ExperimentError
from experiments.jobs import Vocabulary
from experiments.mixtures import Part, in_tokens, write_plan
from experiments.settings import Reading
from nemo_recipes.data.settings import Tokens
from nemo_recipes.data.token_files import encode
from nemo_recipes.pretrain_config import Shape
from tokenization.embeddings.expansion import read_expansion
from tokenization.loading.places import find_file


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What all runs of an experiment share.

    Attributes:
        base: The base tokenizer and what was made with it.
        expanded: The expanded one.
        texts: Manifest of the texts.
        held_out: Bytes and documents of the validation files, the same for both tokenizers.
        shares: Shares of each mixture by part, in bytes.
    """

    base: Vocabulary
    expanded: Vocabulary
    texts: dict[str, Any]
    held_out: dict[str, Any]
    shares: dict[str, dict[str, float]]


def make_vocabularies(
    output: Path,
    texts: dict[str, Any],
    shares: Mapping[str, Mapping[Part, float]],
    shape: Shape,
    reading: Reading,
) -> Prepared:
    """Token files and plans in both tokenizers, of the corpus in `output`/texts.

    Args:
        output: Directory of the experiment; what is there already and still true is used again.
        texts: Manifest of that corpus.
        shares: Shares of each mixture by part, in bytes.
        shape: Shape of the base.
        reading: The tokenizers, and what of a document is read.

    Raises:
        DaadError: A tokenizer cannot be used, or the two leave different texts for validation.
    """
    grown = replace(shape, vocab_size=read_expansion(Path(reading.tokenizer)).size)
    vocabularies, held_out = [], []
    for name, path, its_shape in (
        ("base", _path_of(reading.base_tokenizer), shape),
        ("expanded", reading.tokenizer, grown),
    ):
        directory = output / f"tokens-{name}"
        tokens = encode(
            Tokens(
                corpus=str(output / "texts"),
                tokenizer=path,
                output_dir=str(directory),
                validation_share=reading.validation_share,
                end_piece=reading.end_piece,
            )
        )
        plans = output / "plans" / name
        mixtures = {mixture: in_tokens(parts, tokens) for mixture, parts in shares.items()}
        for mixture, content in mixtures.items():
            write_plan(content, tokens["corpus_manifest_sha256"], plans / f"{mixture}.yaml")
        vocabularies.append(
            Vocabulary(tokenizer=path, tokens=directory, shape=its_shape, mixtures=mixtures, plans=plans)
        )
        held_out.append(_held_out(tokens["parts"]))
    if held_out[0] != held_out[1]:
        raise ExperimentError(f"{output}: the two tokenizers' held-out texts differ: make both again")
    return Prepared(
        base=vocabularies[0],
        expanded=vocabularies[1],
        texts=texts,
        held_out=held_out[0],
        shares={
            name: {" ".join(part): share for part, share in parts.items()} for name, parts in shares.items()
        },
    )


def _path_of(tokenizer: str) -> str:
    """Where `nemo_recipes` finds a tokenizer: its directory, or its SentencePiece model."""
    if Path(tokenizer).is_dir():
        return tokenizer
    file = find_file("base", tokenizer)
    return str(file.parent if file.name == "tokenizer.json" else file)


def _held_out(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {
        part["name"]: {name: part["validation"][name] for name in ("documents", "bytes")}
        for part in parts
        if part["validation"]["documents"]
    }
