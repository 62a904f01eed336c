"""A SentencePiece base as the expansion uses it: `tokenization.base.Base` for a BPE model file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
from sentencepiece import SentencePieceProcessor

from tokenization.base import Additions, Encode, Evidence
from tokenization.proofs.proof import Proof
from tokenization.sentencepiece_base.claims import prove
from tokenization.sentencepiece_base.learn import learn
from tokenization.sentencepiece_base.merge import merge
from tokenization.sentencepiece_base.model import SentencePieceBase
from tokenization.sentencepiece_base.phrases import add_phrases
from tokenization.sentencepiece_base.writing import write_tokenizer


class SentencePieceExpansion(SentencePieceBase):
    """A SentencePiece BPE model that can be expanded."""

    kind = "sentencepiece"

    def learn(self, words: pl.DataFrame, num_pieces: int, *, clitic_share: float = 1.0) -> Additions:
        """Learn pieces from words; see `tokenization.base.Base`."""
        return learn(self, words, num_pieces, clitic_share=clitic_share)

    def add_phrases(
        self,
        additions: Additions,
        words: pl.DataFrame,
        texts: Callable[[], Iterator[pl.Series]],
        num_phrases: int,
    ) -> Additions:
        """Append pieces that join words; see `tokenization.base.AddPhrases`."""
        return add_phrases(self, additions, words, texts, num_phrases)

    def write(self, additions: Additions, num_reserve: int, directory: Path) -> list[str]:
        """Write tokenizer.model, tokenizer.json and tokenizer_config.json."""
        proto = merge(self, additions, num_reserve)
        write_tokenizer(proto, directory)
        return [piece.piece for piece in proto.pieces[self.size + len(additions) :]]

    def load(self, directory: Path) -> Encode:
        """How the model written there cuts."""
        processor = SentencePieceProcessor(model_file=str(directory / "tokenizer.model"))
        return lambda texts: processor.encode(list(texts))

    def prove(
        self, additions: Additions, num_reserve: int, directory: Path, evidence: Evidence
    ) -> list[Proof]:
        """Try all claims; see `tokenization.sentencepiece_base.claims`."""
        return prove(self, additions, num_reserve, directory, evidence)
