"""Published scores, quoted: never measured here, and not by these rules."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quoted:
    """One published score, in the unit of its table (percent, or points of 10 for MT-Bench)."""

    model: str
    task: str
    value: float
    setting: str


_ALLAM = "ALLaM-7B-instruct"

ALLAM: tuple[Quoted, ...] = (
    Quoted(_ALLAM, "mmlu_en", 63.65, "0-shot"),
    Quoted(_ALLAM, "mmlu_ar", 51.5, "0-shot, translated"),
    Quoted(_ALLAM, "arabic_mmlu", 69.15, "0-shot"),
    Quoted(_ALLAM, "exams_ar", 52.9, "5-shot"),
    Quoted(_ALLAM, "acva", 78.2, "5-shot"),
    Quoted(_ALLAM, "etec", 67.0, "0-shot, private"),
    Quoted(_ALLAM, "MT-Bench, Arabic", 6.6, "of 10, GPT-4 judge"),
    Quoted(_ALLAM, "MT-Bench, English", 7.14, "of 10, GPT-4 judge"),
)
"""From Bari et al. 2024 (arXiv:2407.15390) and the model's cards."""
