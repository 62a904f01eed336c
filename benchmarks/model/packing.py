"""A batch of branchings as tensors: every context is followed by all of its branches, which do not see one another.

B batch, Q tokens read in this call, K tokens seen (shared prefix and Q).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.model.grouping import Branching


@dataclass(frozen=True)
class Packed:
    """Inputs of one forward call.

    Attributes:
        ids_BQ: Token ids, padded on the right.
        positions_BQ: Position of each token in its own sequence.
        mask_B1QK: Zero where a token sees another, the least number of the type where not; None where all is causal.
        read: For each member and branch, the places in Q whose logits predict the branch's tokens.
    """

    ids_BQ: Any
    positions_BQ: Any
    mask_B1QK: Any
    read: tuple[tuple[tuple[int, ...], ...], ...]


def pack(members: Sequence[Branching], shared: int, dtype: torch.dtype, device: torch.device) -> Packed:
    """Pack members whose first `shared` tokens are in the cache already."""
    width = max(member.length for member in members) - shared
    ids = torch.zeros((len(members), width), dtype=torch.long)
    positions = torch.zeros((len(members), width), dtype=torch.long)
    branched = any(len(branch) > 1 for member in members for branch in member.branches)
    sees = torch.zeros((len(members), width, width), dtype=torch.bool)
    read = []
    for row, member in enumerate(members):
        stem = len(member.context) - shared
        ids[row, :stem] = torch.tensor(member.context[shared:])
        positions[row, :stem] = torch.arange(shared, shared + stem)
        sees[row, :stem, :stem] = True
        place, places = stem, []
        for branch in member.branches:
            end = place + len(branch) - 1
            ids[row, place:end] = torch.tensor(branch[:-1], dtype=torch.long)
            positions[row, place:end] = torch.arange(shared + stem, shared + stem + end - place)
            sees[row, place:end, :stem] = True
            sees[row, place:end, place:end] = True
            places.append((stem - 1, *range(place, end)))
            place = end
        sees[row, place:, 0] = True  # padding sees something, or its softmax is not a number
        read.append(tuple(places))
    mask = _mask(sees, shared, dtype).to(device) if branched else None
    return Packed(ids.to(device), positions.to(device), mask, tuple(read))


def _mask(sees_BQQ: torch.Tensor, shared: int, dtype: torch.dtype) -> torch.Tensor:
    rows, width, _ = sees_BQQ.shape
    causal = torch.ones((width, width), dtype=torch.bool).tril()
    causal[:, 0] = True
    prefix = torch.ones((rows, width, shared), dtype=torch.bool)
    sees = torch.cat([prefix, sees_BQQ & causal], dim=2)
    return torch.zeros(sees.shape, dtype=dtype).masked_fill(~sees, torch.finfo(dtype).min).unsqueeze(1)
