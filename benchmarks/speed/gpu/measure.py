"""One measurement, in a process of its own: `python benchmarks/speed/gpu/measure.py TRIAL DEVICE STEPS`, all as JSON.

Tokens are drawn at random and lie in memory. The first steps are not counted: kernels are compiled and chosen in them.
"""

import contextlib
import json
import statistics
import sys
import time
from typing import Any

import torch
from lightning.pytorch import Callback
from trial import PEAK_TERAFLOPS, SIZES, Trial

from nemo_recipes.data.settings import Data
from nemo_recipes.engine import failures
from nemo_recipes.engine.batches import StepReader, make_loader
from nemo_recipes.engine.gradients import clip, norm
from nemo_recipes.engine.language_model import LanguageModel
from nemo_recipes.engine.model import make_model
from nemo_recipes.engine.parallel import join_processes, shard
from nemo_recipes.engine.phases import Phase, Stretch
from nemo_recipes.engine.quiet import quietly
from nemo_recipes.engine.trainer import make_bare_trainer
from nemo_recipes.planning.compute import flops_per_token
from nemo_recipes.planning.settings import Hardware, Layout
from nemo_recipes.pretrain_config import Failure, Model, PretrainConfig, Training
from nemo_recipes.watch.byte_lengths import ByteCounter
from nemo_recipes.watch.energy import nvml_joules

WARM = 3


class Clock:
    """Times and joules between steps; the GPU has finished when a mark is set."""

    def __init__(self, device: str) -> None:
        self._device, self._marks = device, list[tuple[float, float]]()
        gpu = f"GPU-{torch.cuda.get_device_properties().uuid}" if device == "cuda" else ""
        self._joules = nvml_joules(gpu) if gpu else None

    def mark(self) -> None:
        """A step is done."""
        if self._device == "cuda":
            torch.cuda.synchronize()
        self._marks.append((time.perf_counter(), self._joules() if self._joules else 0.0))

    def read(self, tokens: int, flops: int) -> dict[str, Any]:
        """Speed over all steps that count; the MFU on a GPU alone."""
        (began, joules_then), *_, (ended, joules_now) = self._marks[WARM - 1 :]
        counted = len(self._marks) - WARM
        rate = counted * tokens / (ended - began)
        steps = [
            after[0] - before[0]
            for before, after in zip(self._marks[WARM - 1 :], self._marks[WARM:], strict=False)
        ]
        on_gpu = self._device == "cuda"
        result: dict[str, Any] = {
            "tokens_per_second": round(rate, 1),
            "step_seconds_median": statistics.median(steps),
            "steps": counted,
            "tokens_per_step": tokens,
        }
        if on_gpu:
            result |= {
                "mfu": rate * flops / (PEAK_TERAFLOPS * 1e12),
                "memory_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2),
                "joules_per_token": (joules_now - joules_then) / (counted * tokens) if self._joules else None,
            }
        return result


def measure(trial: Trial, device: str, steps: int) -> dict[str, Any]:
    """Train so many steps beyond the warm ones; what it gave, or `error` where memory or a package was lacking."""
    size = SIZES[trial.size]
    clock = Clock(device)
    try:
        loss = _WAYS.get(trial.way, _plain)(trial, device, WARM + steps, clock)
    except torch.OutOfMemoryError:
        return {"error": "out of memory"}
    except (ImportError, ValueError) as error:
        return {"error": " ".join(str(error).split())[:200]}
    tokens = size.sequences * size.sequence_length
    result = clock.read(tokens, flops_per_token(size.shape, size.sequence_length))
    return result | {"last_loss": loss}


def config_of(trial: Trial, device: str, steps: int) -> PretrainConfig:
    """The engine's settings for a trial."""
    size = SIZES[trial.size]
    return PretrainConfig(
        output_dir="unused",
        data=Data(tokens="none", sequence_length=size.sequence_length),
        model=Model(shape=size.shape, attention=trial.attention),
        training=Training(
            token_budget=steps * size.sequences * size.sequence_length,
            micro_batch=trial.micro_batch,
            global_batch=size.sequences,
            learning_rate=1e-4,
            precision="bf16" if device == "cuda" else "fp32",
            gradient_checkpointing=size.gradient_checkpointing,
            compile=trial.compile,
            loss_chunk=trial.loss_chunk,
        ),
        layout=Layout(strategy="fsdp2" if trial.sharded else "ddp"),
        hardware=Hardware(device="gpu" if device == "cuda" else "cpu"),
    )


