"""FLOPs, time and energy of training."""

from dataclasses import dataclass

from nemo_recipes.planning.parameters import attention_widths, count
from nemo_recipes.planning.settings import Energy, Hardware
from nemo_recipes.pretrain_config import Shape

FLOPS_FORMULA = "6 N + 12 L d s"


def flops_per_token(shape: Shape, sequence_length: int) -> int:
    """FLOPs that training takes for one token: 6 N + 12 L d s.

    N are the parameters of matrices that are multiplied: attention, MLP and head (a tied head too), not the embedding,
    which is looked up. L layers, d the width of all query heads, s the sequence length; the attention term counts the
    whole s x s square, as is usual, though causal attention needs half of it (Chowdhery et al. 2022, arXiv:2204.02311,
    appendix B). Recomputed activations are not counted: they are the price of the method, not of the model.
    """
    parts = count(shape)
    multiplied = parts.attention + parts.mlp + shape.vocab_size * shape.hidden_size
    width = attention_widths(shape)[0]
    return 6 * multiplied + 12 * shape.num_hidden_layers * width * sequence_length


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a run takes; all are None where the peak of the devices is not known.

    Attributes:
        seconds: Wall time.
        device_hours: Hours of all devices together.
        kwh: Energy, the building's share (PUE) included.
        co2_kg: CO2-equivalent.
        tokens_per_second: Of one device.
    """

    seconds: float | None
    device_hours: float | None
    kwh: float | None
    co2_kg: float | None
    tokens_per_second: float | None


def cost(tokens: int, flops: int, devices: int, hardware: Hardware, energy: Energy) -> Cost:
    """Time and energy of so many tokens of so many FLOPs each, at the assumed MFU, watts, PUE and grid."""
    if not hardware.peak_teraflops:
        return Cost(seconds=None, device_hours=None, kwh=None, co2_kg=None, tokens_per_second=None)
    speed = hardware.peak_teraflops * 1e12 * hardware.assumed_mfu
    seconds = tokens * flops / (devices * speed)
    hours = devices * seconds / 3600
    kwh = hours * hardware.assumed_watts * energy.pue / 1000
    return Cost(
        seconds=seconds,
        device_hours=hours,
        kwh=kwh,
        co2_kg=kwh * energy.grid_grams_per_kwh / 1000,
        tokens_per_second=speed / flops,
    )
