"""What a user can set of the new embedding rows. Standard library only: `--help` loads this."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Method = Literal["mean", "length_weighted", "similarity", "random"]
Norms = Literal["keep", "parts", "base"]


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """How `method: similarity` finds base pieces that are like a new one.

    Attributes:
        megabytes: Text of the corpus that the auxiliary vectors are learned from, in millions of bytes; every so
            manieth document is taken, over all shards. 0 for all.
        window: Pieces to either side that count as near.
        minimum_count: Pieces seen less often have no vector: new ones fall back to the mean, base ones do not weigh.
        dimensions: Length of the auxiliary vectors.
        weighting: How similarities become weights; sparsemax gives most base pieces none, softmax all.
        temperature: Similarities are divided by it first: smaller is sharper.
        neighbors: Most base pieces that may weigh in a row.
    """

    megabytes: float = 32
    window: int = 5
    minimum_count: int = 5
    dimensions: int = 128
    weighting: Literal["sparsemax", "softmax"] = "sparsemax"
    temperature: float = 1.0
    neighbors: int = 128

    def __post_init__(self) -> None:
        for setting in ("window", "minimum_count", "dimensions", "neighbors"):
            if getattr(self, setting) < 1:
                raise ValueError(f"{setting} must be at least 1, got {getattr(self, setting)}")
        if not 0 <= self.megabytes < math.inf:
            raise ValueError(f"megabytes must be a number of at least 0, got {self.megabytes}")
        if not 0 < self.temperature < math.inf:
            raise ValueError(f"temperature must be a number above 0, got {self.temperature}")


@dataclass(frozen=True, kw_only=True)
class Embeddings:
    """Give a Hugging Face checkpoint the embedding rows of an expanded tokenizer, file by file.

    Attributes:
        checkpoint: Directory of the base model: config.json and safetensors files.
        tokenizer: Directory that `python -m tokenization.expand` made from the base model's tokenizer.
        output_dir: Directory of the new checkpoint; it appears whole or not at all.
        method: Where a new piece's rows come from: mean of the base pieces that the base cuts it into;
            length_weighted, the same with long pieces weighing more; similarity, base pieces that are used alike in the
            corpus (FOCUS); random, normal with the base's mean and covariance, as control.
        norms: Length of the new rows, measured from the mean of the base's rows, since averaging shortens them: keep;
            parts, as long as what they were averaged of; base, distributed as the base's own.
        statistics: What `method: random` draws with: the full covariance, or the variance of each dimension.
        seed: Seed of all that is drawn.
        corpus: Directory of a corpus with text of both languages; `method: similarity` needs it.
        similarity: Settings of `method: similarity`.
        special_ids: What becomes of bos, eos and pad ids in the configs: check refuses those that differ from the
            tokenizer's, from_tokenizer takes the tokenizer's, keep leaves them.
        input_matrix: Name of the input matrix among the tensors; empty to find it.
        output_matrix: Name of the output matrix; empty to find it.
    """

    checkpoint: str
    tokenizer: str
    output_dir: str
    method: Method = "mean"
    norms: Norms = "keep"
    statistics: Literal["covariance", "dimensions"] = "covariance"
    seed: int = 1
    corpus: str = ""
    similarity: Similarity = field(default_factory=Similarity)
    special_ids: Literal["check", "from_tokenizer", "keep"] = "check"
    input_matrix: str = ""
    output_matrix: str = ""

    def __post_init__(self) -> None:
        for setting in ("checkpoint", "tokenizer", "output_dir"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must name a directory")
        if self.method == "similarity" and not self.corpus:
            raise ValueError("corpus must name a corpus that method similarity can learn from, got none")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what is written; where it lies does not, and the files read are told by digest."""
        settings = asdict(self)
        for name in ("checkpoint", "tokenizer", "output_dir", "corpus"):
            del settings[name]
        return settings
