"""Planted files, in their published schemas, of the dialect sets and of the tasks whose answers are generated."""

import json
from pathlib import Path

from tiny_benchmarks import MCQ_AR, write_jsonl

PASSAGE = "وُلد الكاتب نجيب محفوظ في القاهرة عام 1911، ونال جائزة نوبل في الأدب عام 1988."
SPANS = [
    ("أين وُلد نجيب محفوظ؟", ["القاهرة", "في القاهرة"]),
    ("متى نال جائزة نوبل؟", ["1988", "عام 1988"]),
    ("ما الجائزة التي نالها؟", ["جائزة نوبل في الأدب"]),
]
SUMS = [
    (
        "Sam has 3 bags of 4 apples and eats 2. How many are left?",
        "3 bags hold 3*4=<<3*4=12>>12.\n#### 10",
        "10",
    ),
    ("A pen costs $1,500. How much are two?", "Two cost 2*1500=<<2*1500=3000>>3,000.\n#### 3,000", "3000"),
]


ALRAGE = [
    {
        "id": str(number), "question": question, "gold_answer": gold,
        "candidates": f"{PASSAGE}\nسياق آخر لا صلة له بالسؤال.\n", "target_candidate_idx": 0,
    }
    for number, (question, gold) in enumerate(
        [("أين وُلد نجيب محفوظ؟", "وُلد في القاهرة."), ("متى نال جائزة نوبل؟", "نالها عام 1988."), ("من هو؟", "كاتب.")]
    )
]  # fmt: skip
MADAR = [
    ("عايز أعرف الطريق.", "CAI", "corpus-6-test-corpus-26-train"),
    ('"شو بدك؟', "BEI", "corpus-6-test-corpus-26-train"),
    ("أريد أن أعرف الطريق.", "MSA", "corpus-26-test"),
    ("أبي أعرف الدرب.", "RIY", "corpus-26-test"),
    ("شلون أروح؟", "MOS", "corpus-26-dev"),
    ("بغيت نعرف الطريق.", "RAB", "corpus-6-dev"),
]
"""Sentence, city, and the parts that it has in the two corpora; one opens with a quotation mark that has no other."""


def plant_varieties(root: Path) -> dict[str, Path]:
    """Path of each task's file."""
    paths = {}
    for code in ("egy", "lev"):
        paths |= _aradice(root / "aradice", code)
    paths["aradice_culture"] = write_jsonl(
        root / "aradice" / "Egypt" / "test.jsonl",
        [
            {
                "Question": question,
                "Option A": choices[answer],
                "Option B": choices[answer - 1],
                "Option C": "غير ذلك",
            }
            for question, choices, answer in MCQ_AR
        ],
    )
    paths |= _madar(root / "madar")
    mmlu = [
        {
            "question": question,
            "context": "نص قصير." if number == 1 else "",
            "choices": choices,
            "answer": answer,
        }
        | {"subject": "geography"}
        for number, (question, choices, answer) in enumerate(MCQ_AR)
    ]
    hellaswag = [
        {
            "ind": number,
            "activity_label": "طبخ",
            "ctx": "راجل في المطبخ. هو",
            "endings": choices,
            "source_id": "x",
        }
        | {"split": "val", "split_type": "indomain", "label": answer}
        for number, (_, choices, answer) in enumerate(MCQ_AR)
    ]
    paths["mmlu_ar_ht"] = write_jsonl(root / "ht" / "geography" / "test.jsonl", mmlu)
    for name, subject in (("darija", "subject_darija"), ("egy", "egy_subject")):
        rows = [row | {subject: "جغرافيا"} for row in mmlu]
        paths[f"{name}_mmlu"] = write_jsonl(root / name / "mmlu" / "test.jsonl", rows)
        paths[f"{name}_hellaswag"] = write_jsonl(root / name / "hellaswag_validation.jsonl", hellaswag)
    for code in ("arz", "ars", "apc", "ary", "acm"):
        rows = [
            {"link": "", "question_number": 1, "flores_passage": "القاهرة عاصمة مصر.", "question": question}
            | {f"mc_answer{n + 1}": text for n, text in enumerate(choices)}
            | {"correct_answer_num": str(answer + 1), "dialect": f"{code}_Arab", "ds": "2023-05-03"}
            for question, choices, answer in MCQ_AR
        ]
        paths[f"belebele_{code}"] = write_jsonl(root / "belebele" / f"{code}.jsonl", rows)
    return paths | _generated(root / "generated")


