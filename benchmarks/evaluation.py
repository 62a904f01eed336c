"""One run: tasks are loaded, asked, scored and written, one after the other."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tqdm import tqdm

from benchmarks import tasks
from benchmarks.answering import Ways, ask
from benchmarks.errors import BenchmarkError
from benchmarks.items import Item
from benchmarks.model.opening import Opened, check_directory, open_endpoint, open_model
from benchmarks.prompts import Wording, wording
from benchmarks.run_config import RunConfig
from benchmarks.scoring.summary import summarize
from benchmarks.tasks.loading import items_digest, shuffled
from benchmarks.tasks.task import GENERATED_RULES, Rule, Task
from corpus.pipeline.atomic import write_json, write_parquet

FORMAT = 1

Ready = tuple[Task, str, tasks.Loaded]
"""A task, the suite that it came with, and its items."""

NO_JUDGE = "they need a judge, and no --judge.url is given: F1 with the accepted answer stands alone"

WRITTEN = frozenset(rule for rules in GENERATED_RULES.values() for rule in rules)
"""Rules that look at a text that the model wrote."""


def evaluate(config: RunConfig) -> dict[str, Any]:
    """Score a model on all tasks of a run, and return what `results.json` holds.

    Results are written after every task. Responses are kept by request, so a stopped run goes on where it was.

    Raises:
        BenchmarkError: A task, its data or the model cannot be used.
    """
    if config.endpoint_settings is None:
        check_directory(Path(config.model))
    ready, missing = _loaded(config)
    if not ready:
        named = "; ".join(f"{row['task']}: {row['reason']}" for row in missing)
        raise BenchmarkError(f"tasks: nothing to score ({named})")
    opened = _opened(config)
    try:
        return _evaluated(config, opened, ready, missing)
    finally:
        opened.close()


def _opened(config: RunConfig) -> Opened:
    responses = Path(config.output_dir) / "responses"
    if config.endpoint_settings is not None:
        tokenizer = Path(config.endpoint_tokenizer) if config.endpoint_tokenizer else None
        return open_endpoint(config.endpoint_settings, responses, chats=config.chats, tokenizer_dir=tokenizer)
    return open_model(
        Path(config.model),
        responses,
        batch_size=config.batch_size,
        device=config.device,
        dtype=config.dtype,
        share_prefixes=config.share_prefixes,
        chats=config.chats,
        memory_gib=config.memory_gib,
    )


def _evaluated(
    config: RunConfig, opened: Opened, ready: Sequence[Ready], missing: list[dict[str, str]]
) -> dict[str, Any]:
    output = Path(config.output_dir)
    results: dict[str, Any] = {
        "format": FORMAT,
        "model": {"name": config.model_name, "digest": opened.digest},
        "config": config.decisive(),
        "versions": versions(),
        "scores": [],
        "missing": missing,
        "run": {"started": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": {}},
    }
    for task, suite, loaded in tqdm(ready, desc="tasks", unit="task", disable=None):
        start = time.perf_counter()
        words = wording(task.language if config.prompt_language == "task" else config.prompt_language)
        test = drawn(loaded.test, config)
        ways = _ways(config, opened)
        rules = rules_of(task, ways)
        if not rules:
            missing.append(
                {"task": task.name, "suite": suite, "reason": "the endpoint tells no log-likelihoods"}
            )
            continue
        if "judged" in task.rules and "judged" not in rules:
            missing.append({"task": f"{task.name}, marks", "suite": suite, "reason": NO_JUDGE})
        refused = len(refusals(opened))
        responses = ask(opened.cached, task, test, loaded.dev, words, ways)
        told = refusals(opened)[refused:]
        judge = ""
        if "judged" in rules:
            responses, judge = _marked(config, task, responses, results["run"])
        write_parquet(output / "items" / f"{task.name}.parquet", responses)
        scores = _scores(task, suite, loaded, responses, config, rules)
        for score in scores:
            rule = score["rule"]
            score["signature"] = signature(
                task, rule, words, test, config, templated=ways.template is not None, judge=judge
            )
            if told and rule in WRITTEN:
                score["refused"] = {"items": len(told), "first": told[0]}
        results["scores"] += scores
        results["run"]["seconds"][task.name] = round(time.perf_counter() - start, 2)
        shares = getattr(opened.lm, "shares", None)
        results["run"]["prefixes_shared"] = bool(shares)
        if config.endpoint_settings is not None:
            results["run"]["endpoint"] = opened.lm.endpoint.summary()
        write_json(output / "results.json", results)
    if not results["scores"]:
        raise BenchmarkError(f"tasks: nothing to score: {missing[0]['task']}: {missing[0]['reason']}")
    write_json(output / "results.json", results)
    return results


def rules_of(task: Task, ways: Ways) -> tuple[Rule, ...]:
    """The rules under which a task is scored when it is asked in these ways."""
    if task.answer != "choice":
        return tuple(rule for rule in task.rules if rule != "judged" or ways.marked)
    by_likelihood = task.rules if ways.likelihoods else ()
    return (
        *by_likelihood,
        *(GENERATED_RULES["choice"] if ways.generated and "letters" in task.rules else ()),
    )


def _ways(config: RunConfig, opened: Opened) -> Ways:
    turn = None
    if opened.chats:
        turn = str if config.endpoint_settings is not None else _templated(opened)
    return Ways(
        likelihoods=opened.likelihoods,
        generated=config.generate or not opened.likelihoods,
        marked=bool(config.judge.url),
        template=_templated(opened) if _applies_template(config, opened) else None,
        turn=turn,
    )


def _applies_template(config: RunConfig, opened: Opened) -> bool:
    """Whether prompts of multiple choice go into the model's chat template.

    Raises:
        BenchmarkError: That is asked for, and it has none.
    """
    if config.apply_chat_template == "no" or config.endpoint_settings is not None:
        return False
    has_one = bool(getattr(opened.lm.tokenizer, "chat_template", None))
    if config.apply_chat_template == "yes" and not has_one:
        raise BenchmarkError(
            f"{config.model}: its tokenizer has no chat template: set --apply_chat_template auto or no"
        )
    return has_one


def refusals(opened: Opened) -> list[str]:
    """What an endpoint said of each text that it refused to write so far; empty for a directory."""
    return list(getattr(opened.lm, "refusals", ()))


def _marked(
    config: RunConfig, task: Task, responses: pl.DataFrame, run: dict[str, Any]
) -> tuple[pl.DataFrame, str]:
    """Responses with a judge's marks, and the judge as signatures name it; what it took goes into `run`."""
    from benchmarks.judged.marking import Answered, marks

    rows = responses.select("question", "generated", "choices").iter_rows()
    answered = [Answered(question=asked, answer=text or "", accepted=each[0]) for asked, text, each in rows]
    found = marks(config.judge, Path(config.output_dir) / "responses", answered, task.language)
    run["judge"] = found.took
    return responses.with_columns(mark=pl.Series(found.values, dtype=pl.Float64)), found.judge


