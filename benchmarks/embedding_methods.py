"""Which way to make new embedding rows serves best: bits per byte on a small model that was really trained.

For each seed, a small Llama learns from the corpus as the base tokenizer cuts it: English, and a little Arabic, which
such a base knows by letters and bytes, as Llama-2 did. Then it gets the rows of an expanded tokenizer by each method,
through `tokenization.embeddings` as a user would. Held-out documents of each language are scored right after, and
again after a short training of the whole model on both languages:

    python -m tokenization.expand --corpus CORPUS --pieces 6000 --output_dir EXPANDED
    python benchmarks/embedding_methods.py --corpus CORPUS --tokenizer EXPANDED --output embedding_methods.json

Held-out documents are those of `tokenization/held_out.py`: no tokenizer, auxiliary vector or model learned from them.
Scores compare within a language, never Arabic against English. A table goes beside the JSON, as .md.
"""
# ruff: noqa: T201

import argparse
import math
import multiprocessing
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from scipy import stats
from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from benchmarks.information import bits_per_byte, information
from corpus.pipeline.atomic import read_json, sha256_of, write_json
from corpus.pipeline.layout import digest
from tokenization.embeddings import Embeddings, Similarity
from tokenization.embeddings.apply import apply
from tokenization.held_out import is_held_out

METHODS: dict[str, dict[str, Any]] = {
    "random": {"method": "random"},
    "similarity": {"method": "similarity"},
    "length_weighted": {"method": "length_weighted"},
    "mean": {"method": "mean"},
    "mean, norms parts": {"method": "mean", "norms": "parts"},
    "mean, norms base": {"method": "mean", "norms": "base"},
}
DECISIVE = (
    "layers", "hidden", "tied", "length", "batch", "steps", "short_steps", "arabic", "short_arabic", "rate",
    "short_rate", "megabytes", "window", "stride", "eval_bytes", "base_size", "new_pieces",
)  # fmt: skip
UNEXPANDED = "base, not expanded"
LANGUAGES = ("ar", "en")
Cutter = Callable[[Sequence[str]], list[list[int]]]
BEGIN, END = 1, 2  # of text, in Llama-2's and Mistral's vocabulary


def split(corpus: Path, num_bytes: int) -> tuple[pl.DataFrame, dict[str, list[str]]]:
    """Documents to learn from, and the first held-out text of each language, up to so many bytes."""
    shards = pl.read_parquet(sorted((corpus / "shards").glob("*.parquet")))
    held = is_held_out(shards)
    texts = {}
    for language in LANGUAGES:
        rows = shards.filter(held & (shards["language"] == language)).sort("id")
        rows = rows.with_columns(pl.col("text").str.slice(0, 1000))
        texts[language] = rows.filter(pl.col("text").str.len_bytes().cum_sum() <= num_bytes)["text"].to_list()
    return shards.filter(~held), texts


def load_cutter(path: Path) -> Cutter:
    """What cuts texts into ids, from a SentencePiece model or a `tokenizer.json`."""
    if path.suffix == ".json":
        tokenizer = Tokenizer.from_file(str(path))
        return lambda texts: [
            encoded.ids for encoded in tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ]
    processor = SentencePieceProcessor(model_file=str(path))
    return lambda texts: processor.encode(list(texts), num_threads=1)


def stream(
    cut: Cutter, shards: pl.DataFrame, arabic: float, seed: int, length: int, batch: int
) -> Iterator[torch.Tensor]:
    """Batches of windows, a share of which is Arabic; documents in an order of their own for each seed."""
    draw = np.random.default_rng(seed)
    sources = [_windows(cut, shards.filter(pl.col("language") == name), draw, length) for name in LANGUAGES]
    debt = 0.0
    while True:
        rows = []
        for _ in range(batch):
            debt += arabic
            rows.append(next(sources[0] if debt >= 1 else sources[1]))
            debt -= debt >= 1
        yield torch.from_numpy(np.stack(rows))


def _windows(cut: Cutter, documents: pl.DataFrame, draw: np.random.Generator, length: int) -> Iterator[Any]:
    texts = documents["text"]
    held = np.empty(0, np.int64)
    while True:
        order = draw.permutation(len(texts))
        for start in range(0, len(texts), 64):
            batch = [texts[int(number)] for number in order[start : start + 64]]
            held = np.concatenate([held, *([BEGIN, *ids, END] for ids in cut(batch))])
            while len(held) >= length:
                yield held[:length]
                held = held[length:]


