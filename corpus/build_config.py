"""What a user can set of a build."""

import os
from dataclasses import asdict, dataclass, field
from typing import Any

from corpus.decontamination.settings import Decontamination
from corpus.dedup.settings import Boilerplate, Exact, NearDuplicates
from corpus.language.settings import Identification
from corpus.normalize.settings import Normalization
from corpus.privacy.settings import Privacy
from corpus.quality.settings import Quality, Toxicity
from corpus.scale.settings import EngineSettings
from corpus.sources import Source


@dataclass(frozen=True, kw_only=True)
class BuildConfig:
    """Build clean, deduplicated, documented Parquet shards from raw Arabic and English text.

    Attributes:
        output_dir: Directory of the corpus: shards, dropped documents, quarantine, manifest and card; or a URL in
            object storage (`s3://`, `gs://`, whatever fsspec knows), to which the finished corpus is put from work_dir.
        sources: The texts to read; see `corpus/sources.py` for what can be said of each.
        work_dir: With a URL as output_dir, the directory of this machine (of all nodes, on a cluster) where the corpus
            is built and stays; empty otherwise.
        max_documents: Quick trial: read only the first so many records of every source; 0 for all.
        workers: Worker processes; 0 for one per core. Their number never changes the result.
        engine: What runs the build: this machine, or Daft here or on a Ray cluster. It never changes the result.
        update: Build over a corpus or an unfinished build whose config or input was another; what did not change
            is used again.
        shard_megabytes: Text in one shard, in millions of bytes.
        block_megabytes: Raw text that a worker takes at a time, in millions of bytes.
        normalize: Stage 2, how text is mended.
        language: Stage 3, which languages stay.
        quality: Stage 4, which text is good enough.
        toxicity: Stage 5, words that no document may hold.
        privacy: Stage 6, which personal data is masked.
        decontamination: Stage 7, benchmarks whose items no document may hold.
        exact: Stage 8, documents with equal folded text.
        boilerplate: Stage 9, lines repeated over many documents.
        near_duplicates: Stage 10, near-duplicates by MinHash.
    """

    output_dir: str
    sources: list[Source]
    work_dir: str = ""
    max_documents: int = 0
    workers: int = 0
    engine: EngineSettings = field(default_factory=EngineSettings)
    update: bool = False
    shard_megabytes: int = 64
    block_megabytes: int = 8
    normalize: Normalization = field(default_factory=Normalization)
    language: Identification = field(default_factory=Identification)
    quality: Quality = field(default_factory=Quality)
    toxicity: Toxicity = field(default_factory=Toxicity)
    privacy: Privacy = field(default_factory=Privacy)
    decontamination: Decontamination = field(default_factory=Decontamination)
    exact: Exact = field(default_factory=Exact)
    boilerplate: Boilerplate = field(default_factory=Boilerplate)
    near_duplicates: NearDuplicates = field(default_factory=NearDuplicates)

    def __post_init__(self) -> None:
        if not self.output_dir:
            raise ValueError("output_dir must name a directory")
        remote = "://" in self.output_dir
        if remote and (not self.work_dir or "://" in self.work_dir):
            raise ValueError(
                f"work_dir must name a directory of this machine, since output_dir is a URL, got {self.work_dir!r}"
            )
        if self.work_dir and not remote:
            raise ValueError("work_dir goes with a URL as output_dir: leave it empty")
        if set("*?[") & set(self.local_dir):
            raise ValueError(
                f"{'work_dir' if remote else 'output_dir'} must have no *, ? or [ in its name, which the libraries that "
                f"read its files take for patterns, got {self.local_dir!r}"
            )
        if not self.sources:
            raise ValueError("sources must name at least one source")
        names = [source.name for source in self.sources]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"sources must have names of their own, got {name!r} twice")
        for setting in ("max_documents", "workers"):
            if getattr(self, setting) < 0:
                raise ValueError(f"{setting} must be at least 0, got {getattr(self, setting)}")
        for setting in ("shard_megabytes", "block_megabytes"):
            if getattr(self, setting) < 1:
                raise ValueError(f"{setting} must be at least 1, got {getattr(self, setting)}")

    @property
    def num_workers(self) -> int:
        """How many workers there are on this machine."""
        return self.workers or len(os.sched_getaffinity(0))

    @property
    def local_dir(self) -> str:
        """Where the corpus is built: output_dir, or work_dir where that is a URL."""
        return self.work_dir or self.output_dir

    def decisive(self) -> dict[str, Any]:
        """All settings that decide what the corpus holds: where it lies and who makes it do not."""
        settings = asdict(self)
        for name in ("output_dir", "work_dir", "workers", "engine", "update"):
            del settings[name]
        return settings

    def cleaning(self) -> dict[str, Any]:
        """The settings that decide what stages 1 to 7 make of a block, sources apart."""
        names = (
            "block_megabytes",
            "normalize",
            "language",
            "quality",
            "toxicity",
            "privacy",
            "decontamination",
        )
        settings = self.decisive()
        return {name: settings[name] for name in names} | {"boilerplate": settings["boilerplate"]}
