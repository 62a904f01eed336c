"""What a user can set of the experiment. Standard library only: `--help` loads this."""

import math
from dataclasses import dataclass, field
from typing import Literal

from experiments.forgetting.legs import LEGS
from experiments.settings import Experiment, Learning, Reading
from nemo_recipes.pretrain_config import Training


@dataclass(frozen=True, kw_only=True)
class Texts(Reading):
    """What is read, and what is held out.

    Attributes:
        held_out: reported, or tuning for another held-out text, on which settings may be tried.
        english_share: Share of English in the mixed legs, in bytes of text; the rest is Arabic.
        parallel_share: Share of parallel documents in the leg that has them, in bytes of text; the languages keep
            their shares.
    """

    held_out: Literal["reported", "tuning"] = "reported"
    english_share: float = 0.55
    parallel_share: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_shares("english_share", "parallel_share")


@dataclass(frozen=True, kw_only=True)
class Continued(Learning):
    """How all legs go on from the base, at a constant learning rate after warm-up, so that curves can be read anywhere.

    Attributes:
        megabytes: Text that every leg has seen where the legs are compared at equal bytes, in millions of bytes. What
            leg b computes for it is where they are compared at equal compute; each leg runs until it has passed both.
        rows_first_share: Share of the steps to equal bytes in which new rows learn alone, in the leg that does so.
        rows_first_learning_rate: Learning rate of those steps; 0 for learning_rate.
        validations: How often a leg is validated on its way to equal bytes; it goes on at that pace.
    """

    megabytes: float
    rows_first_share: float = 0.2
    rows_first_learning_rate: float = 0.0
    validations: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.megabytes < math.inf:
            raise ValueError(f"megabytes must be above 0, got {self.megabytes:g}")
        if not 0 < self.rows_first_share < 1:
            raise ValueError(f"rows_first_share must be above 0 and below 1, got {self.rows_first_share:g}")
        if self.validations < 2:
            raise ValueError(f"validations must be at least 2, got {self.validations}")
        self.training(tokens=1, seed=0, rows_first_steps=1)

    def training(self, *, tokens: int, seed: int, rows_first_steps: int = 0) -> Training:
        """How a leg learns, in the engine's words.

        Raises:
            ValueError: A setting breaks the engine's rules.
        """
        return self.trained(
            tokens=tokens,
            seed=seed,
            rows_first_steps=rows_first_steps,
            rows_first_learning_rate=self.rows_first_learning_rate if rows_first_steps else 0.0,
        )


@dataclass(frozen=True, kw_only=True)
class Forgetting(Experiment):
    """Measure what a model forgets of English while it learns Arabic, in six ways and with several seeds."""

    KNOWN_LEGS = LEGS

    texts: Texts
    continued: Continued
    seeds: list[int] = field(default_factory=lambda: [1, 2, 3, 4])
    legs: list[str] = field(default_factory=lambda: list(LEGS))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not set(self.legs) & {"a", "b"}:
            raise ValueError(
                "legs must have a or b: they begin as the base that forgetting is measured against"
            )
