"""Texts, token files and plans of the experiment, made unless they are there."""

from pathlib import Path

from experiments.forgetting.legs import MixtureName
from experiments.forgetting.mixtures import byte_shares
from experiments.forgetting.settings import Forgetting
from experiments.forgetting.texts import make_texts
from experiments.running import base_shape
from experiments.vocabularies import Prepared, make_vocabularies

MIXTURES: tuple[MixtureName, ...] = ("english", "arabic", "both", "parallel")


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
    return make_vocabularies(output, made, shares, base_shape(settings), texts)
