"""`layout.engine: automodel`: the recipe run by NeMo AutoModel, in the environment that it needs for itself."""

import os
import subprocess
from dataclasses import asdict
from pathlib import Path

from nemo_recipes.engine.model import check_weights
from nemo_recipes.errors import PretrainingError
from nemo_recipes.handover.blend import weighted_paths
from nemo_recipes.handover.differences import not_carried
from nemo_recipes.handover.first import first_does
from nemo_recipes.handover.writing import automodel_text, tokenizer_directory, write_text
from nemo_recipes.launch.place import Place
from nemo_recipes.pretrain_config import PretrainConfig

RECIPE = "automodel.yaml"


def run_automodel(config: PretrainConfig, mine: Place) -> int:
    """Write AutoModel's recipe into the output directory and run it; returns the exit code.

    Started by hand on one machine, torchrun starts its processes; started by torchrun or srun, this process becomes one
    of them.

    Raises:
        PretrainingError: The recipe asks for what AutoModel cannot do, or AutoModel is not there.
    """
    lost = not_carried(config)
    if lost:
        raise PretrainingError(
            f"layout.engine automodel has no {', '.join(lost)}: leave it out, or set layout.engine lightning"
        )
    if config.hardware.device == "cpu":
        raise PretrainingError(
            "layout.engine automodel trains on GPUs alone: set layout.engine lightning, or hardware.device gpu"
        )
    check_weights(config.model)
    recipe = Path(config.output_dir, RECIPE)

    def write() -> None:
        output = Path(config.output_dir) / "automodel"
        write_text(
            recipe, automodel_text(config, weighted_paths(config), tokenizer_directory(config), output)
        )

    first_does(write, recipe.with_name(f".{RECIPE}.told"), asdict(config), mine)
    command = automodel_command(config, recipe, mine)
    if not Path(command[0]).is_file():
        raise PretrainingError(
            f"{command[0]}: NeMo AutoModel's environment is not there: make it as docs/cuda.md says (requirements/"
            f"automodel.txt) and name it in layout.automodel; the recipe is written, and started with: "
            f"{' '.join(command)}"
        )
    return subprocess.run(command, env=os.environ | surroundings(mine), check=False).returncode  # noqa: S603


def automodel_command(config: PretrainConfig, recipe: Path, mine: Place) -> list[str]:
    """What is run: torchrun with a process for each device, or one process where a launcher has started them."""
    place = Path(config.layout.automodel) / "bin"
    if mine.launcher:
        return [str(place / "python"), "-m", "nemo_automodel.cli.app", str(recipe)]
    processes = str(config.layout.gpus_per_node)
    return [
        str(place / "torchrun"), "--standalone", "--nproc_per_node", processes,
        "-m", "nemo_automodel.cli.app", str(recipe),
    ]  # fmt: skip


def surroundings(mine: Place) -> dict[str, str]:
    """The variables by which AutoModel's process knows that it was started among others, in torchrun's words."""
    if not mine.launcher:
        return {}
    said = {
        "RANK": str(mine.rank),
        "WORLD_SIZE": str(mine.processes),
        "LOCAL_RANK": str(mine.local_rank),
        "TORCHELASTIC_RUN_ID": os.environ.get("SLURM_JOB_ID", "daad"),
    }
    if mine.launcher == "srun":
        from lightning.fabric.plugins.environments.slurm import SLURMEnvironment

        at = SLURMEnvironment(auto_requeue=False)
        said |= {"MASTER_ADDR": at.main_address, "MASTER_PORT": str(at.main_port)}
    return {name: value for name, value in said.items() if name not in os.environ or mine.launcher == "srun"}
