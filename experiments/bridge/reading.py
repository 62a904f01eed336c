"""A model reads: how sure it is of a text after another one, and what it makes of texts, layer by layer.

`ids` and `mask` are int64[texts, tokens] of a batch; the embeddings count as the first layer.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from nemo_recipes.data.tokenizer import open_tokenizer

Floats = NDArray[np.float64]


class Reader:
    """A causal language model with its tokenizer; each text follows an end of document, as in training."""

    def __init__(
        self, model: Path, tokenizer: Path, end_piece: str, *, longest: int, device: str, batch: int
    ) -> None:
        from transformers import AutoModelForCausalLM

        loaded: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, local_files_only=True)
        self.model = loaded.to(device).eval()
        self.cut = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
        self.end_id = open_tokenizer(str(tokenizer), end_piece).end_id
        self.longest, self.device, self.batch = longest, device, batch

    def ids(self, text: str) -> list[int]:
        """Ids of a text, the end of document before them."""
        ids: list[int] = self.cut.encode(text, add_special_tokens=False).ids
        return [self.end_id, *ids]

    def with_continuation(self, opening: str, continuation: str) -> tuple[list[int], int]:
        """Ids of both texts after one another, and how many of them belong to the opening.

        A token that holds the end of the one and the start of the other belongs to the continuation.
        """
        encoded = self.cut.encode(opening + continuation, add_special_tokens=False)
        end = len(opening)
        first = next(
            (place for place, (_, stop) in enumerate(encoded.offsets) if stop > end), len(encoded.ids)
        )
        return [self.end_id, *encoded.ids], first + 1

    def fits(self, opening: str, continuation: str) -> bool:
        """Whether both texts go into one sequence."""
        return len(self.with_continuation(opening, continuation)[0]) <= self.longest

    @torch.inference_mode()
    def bits(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Bits that each continuation takes after its opening: -log2 of its probability; float64[pairs]."""
        encoded = [self.with_continuation(*pair) for pair in pairs]
        found = np.zeros(len(pairs))
        for rows in self._batches([len(ids) for ids, _ in encoded]):
            ids, mask = self._padded([encoded[row][0] for row in rows])
            hidden = self.model.model(input_ids=ids, attention_mask=mask).last_hidden_state
            places = [
                (number, place)
                for number, row in enumerate(rows)
                for place in range(encoded[row][1], len(encoded[row][0]))
            ]
            if not places:
                continue
            at = torch.tensor(places, device=self.device)
            logits = self.model.lm_head(hidden[at[:, 0], at[:, 1] - 1]).float()
            nats = torch.nn.functional.cross_entropy(logits, ids[at[:, 0], at[:, 1]], reduction="none")
            np.add.at(
                found,
                [rows[number] for number, _ in places],
                nats.double().cpu().numpy() / np.log(2),
            )
        return found

    @torch.inference_mode()
    def states(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Mean over each text's tokens of what every layer makes of them; float32[layers, texts, width]."""
        encoded = [self.ids(text)[: self.longest] for text in texts]
        found: NDArray[np.float32] | None = None
        for rows in self._batches([len(ids) for ids in encoded]):
            ids, mask = self._padded([encoded[row] for row in rows])
            layers = self.model.model(
                input_ids=ids, attention_mask=mask, output_hidden_states=True
            ).hidden_states
            weights = mask.float()
            weights[:, 0] = 0  # the end of the document before
            weights /= weights.sum(1, keepdim=True).clamp(min=1)
            means = torch.stack([(layer * weights[..., None]).sum(1) for layer in layers])
            if found is None:
                found = np.zeros((len(layers), len(texts), means.shape[-1]), np.float32)
            found[:, rows] = means.float().cpu().numpy()
        assert found is not None
        return found

    @torch.inference_mode()
    def continued(self, openings: Sequence[str], new_tokens: int) -> list[str]:
        """The likeliest next tokens of each opening, one at a time, to the end of the line."""
        encoded = [self.ids(opening.rstrip(" ")) for opening in openings]
        found = [""] * len(openings)
        for rows in self._batches([len(ids) for ids in encoded]):
            ids, mask = self._padded([encoded[row] for row in rows], left=True)
            made = self.model.generate(
                input_ids=ids, attention_mask=mask, max_new_tokens=new_tokens, do_sample=False,
                pad_token_id=self.end_id, eos_token_id=self.end_id,
            )  # fmt: skip
            for row, whole in zip(rows, made.tolist(), strict=True):
                # Decoded after its opening, for a piece alone may lose the space before it.
                before = self.cut.decode(encoded[row])
                new = whole[ids.shape[1] :]
                new = new[: new.index(self.end_id)] if self.end_id in new else new
                after = self.cut.decode(encoded[row] + new)[len(before) :]
                found[row] = after.strip().split("\n")[0].strip()
        return found

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Rows of about one length together."""
        order = np.argsort(lengths, kind="stable").tolist()
        for first in range(0, len(order), self.batch):
            yield order[first : first + self.batch]

    def _padded(self, sequences: Sequence[Sequence[int]], *, left: bool = False) -> tuple[Any, Any]:
        longest = max(map(len, sequences))
        ids = torch.full((len(sequences), longest), self.end_id)
        mask = torch.zeros((len(sequences), longest), dtype=torch.long)
        for number, sequence in enumerate(sequences):
            where = slice(longest - len(sequence), None) if left else slice(len(sequence))
            ids[number, where] = torch.tensor(sequence)
            mask[number, where] = 1
        return ids.to(self.device), mask.to(self.device)


@contextlib.contextmanager
def threads_of_worker() -> Iterator[None]:
    """As many threads as a worker was given."""
    before = torch.get_num_threads()
    given = os.environ.get("OMP_NUM_THREADS")
    if given:
        torch.set_num_threads(int(given))
    try:
        yield
    finally:
        torch.set_num_threads(before)
