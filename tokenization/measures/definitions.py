"""The measures of the league table: what each is called, what it is a ratio of, and how to read it."""

from dataclasses import dataclass
from typing import Literal

Better = Literal["low", "high", ""]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure of a tokenizer on a slice of text.

    Attributes:
        name: Its name in JSON and CSV.
        label: Its heading in the report.
        meaning: How to read it, in a sentence.
        better: Which end is better, if either is.
        numerator: Sum above the line; empty for a measure that is no ratio of sums.
        denominator: Sum below the line.
        form: How it is written: "number", "percent" or "count".
    """

    name: str
    label: str
    meaning: str
    better: Better = ""
    numerator: str = ""
    denominator: str = ""
    form: Literal["number", "percent", "count"] = "number"


MEASURES = (
    Measure(
        name="fertility", label="fertility", better="low", numerator="pieces", denominator="words",
        meaning="Pieces per word. A word is what stands between white space, punctuation attached to it; white space "
        "that costs pieces counts too.",
    ),
    Measure(
        name="characters_per_piece", label="characters per piece", better="high",
        numerator="characters", denominator="pieces",
        meaning="Code points, spaces and harakat included, that one piece holds on average.",
    ),
    Measure(
        name="bytes_per_piece", label="bytes per piece", better="high", numerator="bytes", denominator="pieces",
        meaning="UTF-8 bytes that one piece holds on average; an Arabic letter has two bytes, a Latin one has one.",
    ),
    Measure(
        name="whole_words", label="words kept whole", better="high", numerator="whole", denominator="words",
        form="percent", meaning="Share of running words that no cut goes through, as they stand after a space.",
    ),
    Measure(
        name="continued_words", label="continued words", better="low", numerator="continued", denominator="words",
        form="percent",
        meaning="Share of running words that take two pieces or more; a lone piece for the space before a word counts.",
    ),
    Measure(
        name="partial_pieces", label="byte pieces", better="low", numerator="partial", denominator="pieces",
        form="percent",
        meaning="Share of pieces that are only a part of a character: byte fallback, or a broken letter of byte-level "
        "BPE.",
    ),
    Measure(
        name="unknown_pieces", label="unknown", better="low", numerator="unknown", denominator="pieces",
        form="percent", meaning="Share of pieces that are the unknown piece: text that is lost.",
    ),
    Measure(
        name="renyi_efficiency", label="Rényi efficiency", better="high",
        meaning="How evenly the pieces seen are used, from 0 to 1 (order 2.5, Zouhar et al. 2023).",
    ),
    Measure(
        name="vocabulary_use", label="vocabulary used", form="percent",
        meaning="Share of the vocabulary that is seen at all in this text; it grows with the text and has no interval, "
        "for a resample can only lose pieces.",
    ),
    Measure(
        name="words_per_window", label="words per window", better="high", numerator="words", denominator="pieces",
        form="count", meaning="Words that a context window holds.",
    ),
    Measure(
        name="cost_per_million_words", label="cost per million words", better="low",
        numerator="pieces", denominator="words", meaning="Price of a million words at the price per million pieces.",
    ),
)  # fmt: skip
"""In the order of the table's columns."""
