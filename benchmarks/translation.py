"""Translations against references: BLEU, chrF++ and TER by sacrebleu, each with its signature.

Arabic is scored as it is and once more normalized (tashkeel and tatweel away, alef, alef maksura and teh marbuta
unified by camel-tools), as both are found in the literature and differ by several points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError


@dataclass(frozen=True)
class TranslationScore:
    """One score of a corpus: its name, value, 95 % interval half-width (None without resampling), and signature.

    The value is None where the score cannot be had; the signature says why then.
    """

    metric: str
    value: float | None
    plus_minus: float | None
    signature: str
    normalized: bool


def score_translations(
    hypotheses: Sequence[str],
    references: Sequence[str],
    language: str,
    resamples: int = 0,
    *,
    pieces: bool = False,
) -> list[TranslationScore]:
    """Corpus BLEU, chrF++ and TER of translations into a language; for Arabic also after normalization.

    spBLEU's pieces (Goyal et al. 2022, FLORES-200) are a file that sacrebleu downloads; where it is not in sacrebleu's
    directory already, spBLEU has no value.

    Args:
        hypotheses: One translation for each sentence.
        references: One reference for each sentence.
        language: Language of both, "ar" or "en".
        resamples: Bootstrap samples for intervals; 0 for none.
        pieces: spBLEU too.

    Raises:
        BenchmarkError: The numbers of sentences differ, there are none, or a translation is missing.
    """
    _check(hypotheses, references)
    scores = _scores(hypotheses, references, resamples, normalized=False, pieces=pieces)
    if language == "ar":
        texts = [[normalize_for_scoring(text) for text in each] for each in (hypotheses, references)]
        scores += _scores(texts[0], texts[1], resamples, normalized=True, pieces=pieces)
    return scores


def compare_translations(
    first: Sequence[str], second: Sequence[str], references: Sequence[str], language: str, resamples: int
) -> list[dict[str, Any]]:
    """The second translations less the first, under each score, with sacrebleu's paired bootstrap p (Koehn 2004).

    Raises:
        BenchmarkError: The numbers of sentences differ, or there are none.
    """
    from sacrebleu.significance import PairedTest

    _check(first, references)
    _check(second, references)
    found = []
    for normalized in (False, True) if language == "ar" else (False,):
        change = normalize_for_scoring if normalized else str
        systems: Any = [
            (name, [change(text) for text in each]) for name, each in (("first", first), ("second", second))
        ]
        test = PairedTest(systems, _metrics(), [[change(text) for text in references]], "bs", resamples)
        columns: Any = test()[1]
        tested = [
            column for name, column in columns.items() if name != "System"
        ]  # in the order of the metrics
        for metric, (before, after) in zip(_metrics(), tested, strict=True):
            found.append(
                {
                    "metric": metric,
                    "normalized": normalized,
                    "difference": float(after.score - before.score),
                    # Of equal translations no sample differs more, which sacrebleu would take for sure.
                    "p": float(after.p_value) if after.score != before.score else 1.0,
                }
            )
    return found


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
    hypotheses: Sequence[str], references: Sequence[str], resamples: int, *, normalized: bool, pieces: bool
) -> list[TranslationScore]:
    found = []
    metrics = _metrics() | (_piece_metric() if pieces else {})
    for name, metric in metrics.items():
        if metric is None:
            found.append(TranslationScore(name, None, None, _NO_PIECES, normalized))
            continue
        score = metric.corpus_score(list(hypotheses), [list(references)], n_bootstrap=max(resamples, 1))
        signature = str(metric.get_signature()) + ("|arabic:normalized" if normalized else "")
        width = float(score._ci) if resamples and score._ci >= 0 else None  # noqa: SLF001
        found.append(TranslationScore(name, float(score.score), width, signature, normalized))
    return found


def _check(translations: Sequence[str], references: Sequence[str]) -> None:
    if len(translations) != len(references) or not references:
        raise BenchmarkError(
            f"translations: {len(translations)} translations for {len(references)} references: one for each is needed"
        )


def _metrics() -> dict[str, Any]:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.metrics.ter import TER

    return {"BLEU": BLEU(), "chrF++": CHRF(word_order=2), "TER": TER()}


def _piece_metric() -> dict[str, Any]:
    """BLEU over the pieces of FLORES-200; None where sacrebleu would have to download their file."""
    import sacrebleu.tokenizers.tokenizer_spm as pieces_module
    from sacrebleu.metrics.bleu import BLEU

    tokenizer_spm: Any = pieces_module
    name = str(tokenizer_spm.SPM_MODELS["flores200"]["url"]).rsplit("/", 1)[-1]
    path = Path(tokenizer_spm.SACREBLEU_DIR) / "models" / name
    return {"spBLEU": BLEU(tokenize="flores200") if path.is_file() else None}


_NO_PIECES = (
    "n/a: sacrebleu's flores200 pieces are not downloaded (sacrebleu --tokenize flores200 fetches them)"
)
