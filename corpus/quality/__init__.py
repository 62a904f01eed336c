"""Which documents are good enough: the C4, Gopher and FineWeb-2 rules with Arabic thresholds, and word lists.

`measure` counts once over the UTF-8 bytes, `judge` compares what was counted with the settings. Settings load
alone; what compiles or counts is loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from corpus.quality.settings import Quality, Rules, Toxicity

if TYPE_CHECKING:
    from corpus.quality.features import measure
    from corpus.quality.rules import judge
    from corpus.quality.toxicity import ToxicWords, judge_toxicity, load_word_lists

__all__ = [
    "Quality",
    "Rules",
    "ToxicWords",
    "Toxicity",
    "judge",
    "judge_toxicity",
    "load_word_lists",
    "measure",
]

_HOMES = {
    "measure": "features",
    "judge": "rules",
    "ToxicWords": "toxicity",
    "judge_toxicity": "toxicity",
    "load_word_lists": "toxicity",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
