"""Does a real model score the same, item by item, through Daad, bare lm-eval and plain transformers?

    python -m benchmarks.agreement --model DIR --output benchmarks/results/agreement.json \
        arc_easy=arc_easy.jsonl.gz piqa=piqa.jsonl.gz mmlu_en=mmlu_en/

The first `--items` items of each task are asked under both rules, once with shared prefixes, once by lm-eval's own
model code, and once text by text with nothing shared. Then the few-shot letters of one subject are timed both ways.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import prompts
from benchmarks.answering import ask, examples_for
from benchmarks.model import open_model
from benchmarks.prompts import wording
from benchmarks.scoring.summary import decisions
from benchmarks.tasks import load
from benchmarks.tasks.suites import TASKS


def text_by_text(lm: Any, context: str, continuation: str) -> float:
    """Log-likelihood of one continuation from one forward call of the transformers model."""
    import torch

    start = len(lm.tokenizer(context).input_ids)
    ids = lm.tokenizer(context + continuation, return_tensors="pt").input_ids
    with torch.inference_mode():
        found = torch.log_softmax(lm.model(ids).logits[0], dim=-1)
    return sum(float(found[place - 1, ids[0, place]]) for place in range(start, ids.shape[1]))


def agreement(opened: dict[str, Any], name: str, path: str, items: int) -> dict[str, Any]:
    """Largest differences and equal decisions over the first items of a task."""
    loaded = load(TASKS[name], path)
    assert loaded is not None
    task, words, test = TASKS[name], wording(TASKS[name].language), loaded.test[:items]
    shared, plain = (ask(opened[way].lm, task, test, loaded.dev, words) for way in ("shared", "plain"))
    result: dict[str, Any] = {"task": name, "items": len(test), "data": loaded.digest}
    for column in ("letters", "continuation"):
        alone = []
        for item in test:
            examples = examples_for(item, loaded.dev, task.shots)
            asked = (
                prompts.letters(item, examples, words)
                if column == "letters"
                else prompts.continuations(item, examples, words, task.style)
            )
            pairs = zip(asked.contexts, asked.continuations, strict=True)
            alone.append([text_by_text(opened["plain"].lm, *pair) for pair in pairs])
        for other, rows in (("lm_eval", plain[column].to_list()), ("transformers", alone)):
            differences = [
                abs(one - two)
                for left, right in zip(shared[column].to_list(), rows, strict=True)
                for one, two in zip(left, right, strict=True)
            ]
            result[f"{column}_largest_difference_to_{other}"] = max(differences)
    result["equal_decisions"] = {
        rule: int((decisions(shared, rule) == decisions(plain, rule)).sum()) for rule in task.rules
    }
    return result


def few_shot_speed(opened: dict[str, Any], path: str, items: int, shots: int) -> dict[str, Any]:
    """Seconds for the letters of one subject's few-shot items, both ways, each asked alone and in turn."""
    from lm_eval.api.instance import Instance

    loaded = load(TASKS["mmlu_en"], path)
    assert loaded is not None
    subject = loaded.test[0].subject
    test = [item for item in loaded.test if item.subject == subject][:items]
    words = wording("en")
    requests = []
    names = test[0].choices
    for item in test:
        asked = prompts.letters(item, examples_for(item, loaded.dev, shots), words)
        pairs = zip(asked.contexts, asked.continuations, strict=True)
        requests += [Instance("loglikelihood", {}, pair, 0) for pair in pairs]
    wall: dict[str, list[float]] = {"plain": [], "shared": []}
    processor: dict[str, list[float]] = {"plain": [], "shared": []}
    for _ in range(3):
        for way in ("plain", "shared"):
            start = time.perf_counter(), time.process_time()
            opened[way].lm.loglikelihood(requests, disable_tqdm=True)
            wall[way].append(round(time.perf_counter() - start[0], 2))
            processor[way].append(round(time.process_time() - start[1], 2))
    lengths = [len(opened["plain"].lm.tok_encode(request.args[0])) for request in requests[:: len(names)]]
    result = {"subject": subject, "items": len(test), "shots": shots, "tokens_per_context": lengths}
    return result | {"seconds": wall, "processor_seconds": processor}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tasks", nargs="+", metavar="TASK=PATH")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--shots", type=int, default=5)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    paths = dict(each.split("=", 1) for each in arguments.tasks)
    with tempfile.TemporaryDirectory() as scratch:
        opened = {
            way: open_model(
                arguments.model,
                Path(scratch),
                batch_size=8,
                device="cpu",
                dtype="float32",
                share_prefixes=way == "shared",
            )
            for way in ("shared", "plain")
        }
        result: dict[str, Any] = {
            "model": {"name": arguments.model.name, "digest": opened["plain"].digest},
            "versions": {name: version(name) for name in ("lm-eval", "torch", "transformers")}
            | {"python": platform.python_version()},
            "cores": os.cpu_count(),
            "agreement": [agreement(opened, name, path, arguments.items) for name, path in paths.items()],
        }
        if "mmlu_en" in paths:
            result["few_shot"] = few_shot_speed(opened, paths["mmlu_en"], arguments.items, arguments.shots)
    text = json.dumps(result, indent=1)
    sys.stdout.write(text + "\n")
    if arguments.output:
        arguments.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
