"""What a user says of a tokenizer or a text to be measured."""

from dataclasses import dataclass, field
from pathlib import Path

from corpus.sources import Format, TextUnit


@dataclass(frozen=True, kw_only=True)
class TokenizerSource:
    """One tokenizer.

    Attributes:
        path: SentencePiece model, Hugging Face directory or tokenizer.json, tiktoken or tekken file; one inside an
            installed package as `package:NAME/path/in/it`; `mistral-v1` for the one in mistral-common.
        name: Short name in tables and plots; empty for that of the file or directory.
        pattern: Regular expression by which a tiktoken file cuts text into words, where it is not known.
    """

    path: str
    name: str = ""
    pattern: str = ""

    def __post_init__(self) -> None:
        if not self.path:
            raise ValueError("path of a tokenizer must name a file or directory")

    @property
    def label(self) -> str:
        """Its name, or one taken from the path."""
        path = Path(self.path.removeprefix("package:"))
        plain = path.name.split(".")[0] in {"tokenizer", "tekken", ""} and len(path.parts) > 1
        return self.name or (path.parent.name if plain else path.stem)


@dataclass(frozen=True, kw_only=True)
class LabelledText:
    """One text and what is known of it: a corpus that `corpus.build` made, or files.

    Attributes:
        name: Short name; stands as the source where files are given.
        corpus: Directory of a built corpus; its columns give the labels, so leave those below empty.
        path: File, glob or directory, or a list of them: JSONL, CSV, TSV, Parquet or plain text, also compressed.
        format: How the files are written; auto goes by the name's ending.
        text_column: Column of the text in tabular formats.
        text_unit: For plain text, what one document is.
        encoding: How text files are encoded.
        language: ISO 639 code of all of it, such as ar or en.
        dialect: Variety, such as arz; empty where it is not known.
        genre: news, web, books, poetry, ...
        vocalization: none, some, partly or fully; empty to measure it in marks per letter of each document.
        max_documents: Read only the first so many documents; 0 for all.
        held_out: Of a corpus, measure only the documents that no command of this project learns from, by the rule in
            tokenization/held_out.py; false for all, which is kinder to a tokenizer that learned from it.
        examples: Whether words of this text may be shown; scripture is counted, but never shown.
    """

    name: str
    corpus: str = ""
    path: str | list[str] = field(default_factory=list)
    format: Format = "auto"
    text_column: str = "text"
    text_unit: TextUnit = "paragraph"
    encoding: str = "utf-8"
    language: str = ""
    dialect: str = ""
    genre: str = "unlabelled"
    vocalization: str = ""
    max_documents: int = 0
    held_out: bool = True
    examples: bool = True

    def __post_init__(self) -> None:
        if bool(self.corpus) == bool(self.path):
            raise ValueError(f"text {self.name}: give either corpus or path")
        if self.path and not self.language:
            raise ValueError(f"text {self.name}: language must say which language it is in, such as ar")
        if self.vocalization not in {"", *VOCALIZATIONS}:
            raise ValueError(
                f"text {self.name}: vocalization must be one of {', '.join(VOCALIZATIONS)}, got {self.vocalization!r}"
            )


VOCALIZATIONS = ("none", "some", "partly", "fully")
"""How much tashkeel a document has: no mark, up to 0.1, up to 0.5, or more marks per Arabic letter."""


@dataclass(frozen=True, kw_only=True)
class ParallelText:
    """Sentences in two languages, side by side.

    Attributes:
        name: Short name.
        path: File, glob or directory with a column for each language, as JSONL, CSV, TSV or Parquet.
        format: How the files are written; auto goes by the name's ending.
        text_columns: Column of each of the two languages, as {ar: target, en: source}; the first is what the parity
            is of, the second what it is compared with.
        max_pairs: Read only the first so many pairs; 0 for all.
    """

    name: str
    path: str | list[str]
    format: Format = "auto"
    text_columns: dict[str, str] = field(default_factory=lambda: {"ar": "ar", "en": "en"})
    max_pairs: int = 0

    def __post_init__(self) -> None:
        if len(self.text_columns) != 2:
            raise ValueError(
                f"parallel text {self.name}: text_columns must name two languages, got {len(self.text_columns)}"
            )
