"""lm-eval's Hugging Face model, computing every shared prefix once.

Bare lm-eval reads the few-shot examples again for each item, and the question again for each choice. Here the examples
of a subject are read once into a key-value cache, and an item's choices are read as branches after one reading of the
question. Log-likelihoods are the same up to floating-point noise; the model itself is asked at the start whether that
holds, and where it does not (models that take no four-dimensional mask, say), bare lm-eval answers.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from tqdm import tqdm

from benchmarks.model.bounded import Answer, BoundedLM, Request
from benchmarks.model.grouping import Branching, Group, branchings, groups
from benchmarks.model.memory import batches
from benchmarks.model.packing import Packed, pack

_AGREEMENT = {torch.float32: 2e-3, torch.float64: 1e-6}
"""Largest difference of a log-likelihood per token that still counts as noise; 0.05 in half precision."""

_CHECKED = 4


class PrefixSharingLM(BoundedLM):
    """`BoundedLM` that shares prefixes where the model allows it.

    Attributes:
        shares: Whether prefixes are shared; None until the first requests have been tried both ways.
        tokens_read: Tokens that the model has read.
    """

    shares: bool | None = None
    tokens_read: int = 0

    def tok_encode(self, string: str, *args: Any, **kwargs: Any) -> list[int]:
        """Token ids; those of the last text are kept, as an item's choices come with the same context."""
        if args or kwargs:
            return list(super().tok_encode(string, *args, **kwargs))
        if string != self.__dict__.get("_last_text"):
            self._last_text, self._last_ids = string, list(super().tok_encode(string))
        return self._last_ids

    def _encode_pair(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        """As lm-eval does it, but with the context tokenized once for all of its continuations."""
        stripped = context.rstrip()
        context_ids = self.tok_encode(stripped)
        whole = super().tok_encode(stripped + context[len(stripped) :] + continuation)
        return context_ids, list(whole[len(context_ids) :])

    def _loglikelihood_tokens(
        self, requests: list[Request], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[Answer]:
        if self.shares is None:
            self.shares = self._can_share() and self._agrees(requests)
        if not self.shares:
            answers: list[Answer] = super()._loglikelihood_tokens(requests, disable_tqdm, override_bs)
            return answers
        return self._shared(requests, disable_tqdm)

    def _can_share(self) -> bool:
        """Whether the model's attention takes a mask of our own, and looks back over all that it reads.

        Where a config names no layers' kinds, a window stands for all of them (Mistral).
        """
        config = self.model.config.get_text_config()
        kinds = getattr(config, "layer_types", None)
        window = None if kinds else getattr(config, "sliding_window", None)
        looks_back = set(kinds or ()) <= {"full_attention"} and (window or self.max_length) >= self.max_length
        attention = getattr(self.model.config, "_attn_implementation", "")
        return self.backend == "causal" and looks_back and attention in ("sdpa", "eager")

    def _agrees(self, requests: list[Request]) -> bool:
        """Whether both ways answer alike: a few requests of the context with the longest branch, and of the longest."""
        first = max(requests, key=lambda request: (len(request[2]), -len(request[1])))[1]
        others = (request[1] for request in requests if request[1] != first)
        longest = max((other for other in others if len(other) < self.max_length), key=len, default=None)
        few = [request for request in requests if request[1] == first][:_CHECKED]
        few += [request for request in requests if request[1] == longest][:_CHECKED]
        plain = super()._loglikelihood_tokens([(None, *request[1:]) for request in few], disable_tqdm=True)
        try:
            shared = self._shared(few, disable_tqdm=True, min_shared=1, keep=False)
        except (TypeError, ValueError, RuntimeError, AttributeError):
            return False
        noise = _AGREEMENT.get(self.model.dtype, 0.05)
        return all(
            abs(one[0] - other[0]) <= noise * (1 + len(request[2]))
            for one, other, request in zip(plain, shared, few, strict=True)
        )

    def _shared(
        self, requests: list[Request], disable_tqdm: bool, min_shared: int | None = None, keep: bool = True
    ) -> list[Answer]:
        answers: dict[int, Answer] = {}
        fitting: list[Branching] = []
        long: list[Branching] = []
        for member in branchings([(tuple(context), tuple(rest)) for _, context, rest in requests]):
            (fitting if member.deepest <= self.max_length else long).append(member)
        bar = tqdm(total=len(requests), desc="scoring", unit="request", disable=disable_tqdm)
        for group in groups(fitting) if min_shared is None else groups(fitting, min_shared):
            for member, scored in self._group_answers(group):
                for numbers, answer in zip(member.requests, scored, strict=True):
                    for number in numbers:
                        answers[number] = answer
                        if keep:
                            self.cache_hook.add_partial("loglikelihood", requests[number][0], answer)
                    bar.update(len(numbers))
        too_long = [number for member in long for numbers in member.requests for number in numbers]
        if too_long:  # lm-eval cuts these on the left
            plain = super()._loglikelihood_tokens([requests[number] for number in too_long], disable_tqdm)
            answers.update(zip(too_long, plain, strict=True))
            bar.update(len(too_long))
        bar.close()
        return [answers[number] for number in range(len(requests))]

    def _group_answers(self, group: Group) -> Iterator[tuple[Branching, list[Answer]]]:
        cache = self._read_prefix(group.members[0].context[: group.shared]) if group.shared else None
        ordered = sorted(group.members, key=lambda member: -member.length)
        bounds = {"most": self.rows, "memory": self.memory}
        for members in batches(ordered, group.shared, self.sizes(), **bounds):
            packed = pack(members, group.shared, self.model.dtype, self.device)
            yield from zip(members, self._read(packed, members, cache), strict=True)

    def _read_prefix(self, prefix: tuple[int, ...]) -> Any:
        self.tokens_read += len(prefix)
        ids = torch.tensor([prefix], device=self.device)
        with torch.inference_mode():
            return self.model(
                ids, use_cache=True, **self._kept(torch.tensor([len(prefix) - 1]))
            ).past_key_values

    def _read(self, packed: Packed, members: Sequence[Branching], cache: Any) -> list[list[Answer]]:
        self.tokens_read += packed.ids_BQ.numel()
        wanted = sorted({place for row in packed.read for places in row for place in places})
        column = {place: number for number, place in enumerate(wanted)}
        arguments: dict[str, Any] = {"input_ids": packed.ids_BQ, "position_ids": packed.positions_BQ}
        if packed.mask_B1QK is not None:
            arguments["attention_mask"] = packed.mask_B1QK
        if cache is not None:
            cache = copy.deepcopy(cache)
            cache.batch_repeat_interleave(len(members))
            arguments["past_key_values"] = cache
        kept = self._kept(torch.tensor(wanted, device=self.device))
        with torch.inference_mode():
            logits = self.model(**arguments, use_cache=cache is not None, **kept).logits
            if not kept:
                logits = logits[:, wanted]
            found = torch.log_softmax(logits.float(), dim=-1)
        return [
            [
                _answer(found[row], [column[place] for place in places], branch)
                for places, branch in zip(packed.read[row], member.branches, strict=True)
            ]
            for row, member in enumerate(members)
        ]

    def _kept(self, places: torch.Tensor) -> dict[str, torch.Tensor]:
        """Have the model compute logits only at these places, where its `forward` knows how."""
        return {"logits_to_keep": places.to(self.device)} if self.keeps_logits() else {}


def _answer(log_probabilities_NV: torch.Tensor, rows: list[int], branch: tuple[int, ...]) -> Answer:
    """Log-likelihood of a branch, and whether each of its tokens is the likeliest."""
    found_TV = log_probabilities_NV[rows]
    tokens_T = torch.tensor(branch, device=found_TV.device)
    total = float(found_TV.gather(1, tokens_T.unsqueeze(1)).sum())
    return total, bool((found_TV.argmax(dim=1) == tokens_T).all())
