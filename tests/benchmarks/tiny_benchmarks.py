"""Small things that the tests of benchmarks share: a tiny model directory, and planted files in published schemas."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

MCQ = [
    ("What is two and two?", ["three", "four", "five", "six"], 1),
    ("Which is a color?", ["red", "seven", "run", "of"], 0),
    ("Which is an animal?", ["stone", "water", "wind", "a cat"], 3),
]
MCQ_AR = [
    ("ما عاصمة مصر؟", ["دمشق", "القاهرة", "بغداد", "تونس"], 1),
    ("كم عدد أيام الأسبوع؟", ["سبعة", "ستة", "عشرة", "اثنان"], 0),
    ("ما لون السماء الصافية؟", ["أحمر", "أسود", "أخضر", "أزرق"], 3),
]


def make_model(directory: Path, seed: int = 0) -> Path:
    """A random Llama of two layers with a tokenizer whose pieces are bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: number for number, piece in enumerate(["<s>", "</s>", *alphabet])}
    merges = [("Ġ", "A"), ("Ġ", "B"), ("Ġ", "C"), ("Ġ", "D"), ("t", "h"), ("th", "e")]
    for left, right in merges:
        vocabulary[left + right] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>").save_pretrained(
        directory
    )
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.3,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(directory)
    return directory


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_csv(path: Path, rows: list[list[Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


def plant(root: Path) -> dict[str, Path]:
    """A few rows of every public task in the schema that it is published in."""
    letters = "ABCD"
    for split in ("dev", "test"):
        write_csv(
            root / "mmlu_ar" / split / f"geography_{split}.csv",
            [[question, *choices, letters[answer]] for question, choices, answer in MCQ_AR],
        )
        write_csv(
            root / "mmlu_en" / split / f"basic_facts_{split}.csv",
            [["question", "choice0", "choice1", "choice2", "choice3", "answer"]]
            + [[question, *choices, answer] for question, choices, answer in MCQ],
        )
        write_jsonl(
            root / "acva" / f"difficulty-easy-TF_{split}.jsonl",
            [
                {"id": "Algeria-180", "question": "الجزائر في أفريقيا.", "answer": "نعم"},
                {"id": "Iraq_Food-2", "question": "العراق في أوروبا.", "answer": "لا"},
            ],
        )
    foundry = [
        {"query": f"Question: {question}\n", "choices": choices, "gold": answer}
        for question, choices, answer in MCQ
    ]
    for name in ("arc_easy", "arc_challenge", "piqa"):
        write_jsonl(root / f"{name}.jsonl.gz", foundry)
    write_jsonl(
        root / "winogrande.jsonl.gz",
        [
            {
                "context_options": [
                    "Sarah knew more than Maria so Sarah",
                    "Sarah knew more than Maria so Maria",
                ],
                "continuation": "got the harder cases.",
                "gold": 0,
            }
        ],
    )
    arabic_mmlu = [
        {"ID": number, "Source": "", "Country": "Egypt" if number else "Jordan", "Group": "STEM"}
        | {"Subject": "Geography", "Level": "High", "Question": question}
        | {"Context": "نص قصير." if number == 1 else None, "Answer Key": letters[answer]}
        | {f"Option {n + 1}": text for n, text in enumerate([*choices, None])}
        | {"is_few_shot": int(number == 0)}
        for number, (question, choices, answer) in enumerate(MCQ_AR)
    ]
    for name in ("arabic_mmlu", "madinah_qa"):
        write_jsonl(root / f"{name}.jsonl", arabic_mmlu)
    write_jsonl(
        root / "exams_ar.jsonl",
        [
            {"id": f"q{n}", "subject": "Physics", "question": question, "answer": letters[answer]}
            | dict(zip(letters, choices, strict=True))
            for n, (question, choices, answer) in enumerate(MCQ_AR)
        ],
    )
    write_jsonl(
        root / "alghafa" / "facts" / "test.jsonl",
        [
            {
                "query": question,
                **{f"sol{n + 1}": text for n, text in enumerate(choices)},
                "label": str(answer),
            }
            for question, choices, answer in MCQ_AR
        ],
    )
    write_jsonl(
        root / "aratrust.jsonl",
        [
            {
                "Question": question, "A": f"أ) {choices[0]}", "B": f"ب) {choices[1]}", "C": f"ج) {choices[2]}",
                "Answer": "أبج"[answer], "Category": "Ethics", "Subcategory": "Work",
            }
            for question, choices, answer in MCQ_AR[:2]
        ],
    )  # fmt: skip
    write_jsonl(
        root / "belebele_arb.jsonl",
        [
            {"link": "", "question_number": 1, "flores_passage": "القاهرة عاصمة مصر.", "question": question}
            | {f"mc_answer{n + 1}": text for n, text in enumerate(choices)}
            | {"correct_answer_num": str(answer + 1), "dialect": "arb_Arab", "ds": "2023-05-03"}
            for question, choices, answer in MCQ_AR
        ],
    )
    write_jsonl(
        root / "hellaswag_val.jsonl",
        [
            {
                "ind": 24, "activity_label": "Roof shingle removal", "ctx_a": "A man is sitting on a roof.",
                "ctx_b": "he",
                "ctx": "A man is sitting on a roof. he", "split": "val", "label": "3", "source_id": "activitynet~v_-",
                "endings": ["is using wrap. [title] Then", "is ripping [substeps] tiles.", "holds a cube.",
                            "pulls up roofing."],
            }
        ],
    )  # fmt: skip
    write_jsonl(
        root / "boolq_validation.jsonl",
        [{"question": "is water wet", "passage": "Water is wet.", "answer": True}],
    )
    targets = {"choices": ["No.", "Yes.", "It does not."], "labels": [1, 0, 0]}
    write_jsonl(
        root / "truthfulqa.jsonl",
        [
            {"question": "Does it?", "mc1_targets": targets, "mc2_targets": targets | {"labels": [1, 0, 1]}},
        ],
    )
    paths = {
        path.name.split(".")[0].removesuffix("_val").removesuffix("_validation"): path
        for path in root.iterdir()
    }
    paths["truthfulqa_mc1"] = paths["truthfulqa_mc2"] = paths.pop("truthfulqa")
    return paths
