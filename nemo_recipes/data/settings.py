"""What a user can set of token files and of the blend that is read from them. Standard library only."""

import os
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Encode the shards of a corpus into Megatron token files, one pair of .bin and .idx for each part and split.

    Attributes:
        corpus: Directory that `python -m corpus.build` made.
        tokenizer: Directory of a Hugging Face fast tokenizer (an expanded one, say), or a SentencePiece .model file.
        output_dir: Directory of the token files; what is there already and still true is used again.
        validation_share: Share of the documents of each part that is kept for validation; which ones, a fixed hash of
            the document's id (for parallel text, of the pair's) decides, whatever the tokenizer.
        begin_of_document: Put the tokenizer's begin-of-text id before each document.
        end_piece: The piece that follows each document; empty for the tokenizer's end-of-text.
        workers: Worker processes; 0 for one per core. Their number never changes a byte of the result.
    """

    corpus: str
    tokenizer: str
    output_dir: str
    validation_share: float = 0.01
    begin_of_document: bool = False
    end_piece: str = ""
    workers: int = 0

    def __post_init__(self) -> None:
        for setting in ("corpus", "tokenizer", "output_dir"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        if not 0 <= self.validation_share <= 0.5:
            raise ValueError(f"validation_share must be between 0 and 0.5, got {self.validation_share:g}")
        if self.workers < 0:
            raise ValueError(f"workers must be at least 0, got {self.workers}")

    @property
    def num_workers(self) -> int:
        """How many workers there are on this machine."""
        return self.workers or len(os.sched_getaffinity(0))

    def decisive(self) -> dict[str, Any]:
        """The settings that decide what the files hold, paths apart: what lies there is told by digests."""
        settings = asdict(self)
        return {name: settings[name] for name in ("validation_share", "begin_of_document", "end_piece")}


@dataclass(frozen=True, kw_only=True)
class Data:
    """What is read, and how it is cut into sequences.

    Attributes:
        tokens: Directory of token files; where it holds none they are made there from corpus and tokenizer first, as
            `python -m nemo_recipes.data` does. Empty for `tokens` in the output directory.
        corpus: Directory that `python -m corpus.build` made; needed only where the token files must be made.
        tokenizer: Directory of the tokenizer (or a SentencePiece .model file) that encodes the corpus and is exported
            with the model. Empty for the tokenizer in the model's checkpoint directory.
        plan: Plan that `python -m corpus.mixture` wrote, which gives each part its share of the tokens. Empty for
            mixture.yaml in the corpus.
        sequence_length: Tokens that one sequence trains on.
        validation_share: Share of documents kept for validation, where the token files must be made.
        begin_of_document: Put the tokenizer's begin-of-text id before each document, where the files must be made.
        end_piece: The piece that follows each document, where the files must be made.
        validation_megabytes: Text that is read of each validation set, in millions of bytes: whole documents in a fixed
            order, the same ones whatever the tokenizer, so that bits per byte compare. 0 for all of it.
        reset_at_documents: Positions start again at each document, and no token attends to another document.
        replay_share: Share of the tokens that is read in `replay_language`, whatever the plan says; the rest keeps its
            proportions. null leaves the plan as it is.
        replay_language: The language that the model knows already.
        workers: Processes that encode; 0 for one per core.
        loader_workers: Processes that read batches ahead; 0 reads in the training process.
    """

    tokens: str = ""
    corpus: str = ""
    tokenizer: str = ""
    plan: str = ""
    sequence_length: int = 4096
    validation_share: float = 0.01
    begin_of_document: bool = False
    end_piece: str = ""
    validation_megabytes: float = 1.0
    reset_at_documents: bool = False
    replay_share: float | None = None
    replay_language: str = "en"
    workers: int = 0
    loader_workers: int = 0

    def __post_init__(self) -> None:
        if not self.tokens and not self.corpus:
            raise ValueError("give tokens (token files) or corpus (shards to make them from)")
        if self.sequence_length < 2:
            raise ValueError(f"sequence_length must be at least 2, got {self.sequence_length}")
        if not 0 <= self.validation_share <= 0.5:
            raise ValueError(f"validation_share must be between 0 and 0.5, got {self.validation_share:g}")
        if self.replay_share is not None and not 0 <= self.replay_share <= 1:
            raise ValueError(f"replay_share must be between 0 and 1, got {self.replay_share:g}")
        for setting in ("validation_megabytes", "workers", "loader_workers"):
            if getattr(self, setting) < 0:
                raise ValueError(f"{setting} must be at least 0, got {getattr(self, setting)}")
