"""All that a run reads: blend, validation sets, tokenizer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from nemo_recipes.data.blend import Blend, make_blend
from nemo_recipes.data.preparation import PreparedData, prepare
from nemo_recipes.data.token_directory import check_tokenizer, open_token_directory
from nemo_recipes.data.tokenizer import Tokenizer, open_tokenizer
from nemo_recipes.data.validation import ValidationSet, validation_sets
from nemo_recipes.engine.agreement import agree
from nemo_recipes.engine.batches import Samples
from nemo_recipes.engine.phases import num_steps
from nemo_recipes.errors import PretrainingError
from nemo_recipes.pretrain_config import PretrainConfig
from nemo_recipes.watch.byte_lengths import ByteCounter, byte_counter


@dataclass(frozen=True, kw_only=True)
class Feed:
    """What a run reads.

    Attributes:
        samples: Training sequences in the order in which they are read.
        sets: Held-out texts.
        tokenizer: What made the tokens.
        counter: Bytes of each token.
        described: What the data is, as plain data for the manifest; the same data is described the same.
        tokens: Directory of the token files; "" where there is none.
        decisive: What of it a run that goes on must have in common with the one that stopped, by name.
    """

    samples: Samples
    sets: Sequence[ValidationSet]
    tokenizer: Tokenizer
    counter: ByteCounter
    described: dict[str, Any]
    tokens: str = ""
    decisive: Mapping[str, Any] = field(default_factory=dict)


def tokenizer_path(config: PretrainConfig) -> str:
    """Where the tokenizer lies that a run ends with: the last of a series, that of the data, or of the checkpoint."""
    series = config.training.vocabulary_series
    return series[-1].tokenizer if series else config.data.tokenizer or config.model.checkpoint


def make_feeds(config: PretrainConfig) -> list[Feed]:
    """What is read with each vocabulary; all processes call this together, and the first one writes what is missing.

    Raises:
        PretrainingError: See `data.preparation.prepare` and `make_feed`.
    """
    series = config.training.vocabulary_series
    feeds = []
    for where, tokens in [(stage.tokenizer, stage.tokens) for stage in series] or [
        (tokenizer_path(config), "")
    ]:
        look = partial(prepare, replace(config.data, tokenizer=where), Path(config.output_dir), "", tokens)
        prepared = agree(look)
        open_token_directory(prepared.directory.path)  # which all processes must see
        feeds.append(make_feed(config, prepared, where))
    return feeds


def make_feed(config: PretrainConfig, prepared: PreparedData, where: str) -> Feed:
    """Blend the token files for all steps of a run, which the tokenizer at `where` made.

    Raises:
        PretrainingError: The tokenizer is missing, or is not the one that made the token files.
    """
    directory, data = prepared.directory, config.data
    if not where:
        raise PretrainingError(
            "data.tokenizer is empty, and so is model.checkpoint: name the tokenizer's directory"
        )
    tokenizer = open_tokenizer(where, data.end_piece)
    check_tokenizer(directory, tokenizer, "name the tokenizer that made them, or another data.tokens")
    blend = make_blend(
        directory,
        prepared.weights,
        num_sequences=num_steps(config.training, data.sequence_length) * config.training.global_batch,
        sequence_length=data.sequence_length,
        seed=config.training.seed,
        cache=Path(config.output_dir) / "blend",
        reset_at_documents=data.reset_at_documents,
    )
    sets = validation_sets(
        directory,
        sequence_length=data.sequence_length,
        megabytes=data.validation_megabytes,
        reset_at_documents=data.reset_at_documents,
    )
    return Feed(
        samples=blend.sequences,
        sets=sets,
        tokenizer=tokenizer,
        counter=byte_counter(tokenizer),
        described=_describe(prepared, blend, sets, tokenizer),
        tokens=str(directory.path),
        decisive={"token_files": directory.sha256}
        | {f"share of {part}": share for part, share in prepared.weights.items()},
    )


def _describe(
    prepared: PreparedData, blend: Blend, sets: Sequence[ValidationSet], tokenizer: Tokenizer
) -> dict[str, Any]:
    return {
        "token_files_digest": prepared.directory.sha256,
        "tokenizer": tokenizer.described(),
        "blend": blend.rows(),
        "validation": [
            {"name": one.name, "documents": one.documents, "bytes": one.bytes, "tokens": one.tokens}
            for one in sets
        ],
    }
