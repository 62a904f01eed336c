"""What a generated text says: which option it names, which number it ends in, how far it agrees with a span."""

from benchmarks.generated.named_option import EMPTY, OUTSIDE, UNREADABLE, named_option
from benchmarks.generated.numbers import final_number, number_after_hashes, numbers_in
from benchmarks.generated.spans import exact_match, overlap_f1

__all__ = [
    "EMPTY",
    "OUTSIDE",
    "UNREADABLE",
    "exact_match",
    "final_number",
    "named_option",
    "number_after_hashes",
    "numbers_in",
    "overlap_f1",
]
