"""How much memory a batch takes beside the model, and how many items may be read at a time within a bound.

B rows, W tokens of the widest row, S tokens of a shared prefix, P places whose logits are kept, V pieces.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.model.grouping import Branching

GIB = 1 << 30

_FLOAT32 = 4


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What of a model decides the memory of a batch.

    Attributes:
        vocabulary: Pieces that it has logits for.
        layers: Its layers.
        key_values: Numbers that a layer keeps of each token: keys and values of all heads.
        width: Numbers that the widest part of a layer holds of each token.
        heads: Attention heads.
        number: Bytes of a number.
        all_logits: Whether it can only tell the logits of every token.
    """

    vocabulary: int
    layers: int
    key_values: int
    width: int
    heads: int
    number: int
    all_logits: bool = False

    def batch(self, rows: int, tokens: int, shared: int, places: int) -> int:
        """Bytes of B rows of W tokens after S shared ones, whose logits are kept at P places; an upper estimate.

        Logits in the model's numbers, in float32, and their logarithms; keys and values, and the prefix copied for each
        row; the mask and attention's weights of one layer; what one layer holds of each token.
        """
        places = tokens if self.all_logits else places
        seen = shared + tokens
        logits = rows * places * self.vocabulary * (self.number + 2 * _FLOAT32)
        kept = rows * (2 * shared + tokens) * self.layers * self.key_values * self.number
        masks = rows * tokens * seen * (2 + self.number)
        weights = rows * self.heads * tokens * seen * _FLOAT32
        return logits + kept + masks + weights + rows * tokens * self.width * self.number


def sizes_of(model: Any, *, all_logits: bool) -> Sizes:
    """Sizes of a Hugging Face causal model."""
    config = model.config.get_text_config()
    heads = int(config.num_attention_heads)
    head = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
    pairs = int(getattr(config, "num_key_value_heads", None) or heads)
    inner = int(getattr(config, "intermediate_size", None) or 4 * config.hidden_size)
    return Sizes(
        vocabulary=int(config.vocab_size),
        layers=int(config.num_hidden_layers),
        key_values=2 * pairs * head,
        width=6 * int(config.hidden_size) + 3 * inner,
        heads=heads,
        number=int(model.dtype.itemsize),
        all_logits=all_logits,
    )


def batches(
    members: Sequence[Branching], shared: int, sizes: Sizes, *, most: int, memory: int
) -> Iterator[list[Branching]]:
    """Members in their order, the longest first, so many at a time as stay within `memory` bytes and `most` rows.

    A member that takes more by itself is read alone.
    """
    batch: list[Branching] = []
    places: set[int] = set()
    width = 0
    for member in members:
        wider = max(width, member.length - shared)
        more = places | read_places(member, shared)
        if batch and (len(batch) == most or sizes.batch(len(batch) + 1, wider, shared, len(more)) > memory):
            yield batch
            batch, wider, more = [], member.length - shared, read_places(member, shared)
        batch.append(member)
        width, places = wider, more
    if batch:
        yield batch


def read_places(member: Branching, shared: int) -> set[int]:
    """Places of a row whose logits predict the tokens of its branches, as `packing` lays them out."""
    stem = len(member.context) - shared
    return {stem - 1, *range(stem, member.length - shared)}


def rows_within(sizes: Sizes, tokens: int, *, places: int, most: int, memory: int) -> int:
    """Rows of so many tokens that stay within `memory` bytes, at least one and at most `most`."""
    return max(1, min(most, memory // sizes.batch(1, tokens, 0, places)))
