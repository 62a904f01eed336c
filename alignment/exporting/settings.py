"""What a user can set of the export. Standard library only: `--help` loads this."""

from dataclasses import dataclass, field
from typing import Any, Literal

Target = Literal["nemo_rl", "nemo_aligner"]


@dataclass(frozen=True, kw_only=True)
class Method:
    """How the other project is to train.

    Attributes:
        epochs: Times that the data is read.
        learning_rate: Peak learning rate.
        global_batch: Conversations, or pairs, of one step.
        micro_batch: Of these, how many one GPU takes at a time.
        nodes: Machines.
        gpus_per_node: GPUs of each.
    """

    epochs: int = 1
    learning_rate: float = 5e-6
    global_batch: int = 128
    micro_batch: int = 1
    nodes: int = 1
    gpus_per_node: int = 8

    def __post_init__(self) -> None:
        for name in ("epochs", "global_batch", "micro_batch", "nodes", "gpus_per_node"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate must be above 0 and below 1, got {self.learning_rate}")
        replicas = self.nodes * self.gpus_per_node * self.micro_batch
        if self.global_batch % replicas:
            raise ValueError(
                f"global_batch must be a multiple of nodes x gpus_per_node x micro_batch ({replicas}), "
                f"got {self.global_batch}"
            )


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """Write instructions, preferences and configs for NeMo-RL and NeMo-Aligner.

    Attributes:
        output_dir: Directory of what is written; configs name the data by its absolute path.
        model: Hugging Face directory with a chat template, as alignment/sft.py writes it.
        instructions: Files of conversations; empty for none.
        preferences: Files of pairs; empty for none.
        targets: For whom.
        validation_share: Share of either that is kept for validation; a fixed hash of the text decides.
        sequence_length: Longest sequence in tokens; 0 for the model's. What is longer is left out and counted.
        sft: How SFT is to train.
        dpo: How DPO is to train.
        beta: DPO's beta.
        sft_weight: Weight of the SFT term in DPO.
        nemo_rl_dir: Where NeMo-RL lies on the machine that trains; its configs are the base of ours.
        nemo_aligner_dir: The same of NeMo-Aligner.
        nemo_checkpoint: The model as a .nemo file, which NeMo-Aligner starts from; ??? is left for its command line.
    """

    output_dir: str
    model: str
    instructions: list[str] = field(default_factory=list)
    preferences: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=lambda: ["nemo_rl", "nemo_aligner"])
    validation_share: float = 0.02
    sequence_length: int = 0
    sft: Method = field(default_factory=Method)
    dpo: Method = field(default_factory=lambda: Method(learning_rate=5e-7))
    beta: float = 0.1
    sft_weight: float = 0.0
    nemo_rl_dir: str = "/opt/nemo-rl"
    nemo_aligner_dir: str = "/opt/NeMo-Aligner"
    nemo_checkpoint: str = "???"

    def __post_init__(self) -> None:
        for name in ("output_dir", "model"):
            if not getattr(self, name):
                raise ValueError(f"{name} must name a directory")
        if not self.instructions and not self.preferences:
            raise ValueError("give instructions or preferences, or both")
        if not self.targets:
            raise ValueError("targets must name nemo_rl or nemo_aligner")
        if not 0 < self.validation_share < 1:
            raise ValueError(f"validation_share must be above 0 and below 1, got {self.validation_share}")
        if self.sequence_length < 0:
            raise ValueError(f"sequence_length must be at least 0, got {self.sequence_length}")
        if self.beta <= 0 or self.sft_weight < 0:
            raise ValueError("beta must be above 0 and sft_weight at least 0")


Config = dict[str, Any]
