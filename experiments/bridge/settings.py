"""What a user can set of the experiment. Standard library only: `--help` loads this."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from corpus.pair_documents.settings import FORMATS, default_formats
from experiments.bridge.legs import LEGS
from experiments.settings import Learning, Stage1, check_experiment
from nemo_recipes.planning.settings import Hardware, Layout
from nemo_recipes.pretrain_config import Training


@dataclass(frozen=True, kw_only=True)
class Texts:
    """What is read, and what is held out.

    Attributes:
        corpus: Directory that `python -m corpus.build` made, with pairs of Arabic and English texts in it.
        base_tokenizer: The base's tokenizer: a directory, a SentencePiece model, or mistral-v1.
        tokenizer: Directory that `python -m tokenization.expand` made from it.
        translated: Directory that `python -m corpus.translate` made, whose Arabic documents leg g reads; empty for the
            texts of the pairs that leg f reads, each on its own.
        end_piece: The piece that follows each document; empty for the tokenizer's end-of-text.
        validation_share: Share of documents, and of pairs, that are not trained on.
        validation_megabytes: Held-out text of each language and domain, in millions of bytes.
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
        sequence_length: Tokens that one sequence trains on.
    """

    corpus: str
    tokenizer: str
    base_tokenizer: str = "mistral-v1"
    translated: str = ""
    end_piece: str = ""
    validation_share: float = 0.2
    validation_megabytes: float = 0.03
    english_share: float = 0.55
    pair_share: float = 0.3
    pair_weights: dict[str, float] = field(default_factory=dict)
    formats: dict[str, float] = field(default_factory=default_formats)
    document_words: int = 300
    fact_share: float = 0.2
    companies: int = 12
    fact_documents: int = 8
    seed: int = 1
    sequence_length: int = 256

    def __post_init__(self) -> None:
        for setting in ("corpus", "tokenizer", "base_tokenizer"):
            if not getattr(self, setting):
                raise ValueError(f"{setting} must not be empty")
        for setting in ("validation_share", "english_share", "pair_share", "fact_share"):
            if not 0 < getattr(self, setting) < 1:
                raise ValueError(f"{setting} must be above 0 and below 1, got {getattr(self, setting):g}")
        if self.validation_share > 0.5:
            raise ValueError(f"validation_share must be at most .5, got {self.validation_share:g}")
        for setting, least in (
            ("sequence_length", 2), ("document_words", 1), ("companies", 4), ("fact_documents", 1), ("seed", 0),
        ):  # fmt: skip
            if getattr(self, setting) < least:
                raise ValueError(f"{setting} must be at least {least}, got {getattr(self, setting)}")
        if not 0 < self.validation_megabytes < math.inf:
            raise ValueError(f"validation_megabytes must be above 0, got {self.validation_megabytes:g}")
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
class Bridge:
    """Measure what parallel and translated text do for a bilingual model across its languages, with several seeds.

    Attributes:
        output_dir: Directory of the texts, the runs and the results.
        results_dir: Directory of the report (bridge.md, .svg, .html, .json); empty for results in output_dir.
        texts: What is read.
        continued: How the legs learn.
        measures: What each model is asked.
        stage1: How the English base is made; null where there is one already.
        checkpoint: Hugging Face directory of the English base, instead of stage1.
        note: What the report must say of the base.
        seeds: Each one is a whole repetition: base (with stage1), order of the data.
        legs: Which legs are run, by their letters.
        layout: How each run is divided among devices; one process drives one device.
        hardware: What one device can do.
        processes: Runs side by side, of one thread each if more than 1.
        dry_run: Make the token files, print the plan of all runs and stop.
        results_only: Train nothing, write the report of the seeds that are finished.
    """

    output_dir: str
    texts: Texts
    continued: Continued
    results_dir: str = ""
    measures: Measures = field(default_factory=Measures)
    stage1: Stage1 | None = None
    checkpoint: str = ""
    note: str = ""
    seeds: list[int] = field(default_factory=lambda: [1, 2, 3])
    legs: list[str] = field(default_factory=lambda: list(LEGS))
    layout: Layout = field(default_factory=Layout)
    hardware: Hardware = field(default_factory=Hardware)
    processes: int = 2
    dry_run: bool = False
    results_only: bool = False

    def __post_init__(self) -> None:
        check_experiment(
            output_dir=self.output_dir,
            stage1=self.stage1,
            checkpoint=self.checkpoint,
            legs=self.legs,
            known=LEGS,
            seeds=self.seeds,
            processes=self.processes,
            layout=self.layout,
        )

    def described(self) -> dict[str, Any]:
        """All settings that decide the figures, for the report; of files elsewhere, the name alone."""
        settings = asdict(self)
        for name in ("output_dir", "results_dir", "processes", "dry_run", "results_only"):
            del settings[name]
        settings["measures"]["news"] = self.measures.news.rsplit("/", 1)[-1]
        return settings
