"""A model reads texts: bits of each, kept as they come, and bits per byte of every group of them."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from tqdm import tqdm

from benchmarks.bits_config import BitsConfig
from benchmarks.errors import BenchmarkError
from benchmarks.held_out_texts import read_texts
from benchmarks.information import Ids, LogProbabilities, information
from benchmarks.model.opening import check_directory, open_model
from corpus.pipeline.atomic import write_json

FORMAT = 1
LONGEST_WINDOW = 2048


def measure(config: BitsConfig) -> dict[str, Any]:
    """Measure all texts, and return what `bits.json` holds.

    Raises:
        BenchmarkError: The model or the texts cannot be used.
    """
    output = Path(config.output_dir)
    check_directory(Path(config.model))
    texts = read_texts(Path(config.text), config.documents, config.characters)
    opened = open_model(
        Path(config.model),
        output / "responses",
        batch_size=1,
        device=config.device,
        dtype=config.dtype,
        share_prefixes=False,
    )
    window = config.window or min(LONGEST_WINDOW, opened.lm.max_length)
    stride = config.stride or window // 2
    if window > opened.lm.max_length:
        raise BenchmarkError(f"window must be at most the model's {opened.lm.max_length}, got {window}")
    if stride >= window:
        raise BenchmarkError(f"stride must be below the window of {window}, got {stride}: give a smaller one")
    way = f"{opened.digest}|{config.dtype}|{window}|{stride}"
    with _Kept(output / "texts.jsonl") as kept:
        bits = [
            kept.get(_key(way, text), lambda text=text: _bits(opened.lm, text, window, stride))
            for text in tqdm(texts["text"], desc="reading", unit="text", disable=None)
        ]
    measured = texts.with_columns(pl.Series("bits", bits, dtype=pl.Float64)).with_columns(
        bytes=pl.col("text").str.len_bytes(), characters=pl.col("text").str.len_chars()
    )
    results = {
        "format": FORMAT,
        "model": {"name": config.model_name, "digest": opened.digest},
        "config": config.decisive(),
        "versions": {name: version(name) for name in ("daad", "torch", "transformers", "tokenizers")},
        "groups": groups(measured, resamples=config.resamples, seed=config.seed),
        "signature": signature(measured, window, stride, config.dtype),
    }
    write_json(output / "bits.json", results)
    return results


def groups(measured: pl.DataFrame, *, resamples: int, seed: int) -> list[dict[str, Any]]:
    """Bits per byte of all texts, of each language, and within a language of each dialect and domain.

    `measured` has the columns language, dialect, domain, bits, bytes and characters. A group without a name is left
    out, as is one that is the whole of its language.
    """
    found = [_figures(measured, {"group": "all", "language": ""}, resamples, seed)]
    for (language,), part in measured.group_by("language", maintain_order=True):
        found.append(_figures(part, {"group": "language", "language": language}, resamples, seed))
        for column in ("dialect", "domain"):
            for (name,), smaller in part.group_by(column, maintain_order=True):
                if name and len(smaller) < len(part):
                    told = {"group": column, "language": language, "name": name}
                    found.append(_figures(smaller, told, resamples, seed))
    return found


def signature(measured: pl.DataFrame, window: int, stride: int, dtype: str) -> str:
    """What is needed to get the figures again."""
    state = hashlib.sha256()
    for text in measured["text"]:
        state.update(text.encode() + b"\0")
    parts = {"texts": len(measured), "data": state.hexdigest()[:12], "window": window, "stride": stride}
    parts |= {"dtype": dtype, "daad": version("daad")}
    return "|".join(f"{name}:{value}" for name, value in parts.items())


def as_text(results: Mapping[str, Any]) -> str:
    """The figures as aligned lines."""
    lines = [f"{'text':32} {'texts':>6} {'bytes':>11}  bits per byte (95 %)     per character"]
    for row in results["groups"]:
        name = " ".join(part for part in (row["language"], row.get("name", "")) if part) or row["group"]
        interval = f"{row['bits_per_byte']:.4f} ({row['low']:.4f} to {row['high']:.4f})"
        lines.append(
            f"{name:32} {row['texts']:>6,} {row['bytes']:>11,}  {interval:26} {row['bits_per_character']:.4f}"
        )
    return "\n".join([*lines, results["signature"]])


def _figures(part: pl.DataFrame, told: dict[str, str], resamples: int, seed: int) -> dict[str, Any]:
    bits, sizes = (part[name].to_numpy().astype(np.float64) for name in ("bits", "bytes"))
    low, high = np.percentile(_draws(bits, sizes, resamples, seed), (2.5, 97.5))
    return {
        **told,
        "texts": len(part),
        "bytes": int(sizes.sum()),
        "bits_per_byte": float(bits.sum() / sizes.sum()),
        "low": float(low),
        "high": float(high),
        "bits_per_character": float(bits.sum() / part["characters"].sum()),
    }


def _draws(
    bits: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64], resamples: int, seed: int
) -> npt.NDArray[np.float64]:
    """Bits per byte of bootstrap samples of texts."""
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(0, len(bits), len(bits)) for _ in range(resamples))
    return np.array([bits[each].sum() / sizes[each].sum() for each in drawn])


def _bits(lm: Any, text: str, window: int, stride: int) -> float:
    """Bits of one text, after the piece that begins texts for this model."""
    ids = lm.tokenizer(text, add_special_tokens=False).input_ids
    return information([lm.prefix_token_id, *ids], _log_probabilities(lm), window, stride)


def _log_probabilities(lm: Any) -> LogProbabilities:
    import torch

    def of(ids: Ids) -> npt.NDArray[np.floating]:
        tokens = torch.from_numpy(ids).to(lm.device)
        with torch.inference_mode():
            logits = lm.model(tokens[None]).logits[0, :-1].float()
            found = torch.log_softmax(logits, dim=-1).gather(1, tokens[1:, None])[:, 0]
        return np.asarray(found.double().cpu().numpy())

    return of


def _key(way: str, text: str) -> str:
    return hashlib.sha256(f"{way}\0{text}".encode()).hexdigest()


class _Kept:
    """Bits by key in a file that grows line by line: a stopped measurement goes on where it was."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._known = dict(_whole_lines(path)) if path.exists() else {}
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def get(self, key: str, compute: Any) -> float:
        if key not in self._known:
            self._known[key] = float(compute())
            self._file.write(
                f"\n{json.dumps([key, self._known[key]])}"
            )  # a torn line ends where the next begins
            self._file.flush()
        return self._known[key]


def _whole_lines(path: Path) -> Iterator[tuple[str, float]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found: Sequence[Any] = json.loads(line)
            yield str(found[0]), float(found[1])
        except (ValueError, IndexError, TypeError):
            continue
