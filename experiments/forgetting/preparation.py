"""Texts, token files and plans of the experiment, made unless they are there."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.errors import ExperimentError
from experiments.forgetting.legs import MixtureName
from experiments.forgetting.matrix import Vocabulary
from experiments.forgetting.mixtures import byte_shares, in_tokens, write_plan
from experiments.forgetting.settings import Forgetting
from experiments.forgetting.texts import make_texts
from nemo_recipes.data.settings import Tokens
from nemo_recipes.data.token_files import encode
from nemo_recipes.planning.shapes import shape_of
from nemo_recipes.pretrain_config import Model, Shape
from tokenization.embeddings.expansion import read_expansion
from tokenization.loading.places import find_file

MIXTURES: tuple[MixtureName, ...] = ("english", "arabic", "both", "parallel")


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What all runs share.

    Attributes:
        base: The base tokenizer and what was made with it.
        expanded: The expanded one.
        texts: Manifest of the texts.
        held_out: Bytes, documents and digest of the validation files, the same for both tokenizers.
        shares: Shares of each mixture by part, in bytes.
    """

    base: Vocabulary
    expanded: Vocabulary
    texts: dict[str, Any]
    held_out: dict[str, Any]
    shares: dict[str, dict[str, float]]


def prepare(settings: Forgetting) -> Prepared:
    """Make what is missing.

    Raises:
        DaadError: A corpus, tokenizer or checkpoint that cannot be used; see `texts`, `mixtures`, `nemo_recipes.data`.
    """
    output, texts = Path(settings.output_dir), settings.texts
    corpus = output / "texts"
    made = make_texts(texts, corpus)
    shares = {
        name: byte_shares(
            corpus,
            name,
            english_share=texts.english_share,
            parallel_share=texts.parallel_share,
            arabic_of_parallel=made["arabic_share_of_parallel"],
        )
        for name in MIXTURES
    }
    shape = _base_shape(settings)
    grown = replace(shape, vocab_size=read_expansion(Path(texts.tokenizer)).size)
    vocabularies, held_out = [], []
    for name, tokenizer, its_shape in (
        ("base", _path_of(texts.base_tokenizer), shape),
        ("expanded", texts.tokenizer, grown),
    ):
        tokens = encode(
            Tokens(
                corpus=str(corpus),
                tokenizer=tokenizer,
                output_dir=str(output / f"tokens-{name}"),
                validation_share=texts.validation_share,
                end_piece=texts.end_piece,
            )
        )
        plans = output / "plans" / name
        mixtures = {str(mixture): in_tokens(parts, tokens) for mixture, parts in shares.items()}
        for mixture, content in mixtures.items():
            write_plan(content, tokens["corpus_manifest_sha256"], plans / f"{mixture}.yaml")
        vocabularies.append(
            Vocabulary(
                tokenizer=tokenizer,
                tokens=output / f"tokens-{name}",
                shape=its_shape,
                mixtures=mixtures,
                plans=plans,
            )
        )
        held_out.append(_held_out(tokens["parts"]))
    if held_out[0] != held_out[1]:
        raise ExperimentError(f"{output}: the two tokenizers' held-out texts differ: make both again")
    return Prepared(
        base=vocabularies[0],
        expanded=vocabularies[1],
        texts=made,
        held_out=held_out[0],
        shares={
            name: {" ".join(part): share for part, share in parts.items()} for name, parts in shares.items()
        },
    )


def _base_shape(settings: Forgetting) -> Shape:
    if settings.stage1 is not None:
        return settings.stage1.shape
    return shape_of(Model(checkpoint=settings.checkpoint))


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
