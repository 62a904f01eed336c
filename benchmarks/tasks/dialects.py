"""Tasks in varieties of Arabic beside Belebele's: AraDiCE, DarijaMMLU and HellaSwag, EgyMMLU and HellaSwag, MADAR."""

from typing import Any

from benchmarks.tasks.task import Task

_ARADICE: dict[str, Any] = {
    "language": "ar",
    "source": "Mousi et al. 2024, arXiv:2409.11404",
    "license": "CC BY-NC-SA 4.0",
}
_ATLAS: dict[str, Any] = {"language": "ar", "source": "Shang et al. 2024, arXiv:2409.17912"}
_NILE: dict[str, Any] = {"language": "ar", "source": "Mekki et al. 2025 (NileChat)"}
_TRANSLATED = "translated from English by machine and edited by people"

DIALECTS: tuple[Task, ...] = (
    *(
        task
        for code, variety in (("egy", "Egyptian"), ("lev", "Levantine"))
        for task in (
            Task(
                name=f"aradice_piqa_{code}",
                title=f"AraDiCE PIQA, {variety}",
                hub="QCRI/AraDiCE-PIQA",
                hub_config=f"PIQA-{code}",
                rule="per_character",
                note=_TRANSLATED,
                **_ARADICE,
            ),
            Task(
                name=f"aradice_boolq_{code}",
                title=f"AraDiCE BoolQ, {variety}",
                hub="QCRI/AraDiCE-BoolQ",
                hub_config=f"BoolQ-{code}",
                rule="continuation",
                note=_TRANSLATED,
                **_ARADICE,
            ),
            Task(
                name=f"aradice_obqa_{code}",
                title=f"AraDiCE OpenBookQA, {variety}",
                hub="QCRI/AraDiCE-OpenBookQA",
                hub_config=f"OBQA-{code}",
                rule="per_character",
                note=_TRANSLATED,
                **_ARADICE,
            ),
            Task(
                name=f"aradice_winogrande_{code}",
                title=f"AraDiCE Winogrande, {variety}",
                hub="QCRI/AraDiCE-WinoGrande",
                hub_config=f"Winogrande-{code}",
                style="blank",
                rule="continuation",
                note=_TRANSLATED,
                **_ARADICE,
            ),
            Task(
                name=f"aradice_mmlu_{code}",
                title=f"AraDiCE ArabicMMLU, {variety}",
                hub=f"QCRI/AraDICE-ArabicMMLU-{code}",
                hub_config="*",
                note="ArabicMMLU, translated from Standard Arabic by machine and edited by people",
                **_ARADICE,
            ),
        )
    ),
    Task(
        name="aradice_culture",
        title="AraDiCE Culture",
        hub="QCRI/AraDiCE-Culture",
        hub_config="*",
        rule="per_character",
        first_is_right=True,
        note="on Egypt, Jordan, Lebanon, Palestine, Qatar and Syria; published with the right choice first: "
        "options are shuffled",
        **_ARADICE,
    ),
    Task(
        name="darija_mmlu",
        title="DarijaMMLU",
        license="MIT",
        hub="MBZUAI-Paris/DarijaMMLU",
        hub_config="*",
        note="Moroccan; translated from MMLU and ArabicMMLU",
        **_ATLAS,
    ),
    Task(
        name="darija_hellaswag",
        title="DarijaHellaSwag",
        license="MIT",
        hub="MBZUAI-Paris/DarijaHellaSwag",
        style="completion",
        rule="per_character",
        scored_split="validation",
        note="Moroccan; translated by machine; the validation file is scored",
        **_ATLAS,
    ),
    Task(
        name="egy_mmlu",
        title="EgyMMLU",
        license="none declared",
        hub="UBC-NLP/EgyMMLU",
        hub_config="*",
        note="Egyptian; translated by machine",
        **_NILE,
    ),
    Task(
        name="egy_hellaswag",
        title="EgyHellaSwag",
        license="MIT",
        hub="UBC-NLP/EgyHellaSwag",
        style="completion",
        rule="per_character",
        scored_split="validation",
        note="Egyptian; translated by machine; the validation file is scored",
        **_NILE,
    ),
    *(
        Task(
            name=f"madar_{cities}",
            title=f"MADAR, {cities} cities",
            language="ar",
            source="Bouamor et al. 2018 (LREC), 2019 (shared task)",
            license="New York University Abu Dhabi's own, in LICENSE.txt of the download",
            format=f"madar_{cities}",
            note=f"which city a sentence is from, Standard Arabic counted as one; MADAR.corpus.CITY.tsv, or "
            f"MADAR-Corpus-{cities}-test.tsv of the shared task",
        )
        for cities in (26, 6)
    ),
)
"""In the order in which reports show them."""
