"""Around the steps: the journal, the curves of Lightning's loggers, energy, and validation."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from nemo_recipes.data.validation import ValidationSet
from nemo_recipes.engine.language_model import LanguageModel, StepResult
from nemo_recipes.engine.objective import PRETRAINING, Objective
from nemo_recipes.engine.validation import validate
from nemo_recipes.pretrain_config import PretrainConfig
from nemo_recipes.watch import bits_per_byte, speed
from nemo_recipes.watch.energy import Meter
from nemo_recipes.watch.journal import Journal


class Watcher(Callback):
    """Writes the journal and the curves of Lightning's loggers, and validates."""

    def __init__(
        self,
        config: PretrainConfig,
        journal: Journal,
        energy_journal: Journal,
        sets: Sequence[ValidationSet],
        num_steps: int,
        meter: Meter,
        clock: speed.Clock,
        flops_per_token: int,
        start: int,
        objective: Objective = PRETRAINING,
        base: Mapping[str, Any] | None = None,
    ) -> None:
        self._config, self._journal, self._energy_journal = config, journal, energy_journal
        self._sets, self._num_steps, self._meter = sets, num_steps, meter
        self._start, self._base = start, base
        self._unit = objective.unit
        self._step_units = objective.step_units(config.training.global_batch, config.data.sequence_length)
        self._clock = clock
        self._flops = flops_per_token

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Validate the model as it came, before it learns."""
        if pl_module.step == 0:
            self._validate(trainer, pl_module)
        self._clock.restart()

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *rest: Any) -> None:  # noqa: ARG002
        """Log and validate where the number of the step says so."""
        result: StepResult = pl_module.result
        self._clock.mark(self._step_units)
        watch = self._config.watch
        if result.step % watch.log_every == 0 or result.step == self._num_steps or result.action != "go_on":
            self._log(trainer, pl_module, result)
        due = watch.validate_every and result.step % watch.validate_every == 0
        if due or result.step == self._num_steps:
            self._validate(trainer, pl_module)
            self._clock.restart()

    def _log(self, trainer: Trainer, module: LanguageModel, result: StepResult) -> None:
        rate = self._clock.tokens_per_second()
        hardware = self._config.hardware
        memory = _greatest(speed.memory_gib(), module)
        energy = self._read_energy(module, result.step)
        line: dict[str, Any] = {
            "kind": "step",
            "step": result.step,
            f"{self._unit}s": result.step * self._step_units,
            "phase": module.phase.what,
            "loss": _plain(result.loss),
            "bits_per_byte": _plain(result.bits_per_byte),
            "gradient_norm": _plain(result.gradient_norm),
            "learning_rate": result.learning_rate,
            "action": result.action,
            "run": {
                f"{self._unit}s_per_second": round(rate, 1),
                "mfu": speed.utilization(
                    rate, self._flops, self._config.layout.world_size, hardware.peak_teraflops
                ),
                "memory_gib": round(memory, 3),
                "joules": energy,
            },
        }
        if result.measures:
            line["measures"] = {name: _plain(value) for name, value in result.measures.items()}
        if self._unit != "token":
            del line["bits_per_byte"]
        if trainer.is_global_zero:
            self._journal.write(line)
        names = ("loss", "bits_per_byte", "gradient_norm", "learning_rate", f"{self._unit}s")
        curves = {name: line[name] for name in names if name in line} | line.get("measures", {})
        curves[f"{self._unit}s_per_second"] = rate
        numbers = {f"train/{name}": value for name, value in curves.items() if isinstance(value, int | float)}
        _to_loggers(trainer, numbers, result.step)

    def _read_energy(self, module: LanguageModel, step: int) -> float:
        reading = self._meter.read()
        names = ("NVML", "RAPL")
        sums = _sum_over_processes(
            [reading.seconds, reading.estimated, *(reading.joules.get(name, 0.0) for name in names)], module
        )
        joules = {name: value for name, value in zip(names, sums[2:], strict=True) if value}
        if module.global_rank == 0:
            self._energy_journal.write(
                {
                    "kind": "energy",
                    "step": step,
                    "start": self._start,
                    "seconds": sums[0],
                    "joules": joules,
                    "estimated": sums[1],
                }
            )
        return sum(joules.values()) or sums[1]

    def _validate(self, trainer: Trainer, module: LanguageModel) -> None:
        if not self._sets:
            return
        language = self._config.data.replay_language
        scores = validate(module, self._sets)
        account = bits_per_byte.account(self._sets, scores)
        before = self._base or next(iter(self._journal.lines("validation")), account)
        change = bits_per_byte.forgetting(before, account, language)
        line = {"kind": "validation", "step": module.step} | account
        against = "base" if self._base else "step 0"
        line |= {"forgetting": change, "forgetting_of": language, "forgetting_against": against}
        if trainer.is_global_zero:
            self._journal.write(line)
        numbers = {
            f"validation/{name}/bits_per_byte": score["bits_per_byte"]
            for part in ("languages", "domains")
            for name, score in account[part].items()
        }
        if change is not None:
            numbers["validation/forgetting"] = change
        _to_loggers(trainer, numbers, module.step)


def _to_loggers(trainer: Trainer, numbers: dict[str, float], step: int) -> None:
    for logger in trainer.loggers:
        logger.log_metrics(numbers, step=step)


def _plain(number: float) -> float | str:
    """JSON has no word for what is not finite."""
    return number if abs(number) < float("inf") else repr(number)


def _sum_over_processes(numbers: list[float], module: LanguageModel) -> list[float]:
    if module.config.layout.world_size == 1:
        return numbers
    sums = torch.tensor(numbers, dtype=torch.float64)
    torch.distributed.all_reduce(sums)
    return [float(number) for number in sums]


def _greatest(number: float, module: LanguageModel) -> float:
    if module.config.layout.world_size == 1:
        return number
    most = torch.tensor([number], dtype=torch.float64)
    torch.distributed.all_reduce(most, op=torch.distributed.ReduceOp.MAX)
    return float(most)
