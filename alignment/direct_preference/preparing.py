"""What a run reads before it learns: pairs, held-out pairs, and what could not be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from alignment.errors import AlignmentError
from alignment.preferences.encoding import EncodedPairs, encode_pairs
from alignment.preferences.reading import read_preferences
from alignment.preferences.settings import PreferenceData
from corpus.pipeline.atomic import atomic_path

SHOWN = 3
"""Rejects that a message names."""


@dataclass(frozen=True)
class PreparedPairs:
    """Pairs as a run reads them.

    Attributes:
        pairs: All of them.
        training: Numbers of those that are learned from.
        validation: Numbers of those that are held out.
        languages: Languages of the prompts, sorted.
        rejects: What could not be used, with `source`, `line`, `rule` and `detail`.
    """

    pairs: EncodedPairs
    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    languages: list[str]
    rejects: pl.DataFrame

    def described(self) -> dict[str, Any]:
        """Counts for the manifest."""
        by_language = self.pairs.frame["language"].value_counts().sort("language").rows()
        by_rule = self.rejects["rule"].value_counts().sort("rule").rows()
        return {
            "pairs": len(self.pairs),
            "training": len(self.training),
            "validation": len(self.validation),
            "tokens": int(self.pairs.chosen.lengths.sum() + self.pairs.rejected.lengths.sum()),
            "by_language": dict(by_language),
            "rejected_by_rule": dict(by_rule),
            "digest": self.pairs.digest(),
        }


def prepare_pairs(settings: PreferenceData, tokenizer: Any) -> PreparedPairs:
    """Read and encode what the settings name.

    Raises:
        DaadError: Nothing there, nothing left to learn from, or (with `strict`) anything that cannot be used.
    """
    read = read_preferences(
        settings.path,
        schema=settings.schema,
        language=settings.language,
        language_column=settings.language_column,
    )
    pairs, too_long = encode_pairs(
        tokenizer, read.frame, max_length=settings.max_length, overlong=settings.overlong
    )
    rejects = pl.concat([read.rejects, too_long]).sort("source", "line", maintain_order=True)
    if settings.strict and rejects.height:
        raise AlignmentError(
            f"data.strict: {rejects.height:,} pairs cannot be used, such as {shown(rejects)}: mend them, or set "
            "data.strict false to leave them out"
        )
    held = _held_out(pairs.frame["prompt"].to_list(), settings.validation_share)
    training = np.flatnonzero(~held)
    if not len(training):
        why = f" ({shown(rejects)})" if rejects.height else ""
        raise AlignmentError(f"data.path {' '.join(settings.path)}: no pair is left to learn from{why}")
    languages = sorted(set(pairs.frame["language"]))
    return PreparedPairs(pairs, training, np.flatnonzero(held), languages, rejects)


def shown(rejects: pl.DataFrame) -> str:
    """The first rejects in words.

    >>> shown(pl.DataFrame({"source": ["a.jsonl"], "line": [3], "rule": ["same_answers"], "detail": [""]}))
    'a.jsonl line 3: same_answers'
    """
    named = [
        f"{source} line {line}: {rule}" + (f" ({detail})" if detail else "")
        for source, line, rule, detail in rejects.head(SHOWN).iter_rows()
    ]
    rest = rejects.height - SHOWN
    return "; ".join(named) + (f"; and {rest:,} more" if rest > 0 else "")


def write_rejects(rejects: pl.DataFrame, path: Path) -> None:
    """One line of JSON for each record that could not be used."""
    with atomic_path(path) as partial:
        rejects.write_ndjson(partial)


def _held_out(prompts: Sequence[str], share: float) -> NDArray[np.bool_]:
    """Whether each pair is for validation; pairs of one prompt go together, whatever else the files hold."""
    numbers = np.array([xxhash.xxh3_64_intdigest(prompt.encode()) for prompt in prompts], np.uint64)
    return np.asarray(numbers < np.uint64(int(share * 2**64)))
