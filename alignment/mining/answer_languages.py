"""Shares of answers in the language of the question, by language, and paired differences between models."""

from importlib.metadata import version
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alignment.answer_language_config import AnswerLanguageConfig
from alignment.chat_template import load_chat_tokenizer
from alignment.direct_preference.reference import checkpoint_digests, digest_of
from alignment.errors import AlignmentError
from alignment.mining.asking import read_prompts
from alignment.mining.rewards import language
from alignment.mining.sampling import sample_answers
from corpus.pipeline.atomic import write_json
from corpus.pipeline.lock import held
from tokenization.measures.bootstrap import interval, ratio, resampled_sums

FORMAT = 1

Floats = NDArray[np.float64]


def measure(config: AnswerLanguageConfig) -> dict[str, Any]:
    """Ask every model every question and write result.json; returns it.

    Raises:
        DaadError: Questions or models that cannot be used.
    """
    output = Path(config.output_dir)
    busy = AlignmentError(
        f"{output}: another run is measuring here; wait for it, or choose another output_dir"
    )
    with held(output / ".lock", busy):
        return _measure(config, output)


def _measure(config: AnswerLanguageConfig, output: Path) -> dict[str, Any]:
    questions, _ = read_prompts(config.questions, config.sampling.seed)
    earned: dict[str, Floats] = {}
    models: dict[str, Any] = {}
    languages = questions["language"].to_list()
    for model in config.models:
        checkpoint = checkpoint_digests(Path(model.path))
        answers = sample_answers(
            model.path,
            load_chat_tokenizer(model.path),
            questions,
            config.sampling,
            output / "answers",
            {"checkpoint": checkpoint},
            config.device,
        )
        earned[model.name] = credits_of(questions, answers)
        models[model.name] = {
            "path": model.path,
            "checkpoint": digest_of(checkpoint),
            "shares": shares(earned[model.name], languages, config.resamples, config.sampling.seed),
        }
    first, *others = config.models
    result = {
        "format": FORMAT,
        "daad": version("daad"),
        "config": config.decisive(),
        "versions": {name: version(name) for name in ("tokenizers", "torch", "transformers")},
        "questions": questions.height,
        "questions_digest": digest_of({"questions": questions["messages"].to_list()}),
        "first": first.name,
        "models": models,
        "differences": {
            other.name: differences(
                earned[first.name], earned[other.name], languages, config.resamples, config.sampling.seed
            )
            for other in others
        },
    }
    write_json(output / "result.json", result)
    return result


def credits_of(questions: pl.DataFrame, answers: pl.DataFrame) -> Floats:
    """For each question the share of its answers that are in its language; 0 where there is no answer."""
    told = answers.with_columns(questions["language"][answers["prompt"]])
    right = told.with_columns(right=language(told)).group_by("prompt").agg(pl.col("right").mean())
    rows = pl.DataFrame({"prompt": pl.int_range(questions.height, eager=True)})
    joined = rows.join(right, on="prompt", how="left", maintain_order="left")
    return np.asarray(joined["right"].fill_null(0.0).to_numpy(), np.float64)


def shares(earned: Floats, languages: list[str], resamples: int, seed: int) -> dict[str, Any]:
    """Mean credit of all questions and of each language, with the interval of a bootstrap of questions."""
    return {
        name: _estimate(earned[rows], resamples, seed) | {"answers": int(rows.sum())}
        for name, rows in _groups(languages)
    }


def differences(
    first: Floats, second: Floats, languages: list[str], resamples: int, seed: int
) -> dict[str, Any]:
    """Mean of the second less the first on the same questions: a paired bootstrap, and McNemar's exact test."""
    found = {}
    for name, rows in _groups(languages):
        change = second[rows] - first[rows]
        lost, gained = int((change < 0).sum()), int((change > 0).sum())
        found[name] = _estimate(change, resamples, seed) | {
            "only_first": lost,
            "only_second": gained,
            "mcnemar": mcnemar(lost, gained),
        }
    return found


def mcnemar(lost: int, gained: int) -> float:
    """Two-sided exact p that as many questions or more change one way, if each way is as likely (McNemar 1947).

    >>> mcnemar(0, 5), mcnemar(3, 3)
    (0.0625, 1.0)
    """
    total, fewer = lost + gained, min(lost, gained)
    return float(min(1.0, 2 * sum(comb(total, number) for number in range(fewer + 1)) / 2**total))


def _groups(languages: list[str]) -> list[tuple[str, NDArray[np.bool_]]]:
    column = np.array(languages)
    every = ("all", np.ones(len(column), np.bool_))
    return [every, *((str(name), column == name) for name in sorted(set(languages)))]


def _estimate(values: Floats, resamples: int, seed: int) -> dict[str, float]:
    columns = np.stack([values, np.ones(len(values))], axis=1)
    resampled = ratio(*resampled_sums(columns, resamples, seed).T)
    found = interval(float(values.mean()), resampled, len(values))
    return {"value": found.value, "low": found.low, "high": found.high}