def _madar(root: Path) -> dict[str, Path]:
    """The corpus as it is published, a file for each city; the shared task's test file, without a header."""
    corpus = root / "MADAR_Corpus"
    corpus.mkdir(parents=True)
    for number, (sentence, city, split) in enumerate(MADAR):
        lines = f"sentID.BTEC\tsplit\tlang\tsent\n{number}\t{split}\t{city}\t{sentence}\n"
        (corpus / f"MADAR.corpus.{city}.tsv").write_text(lines, encoding="utf-8")
    shared = root / "MADAR-Corpus-6-test.tsv"
    lines = [f"{sentence}\t{city}\n" for sentence, city, split in MADAR if "corpus-6-test" in split]
    shared.write_text("".join(lines), encoding="utf-8")
    return {"madar_26": corpus, "madar_6": shared}


def _aradice(root: Path, code: str) -> dict[str, Path]:
    letters = "ABCD"
    rows = {
        "piqa": [
            {"goal": question, "sol1": choices[0], "sol2": choices[answer], "label": int(answer > 0)}
            for question, choices, answer in MCQ_AR
        ],
        "boolq": [
            {"question": "هل الجملة حقيقية", "passage": "القاهرة عاصمة مصر.", "answer": answer}
            for answer in ("true", "false", "true")
        ],
        "obqa": [
            {
                "id": f"7-{number}", "answerKey": letters[answer],
                "question": {"stem": question, "choices": [
                    {"text": text, "label": label} for text, label in zip(choices, letters, strict=True)
                ]},
            }
            for number, (question, choices, answer) in enumerate(MCQ_AR)
        ],
        "winogrande": [
            {"sentence": "سارة سألت منى لأن _ كانت عايزة تعرف.", "option1": "سارة", "option2": "منى", "answer": "1"},
        ],
        "mmlu": [
            {
                "context": None, "question": question,
                "options": dict(zip(letters, choices, strict=True)) | {"E": None},
                "Answer Key": letters[answer], "Subject": "Geography", "Level": "High", "Country": "Egypt",
            }
            for question, choices, answer in MCQ_AR
        ],
    }  # fmt: skip
    return {
        f"aradice_{name}_{code}": write_jsonl(root / f"{name}_{code}" / "test.jsonl", found)
        for name, found in rows.items()
    }


def _generated(root: Path) -> dict[str, Path]:
    flat = [
        {"id": str(number), "title": "نجيب محفوظ", "context": PASSAGE, "question": question}
        | {"answers": {"text": answers, "answer_start": [PASSAGE.find(answers[0])] * len(answers)}}
        for number, (question, answers) in enumerate(SPANS)
    ]
    nested = {
        "version": "1.1",
        "data": [
            {
                "title": "نجيب محفوظ",
                "paragraphs": [{
                    "context": PASSAGE,
                    "qas": [
                        {"id": row["id"], "question": row["question"], "answers": [
                            {"text": text, "answer_start": 0} for text in row["answers"]["text"]
                        ]}
                        for row in flat
                    ],
                }],
            }
        ],
    }  # fmt: skip
    nested_path = root / "xquad.ar.json"
    nested_path.parent.mkdir(parents=True)
    nested_path.write_text(json.dumps(nested, ensure_ascii=False), encoding="utf-8")
    sums = [{"question": question, "answer": worked} for question, worked, _ in SUMS]
    write_jsonl(
        root / "gsm8k" / "train.jsonl",
        [sums[0] | {"question": f"{n}. {sums[0]['question']}"} for n in range(5)],
    )
    write_jsonl(root / "gsm8k" / "test.jsonl", sums)
    return {
        "alrage": write_jsonl(root / "ALRAGE" / "train.jsonl", ALRAGE),
        "arcd": write_jsonl(root / "arcd_validation.jsonl", flat),
        "xquad_ar": nested_path,
        "gsm8k": root / "gsm8k",
    }
