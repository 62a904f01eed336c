"""Silence for what other packages say at every start and no user can act upon; errors still come through."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_KNOWN = (
    r".*does not have many workers.*",
    r".*pynvml package is deprecated.*",
    r".*Transformer Engine and Apex are not installed.*",
    r".*GPU available but not used.*",
    r".*`isinstance\(treespec, LeafSpec\)` is deprecated.*",
    r".*barrier\(\): using the device under current context.*",
)


@contextmanager
def quietly() -> Iterator[None]:
    """Leave out notes of NeMo, Lightning and torch that are known and harmless here."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "nv_one_logger")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for message in _KNOWN:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
