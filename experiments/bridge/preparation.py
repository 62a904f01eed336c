"""Texts, token files and plans of the experiment, made unless they are there."""

from pathlib import Path

from benchmarks.translating import read_pairs
from experiments.bridge.mixtures import byte_shares
from experiments.bridge.settings import Bridge
from experiments.bridge.texts import make_texts
from experiments.running import base_shape
from experiments.vocabularies import Prepared, make_vocabularies


def prepare(settings: Bridge) -> Prepared:
    """Make what is missing.

    Raises:
        DaadError: A corpus, tokenizer or checkpoint that cannot be used (see `texts`, `mixtures`,
            `nemo_recipes.data`), or news that cannot be read.
    """
    output, texts = Path(settings.output_dir), settings.texts
    if settings.measures.news:
        read_pairs(Path(settings.measures.news))  # said now, not after the first run
    made = make_texts(texts, output / "texts")
    shares = byte_shares(texts, output / "texts", made)
    return make_vocabularies(output, made, shares, base_shape(settings), texts)
