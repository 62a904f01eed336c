"""How well two texts translate each other: a learned lexicon or an embedding model behind one interface."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.clean_pairs.lexicon import Lexicon, learn
from corpus.clean_pairs.settings import Alignment
from corpus.errors import CorpusError, cause_of
from corpus.model_files import model_digest, model_directory

Scores = npt.NDArray[np.float64]


class PairScorer(Protocol):
    """Scores pairs of texts; the higher, the better they translate each other."""

    def score(self, left: pl.Series, right: pl.Series) -> Scores:
        """One score for each pair, float64[n]."""


def cross_fitted(left: pl.Series, right: pl.Series, settings: Alignment) -> tuple[Lexicon, Lexicon]:
    """Two lexicons, one of the even pairs and one of the odd ones among the first `lexicon_pairs`.

    A pair is to be scored by the lexicon that did not learn from it: a wrong pair teaches its own rare words.
    """
    sample_left, sample_right = left.head(settings.lexicon_pairs), right.head(settings.lexicon_pairs)
    even = pl.int_range(len(sample_left), eager=True) % 2 == 0
    return (
        learn(sample_left.filter(even), sample_right.filter(even), settings.iterations),
        learn(sample_left.filter(~even), sample_right.filter(~even), settings.iterations),
    )


class EmbeddingScorer:
    """Cosine of mean-pooled last hidden states of a Hugging Face encoder; `version` is the digest of its files."""

    def __init__(self, directory: str, *, batch_size: int, device: str) -> None:
        """Load the model.

        Raises:
            CorpusError: The directory holds no model that can be loaded.
        """
        path = model_directory(directory)
        import torch
        from transformers import AutoModel, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(directory)
            self._model: Any = AutoModel.from_pretrained(directory).to(device).eval()
        except Exception as error:  # the library raises anything for odd files
            reason = cause_of(error)
            raise CorpusError(f"{directory}: the model cannot be loaded ({reason})") from error
        self._torch, self._batch_size, self._device = torch, batch_size, device
        self.version = model_digest(path)

    def embed(self, texts: pl.Series) -> npt.NDArray[np.float32]:
        """One unit vector for each text, float32[n, d]; batches are of texts that are about as long."""
        listed = texts.fill_null("").to_list()
        order = sorted(range(len(listed)), key=lambda i: len(listed[i]))
        found: dict[int, npt.NDArray[np.float32]] = {}
        for start in range(0, len(order), self._batch_size):
            rows = order[start : start + self._batch_size]
            inputs = self._tokenizer(
                [listed[row] for row in rows],
                padding=True,
                truncation=True,
                max_length=512,
                return_tensors="pt",
            ).to(self._device)
            with self._torch.inference_mode():
                states = self._model(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1).to(states.dtype)
            means = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
            vectors = self._torch.nn.functional.normalize(means.float(), dim=-1).cpu().numpy()
            found.update(zip(rows, vectors, strict=True))
        return (
            np.stack([found[row] for row in range(len(listed))]) if listed else np.zeros((0, 1), np.float32)
        )

    def score(self, left: pl.Series, right: pl.Series) -> Scores:
        """Cosines, float64[n]."""
        cosines: Scores = np.einsum("nd,nd->n", self.embed(left), self.embed(right)).astype(np.float64)
        return cosines
