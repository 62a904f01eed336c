"""Compile the kernels once, before workers would each compile their own."""

from collections.abc import Callable

import numpy as np
import polars as pl

from corpus import language, normalize, privacy, quality
from corpus.build_config import BuildConfig
from corpus.dedup import (
    Boilerplate,
    band_keys,
    exact_keys,
    line_keys,
    near_clusters,
    remove_lines,
    signatures,
)
from corpus.fold import fold
from corpus.text_measures import measure_texts

NUM_STEPS = 9


_ARABIC = """هذا نصٌّ قصير للتجربة فيه كلمات كثيرة وأرقام 0501234567
كلمةٌ  ممـدودة ،وبعدها فاصلة\r
ثمّ کلمه فارسی فیها
"""
"""Long enough to have a language; loose blanks and punctuation, a tatweel, a carriage return, look-alike letters."""


def warm_up(task: tuple[BuildConfig, int]) -> None:
    """Run some kernels on two short texts: all steps take half a minute on a new machine, and next to nothing later.

    What one worker compiles, the others find in numba's cache.
    """
    config, step = task
    texts = pl.Series([_ARABIC, "A short text, a@b.org"])
    languages = pl.Series(["ar", "en"])
    settings = config.near_duplicates
    steps: tuple[Callable[[], object], ...] = (
        lambda: normalize.normalize(texts, config.normalize),
        lambda: normalize.resolve_lookalikes(texts, config.normalize),
        lambda: language.identify(texts, pl.Series(["", ""]), config.language),
        lambda: quality.measure(texts, languages, config.quality),
        lambda: privacy.mask(texts, config.privacy),
        lambda: exact_keys(fold(texts)),
        lambda: _repeated(texts),
        lambda: measure_texts(texts),
        lambda: _near(texts, config) if settings.enabled else None,
    )
    assert len(steps) == NUM_STEPS
    steps[step]()


def _repeated(texts: pl.Series) -> object:
    settings = Boilerplate(maximum_share=1.0)
    keys = np.sort(line_keys(texts, settings).keys)
    keys.flags.writeable = False  # as the memory map that the shards read
    return remove_lines(texts, keys, settings)


def _near(texts: pl.Series, config: BuildConfig) -> object:
    rows = signatures(fold(texts), config.near_duplicates)
    bands = band_keys(rows, config.near_duplicates)
    rows.flags.writeable = False  # as the memory map that the pass reads
    return near_clusters(lambda band: bands[band], rows, config.near_duplicates)
