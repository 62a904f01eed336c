"""All that one model is asked, kept in one file beside it: for each measure, counts of each item that add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from corpus.pipeline.atomic import read_json, sha256_of, write_json
from experiments.bridge.facts import LANGUAGES, make_facts
from experiments.bridge.settings import Measures
from experiments.bridge.texts import EXAMPLES, HELD_OUT

if TYPE_CHECKING:
    from experiments.bridge.reading import Reader

FORMAT = 3
"""Raised whenever the same model would be asked other things."""

Rows = list[list[float]]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A model, and what it is asked.

    Attributes:
        model: Its Hugging Face directory.
        tokenizer: Directory of its tokenizer.
        texts: Directory of the experiment's texts.
        companies: Made-up companies of each kind.
        seed: Seed of the facts, and of what is drawn here.
        end_piece: The piece that follows each document; empty for the tokenizer's end-of-text.
        longest_context: Most tokens that it reads.
        measures: What is asked.
        output: File of the answers.
    """

    model: Path
    tokenizer: Path
    texts: Path
    companies: int
    seed: int
    end_piece: str
    longest_context: int
    measures: Measures
    output: Path


def measure_model(asked: Asked) -> None:
    """Ask, unless this model was asked just that before.

    The file holds `measures` (each a list of items, each a list of counts whose sums decide: credit and 1, bits and
    bytes, or sacrebleu's counts), `layers` that retrieval chose, and `translations` with their sources.
    """
    from experiments.bridge.reading import Reader, threads_of_worker

    if is_measured(asked):
        return
    settings = asked.measures
    with threads_of_worker():
        reader = Reader(
            asked.model,
            asked.tokenizer,
            asked.end_piece,
            longest=asked.longest_context,
            device=settings.device,
            batch=settings.batch,
        )
        found: dict[str, Any] = {"made_from": _made_from(asked), "measures": {}, "layers": {}}
        for name, pairs in held_out_sets(asked).items():
            _retrieve(reader, name, pairs, asked, found)
            examples = _examples(asked) if name == "pairs" else []
            _read(reader, name, pairs, examples, asked, found)
        found["translations"] = _translate(reader, asked, found["measures"])
        _recall(reader, asked, found["measures"])
    write_json(asked.output, found)


def is_measured(asked: Asked) -> bool:
    """Whether the file of answers is there, of this model and of just these questions."""
    return asked.output.is_file() and read_json(asked.output)["made_from"] == _made_from(asked)


def _made_from(asked: Asked) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "model": sha256_of(asked.model / "model.safetensors"),
        "texts": sha256_of(asked.texts / "manifest.json"),
        "news": sha256_of(Path(asked.measures.news)) if asked.measures.news else "",
        "companies": asked.companies,
        "seed": asked.seed,
        "measures": asked.measures.decisive(),
    }


def held_out_sets(asked: Asked) -> dict[str, list[tuple[str, str]]]:
    """Held-out pairs, English first, by the kind of text: those of the corpus, and the news that a user gives."""
    frame = pl.read_parquet(asked.texts / HELD_OUT)
    found = {
        "pairs": list(frame.select(*LANGUAGES).sample(fraction=1, shuffle=True, seed=asked.seed).iter_rows())
    }
    if asked.measures.news:
        from benchmarks.translating import read_pairs

        news = pl.DataFrame(
            [(pair.en, pair.ar) for pair in read_pairs(Path(asked.measures.news))], orient="row"
        )
        for column in news.columns:
            news = news.unique(column, keep="first", maintain_order=True)
        found["news"] = list(news.sample(fraction=1, shuffle=True, seed=asked.seed).iter_rows())
    return found


def halves(pairs: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """The half on which a layer is chosen, and the half on which it is measured."""
    return pairs[: len(pairs) // 2], pairs[len(pairs) // 2 :]


def _retrieve(
    reader: "Reader", name: str, pairs: Sequence[tuple[str, str]], asked: Asked, found: dict[str, Any]
) -> None:
    from experiments.bridge.retrieval import best_layer, both_ways

    states = [reader.states([pair[side] for pair in pairs]) for side in range(2)]
    neighbors, middle = asked.measures.neighbors, len(pairs) // 2
    layer = best_layer(states[0][:, :middle], states[1][:, :middle], neighbors)
    ways = both_ways(states[0][layer, middle:], states[1][layer, middle:], neighbors)
    found["layers"][name] = layer
    for direction, hits in zip(("en-ar", "ar-en"), ways, strict=True):
        found["measures"][f"retrieval {name} {direction}"] = [[float(hit), 1.0] for hit in hits]


def _read(
    reader: "Reader",
    name: str,
    pairs: Sequence[tuple[str, str]],
    examples: Sequence[tuple[str, str]],
    asked: Asked,
    found: dict[str, Any],
) -> None:
    from experiments.bridge.translation import DIRECTIONS, read_from_source

    some = pairs[: asked.measures.readings]
    for direction in DIRECTIONS:
        rows = read_from_source(
            reader, _turned(some, direction), direction, _turned(examples, direction), asked.seed
        )
        found["measures"][f"reading {name} {direction}"] = rows.tolist()


def _translate(reader: "Reader", asked: Asked, measures: dict[str, Rows]) -> dict[str, list[dict[str, str]]]:
    from experiments.bridge.translation import DIRECTIONS, chrf_statistics, opening

    longest = asked.measures.longest
    pairs = [pair for pair in held_out_sets(asked)["pairs"] if max(map(len, pair)) <= longest]
    pairs = pairs[: asked.measures.translations]
    said: dict[str, list[dict[str, str]]] = {}
    for direction in DIRECTIONS:
        turned, examples = _turned(pairs, direction), _turned(_examples(asked), direction)
        translations = reader.continued(
            [opening(source, direction, examples) for source, _ in turned], asked.measures.new_tokens
        )
        measures[f"translation pairs {direction}"] = chrf_statistics(
            translations, [target for _, target in turned]
        ).tolist()
        said[direction] = [
            {"source": source, "reference": target, "translation": translation}
            for (source, target), translation in zip(turned, translations, strict=True)
        ]
    return said


def _recall(reader: "Reader", asked: Asked, measures: dict[str, Rows]) -> None:
    from experiments.bridge.recall import ask

    for (told, language), earned in ask(reader, make_facts(asked.companies, asked.seed)).items():
        measures[f"facts {told} {language}"] = [[float(credit), 1.0] for credit in earned]


def _examples(asked: Asked) -> list[tuple[str, str]]:
    frame = pl.read_parquet(asked.texts / EXAMPLES).select(*LANGUAGES)
    return list(frame.head(asked.measures.shots).iter_rows())


def _turned(pairs: Sequence[tuple[str, str]], direction: str) -> list[tuple[str, str]]:
    """Source before target."""
    return [(english, arabic) if direction == "en-ar" else (arabic, english) for english, arabic in pairs]