def _templated(opened: Opened) -> Callable[[str], str]:
    """The model's own chat template around one turn."""
    return lambda turn: opened.in_chat([{"role": "user", "content": turn}])


def drawn(items: Sequence[Item], config: RunConfig) -> list[Item]:
    """The items of a run in their order: all, or as many as the limit, with options shuffled where that is asked."""
    numbers: Iterable[int] = range(len(items))
    if 0 < config.limit < len(items):
        numbers = sorted(np.random.default_rng(config.seed).permutation(len(items))[: config.limit].tolist())
    chosen = [items[number] for number in numbers]
    return [shuffled(item, config.seed) for item in chosen] if config.shuffle_options else chosen


def signature(
    task: Task,
    rule: Rule,
    words: Wording,
    test: Sequence[Item],
    config: RunConfig,
    *,
    templated: bool = False,
    judge: str = "",
) -> str:
    """What is needed to get a score again, in sacrebleu's manner."""
    kind = (
        "-chat"
        if config.chats and rule in WRITTEN
        else "-template"
        if templated and rule not in WRITTEN
        else ""
    )
    parts = {
        "task": task.name,
        "v": task.version,
        "rule": rule,
        "prompt": words.language + kind,
        "shots": task.shots,
        "items": len(test),
        "data": items_digest(test),
        "options": f"shuffled-{config.seed}" if config.shuffle_options else "as-published",
        "dtype": "endpoint" if config.endpoint_settings is not None else config.dtype,
        **({"judge": judge} if rule == "judged" else {}),
        "lm-eval": version("lm-eval"),
        "daad": version("daad"),
    }
    return "|".join(f"{name}:{value}" for name, value in parts.items())


def versions() -> dict[str, str]:
    """Versions of all that a score depends on."""
    names = ("daad", "lm-eval", "transformers", "tokenizers", "torch", "numpy", "polars")
    return {name: version(name) for name in names}


def _loaded(config: RunConfig) -> tuple[list[Ready], list[dict[str, str]]]:
    """Tasks with their items, and those that cannot be had, each with the reason."""
    ready, missing = [], []
    chosen = tasks.chosen(config.task_names)
    tasks.check_data(config.data)
    for each in chosen:
        task = each.task if config.shots < 0 else replace(each.task, shots=config.shots)
        try:
            loaded = tasks.load(task, config.data.get(task.name, ""))
        except BenchmarkError as error:
            if task.name in config.data or not each.suite:
                raise
            missing.append({"task": task.name, "suite": each.suite, "reason": str(error)})
            continue
        if loaded is None:
            missing.append({"task": task.name, "suite": each.suite, "reason": tasks.why_absent(each)})
            continue
        if len(loaded.dev) < task.shots:
            reason = f"{task.shots} shots are asked for, but {loaded.source} has {len(loaded.dev)} dev items"
            if config.shots >= 0 or not each.suite:
                raise BenchmarkError(f"{task.name}: {reason}: add a dev file or set --shots 0")
            missing.append({"task": task.name, "suite": each.suite, "reason": reason})
            continue
        ready.append((task, each.suite, loaded))
    for name in config.task_names:
        if name in tasks.SUITES:
            missing += [
                {"task": part, "suite": name, "reason": why}
                for part, why in tasks.SUITES[name].elsewhere.items()
            ]
    return ready, missing


def _scores(
    task: Task,
    suite: str,
    loaded: tasks.Loaded,
    responses: pl.DataFrame,
    config: RunConfig,
    rules: Sequence[Rule],
) -> list[dict[str, Any]]:
    """One entry for each rule; the task's own first rule stands first where it is among them."""
    first = task.rule if task.rule in rules else rules[0]
    return [
        {
            "task": task.name,
            "title": task.title,
            "language": task.language,
            "suite": suite,
            "rule": rule,
            "first": rule == first,
            "shots": task.shots,
            "source": loaded.source,
            "faults": list(loaded.faults),
            **summarize(responses, rule, resamples=config.resamples, seed=config.seed),
        }
        for rule in rules
    ]
