"""The Arabic tasks."""

from benchmarks.tasks.dialects import DIALECTS
from benchmarks.tasks.generation import ARABIC_GENERATION
from benchmarks.tasks.task import Task

ARABIC: tuple[Task, ...] = (
    Task(
        name="arabic_mmlu",
        title="ArabicMMLU",
        language="ar",
        source="Koto et al. 2024, arXiv:2402.12840",
        license="CC BY-NC 4.0",
        hub="MBZUAI/ArabicMMLU",
        hub_config="*",
        note="school exams of eight countries, written in Arabic",
    ),
    Task(
        name="mmlu_ar",
        title="MMLU, translated",
        language="ar",
        source="AceGPT, Huang et al. 2023, arXiv:2309.12053",
        license="Apache-2.0",
        note="machine-translated; headerless CSV for each subject",
    ),
    Task(
        name="mmlu_ar_ht",
        title="MMLU, translated by people",
        language="ar",
        source="MBZUAI and Inception (the Jais project)",
        license="none declared",
        hub="MBZUAI/human_translated_arabic_mmlu",
        hub_config="*",
        note="57 subjects",
    ),
    Task(
        name="acva",
        title="ACVA",
        language="ar",
        source="AceGPT, Huang et al. 2023, arXiv:2309.12053",
        license="Apache-2.0",
        hub="OALL/ACVA",
        hub_config="*",
        rule="continuation",
        note="statements on Arab culture, true or false; averages are by country or field",
    ),
    Task(
        name="exams_ar",
        title="EXAMS, Arabic",
        language="ar",
        source="Hardalov et al. 2020, arXiv:2011.03080",
        license="CC BY-SA 4.0",
        hub="OALL/Arabic_EXAMS",
    ),
    Task(
        name="alghafa",
        title="AlGhafa",
        language="ar",
        source="Almazrouei et al. 2023, ArabicNLP",
        license="none declared",
        hub="OALL/AlGhafa-Arabic-LLM-Benchmark-Native",
        hub_config="*",
        rule="per_character",
        note="nine native tasks: facts, dialects, sentiment, reading",
    ),
    Task(
        name="madinah_qa",
        title="MadinahQA",
        language="ar",
        source="MBZUAI",
        license="CC BY-NC 4.0",
        hub="MBZUAI/MadinahQA",
        hub_config="*",
        note="Arabic language and grammar",
    ),
    Task(
        name="aratrust",
        title="AraTrust",
        language="ar",
        source="Alghamdi et al. 2024, arXiv:2403.09017",
        license="MIT",
        hub="asas-ai/AraTrust",
        note="trustworthiness in eight categories",
    ),
    *(
        Task(
            name=f"belebele_{code.split('_')[0]}",
            title=f"Belebele, {variety}",
            language="ar",
            source="Bandarkar et al. 2023, arXiv:2308.16884",
            license="CC BY-SA 4.0",
            hub="facebook/belebele",
            hub_config=code,
            note="reading comprehension, the same passages in every variety",
        )
        for code, variety in (
            ("arb_Arab", "Standard Arabic"),
            ("arz_Arab", "Egyptian"),
            ("ars_Arab", "Najdi"),
            ("apc_Arab", "Levantine"),
            ("ary_Arab", "Moroccan"),
            ("acm_Arab", "Mesopotamian"),
        )
    ),
    *DIALECTS,
    *ARABIC_GENERATION,
    *(
        Task(
            name=name,
            title=title,
            language="ar",
            source="ALLaM, Bari et al. 2024, arXiv:2407.15390",
            license="not published",
            private=True,
            note="any file with the columns question, A to E, answer",
        )
        for name, title in (
            ("etec", "ETEC"),
            ("ien_mcq", "IEN, multiple choice"),
            ("ien_tf", "IEN, true or false"),
            ("aramath", "AraMath"),
        )
    ),
)
"""All Arabic tasks, in the order in which reports show them."""
