"""`python -m nemo_recipes.handover --recipe FILE.yaml --output_dir DIR`: a recipe for AutoModel and Megatron-Bridge."""

import sys
from dataclasses import dataclass, field, replace

from corpus.command_line import parse, run
from nemo_recipes.pretrain_config import PretrainConfig


@dataclass(frozen=True, kw_only=True)
class Handover:
    """Write a pretraining recipe with its blend and checkpoint as NeMo AutoModel and Megatron-Bridge read them.

    Attributes:
        recipe: YAML file of the recipe.
        overrides: Settings that replace the recipe's, each as section.key=value.
        output_dir: Where the files go: automodel.yaml, megatron_bridge.py, blend.txt, README.md. Checkpoints of those
            trainers go below it.
        trained: Start from the model that the recipe's run has exported (output_dir/model), not from the recipe's own.
    """

    recipe: str
    output_dir: str
    overrides: list[str] = field(default_factory=list)
    trained: bool = False


def main(settings: Handover) -> None:
    """Write the files, and say how to start each."""
    from nemo_recipes.handover.writing import write

    given = ["--config", settings.recipe, *(f"--{setting}" for setting in settings.overrides)]
    config = parse(PretrainConfig, "nemo_recipes.handover", given)
    if settings.trained:
        exported = f"{config.output_dir}/model"
        config = replace(config, model=replace(config.model, checkpoint=exported, new_rows_from=0))
    sys.stdout.write(write(config, settings.output_dir))


if __name__ == "__main__":
    run(main, Handover, "nemo_recipes.handover")
