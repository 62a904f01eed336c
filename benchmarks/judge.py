"""`python -m benchmarks.judge --questions FILE --models … --judges … --output_dir DIR`: answers that models judge."""

import hashlib
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.judge_config import JudgeConfig, named
from corpus.command_line import run

FORMAT = 1


def judged(config: JudgeConfig) -> dict[str, Any]:
    """Let models answer and judges judge, and return what `judged.json` holds.

    Answers and judgments are kept as they come: the same command asks only for what is missing.

    Raises:
        BenchmarkError: Questions, answers, prompts or a model cannot be used.
        EndpointError: An endpoint cannot be used.
    """
    import polars as pl

    from benchmarks.judged.answers import answers_of
    from benchmarks.judged.judging import judge, units
    from benchmarks.judged.prompts import read_templates
    from benchmarks.judged.questions import read_questions
    from benchmarks.judged.summary import summarize
    from corpus.endpoint.settings import endpoint_url
    from corpus.pipeline.atomic import write_json, write_parquet

    output = Path(config.output_dir)
    questions = read_questions(Path(config.questions), config.limit)
    templates = read_templates(config.prompts, config.prompt_language)
    answers, took = {}, {}
    for name, address in named(config.models, "models").items():
        answers[name], took[name] = answers_of(config, name, address, questions)
    asked = units(questions, list(answers), config.mode_names, config.baseline)
    frames = []
    for name, address in named(config.judges, "judges").items():
        frame, took[f"{name} (judge)"] = judge(config, name, endpoint_url(address), asked, answers, templates)
        frames.append(frame)
    judgments = pl.concat(frames)
    write_parquet(output / "judgments.parquet", judgments)
    results = {
        "format": FORMAT,
        "config": config.decisive(),
        "versions": {name: version(name) for name in ("daad", "httpx", "polars", "numpy")},
        "signature": _signature(config, repr(questions), repr(templates)),
        "summary": summarize(judgments, resamples=config.resamples, seed=config.seed),
        "empty_answers": {
            name: sum(not text.strip() for turns in found.values() for text in turns)
            for name, found in answers.items()
        },
        "run": took,
    }
    write_json(output / "judged.json", results)
    return results


def main(config: JudgeConfig) -> None:
    """Judge, write the page, and say what came out."""
    from benchmarks.judged.report import as_text, page
    from corpus.pipeline.atomic import atomic_path

    output = Path(config.output_dir)
    results = judged(config)
    with atomic_path(output / "judged.html") as partial:
        partial.write_text(page(results), encoding="utf-8")
    lines = [
        as_text(results),
        f"open  {output}/judged.html          ratings, pairs, agreement, cost",
        f"      {output}/judged.json          every figure",
        f"      {output}/judgments.parquet    every judgment; answers/ holds what was judged",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _signature(config: JudgeConfig, questions: str, templates: str) -> str:
    parts = {
        "questions": hashlib.sha256(questions.encode()).hexdigest()[:12],
        "prompts": hashlib.sha256(templates.encode()).hexdigest()[:12],
        "judges": "+".join(named(config.judges, "judges")),
        "orders": "both",
        "asks": config.asks,
        "temperature": 0,
        "daad": version("daad"),
    }
    return "|".join(f"{name}:{value}" for name, value in parts.items())


if __name__ == "__main__":
    run(main, JudgeConfig, "benchmarks.judge")
