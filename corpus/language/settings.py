"""What a user can set of language identification."""

from dataclasses import dataclass, field
from typing import Literal

Declared = Literal["check", "trust", "replace"]


@dataclass(frozen=True, kw_only=True)
class Identification:
    """Tell the language of every document and drop what is in another one.

    Attributes:
        enabled: Whether documents are dropped for their language; they are identified in any case.
        languages: ISO 639 codes of the languages that stay; ar is any variety of Arabic.
        minimum_confidence: Least confidence by language (or by dialect, as arz) of a document whose source
            does not declare that language; .711 for ar and .339 for arz are FineWeb-2's, .65 for en is
            FineWeb's.
        declared: What a declared language is worth: check drops documents that are surely in another one,
            trust asks no question, replace lets the identified language stand.
        contradiction: Confidence that it takes to contradict the declared language.
        contradiction_letters: Texts of fewer letters, names and titles, contradict it only by their script.
        minimum_letters: Texts of fewer letters are too short to tell: the declared language stands, or und.
        minimum_share: Least share of a document's letters that must be in languages that stay.
        drop_paragraphs: Whether paragraphs in another language are cut out of documents that stay.
        smallest_share: Scripts with a smaller share of a document's letters are not looked at, in 0 to 1.
        exempt_domains: Domains whose documents are never dropped for their language.
        snippet_bytes: Bytes of each of the three snippets (start, middle, end) that stand for a long text.
    """

    enabled: bool = True
    languages: list[str] = field(default_factory=lambda: ["ar", "en"])
    minimum_confidence: dict[str, float] = field(
        default_factory=lambda: {"ar": 0.711, "arz": 0.339, "en": 0.65}
    )
    declared: Declared = "check"
    contradiction: float = 0.7
    contradiction_letters: int = 40
    minimum_letters: int = 10
    minimum_share: float = 0.5
    drop_paragraphs: bool = False
    smallest_share: float = 0.05
    exempt_domains: list[str] = field(default_factory=lambda: ["code"])
    snippet_bytes: int = 128

    def __post_init__(self) -> None:
        if not self.languages:
            raise ValueError("languages must name at least one language")
        for language in self.languages:
            if not (language.isascii() and language.isalpha() and 2 <= len(language) <= 3):
                raise ValueError(f"languages must be ISO 639 codes such as ar, got {language!r}")
        if self.declared not in ("check", "trust", "replace"):
            raise ValueError(f"declared must be check, trust or replace, got {self.declared!r}")
        shares = {f"minimum_confidence of {name}": value for name, value in self.minimum_confidence.items()}
        for name in ("contradiction", "minimum_share", "smallest_share"):
            shares[name] = getattr(self, name)
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must be from 0 to 1, got {share}")
        if self.contradiction_letters < 0:
            raise ValueError(f"contradiction_letters must be at least 0, got {self.contradiction_letters}")
        if self.minimum_letters < 1:
            raise ValueError(f"minimum_letters must be at least 1, got {self.minimum_letters}")
        if not 32 <= self.snippet_bytes <= 100_000:
            raise ValueError(f"snippet_bytes must be from 32 to 100000, got {self.snippet_bytes}")
