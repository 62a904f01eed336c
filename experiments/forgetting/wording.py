"""What the figures say in words, each sentence by rule, and what they cannot say."""

from collections.abc import Iterator, Mapping
from typing import Any

from experiments.report import figure

SIGNIFICANT = 0.05
_LANGUAGES = {"ar": "Arabic", "en": "English"}
_WHERE = {"bytes": "at equal bytes", "compute": "at equal compute"}


def findings(results: Mapping[str, Any]) -> Iterator[str]:
    """One sentence on how much English each leg forgot, then one for each comparison."""
    rows = results["tables"]["bytes"]
    order = sorted(rows, key=lambda leg: rows[leg]["forgetting"]["end"]["mean"])
    told = ", ".join(f"{leg} {figure(rows[leg]['forgetting']['end'], '+')}" for leg in order)
    yield (
        "English forgotten at equal bytes, least first (bits per byte above the unexpanded base, below 0 where English "
        f"got better): {told}."
    )
    order = sorted(rows, key=lambda leg: rows[leg]["ar"]["end"]["mean"])
    told = ", ".join(f"{leg} {figure(rows[leg]['ar']['end'])}" for leg in order)
    yield f"Arabic at equal bytes, best first (bits per byte): {told}."
    for number, row in enumerate(results["comparisons"]["bytes"]):
        both = {where: results["comparisons"][where][number] for where in _WHERE}
        parts = [
            f"{_WHERE[where]} "
            + " and ".join(f"{_LANGUAGES[name]} {verdict(one[name])}" for name in _LANGUAGES)
            for where, one in both.items()
        ]
        yield f"What {row['what']} does ({row['first']} less {row['second']}): {'; '.join(parts)}."


def verdict(difference: Mapping[str, Any]) -> str:
    """A difference in bits per byte with its sense, where the seeds can tell one.

    >>> verdict({"mean": -0.5, "half_width": 0.1, "p_holm": 0.01})
    '\u22120.500 ± 0.100 (better)'
    >>> verdict({"mean": 0.5, "half_width": 1.0, "p_holm": 0.4})
    '+0.500 ± 1.000 (not told apart)'
    """
    if difference.get("p_holm") is None:
        sense = "one seed, no interval"
    elif difference["p_holm"] >= SIGNIFICANT:
        sense = "not told apart"
    else:
        sense = "better" if difference["mean"] < 0 else "worse"
    return f"{figure(difference, '+')} ({sense})"


def limits(results: Mapping[str, Any]) -> Iterator[str]:
    """What the experiment cannot show."""
    seeds, parameters = len(results["seeds"]), results["parameters"]["base"]
    if parameters < 100_000_000:
        yield (
            f"A base of {parameters / 1e6:.1f} million parameters knows the look of English words and little more: "
            "there is little to forget, facts and skills least of all. What is forgotten here, or not, says nothing of "
            "a large model, and bits per byte say nothing of benchmarks."
        )
    yield (
        f"The legs see {results['points']['bytes'] / 1e6:g} MB of text where ALLaM saw 1.2 trillion tokens. Where "
        "curves still fall at the end, their order may change later: what helps a short training (a good start for "
        "new rows) need not help a long one."
    )
    yield (
        "The base has not learned all the English that it could: a leg that reads English goes on learning it, and so "
        "may end below its base. That is not Arabic's doing, and hides what is lost at the same time."
    )
    yield (
        "Before training, an expanded model's Arabic looks good because a guess among all pieces costs few bits for "
        "each byte of a long piece, not because anything is known. The base tokenizer spells most Arabic in bytes and "
        "short pieces, so legs a and b have more to predict, and see less of the text in each sequence."
    )
    yield (
        "Held-out Arabic and English come from the same sources as the training text, and no document, pair or exact "
        "copy of the one is in the other; near copies below the corpus's threshold may be. The same goes for the text "
        "that the expanded tokenizer learned from."
    )
    yield (
        f"Intervals are over {seeds} seeds, that is over bases, orders of the text and draws of random rows, on one "
        "corpus, one held-out text, one tokenizer and one learning rate. Another choice may move them by more than "
        "they are wide. What is called better or worse is so after Holm's correction over all differences at the same "
        "point; with so few seeds, much that is true is not told apart."
    )
    yield (
        "FLOPs are those of the formula (6 N + 12 L d s) for every step; the steps in which only rows learn would take "
        "fewer, so leg e is charged too much. Making rows and validating are not counted."
    )
