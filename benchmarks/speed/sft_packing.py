"""What packing saves in supervised fine-tuning, against the ideal that the padding it removes allows.

    python benchmarks/speed/sft_packing.py [--examples DIR/data/examples.parquet] [--rounds 3] [--output FILE.json]

The same conversations are learned from padded (each micro batch as long as its longest conversation, random order) and
packed, forward and backward, by the module that `alignment/sft.py` trains. Rounds alternate. Ideal is the positions of
the padded batches by the tokens that are no padding: what would be saved if time went by positions alone. `--examples`
adds the lengths of a real run's conversations; the mixed set is drawn here, from the lengths that it states.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from recording import record

from alignment.sft_config import Instructions, InstructionSource, SftConfig
from alignment.supervised.module import SupervisedModule
from alignment.supervised.packing import Packs, make_packs
from alignment.supervised.sequences import Sequences, collate
from nemo_recipes.engine.failures import LossGuard
from nemo_recipes.engine.model import make_model
from nemo_recipes.engine.phases import phases, stretches
from nemo_recipes.engine.quiet import quietly
from nemo_recipes.pretrain_config import Model, Shape, Training

CAPACITY = 4096
SHAPE = Shape(
    vocab_size=1024,
    hidden_size=192,
    intermediate_size=512,
    num_hidden_layers=4,
    num_attention_heads=6,
    num_key_value_heads=3,
    max_position_embeddings=CAPACITY,
    tie_word_embeddings=True,
)
MIXED = ((0.6, 16, 128), (0.3, 128, 512), (0.1, 512, 2048))
"""Share of the conversations, and the range that their lengths are drawn from."""


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--examples", type=Path, help="examples.parquet of a run, for the lengths of real data"
    )
    parser.add_argument("--name", default="arastories", help="what those conversations are")
    parser.add_argument("--conversations", type=int, default=48)
    parser.add_argument("--micro_batch", type=int, default=8, help="conversations of a padded micro batch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    sets = {"mixed": mixed_lengths(2 * arguments.conversations)}
    if arguments.examples:
        sets[arguments.name] = real_lengths(arguments.examples, arguments.conversations)
    module = make_module()
    result: dict[str, Any] = {
        name: measure(module, lengths, arguments.micro_batch, arguments.rounds)
        for name, lengths in sets.items()
    }
    result |= {
        "n": arguments.rounds,
        "micro_batch": arguments.micro_batch,
        "sequence_length": CAPACITY,
        "mixed_is": MIXED,
        "parameters": sum(parameter.numel() for parameter in module.model.parameters()),
        "threads": arguments.threads,
        "torch": torch.__version__,
        "machine": platform.processor() or platform.machine(),
        "load_average": os.getloadavg(),
    }
    record(result, arguments.output)


def mixed_lengths(number: int) -> Any:
    """Lengths of the stated mix, int64."""
    drawn = np.random.default_rng(0)
    kinds = drawn.choice(len(MIXED), number, p=[share for share, _, _ in MIXED])
    return np.array([drawn.integers(*MIXED[kind][1:]) for kind in kinds])


def real_lengths(path: Path, number: int) -> Any:
    """Lengths of so many conversations of a run, drawn at random, int64."""
    lengths = pl.read_parquet(path, columns=["ids"])["ids"].list.len().to_numpy().astype(np.int64)
    return np.random.default_rng(0).choice(lengths, number, replace=False)


def make_module() -> SupervisedModule:
    """A small model, of which arithmetic is most of the work."""
    training = Training(token_budget=1, global_batch=1, precision="fp32")
    model = make_model(Model(shape=SHAPE), training)
    source = InstructionSource(name="none", path="none")
    config = SftConfig(
        output_dir="none",
        data=Instructions(sources=[source], sequence_length=CAPACITY),
        model=Model(checkpoint="none"),
    ).for_engine(1, "none")
    (stretch,) = stretches(phases(config.training, 1), [])
    with quietly():
        return SupervisedModule(model, config, stretch, LossGuard(config.failure))


def measure(module: SupervisedModule, lengths: Any, micro_batch: int, rounds: int) -> dict[str, Any]:
    """Seconds of both ways in alternating rounds, and what they mean."""
    padded, packed = batches(lengths, micro_batch, packing=False), batches(lengths, 1, packing=True)
    warm_up(module, padded, packed)
    times = []
    for number in range(rounds):
        order = (padded, packed) if number % 2 == 0 else (packed, padded)
        first, second = (learn(module, batch) for batch in order)
        times.append((first, second) if number % 2 == 0 else (second, first))
        sys.stderr.write(f"round {number}: {times[-1]}\n")
    tokens = int((lengths - 1).sum())
    ideal = positions(padded) / tokens
    found: dict[str, Any] = {
        "conversations": len(lengths),
        "tokens": tokens,
        "positions_padded": positions(padded),
        "positions_packed": positions(packed),
        "ideal": round(ideal, 4),
    }
    for clock, name in enumerate(("wall", "cpu")):
        ratios = [before[clock] / after[clock] for before, after in times]
        median = statistics.median(ratios)
        found[name] = {
            "tokens_per_second_padded": round(
                tokens / statistics.median(before[clock] for before, _ in times), 1
            ),
            "tokens_per_second_packed": round(
                tokens / statistics.median(after[clock] for _, after in times), 1
            ),
            "speedup_each": [round(ratio, 4) for ratio in ratios],
            "speedup_median": round(median, 4),
            "of_ideal": round(median / ideal, 4),
        }
    return found


def batches(lengths: Any, micro_batch: int, *, packing: bool) -> dict[str, Any]:
    """All conversations as the micro batches of one step; every second half of one is learned."""
    drawn = np.random.default_rng(1)
    frame = pl.DataFrame(
        {
            "ids": [drawn.integers(0, SHAPE.vocab_size, length).tolist() for length in lengths],
            "learned": [[place >= length // 2 for place in range(length)] for length in lengths],
            "bytes": lengths,
        },
        schema={"ids": pl.List(pl.Int32()), "learned": pl.List(pl.Boolean()), "bytes": pl.Int64()},
    )
    packs: Packs = make_packs(
        lengths - 1, np.ones(len(lengths)), capacity=CAPACITY, epochs=1, seed=2, packing=packing
    )
    sequences = Sequences(frame, packs, length=CAPACITY, num_sequences=len(packs), padding=0)
    return collate([sequences[number] for number in range(len(packs))], micro_batch, positions=packing)


def positions(batch: dict[str, Any]) -> int:
    """Tokens that pass through the model, padding included."""
    return sum(tokens.numel() for tokens in batch["tokens_ABS"])


def warm_up(module: SupervisedModule, *both: dict[str, Any]) -> None:
    """One micro batch each."""
    for batch in both:
        module.micro_batch_loss(batch, 0)[0].backward()


def learn(module: SupervisedModule, batch: dict[str, Any]) -> tuple[float, float]:
    """Wall and CPU seconds of all micro batches, forward and backward."""
    module.model.zero_grad()
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(len(batch["tokens_ABS"])):
        loss = module.micro_batch_loss(batch, number)[0]
        (loss / batch["num_labels"]).backward()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
