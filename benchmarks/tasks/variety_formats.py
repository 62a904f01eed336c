"""Published formats of the dialect sets, and of questions whose answers are written; as in `formats`."""

from benchmarks.generated.numbers import number_after_hashes
from benchmarks.items import Item
from benchmarks.tasks import answers
from benchmarks.tasks.row_parts import filled, item_of, text_of, without_brackets
from benchmarks.tasks.rows import Row


def hellaswag_ctx(row: Row) -> Item:
    """HellaSwag's translations: activity_label, ctx, endings, label."""
    values = row.values
    question = f"{values['activity_label']}: {values['ctx']}"
    choices = tuple(without_brackets(ending) for ending in values["endings"])
    return item_of(row, without_brackets(question), choices, answers.index(values["label"]))


def aradice_mmlu(row: Row) -> Item:
    """AraDiCE's ArabicMMLU: question, context, options from A to E, Answer Key, Subject, Country."""
    values = row.values
    choices = filled(values["options"].get(letter) for letter in "ABCDE")
    known = {"passage": text_of(values.get("context")), "country": text_of(values.get("Country"))}
    known["subject"] = text_of(values.get("Subject")) or row.subject
    return item_of(row, values["question"], choices, answers.letter_index(values["Answer Key"]), **known)


def aradice_culture(row: Row) -> Item:
    """AraDiCE's Culture: Question, Option A to Option C, of which the first is right."""
    choices = filled(row.values[f"Option {letter}"] for letter in "ABC")
    return item_of(row, row.values["Question"], choices, 0, country=row.subject)


def gsm8k(row: Row) -> Item:
    """GSM8K: question, and answer as a worked solution that ends in #### and the number."""
    worked = str(row.values["answer"]).strip()
    number = number_after_hashes(worked)
    if number is None:
        raise ValueError("the answer holds no number after ####")
    return item_of(row, row.values["question"], (str(number),), 0, open=True, worked=worked)


def alrage(row: Row) -> Item:
    """ALRAGE (OALL): question, candidates (passages that were retrieved, a line each), gold_answer."""
    values = row.values
    candidates = "\n".join(
        line.strip() for line in text_of(values["candidates"]).splitlines() if line.strip()
    )
    if not candidates:
        raise ValueError("candidates holds no passage")
    accepted = (text_of(values["gold_answer"]),)
    return item_of(row, values["question"], accepted, 0, passage=candidates, open=True)


def squad(row: Row) -> Item:
    """SQuAD's form, flat as on the hub (ARCD, XQuAD): id, title, context, question, answers with text."""
    texts = dict.fromkeys(text_of(text) for text in row.values["answers"]["text"])
    passage = text_of(row.values["context"])
    return item_of(row, row.values["question"], tuple(texts), 0, passage=passage, open=True)
