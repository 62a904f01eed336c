"""lm-eval's Hugging Face model, reading fewer rows at a time where a batch would take more memory than it may."""

import inspect
from typing import Any

from lm_eval.models.huggingface import HFLM

from benchmarks.model.memory import GIB, Sizes, rows_within, sizes_of

Request = tuple[tuple[str, str] | None, list[int], list[int]]
Answer = tuple[float, bool]

_LONGEST = 8


class BoundedLM(HFLM):
    """`HFLM` within a bound.

    Attributes:
        memory: Bytes that a batch may take beside the model.
        rows: Rows that a batch has at most.
    """

    memory: int = 2 * GIB
    rows: int = 8

    def bound(self, memory_gib: float) -> None:
        """Hold all batches to so many GiB."""
        self.memory = int(memory_gib * GIB)
        self.rows = int(self.batch_size)

    def sizes(self) -> Sizes:
        """What of the model decides the memory of a batch."""
        return sizes_of(self.model, all_logits=not self.keeps_logits())

    def keeps_logits(self) -> bool:
        """Whether the model can compute logits at some places only."""
        return "logits_to_keep" in inspect.signature(self.model.forward).parameters

    def _loglikelihood_tokens(
        self, requests: list[Request], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[Answer]:
        """As lm-eval does it, which keeps the logits of every token."""
        longest = max((len(context) + len(rest) for _, context, rest in requests), default=1)
        self._take_rows(min(longest, self.max_length), every_place=True)
        answers: list[Answer] = super()._loglikelihood_tokens(requests, disable_tqdm, override_bs)
        return answers

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """As lm-eval does it: keys and values of the longest prompt and answer decide the number of rows."""
        prompts = sorted((request.args[0] for request in requests), key=len, reverse=True)[:_LONGEST]
        written = max(
            (request.args[1].get("max_gen_toks", self.max_gen_toks) for request in requests), default=1
        )
        longest = max((len(self.tok_encode(prompt)) for prompt in prompts), default=1) + written
        self._take_rows(min(longest, self.max_length), every_place=False)
        texts: list[str] = super().generate_until(requests, disable_tqdm)
        return texts

    def _take_rows(self, tokens: int, *, every_place: bool) -> None:
        places = tokens if every_place else 1
        self.batch_size_per_gpu = rows_within(
            self.sizes(), tokens, places=places, most=self.rows, memory=self.memory
        )
