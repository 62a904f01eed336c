"""What a user says of one source of text."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["natural", "translated", "synthetic", "parallel"]
Format = Literal[
    "auto",
    "jsonl",
    "parquet",
    "csv",
    "tsv",
    "text",
    "wikiextractor",
    "warc",
    "datasets",
    "tmx",
    "po",
    "moses",
    "opus",
]
TextUnit = Literal["file", "paragraph", "line"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One source: where its files are, how to read them, and what is known of them.

    Attributes:
        name: Short name, unique in the config; it starts the ids and the shard names.
        path: File, glob or directory, local or any fsspec URL; or a list of them.
        format: How the files are written; auto goes by the name's ending.
        language: ISO 639 code that all text is declared to have; empty to leave it to identification.
        domain: What the text is: web, news, books, encyclopedia, dialogue, transcribed, papers, code, ...
        kind: Written by people in this language, translated, synthetic, or parallel.
        license: License of the text, where no column says it.
        url: Address of the source, where no column says it.
        text_column: Column of the text in tabular formats.
        text_columns: For parallel text, the column of each language, as {en: source, ar: target}.
        id_column: Column of the record's id; a missing one is replaced by the record's number.
        url_column: Column of the address.
        license_column: Column of the license.
        domain_column: Column of the domain, where it varies within the source.
        text_unit: For plain text, what one document is.
        encoding: How text files are encoded.
        priority: Of two duplicates the one of the source with the higher priority stays; then the longer.
        split: Split of a Hugging Face dataset.
        subset: Configuration of a Hugging Face dataset.
        max_documents: Read only the first so many records (pairs, for parallel text); 0 for all.
        examples: Whether the data card may show texts of this source as examples.
    """

    name: str
    path: str | list[str]
    format: Format = "auto"
    language: str = ""
    domain: str = "web"
    kind: Kind = "natural"
    license: str = ""
    url: str = ""
    text_column: str = "text"
    text_columns: dict[str, str] = field(default_factory=dict)
    id_column: str = "id"
    url_column: str = "url"
    license_column: str = "license"
    domain_column: str = ""
    text_unit: TextUnit = "file"
    encoding: str = "utf-8"
    priority: int = 0
    split: str = "train"
    subset: str = ""
    max_documents: int = 0
    examples: bool = True

    def __post_init__(self) -> None:
        allowed = self.name.replace("-", "").replace("_", "").replace(".", "")
        if not (allowed.isascii() and allowed.isalnum()):
            raise ValueError(f"source name must be ASCII letters, digits, '-', '_' or '.', got {self.name!r}")
        if not self.paths:
            raise ValueError(f"source {self.name}: path must name at least one file")
        if self.kind == "parallel" and self.text_columns and len(self.text_columns) < 2:
            raise ValueError(f"source {self.name}: text_columns must name at least two languages")
        if self.max_documents < 0:
            raise ValueError(
                f"source {self.name}: max_documents must be at least 0, got {self.max_documents}"
            )

    @property
    def paths(self) -> list[str]:
        """All paths, as a list."""
        given = [self.path] if isinstance(self.path, str) else self.path
        return [path for path in given if path]
