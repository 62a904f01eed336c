"""Stop words, which tell running text from lists and noise."""

from pathlib import Path

ENGLISH = ["the", "be", "to", "of", "and", "that", "have", "with"]
"""Gopher's eight (Rae et al. 2021, appendix A.1.1)."""


def arabic_stop_words() -> list[str]:
    """Those of FineWeb-2 and some Egyptian ones, from `stop_words_ar.txt` beside this file.

    They are compared without tashkeel, with the variants of alef, yeh and teh marbuta as one, and with or
    without a prefixed waw.
    """
    lines = Path(__file__).with_name("stop_words_ar.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
