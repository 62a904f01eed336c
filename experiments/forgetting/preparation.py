"""Texts, token files and plans of the experiment, made unless they are there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.forgetting.legs import MixtureName
from experiments.forgetting.mixtures import byte_shares
from experiments.forgetting.settings import Forgetting
from experiments.forgetting.texts import make_texts
from experiments.jobs import Vocabulary
from experiments.vocabularies import make_vocabularies
from nemo_recipes.planning.shapes import shape_of
from nemo_recipes.pretrain_config import Model, Shape

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
        str(name): byte_shares(
            corpus,
            name,
            english_share=texts.english_share,
            parallel_share=texts.parallel_share,
            arabic_of_parallel=made["arabic_share_of_parallel"],
        )
        for name in MIXTURES
    }
    shape = _base_shape(settings)
    base, expanded, held_out = make_vocabularies(
        output,
        shares,
        shape,
        base_tokenizer=texts.base_tokenizer,
        tokenizer=texts.tokenizer,
        validation_share=texts.validation_share,
        end_piece=texts.end_piece,
    )
    return Prepared(
        base=base,
        expanded=expanded,
        texts=made,
        held_out=held_out,
        shares={
            name: {" ".join(part): share for part, share in parts.items()} for name, parts in shares.items()
        },
    )


def _base_shape(settings: Forgetting) -> Shape:
    if settings.stage1 is not None:
        return settings.stage1.shape
    return shape_of(Model(checkpoint=settings.checkpoint))
