"""Answers drawn from a model, the same ones for the same settings, however often it was stopped.

Prompts are answered part by part; each part has a file of its own and draws from a generator seeded with its number.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from alignment.chat_template import encode_prompt, end_of_turn
from alignment.errors import AlignmentError
from alignment.mine_config import Sampling
from corpus.errors import cause_of
from corpus.pipeline.atomic import write_json, write_parquet

PART = 64
"""Prompts of a part, what a stopped run loses at most."""


def open_model(path: str, device: str) -> Any:
    """A causal LM in evaluation mode; float32 on a CPU, as stored on a GPU.

    Raises:
        AlignmentError: No model is there, or no GPU where one is asked for.
    """
    from transformers import AutoModelForCausalLM

    where = device_of(device)
    if not list(Path(path).glob("*.safetensors")):
        raise AlignmentError(f"{path}: no .safetensors file there: give a Hugging Face model directory")
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            path,
            dtype="auto" if where == "cuda" else torch.float32,
            local_files_only=True,
            use_safetensors=True,
        )
    except Exception as error:  # the library raises anything for odd files
        cause = cause_of(error)
        raise AlignmentError(f"{path}: transformers cannot load it ({cause})") from error
    return model.to(where).eval()


def device_of(device: str) -> str:
    """`cuda` or `cpu` for auto, cpu or cuda.

    Raises:
        AlignmentError: A GPU is asked for and none is there.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise AlignmentError("device is cuda, but torch sees no GPU: see docs/cuda.md, or set cpu or auto")
    return "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"