class Sequences:
    """Random tokens, the same in each run."""

    def __init__(self, trial: Trial, steps: int) -> None:
        size = SIZES[trial.size]
        drawn = torch.Generator().manual_seed(0)
        shape = (steps * size.sequences, size.sequence_length + 1)
        self.rows = torch.randint(1, size.shape.vocab_size, shape, generator=drawn)
        self.mask, self.places = torch.ones(size.sequence_length), torch.arange(size.sequence_length)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> dict[str, Any]:
        row = self.rows[number]
        return {"tokens": row[:-1], "labels": row[1:], "loss_mask": self.mask, "position_ids": self.places}


class _Marks(Callback):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def on_train_batch_end(self, *_: Any) -> None:
        self._clock.mark()


def _engine(trial: Trial, device: str, steps: int, clock: Clock) -> float:
    import numpy as np

    config = config_of(trial, device, steps)
    join_processes(config.layout, device)
    model = _made(config, device)
    stretch = Stretch(
        phase=Phase(what="all", first_step=0, end_step=steps), vocabulary=0, first_step=0, end_step=steps
    )
    module = LanguageModel(model, config, stretch, failures.LossGuard(Failure()))
    reader = StepReader(
        Sequences(trial, steps),
        ByteCounter(np.ones(SIZES[trial.size].shape.vocab_size, np.int64), 0, 0),
        range(steps),
        global_batch=config.training.global_batch,
        micro_batch=trial.micro_batch,
        replica=0,
        replicas=1,
        positions=False,
    )
    with quietly():
        trainer = make_bare_trainer(config, device, [_Marks(clock)])
        trainer.fit(module, train_dataloaders=make_loader(reader, 0, device == "cuda"))
    assert module.result is not None
    return module.result.loss


def _plain(trial: Trial, device: str, steps: int, clock: Clock) -> float:
    """The loop that one would write: transformers' model and loss, autocast or FSDP2, fused AdamW."""
    size, config = SIZES[trial.size], config_of(trial, device, steps)
    join_processes(config.layout, device)
    model = _made(config, device)
    fsdp = trial.way == "plain_fsdp2"
    if fsdp:
        mesh = torch.distributed.init_device_mesh(
            device, (1, 1), mesh_dim_names=("data_parallel", "tensor_parallel")
        )
        shard(model, mesh, config)
    if trial.compile:
        model.compile()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=device == "cuda" or None
    )
    sequences, number, loss = Sequences(trial, steps).rows.to(device), 0, torch.zeros(())
    accumulated = size.sequences // trial.micro_batch
    for _ in range(steps):
        for _ in range(accumulated):
            rows = sequences[number : number + trial.micro_batch]
            number += trial.micro_batch
            cast = (
                torch.autocast("cuda", torch.bfloat16)
                if device == "cuda" and not fsdp
                else contextlib.nullcontext()
            )
            with cast:
                # transformers shifts labels itself: one token of each sequence is not predicted.
                loss = model(input_ids=rows[:, :-1], labels=rows[:, :-1], use_cache=False).loss / accumulated
            loss.backward()
        clip(model.parameters(), norm(model.parameters()), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        clock.mark()
    return float(loss.detach()) * accumulated


def _litgpt(trial: Trial, device: str, steps: int, clock: Clock) -> float:
    from litgpt_loop import train

    rows = Sequences(trial, steps).rows.to(device)
    # Not held here: there is no room for two of the largest model.
    return train(trial, device, steps, _made(config_of(trial, device, steps), device), rows, clock.mark)


def _made(config: PretrainConfig, device: str) -> Any:
    """The model, drawn where it trains: billions of weights are drawn in seconds there."""
    with torch.device(device):
        return make_model(config.model, config.training)


_WAYS = {"engine": _engine, "litgpt": _litgpt}


if __name__ == "__main__":
    print(json.dumps(measure(Trial(**json.loads(sys.argv[1])), sys.argv[2], int(sys.argv[3]))))
