"""What a user can set of LoRA. Standard library only."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Lora:
    """Low-rank adapters in place of full fine-tuning.

    Attributes:
        rank: Rank of the adapters; 0 for full fine-tuning.
        alpha: What an adapter adds is scaled by alpha / rank.
        dropout: Share of an adapter's inputs that is left out in training.
        targets: Linear layers that get an adapter, by the end of their names.
    """

    rank: int = 0
    alpha: int = 16
    dropout: float = 0.0
    targets: list[str] = field(
        default_factory=lambda: [
            "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
        ]
    )  # fmt: skip

    def __post_init__(self) -> None:
        if self.rank < 0:
            raise ValueError(f"rank must be at least 0, got {self.rank}")
        if self.alpha < 1:
            raise ValueError(f"alpha must be at least 1, got {self.alpha}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, got {self.dropout}")
        if self.rank and not self.targets:
            raise ValueError("targets must name at least one layer")
