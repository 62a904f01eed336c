"""Published formats, one function each: a row becomes an item. The columns tell which format a file has."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.items import Item
from benchmarks.tasks import answers, madar
from benchmarks.tasks.row_parts import filled, item_of, text_of, without_brackets
from benchmarks.tasks.rows import Row
from benchmarks.tasks.variety_formats import (
    alrage,
    aradice_culture,
    aradice_mmlu,
    gsm8k,
    hellaswag_ctx,
    squad,
)

_OPTION_LETTER = re.compile(
    rf"^\s*(?:[A-E]|{'|'.join([*answers.ARABIC_LETTERS[:5], answers.BARE_ALEF])})\s*[).\-:]\s*"
)


@dataclass(frozen=True)
class Format:
    """A published format: its name, the columns that tell it, and how a row becomes an item."""

    name: str
    columns: frozenset[str]
    read: Callable[[Row], Item]


def mmlu_letters(row: Row) -> Item:
    """MMLU and its translations as CSV, EXAMS (OALL), or any file of question, A to E, and a letter."""
    values = row.values
    choices = filled(values.get(letter) for letter in "ABCDE")
    return item_of(row, values["question"], choices, answers.letter_or_index(values["answer"], choices))


def mmlu_indexed(row: Row) -> Item:
    """MMLU as CSV with a header: choice0 to choice3, the answer an index."""
    choices = filled(row.values.get(f"choice{number}") for number in range(10))
    return item_of(row, row.values["question"], choices, answers.index(row.values["answer"]))


def mmlu_hub(row: Row) -> Item:
    """MMLU on the hub: a list of choices, the answer an index (a letter or the text itself is understood too)."""
    values = row.values
    choices = tuple(map(str, values["choices"]))
    known = {
        "passage": text_of(values.get("context")),
        "subject": row.subject or text_of(values.get("subject")),
    }
    right = answers.letter_or_index(values["answer"], choices)
    return item_of(row, values["question"], choices, right, **known)


def acva(row: Row) -> Item:
    """ACVA: a statement, and yes or no (or true or false) in Arabic; its id starts with the country or field."""
    subject = re.sub(r"-\d+$", "", str(row.values.get("id") or "")) or row.subject
    words = _YES_NO[str(row.values["answer"]).strip() in _TRUE_FALSE]
    right = 0 if answers.yes_no(row.values["answer"]) else 1
    return item_of(row, row.values["question"], words, right, subject=subject, country=subject)


def foundry(row: Row) -> Item:
    """llm-foundry's multiple choice (ARC, PIQA): the query opens with "Question:"."""
    question = re.sub(r"^Question:\s*", "", str(row.values["query"]).strip())
    return item_of(row, question, tuple(map(str, row.values["choices"])), answers.index(row.values["gold"]))


def foundry_schema(row: Row) -> Item:
    """llm-foundry's schema format (Winogrande): contexts that differ in their last words, and one continuation."""
    contexts = [str(context).split() for context in row.values["context_options"]]
    shared = 0
    while all(len(words) > shared + 1 and words[shared] == contexts[0][shared] for words in contexts):
        shared += 1
    choices = tuple(" ".join(words[shared:]) for words in contexts)
    question, ending = " ".join(contexts[0][:shared]), str(row.values["continuation"]).strip()
    return item_of(row, question, choices, answers.index(row.values["gold"]), ending=ending)


def winogrande(row: Row) -> Item:
    """Winogrande as published: a sentence with a blank, two options, the answer 1 or 2."""
    before, blank, after = str(row.values["sentence"]).partition("_")
    if not blank:
        raise ValueError("the sentence has no blank (_)")
    choices = (str(row.values["option1"]), str(row.values["option2"]))
    return item_of(row, before, choices, answers.index(row.values["answer"], first=1), ending=after.strip())


