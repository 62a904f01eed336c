"""Attention within each conversation of a packed sequence, without a mask over all pairs of tokens.

Given a mask, torch computes every pair of a sequence and throws most away, so that packing many short conversations
would cost more in attention than the padding it saves. Here each conversation is one causal call of its own. A model
that names flash attention does likewise in one kernel, from the same positions, and is left as it is; so is one that
attends within a window (Mistral's `sliding_window`), which no causal call keeps to.
"""

from typing import Any

import torch

NAME = "daad_conversations"
"""How transformers' settings call it; models are never saved with this name."""

Spans = tuple[tuple[tuple[int, int], ...], ...]
"""For each sequence of a micro batch where its conversations begin and end, in order, without gaps."""


def attend_within_conversations(model: Any) -> None:
    """Let a model that uses torch's own attention, without a window, use this one, in place; others stay."""
    from transformers import AttentionInterface

    windowed = getattr(model.config, "sliding_window", None) is not None
    if model.config._attn_implementation == "sdpa" and not windowed:  # noqa: SLF001  transformers has no public name
        AttentionInterface.register(NAME, attention)
        model.set_attn_implementation(NAME)


def attends_within_conversations(model: Any) -> bool:
    """Whether a model takes `conversation_spans`."""
    return bool(model.config._attn_implementation == NAME)  # noqa: SLF001


def spans_of(positions_BS: torch.Tensor) -> Spans:  # noqa: N803
    """Where conversations lie in sequences whose positions start again with each.

    >>> spans_of(torch.tensor([[0, 1, 2, 0, 1], [0, 1, 2, 3, 4]]))
    (((0, 3), (3, 5)), ((0, 5),))
    """
    found = []
    for row in positions_BS:
        starts = (row == 0).nonzero()[:, 0].tolist()
        found.append(tuple(zip(starts, [*starts[1:], len(row)], strict=True)))
    return tuple(found)


def attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    conversation_spans: Spans | None = None,
    **settings: Any,
) -> tuple[torch.Tensor, None]:
    """Transformers' attention function [B, heads, S, width] -> [B, S, heads, width]; causal where no spans are."""
    from transformers.integrations import sdpa_attention

    sdpa: Any = sdpa_attention.sdpa_attention_forward
    if conversation_spans is None:
        output: torch.Tensor = sdpa(module, query, key, value, attention_mask, **settings)[0]
        return output, None
    rows = []
    for number, spans in enumerate(conversation_spans):
        parts = [
            sdpa(
                module,
                *(states[number : number + 1, :, begin:end] for states in (query, key, value)),
                attention_mask=None,
                is_causal=True,
                **settings,
            )[0]
            for begin, end in spans
        ]
        rows.append(torch.cat(parts, dim=1))
    return torch.cat(rows), None
