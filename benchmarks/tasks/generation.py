"""Tasks whose answers are generated: numbers, spans of a passage, and texts that a judge marks."""

from benchmarks.tasks.task import Task

_QUESTION = (
    "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}\N{ARABIC LETTER SEEN}\N{ARABIC LETTER WAW WITH HAMZA ABOVE}"
    "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}:"
)
"""How a model opens a next question."""

ARABIC_GENERATION: tuple[Task, ...] = (
    Task(
        name="arcd",
        title="ARCD",
        language="ar",
        source="Mozannar et al. 2019, arXiv:1906.05394",
        license="MIT",
        hub="hsseinmz/arcd",
        scored_split="validation",
        answer="span",
        format="squad",
        until=("\n",),
        rule="f1",
        note="questions by crowd workers on Arabic Wikipedia; the validation file is scored",
    ),
    Task(
        name="xquad_ar",
        title="XQuAD, Arabic",
        language="ar",
        source="Artetxe et al. 2019, arXiv:1910.11856",
        license="CC BY-SA 4.0",
        hub="google/xquad",
        hub_config="xquad.ar",
        scored_split="validation",
        answer="span",
        format="squad",
        until=("\n",),
        rule="f1",
        note="SQuAD's development set, translated by professionals; it has no other split",
    ),
    Task(
        name="alrage",
        title="ALRAGE",
        language="ar",
        source="Open Arabic LLM Leaderboard v2, 2025",
        license="none declared",
        hub="OALL/ALRAGE",
        answer="text",
        format="alrage",
        max_tokens=200,
        until=(_QUESTION,),
        rule="judged",
        note="questions on passages of books; its one file (train) is scored; a judge gives marks (--judge.url) by a "
        "prompt of ours; the leaderboard's judge is Qwen2.5-72B-Instruct",
    ),
)
ENGLISH_GENERATION: tuple[Task, ...] = (
    Task(
        name="gsm8k",
        title="GSM8K",
        language="en",
        source="Cobbe et al. 2021, arXiv:2110.14168",
        license="MIT",
        hub="openai/gsm8k",
        hub_config="main",
        shots=5,
        answer="number",
        format="gsm8k",
        max_tokens=256,
        until=("Question:",),
        rule="number",
        note="the first examples of the train file are the shots",
    ),
)
"""Both in the order in which reports show them."""
