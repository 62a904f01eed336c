"""What one device must hold: weights, gradients, optimizer states, working copies, activations, logits."""

import math
from dataclasses import asdict, dataclass

from nemo_recipes.planning.parameters import attention_widths
from nemo_recipes.planning.settings import Layout
from nemo_recipes.pretrain_config import Shape, Training

USABLE = 0.92
"""Share of a device's memory that a plan may fill; the rest is the driver's, the kernels' and fragmentation's."""

_MASTER = 4  # weights are kept in float32
_ADAM = 8  # two float32 moments
_LOGIT_BYTES = {"bf16": 2 + 4 + 4, "fp32": 4 + 4}
"""Bytes for each logit at the peak: as computed, as float32 with its softmax, and its gradient."""

_NORM_WIDTHS = {"bf16": 16, "autocast": 26, "fp32": 24}
"""Bytes for each column that the two norms of a layer leave, and the casts of their output that matrices take.

fsdp2 computes in bf16, norms in float32. Without it bf16 is autocast: what runs from layer to layer is float32, and
each of the five matrices casts its input for itself.
"""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes on the fullest device.

    Attributes:
        weights: Its share of the float32 weights.
        gradients: Its share of the float32 gradients.
        optimizer: Its share of AdamW's two float32 moments, and of the weights' running means where they are kept.
        copies: bf16 copies to compute with: of all it has (ddp), or of two layers at a time and what lies outside the
            layers (fsdp2, which gathers them).
        activations: What the backward pass needs of one micro-batch. Fused attention kernels keep no S x S matrix.
        logits: Scores of the vocabulary over one micro-batch (or one chunk of its labels, beside the head's gradient),
            their softmax and gradient.
    """

    weights: int
    gradients: int
    optimizer: int
    copies: int
    activations: int
    logits: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(asdict(self).values())


def memory(shape: Shape, training: Training, layout: Layout, sequence_length: int) -> Memory:
    """Memory of the fullest device of a layout that divides evenly."""
    sharded = layout.is_sharded
    stages = [_held(shape, layout, training.frozen_layers, first=first) for first in (True, False)]
    all_held, learning = max(stages, key=sum)
    shards = (layout.data_sharding or layout.replicas) if sharded else 1
    own, own_learning = math.ceil(all_held / shards), math.ceil(learning / shards)
    working = 2 if training.precision == "bf16" else (4 if sharded else 0)
    if sharded:
        gathered = all_held - _layers_held(shape, layout) + 2 * layer_parameters(shape, layout.tensor)
    else:
        gathered = all_held
    tokens = math.ceil(training.micro_batch * sequence_length / layout.context)
    return Memory(
        weights=own * _MASTER,
        gradients=own_learning * _MASTER,
        optimizer=own_learning * _ADAM + (own * _MASTER if training.ema else 0),
        copies=working * gathered,
        activations=tokens * activation_bytes(shape, training, layout),
        logits=_logit_bytes(shape, training, layout, tokens),
    )


def _logit_bytes(shape: Shape, training: Training, layout: Layout, tokens: int) -> int:
    rows = math.ceil(shape.vocab_size / tables_parts(layout))
    chunk = min(training.loss_chunk or tokens, tokens)
    head = rows * shape.hidden_size * _MASTER if training.loss_chunk else 0
    return chunk * rows * _LOGIT_BYTES[training.precision] + head


def activation_bytes(shape: Shape, training: Training, layout: Layout) -> int:
    """Bytes that one token of a micro-batch leaves for the backward pass, on the fullest device.

    Every layer's, and those of the norm after the last. With gradient checkpointing each layer keeps its input, and
    one layer at a time all of it. A pipeline's first stage holds as many micro-batches as there are stages, which is as
    many layers as there are in all.
    """
    layer = layer_bytes(shape, training, layout)
    last_norm = _NORM_WIDTHS[_mode(training, layout)] // 2 * shape.hidden_size + 4
    if not training.gradient_checkpointing:
        return shape.num_hidden_layers * layer + last_norm
    residual = 2 if _mode(training, layout) == "bf16" else 4
    return shape.num_hidden_layers * residual * shape.hidden_size + layer + last_norm


def layer_bytes(shape: Shape, training: Training, layout: Layout) -> int:
    """Bytes that one token leaves in a decoder layer of transformers, with fused attention.

    Kept are: of each norm its input, its scale, and its output before and after the weights; queries, keys, values, the
    output of attention and the float32 sum of each head; gate, up, their activation and their product. All but what the
    norms leave is divided among tensor-parallel devices.
    """
    queries, keys = attention_widths(shape)
    size = 2 if training.precision == "bf16" else 4
    norms = _NORM_WIDTHS[_mode(training, layout)] * shape.hidden_size + 2 * 4
    divided = size * (2 * queries + 2 * keys + 4 * shape.intermediate_size) + 4 * shape.num_attention_heads
    return norms + math.ceil(divided / layout.tensor)


def _mode(training: Training, layout: Layout) -> str:
    if training.precision != "bf16":
        return "fp32"
    return "bf16" if layout.is_sharded else "autocast"


def layer_parameters(shape: Shape, tensor: int) -> int:
    """Parameters of one decoder layer on one of `tensor` devices; norms are on each."""
    queries, keys = attention_widths(shape)
    matrices = shape.hidden_size * (2 * queries + 2 * keys + 3 * shape.intermediate_size)
    return math.ceil(matrices / tensor) + 2 * shape.hidden_size


def tables_parts(layout: Layout) -> int:
    """Devices that divide embedding and head: the lightning engine divides the matrices of layers only."""
    return layout.tensor if layout.engine == "automodel" else 1


def _held(shape: Shape, layout: Layout, frozen_layers: list[int], *, first: bool) -> tuple[int, int]:
    """Parameters of the first or last pipeline stage on one device, before sharding: all, and those that learn."""
    table = math.ceil(shape.vocab_size / tables_parts(layout)) * shape.hidden_size
    whole = layout.pipeline == 1
    tables = (table if first or whole or shape.tie_word_embeddings else 0) + (
        table if (not first or whole) and not shape.tie_word_embeddings else 0
    )
    norm = shape.hidden_size if not first or whole else 0
    layers = shape.num_hidden_layers // layout.pipeline
    numbers = range(layers) if first else range(shape.num_hidden_layers - layers, shape.num_hidden_layers)
    frozen = len(set(frozen_layers) & set(numbers))
    layer = layer_parameters(shape, layout.tensor)
    return layers * layer + tables + norm, (layers - frozen) * layer + tables + norm


def _layers_held(shape: Shape, layout: Layout) -> int:
    return shape.num_hidden_layers // layout.pipeline * layer_parameters(shape, layout.tensor)
