"""What a run learns by, where it is not pretraining: the parts of the engine that other recipes put their own in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nemo_recipes.engine.batches import Batch
from nemo_recipes.engine.export import export
from nemo_recipes.engine.language_model import LanguageModel
from nemo_recipes.engine.model import make_model
from nemo_recipes.watch.journal import Journal


def _no_callbacks(_journal: Journal) -> list[Any]:
    """What stands beside the engine's own callbacks in pretraining."""
    return []


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What is learned, and how; each default is pretraining's own.

    Attributes:
        module: Makes the module from the arguments of `LanguageModel`; a subclass takes another loss.
        make_model: Makes the model from model, training and in_shards, as `engine.model.make_model` does.
        collate: Makes the batch of a step from its samples and the micro batch; None for `batches.collate_tokens`.
        callbacks: Makes callbacks that write to the journal; they run before a checkpoint is saved.
        export: Writes a checkpoint as a Hugging Face directory.
        settings: What more must be the same where a stopped run goes on, as plain data.
        unit: What the bar and the journal count: tokens, or samples under a name of their own.
    """

    module: Callable[..., LanguageModel] = LanguageModel
    make_model: Callable[..., Any] = make_model
    collate: Callable[[Sequence[Mapping[str, Any]], int], Batch] | None = None
    callbacks: Callable[[Journal], list[Any]] = _no_callbacks
    export: Callable[..., Path] = export
    settings: Mapping[str, Any] = field(default_factory=dict)
    unit: str = "token"

    def step_units(self, global_batch: int, sequence_length: int) -> int:
        """Units of one step."""
        return global_batch * (sequence_length if self.unit == "token" else 1)


PRETRAINING = Objective()
