"""LoRA (Hu et al. 2021, arXiv:2106.09685) by peft: low-rank adapters learn, the model's own weights stay as they are.

Adapters are put into the model itself, so the training engine sees a model like any other: adapters alone learn, are
kept in checkpoints, and are written both as peft's files and merged into the weights.
"""

from alignment.adapters.settings import Lora

__all__ = ["Lora"]
