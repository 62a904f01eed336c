"""Answers that a model writes while it learns, for people to look at."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, Trainer
from numpy.typing import NDArray

from alignment.chat_template import encode_prompt, end_of_turn
from alignment.sft_config import Samples
from nemo_recipes.engine.language_model import LanguageModel
from nemo_recipes.engine.parallel import let_go
from nemo_recipes.watch.journal import Journal

TOO_LONG = "prompt_longer_than_context"


class SampleWriter(Callback):
    """Writes a line of kind `samples` into the journal at its steps; nothing is drawn: resumed runs have the same."""

    def __init__(
        self,
        tokenizer: Any,
        prompts: Sequence[Mapping[str, Any]],
        settings: Samples,
        context: int,
        num_steps: int,
        journal: Journal,
    ) -> None:
        self._tokenizer, self._settings, self._journal = tokenizer, settings, journal
        self._num_steps = num_steps
        self._prompts = list(prompts)
        self._ids = [encode_prompt(tokenizer, prompt["messages"]) for prompt in prompts]
        self._most = context

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        """The model as it came, where that is asked for."""
        if pl_module.step == 0 and self._settings.before_training:
            self._write(trainer, pl_module)

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *rest: Any) -> None:  # noqa: ARG002
        """Where the number of the step says so."""
        every, step = self._settings.every_steps, pl_module.step
        if (every > 0 and step % every == 0) or step == self._num_steps:
            self._write(trainer, pl_module)

    def _write(self, trainer: Trainer, module: LanguageModel) -> None:
        if self._settings.every_steps < 0 or not self._prompts:
            return
        samples = [
            {
                "language": prompt["language"],
                "prompt": prompt["messages"][-1]["content"],
                "answer": self._answer(module, ids),
                "machine_made": True,
            }
            for prompt, ids in zip(self._prompts, self._ids, strict=True)
        ]
        if trainer.is_global_zero:
            self._journal.write({"kind": "samples", "step": module.step, "samples": samples})
        text = "\n\n".join(f"> {sample['prompt']}\n\n{sample['answer']} (machine-made)" for sample in samples)
        for logger in trainer.loggers:
            experiment: Any = getattr(logger, "experiment", None)
            if hasattr(experiment, "add_text"):
                experiment.add_text("samples", text, module.step)

    def _answer(self, module: LanguageModel, ids: NDArray[np.int32]) -> str:
        room = min(self._settings.new_tokens, self._most - len(ids))
        if room < 1:
            return TOO_LONG
        found = greedy(module, ids, room, end_of_turn(self._tokenizer))
        return str(self._tokenizer.decode(found, skip_special_tokens=True))


def greedy(module: LanguageModel, ids: NDArray[np.int32], most: int, end_id: int) -> list[int]:
    """The likeliest token each time, at most so many, up to the end of the turn.

    All processes of a sharded model call this together and find the same.
    """
    module.model.eval()
    found: list[int] = []
    known = None
    given = torch.from_numpy(ids.astype(np.int64))[None].to(module.device)
    with torch.no_grad(), module.trainer.precision_plugin.val_step_context():
        while len(found) < most and (not found or found[-1] != end_id):
            output = module.model(input_ids=given, past_key_values=known, use_cache=True)
            known, given = output.past_key_values, output.logits[:, -1].argmax(-1, keepdim=True)
            found.append(int(given))
    let_go(module.model)
    module.model.train()
    return found
