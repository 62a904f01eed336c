# ruff: noqa: T201
r"""What the checks of `corpus.translate` do to right and to damaged translations, and which thresholds suit them.

    python benchmarks/translation_checks.py ntrex_en_ar.jsonl.gz --output benchmarks/results/translation_checks.json

Right ones are people's; damage is what translators do, planted by rule, so that every label is known. Pairs are halved:
on one half each threshold alone is set to the strictest value that fails at most so great a share of the right ones;
the other half tells what that value, and what the defaults of all checks together, do.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.safety.measures import wilson
from corpus.clean_pairs.settings import PairRules
from corpus.translate.checks import check
from corpus.translate.settings import Checks

OFF = PairRules(
    maximum_character_ratio=0, maximum_word_ratio=0, minimum_script=0, identify_language=False, maximum_copied=1,
    minimum_numbers=0, match_urls=False,
)  # fmt: skip
GRIDS: dict[str, tuple[float, ...]] = {  # from loose to strict
    "maximum_character_ratio": (4, 3.5, 3, 2.5, 2.25, 2, 1.75, 1.5, 1.4),
    "maximum_word_ratio": (4, 3.5, 3, 2.5, 2.25, 2, 1.75, 1.5, 1.4),
    "minimum_script": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "maximum_copied": (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2),
    "minimum_numbers": (0.25, 0.5, 0.75, 1.0),
    "maximum_repeats": (6, 5, 4, 3, 2, 1),
}
NEVER = 1_000


def damages(pairs: pl.DataFrame, seed: int) -> dict[str, pl.DataFrame]:
    """Pairs `en`, `ar` whose Arabic is spoiled, by the kind of damage; a kind has the pairs that it can be done to."""
    shift = int(np.random.default_rng(seed).integers(1, len(pairs)))
    others = pairs["ar"].gather(np.roll(np.arange(len(pairs)), shift))
    rows: dict[str, list[tuple[str, str]]] = {}
    for english, arabic, other in zip(pairs["en"], pairs["ar"], others, strict=True):
        for kind, text in _spoiled(english, arabic, other).items():
            if text != arabic:
                rows.setdefault(kind, []).append((english, text))
    return {kind: pl.DataFrame(made, schema=["en", "ar"], orient="row") for kind, made in rows.items()}


def _spoiled(english: str, arabic: str, other: str) -> dict[str, str]:
    """The Arabic with each kind of damage; unchanged where a kind does not apply."""
    words = arabic.split()
    return {
        "cut to a third": " ".join(words[: max(1, len(words) // 3)]),
        "runs on: another sentence and a half": f"{arabic} {other} {other[: len(other) // 2]}",
        "loops: its last three words five more times": " ".join([*words, *words[-3:] * 5]),
        "not translated": english,
        "second half not translated": " ".join(
            words[: len(words) // 2] + english.split()[len(english.split()) // 2 :]
        ),
        "a digit of a long number changed": _digit_changed(arabic),
        "another sentence's": other,
    }


def _digit_changed(text: str) -> str:
    """The first number of three digits or more has another first digit."""
    number = next((word for word in text.split() if word.isdecimal() and len(word) >= 3), None)
    if number is None:
        return text
    zero = 0x660 if ord(number[0]) >= 0x660 else 0x30
    return text.replace(number, chr(zero + (ord(number[0]) - zero) % 9 + 1) + number[1:], 1)


def settings(name: str, value: float) -> Checks:
    """Only this check, at this value."""
    if name == "maximum_repeats":
        return Checks(rules=OFF, maximum_repeats=int(value))
    return Checks(rules=replace(OFF, **{name: value}), maximum_repeats=NEVER)


def failed(pairs: pl.DataFrame, checks: Checks) -> int:
    """How many fail."""
    return len(pairs) - check(pairs, checks)["reason"].null_count()


def share(found: int, of: int) -> dict[str, Any]:
    """A share with Wilson's interval of 95 %."""
    if not of:
        return {"value": None, "of": 0}
    return {"value": found / of, "interval": list(wilson(found, of)), "of": of}


def strictest(name: str, right: pl.DataFrame, most: float) -> float | None:
    """The strictest value that fails at most so great a share of right translations; None where there is none."""
    allowed = [value for value in GRIDS[name] if failed(right, settings(name, value)) <= most * len(right)]
    return allowed[-1] if allowed else None


def outcome(right: pl.DataFrame, damaged: dict[str, pl.DataFrame], checks: Checks) -> dict[str, Any]:
    """Shares that fail: of right translations, and of those with each kind of damage."""
    caught = {name: share(failed(pairs, checks), len(pairs)) for name, pairs in damaged.items()}
    return {"right_failed": share(failed(right, checks), len(right)), "caught": caught}


def main() -> None:
    """Choose, tell, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path, help="JSONL with en and ar, right translations")
    parser.add_argument("--most", type=float, default=0.01, help="share of right ones that a check may fail")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    pairs = pl.read_ndjson(given.pairs).select("en", "ar")
    order = np.random.default_rng(given.seed).permutation(len(pairs))
    choosing, telling = (pairs[half] for half in np.array_split(order, 2))
    damaged = damages(telling, given.seed)
    found: dict[str, Any] = {
        "command": " ".join(["python", "benchmarks/translation_checks.py", given.pairs.name, *sys.argv[2:]]),
        "pairs": {"chose": len(choosing), "told": len(telling)},
        "defaults": outcome(telling, damaged, Checks()),
        "chosen": {},
    }
    for name in GRIDS:
        value = strictest(name, choosing, given.most)
        found["chosen"][name] = {"value": value} | (
            outcome(telling, damaged, settings(name, value)) if value is not None else {}
        )
    text = json.dumps(found, indent=1, ensure_ascii=False)
    print(text)
    if given.output:
        given.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