def train(model: Any, batches: Iterator[torch.Tensor], steps: int, rate: float) -> float:
    """AdamW with a short warm-up and a cosine to a tenth; the mean loss of the last ten steps."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), rate, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    losses = []
    for step in range(steps):
        warm = min(1.0, (step + 1) / max(1, steps // 10))
        for group in optimizer.param_groups:
            group["lr"] = rate * warm * (0.55 + 0.45 * math.cos(math.pi * step / steps))
        ids = next(batches)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(input_ids=ids).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return float(np.mean(losses[-10:]))


@torch.no_grad()
def score(model: Any, cut: Cutter, texts: Sequence[str], window: int, stride: int) -> float:
    """Bits per byte of the texts."""
    model.eval()

    def log_probabilities(ids: Any) -> Any:
        row = torch.from_numpy(ids)
        logits = model(input_ids=row[None]).logits[0, :-1].float()
        found = logits.gather(1, row[1:, None])[:, 0] - logits.logsumexp(1)
        return found.numpy()

    bits = [information([BEGIN, *ids], log_probabilities, window, stride) for ids in cut(texts)]
    return bits_per_byte(bits, texts)


def base_model(given: argparse.Namespace, cut: Cutter, shards: pl.DataFrame, seed: int, path: Path) -> Any:
    """A Llama that has learned from the corpus as the base tokenizer cuts it, kept as a checkpoint."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=given.base_size,
        hidden_size=given.hidden,
        intermediate_size=given.hidden * 8 // 3,
        num_hidden_layers=given.layers,
        num_attention_heads=4,
        max_position_embeddings=given.length,
        bos_token_id=BEGIN,
        eos_token_id=END,
        tie_word_embeddings=given.tied,
    )
    model = LlamaForCausalLM(config)
    batches = stream(cut, shards, given.arabic, seed, given.length, given.batch)
    loss = train(model, batches, given.steps, given.rate)
    model.save_pretrained(path)
    print(f"seed {seed}: base trained to a loss of {loss:.3f} a piece", flush=True)
    return model


def measure_seed(given: argparse.Namespace, seed: int) -> list[dict[str, Any]]:
    """Scores of a seed, kept below `work` so that a stopped run, or one with more seeds, goes on with the next."""
    torch.set_num_threads(given.threads)
    path = given.work / f"rows-{given.key}-{seed}.json"
    if not path.exists():
        shards, texts = split(given.corpus, given.eval_bytes)
        write_json(path, list(_measure_seed(given, seed, shards, texts)))
    rows: list[dict[str, Any]] = read_json(path)
    return rows


def _measure_seed(
    given: argparse.Namespace, seed: int, shards: pl.DataFrame, texts: dict[str, list[str]]
) -> Iterator[dict[str, Any]]:
    """Scores of the base and of each method, before and after the short training."""
    of_base, expanded = load_cutter(given.base_tokenizer), load_cutter(given.tokenizer / "tokenizer.json")
    base = given.work / f"base-{seed}"
    model = base_model(given, of_base, shards, seed, base)
    yield from before_and_after(given, seed, UNEXPANDED, model, of_base, shards, texts)
    for name, how in METHODS.items():
        output = given.work / f"expanded-{seed}"
        shutil.rmtree(output, ignore_errors=True)
        settings = Embeddings(
            checkpoint=str(base), tokenizer=str(given.tokenizer), output_dir=str(output), seed=seed,
            corpus=str(given.corpus), similarity=Similarity(megabytes=given.megabytes), **how,
        )  # fmt: skip
        apply(settings)
        model = AutoModelForCausalLM.from_pretrained(output)
        yield from before_and_after(given, seed, name, model, expanded, shards, texts)


def before_and_after(
    given: argparse.Namespace, seed: int, name: str, model: Any, cut: Cutter, shards: pl.DataFrame, texts: Any
) -> Iterator[dict[str, Any]]:
    """Scores of a model before and after the short training, which reads the same number of pieces of each."""
    for when in ("before", "after"):
        if when == "after":
            batches = stream(cut, shards, given.short_arabic, 1000 + seed, given.length, given.batch)
            train(model, batches, given.short_steps, given.short_rate)
        scores = {
            language: score(model, cut, texts[language], given.window, given.stride) for language in LANGUAGES
        }
        told = "  ".join(f"{language} {value:.4f}" for language, value in scores.items())
        print(f"seed {seed}  {name:<20} {when:<7} {told}", flush=True)
        yield {"seed": seed, "method": name, "when": when} | scores


def interval(values: Sequence[float]) -> dict[str, float]:
    """Mean, and the half width of its 95 % interval by Student's t over seeds."""
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    return {"mean": round(float(np.mean(values)), 4), "half_width": round(float(half), 4)}


