"""What is measured: sizes of models, and ways to train them on one device."""

import json
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from typing import Any

from nemo_recipes.pretrain_config import Shape

PEAK_TERAFLOPS = 989.0
"""Dense bf16 of one H100 SXM; NVIDIA gives the same for an H200."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """A model, and how it is read.

    Attributes:
        shape: Its shape.
        sequence_length: Tokens of a sequence.
        micro_batches: Sequences at a time that are tried, smallest first.
        sequences: Sequences of one optimizer step.
        gradient_checkpointing: Whether layers are computed again in the backward pass.
    """

    shape: Shape
    sequence_length: int
    micro_batches: tuple[int, ...]
    sequences: int
    gradient_checkpointing: bool = False


def _llama(hidden: int, mlp: int, layers: int, heads: int, keys: int, **more: Any) -> Shape:
    return Shape(
        **{"vocab_size": 64_000} | more,
        hidden_size=hidden,
        intermediate_size=mlp,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=keys,
    )


SIZES = {
    "135m": Size(  # SmolLM2-135M with an expanded vocabulary
        shape=_llama(576, 1536, 30, 9, 3, vocab_size=65_536, tie_word_embeddings=True),
        sequence_length=2048,
        micro_batches=(16, 32),
        sequences=64,
    ),
    "1b": Size(shape=_llama(2048, 8192, 16, 32, 8), sequence_length=4096, micro_batches=(4, 8), sequences=16),
    "3b": Size(
        shape=_llama(3072, 8192, 28, 24, 8),
        sequence_length=4096,
        micro_batches=(2, 4),
        sequences=8,
        gradient_checkpointing=True,
    ),
    "4b": Size(
        shape=_llama(3072, 9216, 36, 24, 8),
        sequence_length=4096,
        micro_batches=(1, 2),
        sequences=8,
        gradient_checkpointing=True,
    ),
    "7b": Size(
        shape=_llama(4096, 11008, 32, 32, 32),
        sequence_length=4096,
        micro_batches=(1, 2),
        sequences=8,
        gradient_checkpointing=True,
    ),
    "tiny": Size(
        shape=_llama(64, 128, 2, 4, 2, vocab_size=512), sequence_length=32, micro_batches=(2,), sequences=4
    ),
}
LADDER = ("7b", "4b", "3b")
"""The largest that fits is the first of these that trains."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One way to train.

    Attributes:
        size: Name of the size.
        way: engine is Daad's module under Lightning's Trainer, without NeMo around it; plain is a loop as one would
            write it by hand with transformers' own loss under autocast; plain_fsdp2 the same with FSDP2; litgpt is
            litgpt's model in the loop of its pretrain.py.
        micro_batch: Sequences at a time.
        sharded: FSDP2's mixed precision (bf16 from end to end) in place of autocast, for the engine.
        loss_chunk: Labels whose scores are there at a time; 0 for all.
        attention: Kernel by transformers' name; sdpa takes flash attention where torch has it.
        compile: With torch.compile.
    """

    size: str
    way: str = "engine"
    micro_batch: int = 1
    sharded: bool = False
    loss_chunk: int = 0
    attention: str = "sdpa"
    compile: bool = False

    def key(self, repeat: int) -> str:
        """What tells a measurement from all others."""
        return json.dumps(asdict(self) | {"repeat": repeat}, sort_keys=True)


def first(size: str) -> Trial:
    """Where the search begins."""
    return Trial(size=size, micro_batch=SIZES[size].micro_batches[0])


def alternatives(best: Trial, axis: str) -> list[Trial]:
    """The best so far, changed in one respect."""
    values: dict[str, tuple[Any, ...]] = {
        "sharded": (True,),
        "loss_chunk": (2048, 8192) if best.size != "tiny" else (16,),
        "attention": ("eager", "flash_attention_2") if find_spec("flash_attn") else ("eager",),
        "compile": (True,),
        "micro_batch": SIZES[best.size].micro_batches[1:],
    }
    return [replace(best, **{axis: value}) for value in values[axis] if value != getattr(best, axis)]
