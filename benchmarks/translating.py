"""Sentences go through a model, or come translated; scores and comparisons come out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.asking import asked_model, write
from benchmarks.errors import BenchmarkError
from benchmarks.model.opening import Opened
from benchmarks.tasks.rows import read_rows
from benchmarks.translate_config import TranslateConfig
from benchmarks.translation import compare_translations, score_translations
from corpus.pipeline.atomic import atomic_path, write_json

FORMAT = 1

LANGUAGES = {"en": "English", "ar": "Arabic"}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A text in both languages."""

    id: str
    en: str
    ar: str


def translate(config: TranslateConfig) -> dict[str, Any]:
    """Translate, score, compare, and return what `translation.json` holds.

    Raises:
        BenchmarkError: The data, given translations, an earlier test or the model cannot be used.
        EndpointError: The endpoint cannot be used.
    """
    output = Path(config.output_dir)
    examples, pairs = split_pairs(config)
    found = {name: read_lines(Path(path), len(pairs)) for name, path in config.hypotheses.items()}
    asked: dict[str, Any] = {}
    missing = [name for name in config.direction_names if name not in found]
    if missing:
        with asked_model(
            config.model, output / "responses", endpoint=config.endpoint, chat=config.chat,
            batch_size=config.batch_size, device=config.device, dtype=config.dtype,
        ) as opened:  # fmt: skip
            for name in missing:
                found[name] = _translated(opened, name, examples, pairs, config.max_tokens)
            asked = {"model": opened.digest, "chat": opened.chats}
            if hasattr(opened.lm, "endpoint"):
                asked["endpoint"] = opened.lm.endpoint.summary()
    results: dict[str, Any] = {
        "format": FORMAT,
        "model": {"name": config.model_name, "digest": asked.pop("model", "")},
        "config": config.decisive(),
        "versions": {name: version(name) for name in ("daad", "sacrebleu", "lm-eval")},
        "directions": {
            name: _direction(config, name, pairs, found[name], output) for name in config.direction_names
        },
        "run": asked,
    }
    write_json(output / "translation.json", results)
    return results


def split_pairs(config: TranslateConfig) -> tuple[list[Pair], list[Pair]]:
    """Examples for the prompt, and the pairs that are scored.

    Raises:
        BenchmarkError: There are too few rows, or one lacks a language.
    """
    pairs = read_pairs(Path(config.data))
    examples = read_pairs(Path(config.examples)) if config.examples else pairs[: config.shots]
    translates = bool(set(config.direction_names) - set(config.hypotheses))
    if translates and not config.examples:
        pairs = pairs[config.shots :]
    if (translates and len(examples) < config.shots) or not pairs:
        raise BenchmarkError(
            f"{config.data}: {config.shots} examples are asked for, which leaves none to score"
        )
    return examples[: config.shots], pairs[: config.limit or None]


def read_pairs(path: Path) -> list[Pair]:
    """Rows with the columns en and ar.

    Raises:
        BenchmarkError: A row lacks one.
    """
    pairs = []
    for row in read_rows(path):
        texts = {name: " ".join(str(row.values.get(name) or "").split()) for name in LANGUAGES}
        if not all(texts.values()):
            raise BenchmarkError(f"{row.label}: columns en and ar must both hold text")
        pairs.append(Pair(id=str(row.values.get("id") or row.label), **texts))
    return pairs


def read_lines(path: Path, count: int) -> list[str]:
    """Given translations, one for each pair that is scored.

    Raises:
        BenchmarkError: There is no such file, or it has another number of lines.
    """
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except UnicodeError as error:
        raise BenchmarkError(f"{path}: is no UTF-8: save it so") from error
    if len(lines) != count:
        raise BenchmarkError(
            f"{path}: {len(lines)} lines for {count} rows: one translation for each is needed"
        )
    return lines


def prompt(text: str, direction: str, examples: Sequence[Pair], *, chat: bool) -> str:
    """The text under solved examples, to be gone on with; as a chat's turn with the task above."""
    source, target = direction.split("-")
    shown = [(getattr(pair, source), getattr(pair, target)) for pair in examples]
    blocks = [f"{LANGUAGES[source]}: {left}\n{LANGUAGES[target]}: {right}" for left, right in shown]
    asked = "\n\n".join([*blocks, f"{LANGUAGES[source]}: {text}\n{LANGUAGES[target]}:"])
    if not chat:
        return asked
    task = f"Translate from {LANGUAGES[source]} into {LANGUAGES[target]}. Answer with the translation alone."
    return f"{task}\n\n{asked}"


def first_line(text: str, target: str) -> str:
    """What a model wrote, cut to its first line, without a label that it repeats."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line.removeprefix(f"{LANGUAGES[target]}:").strip()


def _translated(
    opened: Opened, direction: str, examples: Sequence[Pair], pairs: Sequence[Pair], max_tokens: int
) -> list[str]:
    source, target = direction.split("-")
    prompts = [prompt(getattr(pair, source), direction, examples, chat=opened.chats) for pair in pairs]
    texts = write(opened, prompts, max_tokens=max_tokens, turns=[opened.chats] * len(prompts), until=("\n",))
    return [first_line(text, target) for text in texts]


def _direction(
    config: TranslateConfig, name: str, pairs: Sequence[Pair], translations: Sequence[str], output: Path
) -> dict[str, Any]:
    source, target = name.split("-")
    references = [getattr(pair, target) for pair in pairs]
    rows = [
        {"id": pair.id, "source": getattr(pair, source), "reference": reference, "translation": translation}
        for pair, reference, translation in zip(pairs, references, translations, strict=True)
    ]
    with atomic_path(output / f"{name}.jsonl") as partial:
        partial.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
        )
    scores = score_translations(translations, references, target, config.resamples, pieces=True)
    compared = [
        {"with": before.name, **row}
        for before in config.runs_beside
        for row in compare_translations(
            _earlier(before, name, rows), translations, references, target, config.resamples
        )
    ]
    empty = sum(not text.strip() for text in translations)
    return {
        "rows": len(rows),
        "empty": empty,
        "scores": [asdict(score) for score in scores],
        "compared": compared,
    }


def _earlier(directory: Path, name: str, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The translations of an earlier test of the same rows."""
    path = directory / f"{name}.jsonl"
    try:
        with path.open(
            encoding="utf-8"
        ) as lines:  # a translation may hold what splitlines takes for a line's end
            found = [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise BenchmarkError(
            f"{path}: cannot be read: give the output directory of a finished test"
        ) from error
    if [row["source"] for row in found] != [row["source"] for row in rows]:
        raise BenchmarkError(
            f"{path}: other rows than here: translate both with the same data, shots and limit"
        )
    return [row["translation"] for row in found]
