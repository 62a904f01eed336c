"""A small finished corpus of made-up text."""

import json
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpus.pipeline.atomic import sha256_of, write_json
from corpus.schema import SHARD_COLUMNS

ARABIC = (
    "في من على هذا المدينة الجامعة الطبيب كتاب البحر القطار جديدة كبيرة أعلنت وصلت العلماء تقرير يوم".split()
)
ENGLISH = (
    "the of and to city school doctor market ocean train large modern opened reached plan results day".split()
)

PLANTED = "the same text stands in two sources under two names"


def make_corpus(directory: Path, documents: int = 400, seed: int = 3) -> Path:
    """A directory as `corpus.build` leaves it: an encyclopedia in both languages, news, and parallel text.

    wiki and news hold a planted copy of one text under many ids, so some copies are trained on and some are not.
    """
    drawn = random.Random(seed)
    rows: dict[str, list[dict[str, object]]] = {"news": [], "pairs": [], "wiki": []}
    for number in range(documents):
        language = drawn.choice(["ar", "en"])
        rows["wiki"].append(_row("wiki", number, language, "encyclopedia", drawn))
        rows["news"].append(_row("news", number, "en", drawn.choice(["news", "sports"]), drawn))
        for side in ("ar", "en"):
            pair = f"pairs-{number:04d}"
            rows["pairs"].append(
                _row("pairs", number, side, "news", drawn) | {"id": f"{pair}-{side}", "pair": pair}
            )
    for number in range(0, documents, 10):
        for source in ("wiki", "news"):
            if rows[source][number]["language"] == "en":
                rows[source][number]["text"] = PLANTED
    shards = []
    for source, held in rows.items():
        frame = pl.DataFrame(
            [row | {"words": len(str(row["text"]).split())} for row in held], infer_schema_length=None
        )
        others = [
            pl.lit(None, kind).alias(name)
            for name, kind in SHARD_COLUMNS.items()
            if name not in frame.columns
        ]
        path = directory / "shards" / f"{source}-00000.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = frame.with_columns(others).select(
            pl.col(name).cast(kind) for name, kind in SHARD_COLUMNS.items()
        )
        frame.write_parquet(path, row_group_size=97)
        shards.append(
            {
                "path": f"shards/{path.name}",
                "source": source,
                "documents": frame.height,
                "words": int(frame["words"].sum()),
            }
        )
    write_json(directory / "manifest.json", {"shards": shards})
    return directory


def _row(source: str, number: int, language: str, domain: str, drawn: random.Random) -> dict[str, object]:
    words = ARABIC if language == "ar" else ENGLISH
    text = " ".join(drawn.choices(words, k=drawn.randint(5, 60)))
    kind = "parallel" if source == "pairs" else "natural"
    return {
        "id": f"{source}-{number:04d}",
        "text": text,
        "language": language,
        "source": source,
        "domain": domain,
        "kind": kind,
        "pair": None,
    }


def sentencepiece_model() -> Path:
    """Mistral's first tokenizer, as mistral-common ships it: 32,000 BPE pieces, made like Llama-2's."""
    import mistral_common

    return Path(mistral_common.__file__).parent / "data" / "tokenizer.model.v1"


@pytest.fixture(scope="session")
def corpus_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model under a name that says what it is."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    path.write_bytes(sentencepiece_model().read_bytes())
    return path


@pytest.fixture(scope="session")
def fast_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level Hugging Face tokenizer, learned here."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[AddedToken("<|end|>", special=True), AddedToken("<|start|>", special=True)],
    )
    tokenizer.train_from_iterator([" ".join(ARABIC + ENGLISH)] * 5, trainer)
    directory = tmp_path_factory.mktemp("fast")
    tokenizer.save(str(directory / "tokenizer.json"))
    names = {"eos_token": "<|end|>", "bos_token": {"content": "<|start|>"}}
    (directory / "tokenizer_config.json").write_text(json.dumps(names))
    return directory


