"""What a user can set of a comparison."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CompareConfig:
    """Say whether two models differ on the same items: McNemar's exact test and a paired bootstrap.

    The two runs may be given without their names: python -m benchmarks.compare RUN_A RUN_B.

    Attributes:
        first: Output directory of the first run.
        second: Output directory of the second run.
        output: JSON file for all figures; empty for none.
        all_rules: Compare under every rule, not only the first of each task.
        resamples: Bootstrap samples behind each interval.
        seed: Seed of the bootstrap.
    """

    first: str
    second: str
    output: str = ""
    all_rules: bool = False
    resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.resamples < 100:
            raise ValueError(f"resamples must be at least 100, got {self.resamples}")
        if self.output and not self.output.endswith(".json"):
            raise ValueError(f"output must end in .json, got {self.output!r}")
