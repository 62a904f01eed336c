"""What a user can set of the engine that runs a build."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """The engine that runs a build.

    Attributes:
        name: `local`, worker processes on this machine; or `daft`, the same stages on Daft.
        address: A Ray cluster for Daft: `ray://HOST:10001`, `HOST:6379`, or `auto` for the one this machine is part
            of; empty for Daft without a cluster. Workers must see output_dir and the input under the same paths.
        partitions: Pieces that Daft cuts its tables into, for a cluster some two per core; 0 for two per worker.
        file_megabytes: An input file larger than this, in millions of bytes, is shared out to several workers: each
            reads all of it, which costs little, and cleans some of its blocks.
        retries: How often a step is started again after workers died; what they finished is not made again.
    """

    name: Literal["local", "daft"] = "local"
    address: str = ""
    partitions: int = 0
    file_megabytes: int = 256
    retries: int = 3

    def __post_init__(self) -> None:
        for setting in ("partitions", "retries"):
            if getattr(self, setting) < 0:
                raise ValueError(f"{setting} must be at least 0, got {getattr(self, setting)}")
        if self.file_megabytes < 1:
            raise ValueError(f"file_megabytes must be at least 1, got {self.file_megabytes}")
        if self.address and self.name == "local":
            raise ValueError("address is a Ray cluster's: set name to daft, or leave address empty")