def arabic_mmlu(row: Row) -> Item:
    """ArabicMMLU and MadinahQA: Question, Context, Option 1 to Option 5, Answer Key, is_few_shot."""
    values = row.values
    return item_of(
        row,
        values["Question"],
        filled(values.get(f"Option {number}") for number in range(1, 6)),
        answers.letter_index(values["Answer Key"]),
        subject=text_of(values.get("Subject")) or row.subject,
        passage=text_of(values.get("Context")),
        country=text_of(values.get("Country")),
        split="dev" if str(values.get("is_few_shot")) in ("1", "1.0", "True") else row.split,
    )


def exams(row: Row) -> Item:
    """EXAMS as published: question.stem, question.choices with text and label, answerKey, info."""
    question, info = row.values["question"], row.values.get("info") or {}
    labels = [choice["label"] for choice in question["choices"]]
    choices = tuple(str(choice["text"]).strip() for choice in question["choices"])
    right = labels.index(row.values["answerKey"]) if row.values["answerKey"] in labels else -1
    return item_of(row, question["stem"], choices, right, subject=text_of(info.get("subject")))


def alghafa(row: Row) -> Item:
    """AlGhafa: query, sol1 to sol5, label an index."""
    choices = filled(row.values.get(f"sol{number}") for number in range(1, 9))
    return item_of(row, row.values["query"], choices, answers.index(row.values["label"]))


def aratrust(row: Row) -> Item:
    """AraTrust: Question, A, B, C (each may repeat its letter), Answer an Arabic letter, Category."""
    values = row.values
    choices = tuple(_OPTION_LETTER.sub("", text) for text in filled(values.get(letter) for letter in "ABC"))
    subject = text_of(values.get("Category")) or row.subject
    return item_of(row, values["Question"], choices, answers.letter_index(values["Answer"]), subject=subject)


def belebele(row: Row) -> Item:
    """Belebele: flores_passage, question, mc_answer1 to mc_answer4, correct_answer_num from 1, dialect."""
    values = row.values
    return item_of(
        row,
        values["question"],
        filled(values.get(f"mc_answer{number}") for number in range(1, 5)),
        answers.index(values["correct_answer_num"], first=1),
        passage=text_of(values["flores_passage"]),
        subject=text_of(values.get("dialect")) or row.subject,
    )


def hellaswag(row: Row) -> Item:
    """HellaSwag: activity_label, ctx_a, ctx_b, endings, label; WikiHow's brackets are removed as lm-eval does."""
    values = row.values
    start = f"{values['activity_label']}: {values['ctx_a']} {str(values['ctx_b']).capitalize()}"
    choices = tuple(without_brackets(ending) for ending in values["endings"])
    return item_of(row, without_brackets(start), choices, answers.index(values["label"]))


def boolq(row: Row) -> Item:
    """BoolQ: passage, question, answer true or false (SuperGLUE: label 1 or 0)."""
    values = row.values
    right = answers.true_or_index(values["answer"] if "answer" in values else values["label"])
    arabic = any(
        "\N{ARABIC LETTER HAMZA}" <= letter <= "\N{ARABIC LETTER YEH}" for letter in values["question"]
    )
    mark = "\N{ARABIC QUESTION MARK}" if arabic else "?"
    question = str(values["question"]).strip().rstrip("?\N{ARABIC QUESTION MARK}").rstrip() + mark
    words = _YES_NO[False][::-1] if arabic else ("no", "yes")
    return item_of(row, question, words, right, passage=text_of(values["passage"]))


def truthfulqa(row: Row) -> Item:
    """TruthfulQA, one right answer: mc1_targets with choices and labels."""
    targets = row.values["mc1_targets"]
    return item_of(row, row.values["question"], tuple(targets["choices"]), list(targets["labels"]).index(1))


def truthfulqa_several(row: Row) -> Item:
    """TruthfulQA, several right answers: mc2_targets with choices and labels."""
    targets = row.values["mc2_targets"]
    right = [number for number, label in enumerate(targets["labels"]) if label == 1]
    first, further = (right[0], tuple(right[1:])) if right else (-1, ())
    return item_of(row, row.values["question"], tuple(targets["choices"]), first, also_right=further)


