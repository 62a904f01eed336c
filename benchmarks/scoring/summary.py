"""All scores of one task from the responses to its items."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.scoring import averages
from benchmarks.scoring.calibration import expected_calibration_error, reliability
from benchmarks.scoring.decisions import decide, probabilities, right_mass
from benchmarks.scoring.position_bias import position_bias
from benchmarks.tasks.task import Rule

Floats = npt.NDArray[np.float64]


def credit_by(responses: pl.DataFrame, rule: Rule) -> Floats:
    """What each item earns under a rule: 1 or 0, or the mass on right choices; float64[items].

    `responses` has the columns that `benchmarks.answering` makes.
    """
    if rule == "mass":
        rows = zip(responses["continuation"], responses["answer"], responses["also_right"], strict=True)
        return np.array([right_mass(list(row), [first, *others]) for row, first, others in rows])
    return np.asarray(decisions(responses, rule) == responses["answer"].to_numpy(), dtype=np.float64)


def decisions(responses: pl.DataFrame, rule: Rule) -> npt.NDArray[np.int64]:
    """The chosen index of each item."""
    scores = responses["letters" if rule == "letters" else "continuation"].to_list()
    return decide(scores, responses["choices"].to_list(), rule)


def chance(responses: pl.DataFrame) -> float:
    """Mean credit of one who answers blindly."""
    right = 1 + responses["also_right"].list.len()
    return float((right / responses["choices"].list.len()).mean())  # type: ignore[arg-type]


def summarize(responses: pl.DataFrame, rule: Rule, *, resamples: int, seed: int) -> dict[str, Any]:
    """Every figure of a task under one rule, ready for JSON."""
    earned = credit_by(responses, rule)
    subjects = responses["subject"].to_list()
    named = {"micro": averages.micro(earned, resamples=resamples, seed=seed)}
    if len(set(subjects)) > 1:
        named["macro"] = averages.macro(earned, subjects, resamples=resamples, seed=seed)
    figures: dict[str, Any] = {name: asdict(average) for name, average in named.items()}
    figures |= {"items": len(earned), "chance": chance(responses)}
    figures |= {
        label: {name: {"value": value, "items": size} for name, (value, size) in found.items()}
        for label, column in (("subjects", "subject"), ("countries", "country"))
        if len(found := averages.by_group(earned, responses[column].to_list())) > 1
    }
    if rule != "mass":
        figures |= _confidence(responses, rule, earned)
        figures["position"] = asdict(
            position_bias(decisions(responses, rule), responses["answer"].to_numpy())
        )
    return figures


def _confidence(responses: pl.DataFrame, rule: Rule, earned: Floats) -> Mapping[str, Any]:
    """Calibration, for the two rules whose scores are log-likelihoods of whole answers."""
    if rule not in ("letters", "continuation"):
        return {}
    rows: Sequence[Sequence[float]] = responses[rule].to_list()
    sure = np.array([probabilities(row).max() for row in rows])
    bins = [asdict(part) for part in reliability(sure, earned)]
    return {"calibration": {"ece": expected_calibration_error(sure, earned), "bins": bins}}