def summarize(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean and interval over seeds of each score, and of its difference from `mean` with the same seed."""
    frame = pl.DataFrame(rows)
    table = []
    for method, when in frame.select("method", "when").unique(maintain_order=True).iter_rows():
        own, reference = (
            frame.filter(pl.col("method") == name, pl.col("when") == when).sort("seed")
            for name in (method, "mean")
        )
        entry: dict[str, Any] = {"method": method, "when": when}
        for language in LANGUAGES:
            entry[language] = interval(own[language].to_list())
            if method not in ("mean", UNEXPANDED):
                entry[f"{language}_minus_mean"] = interval((own[language] - reference[language]).to_list())
        table.append(entry)
    return table


def page(result: dict[str, Any]) -> str:
    """The table as Markdown, with what is needed to get it again."""
    settings, data = result["settings"], result["data"]
    lines = [
        "# Ways to make embedding rows, compared",
        "",
        "Made by `benchmarks/embedding_methods.py`. Bits per byte of held-out text, lower is better; compare down a",
        "column, never Arabic with English. In brackets the difference from `mean` with the same seed; ± is a 95 %",
        "interval over seeds.",
        "",
        "| rows by | Arabic, at once | English, at once | Arabic, after training | English, after training |",
        "| --- | --: | --: | --: | --: |",
    ]
    for method in dict.fromkeys(entry["method"] for entry in result["table"]):
        entries = {entry["when"]: entry for entry in result["table"] if entry["method"] == method}
        cells = [_cell(entries[when], language) for when in ("before", "after") for language in LANGUAGES]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    scored = ", ".join(
        f"{data['bytes'][name]:,} bytes in {data['documents'][name]} {name} documents" for name in LANGUAGES
    )
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    account = (
        f"A Llama of {settings['layers']} layers x {settings['hidden']}, {data['parameters']:,} parameters, "
        f"{'tied' if settings['tied'] else 'untied'}, trained on {data['pieces_learned']:,} pieces, of which "
        f"{settings['arabic']:.0%} Arabic text; short training on {data['pieces_short']:,} pieces, of which "
        f"{settings['short_arabic']:.0%}. {data['new_pieces']:,} new pieces. Scored: {scored}, window "
        f"{settings['window']}, stride {settings['stride']}. {settings['seeds']} seeds, each with a base model, an "
        f"order of documents and draws of its own; {result['cores']} CPU cores, {settings['threads']} thread a seed. "
        f"Versions: {versions}."
    )
    return "\n".join([*lines, "", account]) + "\n"


def _cell(entry: dict[str, Any], language: str) -> str:
    cell = f"{entry[language]['mean']:.3f} ± {entry[language]['half_width']:.3f}"
    difference = entry.get(f"{language}_minus_mean")
    return cell + (f" ({difference['mean']:+.3f} ± {difference['half_width']:.3f})" if difference else "")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True, help="what tokenization.expand made")
    parser.add_argument(
        "--base_tokenizer", type=Path, help="its base, .model or .json; mistral-v1 if not given"
    )
    parser.add_argument("--work", type=Path, default=Path("out/embedding_methods"), help="for checkpoints")
    parser.add_argument("--output", type=Path, required=True)
    for name, count in (
        ("seeds", 3), ("layers", 4), ("hidden", 128), ("length", 256), ("batch", 4), ("steps", 250),
        ("short_steps", 20), ("window", 256), ("stride", 192), ("eval_bytes", 20_000), ("threads", 1),
        ("processes", 1),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=count)
    for name, amount in (
        ("arabic", 0.1), ("short_arabic", 0.45), ("rate", 3e-3), ("short_rate", 1e-3), ("megabytes", 8.0),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=float, default=amount)
    parser.add_argument("--tied", action="store_true")
    given = parser.parse_args()
    if given.seeds < 2:
        parser.error(f"--seeds must be at least 2, since intervals are over seeds, got {given.seeds}")
    if given.base_tokenizer is None:
        given.base_tokenizer = Path(str(files("mistral_common") / "data" / "tokenizer.model.v1"))
    pieces = pl.read_parquet(given.tokenizer / "pieces.parquet")
    given.base_size = int(pieces["id"].min())
    given.new_pieces = pieces.filter(pl.col("role") != "reserve").height
    given.digests = {
        name: sha256_of(path)
        for name, path in (("base", given.base_tokenizer), ("expanded", given.tokenizer / "tokenizer.json"))
    }
    given.key = digest([given.digests, METHODS, {name: vars(given)[name] for name in DECISIVE}])
    return given


def main() -> None:
    """Measure all seeds and methods, and write JSON and a table."""
    given = parse()
    _, texts = split(given.corpus, given.eval_bytes)
    seeds = range(1, given.seeds + 1)
    with ProcessPoolExecutor(given.processes, multiprocessing.get_context("spawn")) as pool:
        rows = [row for rows in pool.map(measure_seed, [given] * given.seeds, seeds) for row in rows]
    batch = given.length * given.batch
    result = {
        "command": "python benchmarks/embedding_methods.py",
        "settings": {name: vars(given)[name] for name in (*DECISIVE, "seeds", "threads")},
        "data": {
            "tokenizer_sha256": given.digests,
            "new_pieces": given.new_pieces,
            "held_out": "tokenization/held_out.py, first 1,000 characters of each document",
            "bytes": {name: sum(len(text.encode()) for text in texts[name]) for name in LANGUAGES},
            "documents": {name: len(texts[name]) for name in LANGUAGES},
            "pieces_learned": given.steps * batch,
            "pieces_short": given.short_steps * batch,
            "parameters": sum(
                parameter.numel()
                for parameter in LlamaForCausalLM.from_pretrained(given.work / "base-1").parameters()
            ),
        },
        "versions": {
            name: version(name) for name in ("torch", "transformers", "tokenizers", "numpy", "scipy")
        }
        | {"python": platform.python_version()},
        "cores": os.cpu_count(),
        "table": summarize(rows),
        "rows": rows,
    }
    write_json(given.output, result)
    given.output.with_suffix(".md").write_text(page(result), encoding="utf-8")
    print(page(result))


if __name__ == "__main__":
    main()
