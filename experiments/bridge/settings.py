"""What a user can set of the experiment. Standard library only: `--help` loads this."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from corpus.pair_documents.settings import FORMATS, default_formats
from experiments.bridge.legs import LEGS
from experiments.settings import Experiment, Learning, Reading
from nemo_recipes.pretrain_config import Training


@dataclass(frozen=True, kw_only=True)
class Texts(Reading):
    """What is read, and what is held out; the corpus has pairs of Arabic and English texts in it.

    Attributes:
        translated: Directory that `python -m corpus.translate` made, whose Arabic documents leg g reads; empty for the
            texts of the pairs that leg f reads, each on its own.
        english_share: Share of English in all legs, in bytes of text; the rest is Arabic. Parallel documents,
            translated text and facts are taken from both, so that the languages keep their shares.
        pair_share: Share of parallel documents in leg f, and of their unpaired texts in leg g, in bytes of text.
        pair_weights: Weight of each source of pairs within that share, by its name; empty for its size.
        formats: Share of each format of parallel documents, as `python -m corpus.pair_documents` makes them.
        document_words: Neighboring pairs are put together until a document has so many words in both languages.
        fact_share: Share of documents with made-up facts in all legs, in bytes of text.
        companies: Made-up companies that English tells of, that Arabic tells of, and that neither does; each as many.
            The fewer, the more often each is told of; at least 4, for questions with four choices.
        fact_documents: Documents on each company.
        seed: Seed of the facts and of all that is drawn for the texts; the same texts serve all seeds.
    """

    translated: str = ""
    english_share: float = 0.55
    pair_share: float = 0.3
    pair_weights: dict[str, float] = field(default_factory=dict)
    formats: dict[str, float] = field(default_factory=default_formats)
    document_words: int = 300
    fact_share: float = 0.2
    companies: int = 12
    fact_documents: int = 8
    seed: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_shares("english_share", "pair_share", "fact_share")
        for setting, least in (
            ("document_words", 1), ("companies", 4), ("fact_documents", 1), ("seed", 0),
        ):  # fmt: skip
            if getattr(self, setting) < least:
                raise ValueError(f"{setting} must be at least {least}, got {getattr(self, setting)}")
        if self.formats.keys() - set(FORMATS) or self.formats.get("monolingual"):
            raise ValueError(
                f"formats must name formats of both languages out of {', '.join(FORMATS[:-1])}, got {self.formats}"
            )
        if abs(math.fsum(self.formats.values()) - 1) > 1e-9:
            raise ValueError(f"formats must add up to 1, got {math.fsum(self.formats.values()):.6g}")
        if self.pair_weights and not sum(self.pair_weights.values()):
            raise ValueError("pair_weights must give at least one source a weight above 0")
        for name, weight in self.pair_weights.items():
            if not 0 <= weight < math.inf:
                raise ValueError(f"pair_weights of {name} must be a number of at least 0, got {weight}")


@dataclass(frozen=True, kw_only=True)
class Continued(Learning):
    """How all legs go on from the base: as many tokens each, so at equal compute, for their shape is the same.

    Attributes:
        tokens: Tokens that each leg reads.
    """

    tokens: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self.training(seed=0)

    def training(self, *, seed: int) -> Training:
        """How a leg learns, in the engine's words.

        Raises:
            ValueError: A setting breaks the engine's rules.
        """
        return self.trained(tokens=self.tokens, seed=seed)


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What each model is asked.

    Attributes:
        news: More held-out pairs, such as NTREX: JSONL, CSV or Parquet with the columns en and ar; empty for none.
        news_name: What the report calls them.
        shots: Solved examples in each prompt for a translation.
        translations: Held-out pairs that are translated, in both directions.
        longest: Most characters of a side of a pair that is translated.
        new_tokens: Tokens that a translation may have.
        readings: Held-out pairs of each kind of which it is measured what the model reads from the source.
        neighbors: Neighbors that make up the hubness in retrieval (CSLS).
        batch: Texts that pass through the model at a time.
        device: Where the model is asked: cpu, cuda, ...
        resamples: Bootstrap samples of the items behind their intervals.
    """

    news: str = ""
    news_name: str = "NTREX"
    shots: int = 2
    translations: int = 100
    longest: int = 80
    new_tokens: int = 32
    readings: int = 200
    neighbors: int = 10
    batch: int = 32
    device: str = "cpu"
    resamples: int = 1000

    def __post_init__(self) -> None:
        for setting, least in (
            ("shots", 0), ("translations", 2), ("longest", 1), ("new_tokens", 1), ("readings", 2),
            ("neighbors", 1), ("batch", 1), ("resamples", 100),
        ):  # fmt: skip
            if getattr(self, setting) < least:
                raise ValueError(f"{setting} must be at least {least}, got {getattr(self, setting)}")

    def decisive(self) -> dict[str, Any]:
        """The settings that decide what is measured."""
        settings = asdict(self)
        for name in ("news", "batch", "device", "resamples"):
            del settings[name]
        return settings


@dataclass(frozen=True, kw_only=True)
class Bridge(Experiment):
    """Measure what parallel and translated text do for a bilingual model across its languages, with several seeds.

    Attributes:
        measures: What each model is asked.
    """

    KNOWN_LEGS = LEGS

    texts: Texts
    continued: Continued
    seeds: list[int] = field(default_factory=lambda: [1, 2, 3])
    legs: list[str] = field(default_factory=lambda: list(LEGS))
    measures: Measures = field(default_factory=Measures)

    def described(self) -> dict[str, Any]:
        """All settings that decide the figures, for the report; of files elsewhere, the name alone."""
        settings = super().described()
        settings["measures"]["news"] = self.measures.news.rsplit("/", 1)[-1]
        return settings
