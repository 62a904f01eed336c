"""Texts, token files and plans of the experiment, made unless they are there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.bridge.mixtures import byte_shares
from experiments.bridge.settings import Bridge
from experiments.bridge.texts import make_texts
from experiments.jobs import Vocabulary
from experiments.vocabularies import make_vocabularies
from nemo_recipes.planning.shapes import shape_of
from nemo_recipes.pretrain_config import Model


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What all runs share.

    Attributes:
        base: The base tokenizer and what was made with it.
        expanded: The expanded one.
        texts: Manifest of the texts.
        held_out: Bytes and documents of the validation files.
        shares: Shares of each mixture by part, in bytes.
    """

    base: Vocabulary
    expanded: Vocabulary
    texts: dict[str, Any]
    held_out: dict[str, Any]
    shares: dict[str, dict[str, float]]


def prepare(settings: Bridge) -> Prepared:
    """Make what is missing.

    Raises:
        DaadError: A corpus, tokenizer or checkpoint that cannot be used; see `texts`, `mixtures`, `nemo_recipes.data`.
    """
    output, texts = Path(settings.output_dir), settings.texts
    made = make_texts(texts, output / "texts")
    shares = byte_shares(texts, output / "texts", made)
    shape = settings.stage1.shape if settings.stage1 else shape_of(Model(checkpoint=settings.checkpoint))
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
