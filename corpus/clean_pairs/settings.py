"""What a user can set of the cleaning of pairs. Standard library only: `--help` loads this."""

from dataclasses import asdict, dataclass, field
from typing import Any

from corpus.sources import Source


@dataclass(frozen=True, kw_only=True)
class PairRules:
    """What a pair must be like; a rule is off at the value that its text names.

    Attributes:
        minimum_words: Least words of each side.
        maximum_words: Most words of each side; documents are long, so this is no limit for sentences only.
        maximum_character_ratio: The longer side has at most so many times the characters of the shorter; 0 is off.
        maximum_word_ratio: The same in words; 0 is off.
        ratio_slack: Characters (and a fifth as many words) that both sides are taken to be longer for the ratios, since
            short texts vary more.
        minimum_script: Least share of a side's letters that are of its language's script, outside of URLs; 0 is off.
        identify_language: Whether a side that is surely in another language is dropped.
        maximum_copied: Most of the shorter side's words, outside of URLs, that may stand in the other side too, where
            it has at least four; 1 is off.
        minimum_numbers: Least share of numbers of three digits or more that both sides have, of all that either has;
            Arabic-Indic digits equal Western ones, and separators do not count. 0 is off.
        match_urls: Whether both sides must have the same URLs.
    """

    minimum_words: int = 1
    maximum_words: int = 10_000
    maximum_character_ratio: float = 3.0
    maximum_word_ratio: float = 3.0
    ratio_slack: int = 15
    minimum_script: float = 0.5
    identify_language: bool = True
    maximum_copied: float = 0.5
    minimum_numbers: float = 0.5
    match_urls: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.minimum_words <= self.maximum_words:
            raise ValueError(
                "minimum_words must be at least 1 and at most maximum_words, "
                f"got {self.minimum_words} and {self.maximum_words}"
            )
        for name in ("maximum_character_ratio", "maximum_word_ratio"):
            if getattr(self, name) and getattr(self, name) < 1:
                raise ValueError(f"{name} must be 0 or at least 1, got {getattr(self, name)}")
        for name in ("minimum_script", "maximum_copied", "minimum_numbers"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, got {getattr(self, name)}")
        if self.ratio_slack < 0:
            raise ValueError(f"ratio_slack must be at least 0, got {self.ratio_slack}")


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """How well two texts translate each other, by a lexicon learned from the pairs or by an embedding model.

    Attributes:
        scorer: Directory of a Hugging Face model whose mean-pooled states tell meanings across languages (LaBSE, E5,
            ...), or lexicon to learn IBM model 1 from the pairs themselves, or none.
        minimum_score: Pairs below are dropped. Of a lexicon, nats that knowing the other side is worth for a word of
            this side (0 is chance; chosen on half of two thousand sentences of news, a fifth of them shuffled: of the
            other half -0.33 keeps 94 % of the right pairs and drops 99 % of the shuffled ones); of a model, the cosine.
            `python -m corpus.clean_pairs.threshold` chooses it on a sample of your own.
        lexicon_pairs: Pairs that the lexicon is learned from at most.
        least_pairs: With fewer pairs no lexicon is learned and nobody is dropped by it.
        least_words: Pairs with fewer words on a side are scored but not dropped by a lexicon: names and labels hold too
            little to be sure of.
        iterations: Rounds of expectation and maximization.
        batch_size: Texts that the model reads at a time.
        device: Where the model runs: cpu, cuda, cuda:1, ...
    """

    scorer: str = "lexicon"
    minimum_score: float = -0.33
    lexicon_pairs: int = 100_000
    least_pairs: int = 1_000
    least_words: int = 4
    iterations: int = 5
    batch_size: int = 32
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not self.scorer:
            raise ValueError("scorer must be lexicon, none or the directory of a model")
        for name in ("lexicon_pairs", "least_pairs", "least_words", "iterations", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class CleanPairs:
    """Clean parallel text in Arabic and English: drop pairs that do not translate each other, or come twice.

    Attributes:
        output_dir: Directory of the cleaned corpus: shards, dropped pairs, report and manifest.
        sources: Parallel text to read, with text_columns {en: ..., ar: ...}; see `corpus/sources.py`.
        corpus: Directory of a finished corpus whose pairs are cleaned, instead of or beside sources.
        rules: Rules on one pair.
        alignment: The score of how well the sides translate each other.
        minimum_similarity: Estimated Jaccard similarity (word pairs of both sides, folded) from which two pairs are
            one; 0 keeps duplicates.
        block_megabytes: Raw text that is taken at a time, in millions of bytes.
        examples: Dropped pairs that the report shows for each reason.
    """

    output_dir: str
    sources: list[Source] = field(default_factory=list)
    corpus: str = ""
    rules: PairRules = field(default_factory=PairRules)
    alignment: Alignment = field(default_factory=Alignment)
    minimum_similarity: float = 0.8
    block_megabytes: int = 8
    examples: int = 6

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise ValueError("output_dir must name a directory")
        if not self.sources and not self.corpus:
            raise ValueError("give sources, or a corpus that holds pairs")
        for source in self.sources:
            if set(source.text_columns) != {"en", "ar"}:
                raise ValueError(f"source {source.name}: text_columns must be {{en: ..., ar: ...}}")
        if not 0 <= self.minimum_similarity <= 1:
            raise ValueError(f"minimum_similarity must be from 0 to 1, got {self.minimum_similarity}")
        for name, least in (("block_megabytes", 1), ("examples", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")

    def decisive(self) -> dict[str, Any]:
        """The settings that decide what stays."""
        settings = asdict(self)
        for name in ("output_dir", "examples"):
            del settings[name]
        return settings