@pytest.fixture(scope="session")
def recipe(corpus_dir: Path, fast_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Settings of a run of 12 steps of a model of some 40,000 parameters, but for its output directory."""
    from corpus.mixture.plan import plan
    from corpus.mixture.settings import Mixture
    from nemo_recipes.data.settings import Tokens
    from nemo_recipes.data.token_files import encode

    directory = tmp_path_factory.mktemp("recipe")
    tokenizer = directory / "tokenizer"
    shutil.copytree(fast_dir, tokenizer)
    names = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>", "bos_token": "<|start|>"}
    (tokenizer / "tokenizer_config.json").write_text(json.dumps(names))
    encode(
        Tokens(
            corpus=str(corpus_dir),
            tokenizer=str(tokenizer),
            output_dir=str(directory / "tokens"),
            validation_share=0.1,
            workers=1,
        )
    )
    write_json(directory / "plan.json", plan(Mixture(corpus=str(corpus_dir), total_tokens=10_000)))
    return {
        "data": {
            "tokens": str(directory / "tokens"),
            "tokenizer": str(tokenizer),
            "plan": str(directory / "plan.json"),
            "sequence_length": 32,
            "validation_megabytes": 0.002,
        },
        "model": {
            "note": "A <toy> & no more.",
            "new_rows_from": 0,
            "shape": {
                "vocab_size": 400,
                "hidden_size": 32,
                "intermediate_size": 64,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "num_key_value_heads": 2,
            },
        },
        "training": {
            "token_budget": 12 * 4 * 32,
            "micro_batch": 1,
            "global_batch": 4,
            "learning_rate": 0.01,
            "schedule": "cosine",
            "warmup_steps": 2,
            "precision": "fp32",
        },
        "hardware": {"device": "cpu", "peak_teraflops": 0, "assumed_watts": 10},
        "checkpoint": {"every_steps": 4, "keep": 3},
        "watch": {"log_every": 1, "validate_every": 6},
    }


@pytest.fixture(autouse=True)
def no_process_group() -> Iterator[None]:
    """Runs inside this process leave their group to its end; no test starts with another's."""
    yield
    distributed = sys.modules.get("torch.distributed")
    if distributed and distributed.is_initialized():
        distributed.destroy_process_group()


@pytest.fixture(scope="session")
def pretrain(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any], Path], dict[str, Any]]:
    """Runs settings in this process, on one thread, and returns the manifest."""
    import torch
    import yaml

    from corpus.command_line import parse
    from nemo_recipes.engine.run import run
    from nemo_recipes.planning.plan import check, make_plan
    from nemo_recipes.pretrain_config import PretrainConfig

    def started(settings: dict[str, Any], output: Path) -> dict[str, Any]:
        file = tmp_path_factory.mktemp("config") / "run.yaml"
        file.write_text(yaml.safe_dump(settings | {"output_dir": str(output)}))
        config = parse(PretrainConfig, "test", ["--config", str(file)])
        plan = make_plan(config)
        check(plan)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return run(config, plan)
        finally:
            torch.set_num_threads(threads)

    return started


_BASE_SIZE = 278
"""Ids of an experiment's base: specials, bytes and 20 merges; the other merges are what the expansion adds."""


@pytest.fixture(scope="session")
def base_size() -> int:
    return _BASE_SIZE


@pytest.fixture(scope="session")
def tokenizers(fast_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A base of few merges, and an expansion of it that has all of them, as `tokenization.expand` leaves one."""
    from tokenizers import Tokenizer

    directory = tmp_path_factory.mktemp("tokenizers")
    expanded, base = directory / "expanded", directory / "base"
    names = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>", "bos_token": "<|start|>"}
    shutil.copytree(fast_dir, expanded)
    (expanded / "tokenizer_config.json").write_text(json.dumps(names))
    shutil.copytree(expanded, base)
    content = json.loads((base / "tokenizer.json").read_text())
    vocabulary, merges = content["model"]["vocab"], content["model"]["merges"]
    content["model"]["merges"] = merges[: _BASE_SIZE - 258]
    content["model"]["vocab"] = {piece: number for piece, number in vocabulary.items() if number < _BASE_SIZE}
    (base / "tokenizer.json").write_text(json.dumps(content))
    cutter = Tokenizer.from_file(str(base / "tokenizer.json"))
    decoder = Tokenizer.from_file(str(expanded / "tokenizer.json"))
    new = sorted((number, piece) for piece, number in vocabulary.items() if number >= _BASE_SIZE)
    letters = json.loads((base / "tokenizer.json").read_text())["model"]["vocab"]
    cut = [[letters[letter] for letter in piece] for _, piece in new]  # as bytes, which is one way to cut it
    parts = [[vocabulary[part] for part in merge] for merge in merges[_BASE_SIZE - 258 :]]
    pl.DataFrame(
        {
            "id": pl.Series([number for number, _ in new], dtype=pl.Int32),
            "piece": [piece for _, piece in new],
            "text": [decoder.decode([number]) for number, _ in new],
            "base_ids": pl.Series(cut, dtype=pl.List(pl.Int32)),
            "parts": pl.Series(parts, dtype=pl.List(pl.Int32)),
            "role": ["learned"] * len(new),
            "count": pl.Series([9] * len(new), dtype=pl.Int64),
        }
    ).write_parquet(expanded / "pieces.parquet")
    assert cutter.get_vocab_size() == _BASE_SIZE
    files = {path.name: sha256_of(path) for path in expanded.iterdir()}
    write_json(expanded / "manifest.json", {"files": files})
    return base, expanded
