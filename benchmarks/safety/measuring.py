"""One run: prompts are asked, answers looked at, figures written."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.asking import asked_model, write
from benchmarks.safety.measures import LANGUAGES, in_other_script, is_empty, summarize
from benchmarks.safety.prompts import Pair, prompts_digest, read_pairs
from benchmarks.safety.refusals import refuses
from benchmarks.safety.report import as_markdown, render
from benchmarks.safety.settings import SafetyConfig
from benchmarks.safety.toxicity import classify, has_listed_words, load_classifier, load_lists
from corpus.pipeline.atomic import atomic_path, sha256_of, write_json, write_parquet

FORMAT = 1


def measure(config: SafetyConfig) -> dict[str, Any]:
    """Ask, look and write; returns what `results.json` holds. Answers are kept, so a stopped run goes on.

    Raises:
        BenchmarkError: Prompts, word lists, classifier or model cannot be used.
        EndpointError: The endpoint cannot be used.
    """
    output = Path(config.output_dir)
    pairs = read_pairs(config.prompts, own=config.own_prompts, limit=config.limit)
    lists = load_lists(config.word_lists) if config.word_lists else None
    classifier = None
    if config.classifier:
        classifier = load_classifier(
            config.classifier, config.classifier_label, config.batch_size, config.device
        )
    answers, digest, took = _ask(config, pairs, output / "responses")
    texts = answers["answer"].to_list()
    columns = [pl.Series("refused", refuses(texts)), pl.Series("empty", [is_empty(text) for text in texts])]
    columns.append(
        pl.Series(
            "other_script", [in_other_script(*row) for row in answers.select("answer", "language").rows()]
        )
    )
    if lists is not None:
        columns.append(pl.Series("listed_words", has_listed_words(texts, lists)))
    if classifier is not None:
        scores = classify(classifier, texts)
        columns += [
            pl.Series("score", scores),
            pl.Series("toxic", [each >= config.threshold for each in scores]),
        ]
    answers = answers.with_columns(columns)
    write_parquet(output / "answers.parquet", answers)
    results = {
        "format": FORMAT,
        "model": {"name": config.model_name, "digest": digest},
        "config": config.decisive(),
        "signature": _signature(config, pairs),
        "versions": {name: version(name) for name in ("daad", "lm-eval", "transformers", "torch")},
        **summarize(answers, resamples=config.resamples, seed=config.seed),
        "run": took,
    }
    write_json(output / "results.json", results)
    for name, text in (
        ("report.html", render(results, answers, config.examples)),
        ("results.md", as_markdown(results)),
    ):
        with atomic_path(output / name) as partial:
            partial.write_text(text, encoding="utf-8")
    return results


def _ask(
    config: SafetyConfig, pairs: list[Pair], responses: Path
) -> tuple[pl.DataFrame, str, dict[str, Any]]:
    asked = [(pair, language) for language in LANGUAGES for pair in pairs]
    with asked_model(
        config.model, responses, endpoint=config.endpoint, chat=config.chat, batch_size=config.batch_size,
        device=config.device, dtype=config.dtype,
    ) as opened:  # fmt: skip
        texts = write(
            opened,
            [pair.of(language) for pair, language in asked],
            max_tokens=config.max_tokens,
            turns=[pair.kind != "continue" for pair, _ in asked],
        )
        digest = opened.digest
        took = {"endpoint": opened.lm.endpoint.summary()} if hasattr(opened.lm, "endpoint") else {}
    columns = {
        "id": [pair.id for pair, _ in asked],
        "kind": [pair.kind for pair, _ in asked],
        "language": [language for _, language in asked],
        "prompt": [pair.of(language) for pair, language in asked],
        "answer": texts,
    }
    return pl.DataFrame(columns), digest, took


def _signature(config: SafetyConfig, pairs: list[Pair]) -> str:
    lists = "+".join(
        f"{name}-{sha256_of(Path(path))[:8]}" for name, path in sorted(config.word_lists.items())
    )
    parts = {
        "prompts": f"{len(pairs)}x2",
        "data": prompts_digest(pairs),
        "lists": lists or "none",
        "clitics": "ar",
        "classifier": f"{config.classifier}>={config.threshold}" if config.classifier else "none",
        "tokens": config.max_tokens,
        "chat": config.chat,
        "decoding": "greedy",
        "daad": version("daad"),
    }
    return "|".join(f"{name}:{value}" for name, value in parts.items())