def sample_answers(
    model_path: str,
    tokenizer: Any,
    prompts: pl.DataFrame,
    settings: Sampling,
    directory: Path,
    key: dict[str, Any],
    device: str = "auto",
) -> pl.DataFrame:
    """Answers to prompts: `prompt` (row number), `sample` (from 0), `answer`, `tokens`, `ended` (by itself).

    `directory` keeps finished parts under a digest of `key`, the prompts, the settings and the device. A prompt that
    leaves no room in the model's context has no answers. The model is opened only where a part is missing.

    Raises:
        AlignmentError: See `open_model`.
    """
    encoded = [encode_prompt(tokenizer, messages) for messages in prompts["messages"]]
    # A GPU computes in the dtype of the files, a CPU in float32, and each draws from a generator of its own.
    told = key | {"sampling": vars(settings), "prompts": _digest(encoded), "device": device_of(device)}
    place = directory / hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    write_json(place / "key.json", told)
    parts = [place / f"part-{number:05d}.parquet" for number in range(-(-len(encoded) // PART))]
    missing = [number for number, path in enumerate(parts) if not _whole(path)]
    model = open_model(model_path, device) if missing else None
    with tqdm(total=len(encoded), desc="answers", unit="prompt", disable=None) as bar:
        for number, path in enumerate(parts):
            rows = range(number * PART, min((number + 1) * PART, len(encoded)))
            if number in missing:
                write_parquet(
                    path, _part(model, tokenizer, [encoded[row] for row in rows], rows, settings, number)
                )
            bar.update(len(rows))
    return pl.concat(pl.read_parquet(path) for path in parts)


def _whole(path: Path) -> bool:
    """Whether a part is there and can be read."""
    try:
        pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError):
        return False
    return True


def _digest(encoded: Sequence[NDArray[np.int32]]) -> str:
    digest = hashlib.sha256()
    for ids in encoded:
        digest.update(len(ids).to_bytes(4, "little") + ids.tobytes())
    return digest.hexdigest()


def _part(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[NDArray[np.int32]],
    rows: range,
    settings: Sampling,
    number: int,
) -> pl.DataFrame:
    end_id = end_of_turn(tokenizer)
    generator = torch.Generator(model.device).manual_seed((settings.seed << 20) + number)
    found: list[tuple[int, int, str, int, bool]] = []
    # Prompts of like length together: less padding. A batch holds all samples of its prompts.
    order = sorted(range(len(prompts)), key=lambda at: len(prompts[at]))
    at_once = max(1, settings.batch // settings.answers)
    for first in range(0, len(order), at_once):
        these = order[first : first + at_once]
        repeated = [at for at in these for _ in range(settings.answers)]
        drawn = generate(model, [prompts[at] for at in repeated], settings, end_id, generator)
        for place, (at, ids) in enumerate(zip(repeated, drawn, strict=True)):
            ended = bool(ids) and ids[-1] == end_id
            text = tokenizer.decode(ids, skip_special_tokens=True).strip()
            found.append((rows[at], place % settings.answers, text, len(ids), ended))
    schema = {
        "prompt": pl.Int64,
        "sample": pl.Int64,
        "answer": pl.String,
        "tokens": pl.Int64,
        "ended": pl.Boolean,
    }
    return pl.DataFrame(sorted(found), schema=schema, orient="row").filter(pl.col("tokens") > 0)


def generate(
    model: Any,
    prompts: Sequence[NDArray[np.int32]],
    settings: Sampling,
    end_id: int,
    generator: torch.Generator,
) -> list[list[int]]:
    """Ids of an answer to each prompt, its end-of-turn included where it came to one.

    Prompts are padded on the left and their padding is masked, so that an answer does not depend on its neighbors but
    for the order of sums; each is as long as its own prompt leaves room in the context. A prompt as long as the
    context, or longer, is answered with [].
    """
    context = model.config.max_position_embeddings
    most = np.array([min(settings.new_tokens, context - len(ids)) for ids in prompts])
    asked = [at for at, limit in enumerate(most) if limit > 0]
    answers: list[list[int]] = [[] for _ in prompts]
    if not asked:
        return answers
    length = max(len(prompts[at]) for at in asked)
    tokens = torch.full((len(asked), length), end_id, dtype=torch.long)
    mask = torch.zeros((len(asked), length), dtype=torch.long)
    for row, at in enumerate(asked):
        tokens[row, length - len(prompts[at]) :] = torch.from_numpy(prompts[at].astype(np.int64))
        mask[row, length - len(prompts[at]) :] = 1
    given, mask = tokens.to(model.device), mask.to(model.device)
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    going, known = np.array(asked), None
    running = np.ones(len(going), np.bool_)
    with torch.no_grad():
        for written in range(1, int(most.max()) + 1):
            output = model(
                input_ids=given, attention_mask=mask, position_ids=positions, past_key_values=known, use_cache=True,
                logits_to_keep=1,
            )  # fmt: skip
            chosen, known = choose(output.logits[:, -1].float(), settings, generator), output.past_key_values
            pieces = chosen.cpu().numpy()
            for at, piece in zip(going[running], pieces[running].tolist(), strict=True):
                answers[at].append(piece)
            running &= (pieces != end_id) & (written < most[going])
            if not running.any():
                break
            # Answers that are done stay in the batch for a while, at positions that the model has.
            given, positions = chosen[:, None], (positions[:, -1:] + 1).clamp(max=context - 1)
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
            if running.sum() * 2 <= len(going):
                stays = torch.from_numpy(np.flatnonzero(running)).to(model.device)
                known.batch_select_indices(stays)
                given, positions, mask, going = given[stays], positions[stays], mask[stays], going[running]
                running = running[running]
    return answers


def choose(logits: torch.Tensor, settings: Sampling, generator: torch.Generator) -> torch.Tensor:
    """A token for each row of logits, drawn as the settings say; one number of the generator for each row."""
    if not settings.temperature:
        return logits.argmax(dim=-1)
    probabilities = torch.softmax(logits / settings.temperature, dim=-1)
    if settings.top_p == 1:
        return _draw(probabilities, generator)
    ranked, ids = probabilities.sort(dim=-1, descending=True)
    # Those before which top_p is not yet reached; the likeliest one always stays.
    ranked[ranked.cumsum(dim=-1) - ranked >= settings.top_p] = 0
    return ids.gather(1, _draw(ranked, generator)[:, None]).squeeze(1)


def _draw(weights: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A column for each row of weights, by where a random number falls in their running sum."""
    sums = weights.cumsum(dim=-1, dtype=torch.float64)
    drawn = torch.rand(len(weights), 1, generator=generator, dtype=torch.float64, device=weights.device)
    return (
        torch.searchsorted(sums, drawn * sums[:, -1:], right=True).squeeze(1).clamp(max=weights.shape[1] - 1)
    )
