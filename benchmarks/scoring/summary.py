"""All scores of one task from the responses to its items."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.generated import (
    OUTSIDE,
    UNREADABLE,
    exact_match,
    final_number,
    named_option,
    number_after_hashes,
    overlap_f1,
)
from benchmarks.scoring import averages
from benchmarks.scoring.calibration import expected_calibration_error, reliability
from benchmarks.scoring.decisions import decide, probabilities, right_mass
from benchmarks.scoring.position_bias import position_bias
from benchmarks.tasks.task import GENERATED_RULES, Rule

Floats = npt.NDArray[np.float64]

OPEN_RULES = frozenset(
    rule for answer, rules in GENERATED_RULES.items() if answer != "choice" for rule in rules
)
"""Rules of open questions."""


def credit_by(responses: pl.DataFrame, rule: Rule) -> Floats:
    """What each item earns under a rule: 1 or 0, the mass on right choices, or a mark over 10; float64[items].

    `responses` has the columns that `benchmarks.answering` makes.
    """
    if rule == "judged":
        return np.asarray(responses["mark"].fill_null(0.0).to_numpy(), dtype=np.float64)
    if rule in OPEN_RULES:
        written = zip(responses["generated"], responses["choices"].to_list(), strict=True)
        return np.array([generated_credit(text or "", accepted, rule) for text, accepted in written])
    if rule == "mass":
        rows = zip(responses["continuation"], responses["answer"], responses["also_right"], strict=True)
        return np.array([right_mass(list(row), [first, *others]) for row, first, others in rows])
    return np.asarray(decisions(responses, rule) == responses["answer"].to_numpy(), dtype=np.float64)


def decisions(responses: pl.DataFrame, rule: Rule) -> npt.NDArray[np.int64]:
    """The chosen index of each item; below 0 where a generated text names none of its options."""
    if rule == "generated":
        named = zip(responses["generated"], responses["choices"].to_list(), strict=True)
        return np.array([named_option(text or "", choices) for text, choices in named], dtype=np.int64)
    scores = responses["letters" if rule == "letters" else "continuation"].to_list()
    return decide(scores, responses["choices"].to_list(), rule)


def generated_credit(text: str, accepted: Sequence[str], rule: Rule) -> float:
    """What one generated answer to an open question earns, against the accepted ones."""
    if rule in ("number", "number_strict"):
        found = (final_number if rule == "number" else number_after_hashes)(text)
        return float(found is not None and found == Decimal(accepted[0]))
    compare = exact_match if rule.startswith("exact_match") else overlap_f1
    return compare(text, accepted, arabic=rule.endswith("_ar"))


def unanswered(responses: pl.DataFrame, rule: Rule) -> dict[str, int]:
    """Items whose generated text is empty, holds no number or option, names none that there is, or has no mark."""
    texts = [text or "" for text in responses["generated"].to_list()]
    found = {"empty": sum(not text.strip() for text in texts)}
    if rule == "generated":
        named = decisions(responses, rule)
        return found | {
            "unreadable": int((named == UNREADABLE).sum()),
            "outside": int((named == OUTSIDE).sum()),
        }
    if rule == "judged":
        return found | {"unmarked": responses["mark"].null_count()}
    if rule in ("number", "number_strict"):
        read = final_number if rule == "number" else number_after_hashes
        return found | {"unreadable": sum(bool(text.strip()) and read(text) is None for text in texts)}
    return found


def chance(responses: pl.DataFrame, rule: Rule = "continuation") -> float:
    """Mean credit of one who answers blindly; 0 for open questions."""
    if rule in OPEN_RULES:
        return 0.0
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
    figures |= {"items": len(earned), "chance": chance(responses, rule)}
    figures |= {
        label: {name: {"value": value, "items": size} for name, (value, size) in found.items()}
        for label, column in (("subjects", "subject"), ("countries", "country"))
        if len(found := averages.by_group(earned, responses[column].to_list())) > 1
    }
    if rule == "generated" or rule in OPEN_RULES:
        figures["unanswered"] = unanswered(responses, rule)
    if rule != "mass" and rule not in OPEN_RULES:
        figures |= _confidence(responses, rule, earned)
        made = decisions(responses, rule)
        if (made >= 0).any():
            figures["position"] = asdict(
                position_bias(made[made >= 0], responses["answer"].to_numpy()[made >= 0])
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
