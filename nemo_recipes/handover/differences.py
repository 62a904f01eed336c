"""What of a recipe the other trainers cannot do: said before they train something else than was asked for."""

from nemo_recipes.pretrain_config import PretrainConfig


def not_carried(config: PretrainConfig) -> list[str]:
    """Settings that change what is learned and have no counterpart there, as `section.key value`."""
    training = config.training
    set_here = {
        "training.rows_first_steps": training.rows_first_steps,
        "training.frozen_layers": training.frozen_layers,
        "training.vocabulary_series": training.vocabulary_series,
        "training.optimizer_state": training.optimizer_state if training.optimizer_from else "",
        "training.z_loss": training.z_loss,
        "training.ema": training.ema,
        "data.reset_at_documents": config.data.reset_at_documents,
        "model.base": config.model.base,
    }
    return [f"{name} {value!r}" for name, value in set_here.items() if value]