def arc(row: Row) -> Item:
    """ARC as published: choices with text and label, answerKey."""
    labels, texts = list(row.values["choices"]["label"]), tuple(map(str, row.values["choices"]["text"]))
    right = labels.index(row.values["answerKey"]) if row.values["answerKey"] in labels else -1
    return item_of(row, row.values["question"], texts, right)


def piqa(row: Row) -> Item:
    """PIQA as published: goal, sol1, sol2, label."""
    choices = (str(row.values["sol1"]), str(row.values["sol2"]))
    return item_of(row, row.values["goal"], choices, answers.index(row.values["label"]))


def openbookqa(row: Row) -> Item:
    """OpenBookQA as published (AraDiCE): question.stem, question.choices with text and label, answerKey."""
    return exams(row)


def _format(name: str, columns: str, read: Callable[[Row], Item]) -> Format:
    return Format(name, frozenset(columns.split(",")), read)


FORMATS: tuple[Format, ...] = (
    _format("exams", "question,answerKey,info", exams),
    _format("arc", "question,choices,answerKey", arc),
    _format("mmlu_hub", "question,choices,answer", mmlu_hub),
    _format("mmlu_indexed", "question,choice0,choice1,answer", mmlu_indexed),
    _format("mmlu_letters", "question,A,B,answer", mmlu_letters),
    _format("openbookqa", "question,answerKey", openbookqa),
    _format("aradice_mmlu", "question,options,Answer Key", aradice_mmlu),
    _format("aradice_culture", "Question,Option A,Option B,Option C", aradice_culture),
    _format("belebele", "flores_passage,question,mc_answer1,correct_answer_num", belebele),
    _format("boolq", "passage,question,answer", boolq),
    _format("boolq_superglue", "passage,question,label", boolq),
    _format("acva", "question,answer", acva),
    _format("foundry", "query,choices,gold", foundry),
    _format("foundry_schema", "context_options,continuation,gold", foundry_schema),
    _format("winogrande", "sentence,option1,option2,answer", winogrande),
    _format("arabic_mmlu", "Question,Option 1,Option 2,Answer Key", arabic_mmlu),
    _format("aratrust", "Question,A,B,C,Answer", aratrust),
    _format("piqa", "goal,sol1,sol2,label", piqa),
    _format("alghafa", "query,sol1,sol2,label", alghafa),
    _format("hellaswag", "activity_label,ctx_a,ctx_b,endings,label", hellaswag),
    _format("hellaswag_ctx", "activity_label,ctx,endings,label", hellaswag_ctx),
    _format("truthfulqa", "question,mc1_targets", truthfulqa),
)
"""All formats; the first whose columns are all there is taken, so the more special ones come first."""

BY_NAME: dict[str, Format] = {
    each.name: each
    for each in (
        _format("gsm8k", "question,answer", gsm8k),
        _format("squad", "context,question,answers", squad),
        _format("alrage", "candidates,gold_answer,question", alrage),
        _format("madar_26", "lang,sent", madar.of_26),
        _format("madar_6", "lang,sent", madar.of_6),
        _format("truthfulqa_several", "question,mc2_targets", truthfulqa_several),
    )
}
"""Formats that a task names (`Task.format`), because columns alone do not tell what is asked of such a file."""

_YES_NO = {
    False: (
        "\N{ARABIC LETTER NOON}\N{ARABIC LETTER AIN}\N{ARABIC LETTER MEEM}",
        "\N{ARABIC LETTER LAM}\N{ARABIC LETTER ALEF}",
    ),
    True: (
        "\N{ARABIC LETTER SAD}\N{ARABIC LETTER HAH}",
        "\N{ARABIC LETTER KHAH}\N{ARABIC LETTER TAH}\N{ARABIC LETTER ALEF WITH HAMZA ABOVE}",
    ),
}
_TRUE_FALSE = set(_YES_NO[True])
