"""What a user can set of a fertility report."""

from dataclasses import dataclass, field

from tokenization.loading.settings import LabelledText, ParallelText, TokenizerSource


@dataclass(frozen=True, kw_only=True)
class FertilityConfig:
    """Measure tokenizers on labelled Arabic and English text, and show linguists how they cut words.

    Attributes:
        output_dir: Directory of report.html, fertility.json, fertility.csv and manifest.json.
        tokenizers: The tokenizers to compare.
        texts: The texts to measure on.
        parallel: Parallel texts, for parity: how many more pieces the first language takes than the second.
        morphology: CoNLL-U files with gold clitic segmentation, for agreement with morphology.
        expansions: manifest.json of expanded tokenizers, whose curve of fertility against size is drawn.
        sample_megabytes: Text taken of each combination of source and labels, in millions of bytes; 0 for all.
        seed: Seed of the sample and of the bootstrap.
        resamples: Resamples of the bootstrap; intervals hold 95 % of them.
        window: Pieces of a context window, for how many words it holds.
        price: Price of a million pieces, for the cost of a million words.
        currency: Unit of the price.
        renyi_alpha: Order of the Renyi entropy (2.5 in Zouhar et al. 2023).
        words: Words to show first, whether or not they are in the texts.
        shown_words: Words of the texts that the report can show: the most frequent, the worst split, some at random.
        shown_pieces: Pieces of each tokenizer's inventory that the report lists, the most frequent first.
    """

    output_dir: str
    tokenizers: list[TokenizerSource]
    texts: list[LabelledText]
    parallel: list[ParallelText] = field(default_factory=list)
    morphology: list[str] = field(default_factory=list)
    expansions: list[str] = field(default_factory=list)
    sample_megabytes: float = 10.0
    seed: int = 0
    resamples: int = 1000
    window: int = 4096
    price: float = 1.0
    currency: str = "USD"
    renyi_alpha: float = 2.5
    words: list[str] = field(default_factory=list)
    shown_words: int = 3000
    shown_pieces: int = 1000

    def __post_init__(self) -> None:
        for setting in ("output_dir", "tokenizers", "texts"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        for kind in ("tokenizers", "texts", "parallel"):
            names = [getattr(each, "label", None) or each.name for each in getattr(self, kind)]
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"{kind} must have names of their own, got {name!r} twice: set name")
        for setting in ("sample_megabytes", "seed", "shown_words", "shown_pieces", "price"):
            if getattr(self, setting) < 0:
                raise ValueError(f"{setting} must be at least 0, got {getattr(self, setting)}")
        for setting, least in (("resamples", 100), ("window", 1)):
            if getattr(self, setting) < least:
                raise ValueError(f"{setting} must be at least {least}, got {getattr(self, setting)}")
        for word in self.words:
            if len(word.split()) != 1:
                raise ValueError(f"words must be single words without white space, got {word!r}")
        if self.renyi_alpha <= 0 or self.renyi_alpha == 1:
            raise ValueError(f"renyi_alpha must be above 0 and not 1, got {self.renyi_alpha}")
