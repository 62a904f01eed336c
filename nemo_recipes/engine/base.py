"""The base, before its vocabulary grew: its bits per byte on the held-out texts, the measure of forgetting."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from corpus.pipeline.atomic import read_json, write_json
from nemo_recipes.data.base_validation import base_validation_sets
from nemo_recipes.data.token_directory import open_token_directory
from nemo_recipes.data.tokenizer import open_tokenizer
from nemo_recipes.data.validation import ValidationSet
from nemo_recipes.engine import checkpoint_files, failures
from nemo_recipes.engine.agreement import agree, say
from nemo_recipes.engine.feed import Feed
from nemo_recipes.engine.language_model import LanguageModel
from nemo_recipes.engine.model import check_vocabulary, check_weights, make_model
from nemo_recipes.engine.phases import Phase, Stretch
from nemo_recipes.engine.quiet import quietly
from nemo_recipes.engine.trainer import make_bare_trainer
from nemo_recipes.engine.validation import validate
from nemo_recipes.pretrain_config import PretrainConfig
from nemo_recipes.watch import bits_per_byte

RECORD = "base.json"
"""In the output directory: a run that goes on does not measure again."""


def base_account(config: PretrainConfig, feed: Feed, kind: str) -> dict[str, Any] | None:
    """Bits per byte of model.base by set, language and domain, and what it is; None where none is named.

    All processes call this together. `feed` has the held-out texts as the run's own tokenizer cuts them.

    Raises:
        PretrainingError: The base, its tokenizer or the texts cannot be read.
    """
    if not config.model.base or not feed.sets:
        return None
    path = Path(config.output_dir) / RECORD
    known: dict[str, Any] | None = agree(lambda: _known(path, config, feed))
    if known is not None:
        return known
    say(f"measuring the base {config.model.base} on the held-out texts")
    tokenizer = open_tokenizer(config.model.base, config.data.end_piece)
    directory = open_token_directory(Path(feed.tokens))
    sets = base_validation_sets(directory, feed.sets, tokenizer, config.data, config.model.base_tokens)
    account = _measure(_for_base(config), sets, tokenizer.vocab_size, kind)
    measured = account | {"tokenizer": tokenizer.described()}

    def record() -> dict[str, Any]:
        content = measured | {"of": _fingerprint(config, feed)}
        write_json(path, content)
        return content

    return agree(record)


class _Base(LanguageModel):
    """A model that is validated and never learns."""

    sets: Sequence[ValidationSet] = ()
    account: Mapping[str, Any] | None = None

    def validation_step(self, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        """All there is to do, in the one step that there is."""
        self.account = bits_per_byte.account(self.sets, validate(self, self.sets))


def _measure(
    config: PretrainConfig, sets: Sequence[ValidationSet], vocab_size: int, kind: str
) -> dict[str, Any]:
    model = make_model(config.model, config.training, config.layout.is_sharded)
    check_vocabulary(model.get_input_embeddings().weight.shape[0], vocab_size, config.model.checkpoint)
    never = Stretch(phase=Phase(what="all", first_step=0, end_step=1), vocabulary=0, first_step=0, end_step=1)
    module = _Base(model, config, never, failures.LossGuard(config.failure))
    module.sets = sets
    with quietly():
        trainer = make_bare_trainer(config, kind, [])
        one_step: Any = [0]
        trainer.validate(module, DataLoader(one_step), verbose=False)
    assert module.account is not None
    return dict(module.account)


def _for_base(config: PretrainConfig) -> PretrainConfig:
    """The same run, of the base."""
    model = replace(config.model, checkpoint=config.model.base, shape=None, base="", base_tokens="")
    training = replace(config.training, compile=False, gradient_checkpointing=False, frozen_layers=[])
    check_weights(model)
    return replace(config, model=model, training=training)


def _known(path: Path, config: PretrainConfig, feed: Feed) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = read_json(path)
    except (OSError, ValueError):
        return None
    return content if content.get("of") == _fingerprint(config, feed) else None


def _fingerprint(config: PretrainConfig, feed: Feed) -> dict[str, Any]:
    """What the figures are of: the base's weights, the texts, and how they were read."""
    files = sorted(Path(config.model.base).glob("*.safetensors"))
    return {
        "weights": {path.name: checkpoint_files.digest(path) for path in files},
        "texts": feed.described["token_files_digest"],
        "sequence_length": config.data.sequence_length,
        "validation_megabytes": config.data.validation_megabytes,
        "reset_at_documents": config.data.reset_at_documents,
        "precision": config.training.precision,
    }
