r"""How fast items are scored, beside bare lm-eval on the same model and the same prompts.

    python benchmarks/speed/score_items.py --model DIR --mmlu mmlu_en/ --arc arc_easy.jsonl.gz \
        --winogrande winogrande.jsonl.gz [--items 24] [--output FILE]

Bare is lm-eval's own model code (`HFLM.loglikelihood`) on requests that are made already. Ours is all that a run does:
prompts made, prefixes shared, every response put into the cache on disk, credit, averages and intervals computed.
Rounds alternate, each round compares both on one process; the figure is the median of the rounds' ratios. Processor
time says what was computed where other work shares the machine. Memory is the high-water mark of a process that runs
one way.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import prompts
from benchmarks.answering import ask, examples_for
from benchmarks.model import open_model
from benchmarks.prompts import wording
from benchmarks.scoring.summary import summarize
from benchmarks.tasks import load
from benchmarks.tasks.suites import TASKS

CASES = {
    "letters, 0 shots": ("mmlu_en", 0, ("letters",)),
    "letters, 5 shots": ("mmlu_en", 5, ("letters",)),
    "continuations, 0 shots": ("arc_easy", 0, ("continuation",)),
    "nothing shared, 0 shots": ("winogrande", 0, ("continuation",)),
}
"""Task, shots, and the rules that are scored in each case."""


def requests_of(task: Any, items: Any, dev: Any, letters: bool) -> list[Any]:
    """The same requests that `ask` makes for one of its two kinds."""
    from lm_eval.api.instance import Instance

    words = wording(task.language)
    made = []
    for item in items:
        examples = examples_for(item, dev, task.shots)
        asked = (
            prompts.letters(item, examples, words)
            if letters
            else prompts.continuations(item, examples, words, task.style)
        )
        pairs = zip(asked.contexts, asked.continuations, strict=True)
        made += [Instance("loglikelihood", {}, pair, 0, metadata=(task.name, 0, 1)) for pair in pairs]
    return made


class OneKind:
    """A model that is asked for one kind of requests only: the other kind is answered with zeros, at no cost."""

    def __init__(self, lm: Any, count: int, letters: bool) -> None:
        self._lm, self._count, self._letters = lm, count, letters

    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        """Answers in order; requests for letters stand first."""
        parts = requests[: self._count], requests[self._count :]
        zeros = [[(0.0, False)] * len(part) for part in parts]
        asked = self._lm.loglikelihood(parts[0 if self._letters else 1])
        return [*asked, *zeros[1]] if self._letters else [*zeros[0], *asked]

    def generate_until(self, requests: list[Any]) -> list[str]:
        """Not asked for."""
        raise NotImplementedError


def ours(model: Path, batch: int, task: Any, items: Any, dev: Any, rule: str) -> Any:
    """A function that does the whole of our work on fresh responses."""
    scratch = tempfile.TemporaryDirectory()
    opened = open_model(
        model, Path(scratch.name), batch_size=batch, device="cpu", dtype="float32", share_prefixes=True
    )
    letters = rule == "letters"
    count = sum(len(item.choices) for item in items)
    number = iter(range(10**6))

    def run() -> None:
        from lm_eval.api.model import CachingLM

        assert scratch  # lives as long as the function
        cached = CachingLM(opened.lm, str(Path(scratch.name) / f"{next(number)}.sqlite"))
        responses = ask(OneKind(cached, count, letters), task, items, dev, wording(task.language))
        summarize(responses, rule, resamples=10_000, seed=0)  # type: ignore[arg-type]

    return run


def bare(model: Path, batch: int, task: Any, items: Any, dev: Any, rule: str) -> Any:
    """A function that asks lm-eval's own model code."""
    scratch = tempfile.mkdtemp()
    opened = open_model(
        model, Path(scratch), batch_size=batch, device="cpu", dtype="float32", share_prefixes=False
    )
    made = requests_of(task, items, dev, rule == "letters")
    return lambda: opened.lm.loglikelihood(made, disable_tqdm=True)


WAYS = {"bare": bare, "ours": ours}


def prepared(arguments: argparse.Namespace, case: str, way: str) -> Any:
    """The function of one way on one case."""
    name, shots, (rule,) = CASES[case]
    task = replace(TASKS[name], shots=shots)
    loaded = load(
        task, {"mmlu_en": arguments.mmlu, "arc_easy": arguments.arc}.get(name, arguments.winogrande)
    )
    assert loaded is not None
    items = loaded.test[: arguments.items]
    return WAYS[way](arguments.model, arguments.batch_size, task, items, loaded.dev, rule)


def timed(run: Any) -> tuple[float, float]:
    """Wall and processor seconds of one call."""
    start = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def measured(arguments: argparse.Namespace, case: str) -> dict[str, Any]:
    """Both ways on one case, in turn."""
    runs = {way: prepared(arguments, case, way) for way in WAYS}
    for run in runs.values():
        run()
    rounds: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for number in range(arguments.rounds):
        for way in sorted(WAYS, reverse=bool(number % 2)):
            rounds[way].append(timed(runs[way]))
    found: dict[str, Any] = {"items": arguments.items, "rounds": arguments.rounds}
    for place, label in ((0, "seconds"), (1, "processor_seconds")):
        for way in WAYS:
            found[f"{way}_{label}"] = [round(each[place], 2) for each in rounds[way]]
        ratios = [b[place] / o[place] for b, o in zip(rounds["bare"], rounds["ours"], strict=True)]
        found[f"bare_by_ours_{label}"] = round(statistics.median(ratios), 3)
    found["peak_mb"] = {way: peak(arguments, case, way) for way in WAYS}
    return found


def peak(arguments: argparse.Namespace, case: str, way: str) -> float:
    """Largest resident memory, in MB, of a process that runs one way once."""
    given = ["--model", str(arguments.model), "--mmlu", arguments.mmlu, "--arc", arguments.arc]
    given += ["--winogrande", arguments.winogrande]
    given += ["--items", str(arguments.items), "--batch_size", str(arguments.batch_size)]
    command = [sys.executable, __file__, *given, "--alone", way, "--cases", case]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(told.strip().splitlines()[-1])


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--mmlu", required=True)
    parser.add_argument("--arc", required=True)
    parser.add_argument("--winogrande", required=True)
    parser.add_argument("--items", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cases", default="; ".join(CASES), help="cases, apart by semicolons")
    parser.add_argument(
        "--alone", choices=sorted(WAYS), help="run one way once, and print its peak memory in MB"
    )
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(arguments.threads)
    cases = [case.strip() for case in arguments.cases.split(";")]
    if arguments.alone:
        prepared(arguments, cases[0], arguments.alone)()
        # getrusage would count the process that started this one, whose copy it was at first.
        (line,) = [
            line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
        ]
        print(round(int(line.split()[1]) / 1024))
        return
    result: dict[str, Any] = {
        "model": arguments.model.name,
        "versions": {name: version(name) for name in ("lm-eval", "torch", "transformers")}
        | {"python": platform.python_version()},
        "cores": os.cpu_count(),
        "threads": arguments.threads,
        "batch_size": arguments.batch_size,
        "load": [round(value, 1) for value in os.getloadavg()],
        "cases": {},
    }
    for case in cases:
        result["cases"][case] = measured(arguments, case)
        if arguments.output:
            arguments.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
