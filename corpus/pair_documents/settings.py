"""What a user can set of the documents that pairs become. Standard library only: `--help` loads this."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Format = Literal[
    "translation", "interleaved", "code_switched", "word_switched", "document_pairs", "monolingual"
]
FORMATS: tuple[Format, ...] = get_args(Format)

PLAIN: Format = "document_pairs"
"""The one format for texts that no prompt, example or sample may be made of."""


def default_formats() -> dict[str, float]:
    """Share of each format, in words."""
    return {"translation": 0.4, "interleaved": 0.2, "code_switched": 0.2, "document_pairs": 0.2}


@dataclass(frozen=True, kw_only=True)
class PairDocuments:
    """Make documents of the pairs of a corpus, in several formats, so that a model meets both languages in one context.

    Attributes:
        corpus: Directory of a finished corpus with parallel text in Arabic and English.
        output_dir: Directory of the corpus that is made: the documents, and what of the old corpus is no pair.
        formats: Share of each format in the words of the pairs: translation (an instruction line, then texts and their
            translations, in both directions), interleaved (sentence by sentence in both languages), code_switched (a
            text that changes the language from sentence to sentence), word_switched (a text in one language with words
            of the other one in it), document_pairs (a text, then its translation), monolingual (each side on its own,
            aligned with nothing: what to compare the others with).
        use: Whether a pair is used once, in one format, or in every format that has a share, so that the mixture
            decides how much of each is read.
        document_words: Neighboring pairs are put together until a document has about so many words in both languages.
        translation_pairs: Most pairs below one instruction line.
        lexicon: Words that word_switched exchanges: a file with an English word, a tab and an Arabic one in each line.
            Empty to learn them from the pairs themselves.
        switched_words: Share of the words that have a sure translation in their pair which word_switched exchanges.
        closed_sources: What becomes of sources with `examples: false`, of which no prompt may be made: plain document
            pairs, or nothing.
        others: Whether shards without pairs are taken over (linked where the disk allows) or left out.
        sources: Names of the sources of pairs that are used; empty for all.
        seed: Seed of all that is drawn.
    """

    corpus: str
    output_dir: str
    formats: dict[str, float] = field(default_factory=default_formats)
    use: Literal["once", "every"] = "once"
    document_words: int = 300
    translation_pairs: int = 4
    lexicon: str = ""
    switched_words: float = 0.3
    closed_sources: Literal["document_pairs", "leave_out"] = "document_pairs"
    others: Literal["link", "leave_out"] = "link"
    sources: list[str] = field(default_factory=list)
    seed: int = 1

    def __post_init__(self) -> None:
        for setting in ("corpus", "output_dir"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must name a directory")
        for name, share in self.formats.items():
            if name not in FORMATS:
                raise ValueError(f"formats must name formats out of {', '.join(FORMATS)}, got {name!r}")
            if not 0 <= share < math.inf:
                raise ValueError(f"formats of {name} must be a number of at least 0, got {share}")
        if not self.wanted:
            raise ValueError("formats must give at least one format a share above 0")
        if self.use == "once" and abs(math.fsum(self.formats.values()) - 1) > 1e-9:
            raise ValueError(f"formats must add up to 1, got {math.fsum(self.formats.values()):.6g}")
        for setting, least in (("document_words", 1), ("translation_pairs", 1), ("seed", 0)):
            if getattr(self, setting) < least:
                raise ValueError(f"{setting} must be at least {least}, got {getattr(self, setting)}")

        if not 0 < self.switched_words <= 1:
            raise ValueError(f"switched_words must be above 0 and at most 1, got {self.switched_words}")

    @property
    def wanted(self) -> list[Format]:
        """Formats that have a share, in the order of FORMATS."""
        return [name for name in FORMATS if self.formats.get(name)]

    def decisive(self) -> dict[str, Any]:
        """The settings that decide what the documents are; paths apart."""
        settings = asdict(self)
        for name in ("corpus", "output_dir", "lexicon"):
            del settings[name]
        return settings
