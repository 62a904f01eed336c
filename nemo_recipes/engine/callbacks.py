"""What happens around the steps: the bar, checkpoints loaded and saved, and a stop that was asked for."""

import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from lightning.pytorch import Callback, Trainer
from tqdm import tqdm

from nemo_recipes.engine import averages, checkpoint, checkpoint_files
from nemo_recipes.engine.kept_optimizer import load_kept
from nemo_recipes.engine.language_model import LanguageModel
from nemo_recipes.engine.optimizer import set_updates, updates_of
from nemo_recipes.pretrain_config import PretrainConfig
from nemo_recipes.watch import speed


class Bar(Callback):
    """A progress bar in tokens, or another unit, that moves with every micro batch."""

    def __init__(self, units_per_step: int, num_steps: int, unit: str = "token") -> None:
        self._per_step, self._num_steps, self._unit = units_per_step, num_steps, unit
        self._bar: tqdm[None] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Open it where the run stands."""
        if trainer.is_global_zero:
            self._bar = tqdm(
                total=self._per_step * self._num_steps,
                initial=self._per_step * pl_module.step,
                desc=f"train {pl_module.phase.what.replace('_', ' ')}",
                unit=self._unit,
                unit_scale=True,
            )
            pl_module.on_micro_batch = self._bar.update

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *rest: Any) -> None:  # noqa: ARG002
        """Show the last step."""
        if self._bar is not None:
            result = pl_module.result
            bits = f", {result.bits_per_byte:.3f} bits/byte" if result.bits_per_byte > 0 else ""
            self._bar.set_postfix_str(f"step {result.step:,}, loss {result.loss:.3f}{bits}", refresh=False)

    def on_train_end(self, trainer: Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Close it."""
        self._close()

    def on_exception(self, trainer: Trainer, pl_module: Any, exception: BaseException) -> None:  # noqa: ARG002
        """Close it, so that the message has a line of its own."""
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()


class Restorer(Callback):
    """Loads the checkpoint after so many steps, once the model is where it will train; 0 for none."""

    def __init__(self, checkpoints: Path, done: int) -> None:
        self._checkpoints, self._done = checkpoints, done

    def on_fit_start(self, trainer: Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Load weights, and the optimizer, counters and generators of the same phase."""
        if pl_module.config.training.ema:
            pl_module.means = averages.begin(pl_module.weights())
        if self._done:
            record = restore(pl_module, checkpoint_files.place(self._checkpoints, self._done))
            pl_module.step = self._done
            pl_module.guard.recent.extend(record["recent"])
            pl_module.guard.broken.extend(record["broken"])
        elif earlier := pl_module.config.training.optimizer_from:
            set_updates(pl_module.adamw(), load_kept(Path(earlier), pl_module.moments()))
        pl_module.load_newest = lambda: self._roll_back(pl_module)

    def _roll_back(self, module: LanguageModel) -> None:
        saved = checkpoint_files.steps(self._checkpoints)
        if saved:
            restore(module, checkpoint_files.place(self._checkpoints, saved[0]))


class Saver(Callback):
    """Writes checkpoints at their steps, at the end of a phase, and when a stop was asked for."""

    def __init__(
        self,
        config: PretrainConfig,
        checkpoints: Path,
        settings: dict[str, Any],
        export: Callable[[Path], None],
        clock: speed.Clock,
    ) -> None:
        self._config, self._checkpoints, self._settings = config, checkpoints, settings
        self._export, self._clock = export, clock
        self._handlers: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Turn signals that end a process into a request: the step is finished and saved first."""

        def ask(_number: int, _frame: FrameType | None) -> None:
            if pl_module.stop_asked:
                raise KeyboardInterrupt
            pl_module.stop_asked = True

        for number in (signal.SIGTERM, signal.SIGINT):
            self._handlers[number] = signal.signal(number, ask)

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *rest: Any) -> None:  # noqa: ARG002
        """Save where the number of the step says so, and stop where that was asked."""
        step = pl_module.step
        due = step % self._config.checkpoint.every_steps == 0
        if due or step == pl_module.end_step or pl_module.stopping:
            saved = save(pl_module, self._checkpoints, self._settings, self._config.checkpoint.keep)
            if due and self._config.checkpoint.export == "each":
                self._export(saved)
            self._clock.restart()
        if pl_module.stopping:
            trainer.should_stop = True

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:  # noqa: ARG002
        """Give the signals back."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}


def restore(module: LanguageModel, saved: Path) -> dict[str, Any]:
    """Load a checkpoint into a module; a phase that begins has a fresh optimizer. Returns the record."""
    record = checkpoint_files.read_record(saved)
    same = record["phase"] == module.phase.what
    checkpoint.load(saved, module.weights(), module.moments() if same else {}, module.means)
    if not same:
        for moment in module.moments().values():  # a roll back may come after updates of this phase
            moment.zero_()
    set_updates(module.adamw(), record["updates"] if same else 0)
    return record


def save(module: LanguageModel, checkpoints: Path, settings: dict[str, Any], keep: int) -> Path:
    """A checkpoint of the module as it stands between two steps."""
    record = {
        "phase": module.phase.what,
        "updates": updates_of(module.adamw()),
        "recent": list(module.guard.recent),
        "broken": module.guard.broken,
        "settings": settings,
    }
    return checkpoint.save(
        checkpoints, module.step, module.weights(), module.moments(), record, keep, module.means
    )
