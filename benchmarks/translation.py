"""Translations against references: BLEU, chrF++ and TER by sacrebleu, each with its signature.

Arabic is scored as it is and once more normalized (tashkeel and tatweel away, alef, alef maksura and teh marbuta
unified by camel-tools), as both are found in the literature and differ by several points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.errors import BenchmarkError


@dataclass(frozen=True)
class TranslationScore:
    """One score of a corpus: its name, value, 95 % interval half-width (None without resampling), and signature."""

    metric: str
    value: float
    plus_minus: float | None
    signature: str
    normalized: bool


def score_translations(
    hypotheses: Sequence[str], references: Sequence[str], language: str, resamples: int = 0
) -> list[TranslationScore]:
    """Corpus BLEU, chrF++ and TER of translations into a language; for Arabic also after normalization.

    Args:
        hypotheses: One translation for each sentence.
        references: One reference for each sentence.
        language: Language of both, "ar" or "en".
        resamples: Bootstrap samples for intervals; 0 for none.

    Raises:
        BenchmarkError: The numbers of sentences differ, there are none, or a translation is missing.
    """
    if len(hypotheses) != len(references) or not references:
        raise BenchmarkError(
            f"translations: {len(hypotheses)} translations for {len(references)} references: one for each is needed"
        )
    scores = _scores(hypotheses, references, resamples, normalized=False)
    if language == "ar":
        texts = [[normalize_for_scoring(text) for text in each] for each in (hypotheses, references)]
        scores += _scores(texts[0], texts[1], resamples, normalized=True)
    return scores


def normalize_for_scoring(text: str) -> str:
    r"""Arabic text with the spelling variants that translators are free in set aside; punctuation stays.

    >>> normalize_for_scoring("\N{ARABIC LETTER ALEF WITH HAMZA ABOVE}\N{ARABIC FATHA}\N{ARABIC TATWEEL}!") == (
    ...     "\N{ARABIC LETTER ALEF}!"
    ... )
    True
    """
    from camel_tools.utils.dediac import dediac_ar
    from camel_tools.utils.normalize import (
        normalize_alef_ar,
        normalize_alef_maksura_ar,
        normalize_teh_marbuta_ar,
    )

    plain = dediac_ar(text).replace("\N{ARABIC TATWEEL}", "")
    return str(normalize_teh_marbuta_ar(normalize_alef_maksura_ar(normalize_alef_ar(plain))))


def _scores(
    hypotheses: Sequence[str], references: Sequence[str], resamples: int, *, normalized: bool
) -> list[TranslationScore]:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.metrics.ter import TER

    found = []
    for name, metric in (("BLEU", BLEU()), ("chrF++", CHRF(word_order=2)), ("TER", TER())):
        score = metric.corpus_score(list(hypotheses), [list(references)], n_bootstrap=max(resamples, 1))
        signature = str(metric.get_signature()) + ("|arabic:normalized" if normalized else "")
        width = float(score._ci) if resamples and score._ci >= 0 else None  # noqa: SLF001
        found.append(TranslationScore(name, float(score.score), width, signature, normalized))
    return found
