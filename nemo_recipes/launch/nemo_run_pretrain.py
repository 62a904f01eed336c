"""`python -m nemo_recipes.launch.nemo_run_pretrain --recipe FILE.yaml`: a recipe through NVIDIA's NeMo-Run.

NeMo-Run (`pip install nemo_run 'leptonai<0.28'`, not among the locks) brings recipes to Slurm over SSH, to Kubernetes
and to clouds. On a cluster that you are logged in to, `pretrain.sbatch` needs nothing more than Slurm.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from corpus.command_line import run
from nemo_recipes.errors import PretrainingError


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Run a pretraining recipe through NeMo-Run, on this machine or on a Slurm cluster.

    Attributes:
        recipe: YAML file of the recipe.
        overrides: Settings that replace the recipe's, each as section.key=value.
        executor: local starts torchrun here, slurm submits a job.
        nodes: Machines.
        gpus_per_node: GPUs of each.
        account: Slurm account.
        partition: Slurm partition.
        time: Slurm time limit.
        host: Login node to reach over SSH; empty where Slurm is at hand here.
        user: User on the login node.
        job_dir: Directory of the job on the cluster, absolute.
        container: Container image with Daad's environment; empty for none.
        dry_run: Show what would be submitted.
    """

    recipe: str
    overrides: list[str] = field(default_factory=list)
    executor: Literal["local", "slurm"] = "local"
    nodes: int = 1
    gpus_per_node: int = 8
    account: str = ""
    partition: str = ""
    time: str = "04:00:00"
    host: str = ""
    user: str = ""
    job_dir: str = ""
    container: str = ""
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.executor == "slurm" and not (self.account and self.partition):
            raise ValueError("account and partition must be given for executor slurm")
        if self.host and not (self.user and self.job_dir):
            raise ValueError("user and job_dir must be given where host is")


def main(launch: Launch) -> None:
    """Hand the recipe to NeMo-Run."""
    try:
        import nemo_run  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise PretrainingError(
            f"nemo_run cannot be imported ({error}): pip install nemo_run 'leptonai<0.28' (0.11.1 breaks on later "
            "ones), or use nemo_recipes/launch/pretrain.sbatch"
        ) from error
    # Without this entrypoint torchrun would start the file itself, not Python with it.
    script = nemo_run.Script(path="nemo_recipes/pretrain.py", entrypoint="python", args=arguments(launch))
    with nemo_run.Experiment("daad-pretrain") as experiment:
        experiment.add(script, executor=make_executor(nemo_run, launch), name="daad-pretrain")
        if launch.dry_run:
            experiment.dryrun()
            return
        experiment.run(tail_logs=launch.executor == "local", detach=launch.executor == "slurm")
    # Where logs are followed, leaving the block waits for the end.
    failed = [job.id for job in experiment.jobs if job.state.name == "FAILED"]
    if failed:
        raise PretrainingError(f"{failed[0]} failed under NeMo-Run: its log stands above")


def arguments(launch: Launch) -> list[str]:
    """What pretrain.py is called with.

    >>> arguments(Launch(recipe="a.yaml", overrides=["training.clip=2"], nodes=2))[2:]
    ['--layout.nodes=2', '--layout.gpus_per_node=8', '--training.clip=2']
    """
    layout = [f"--layout.nodes={launch.nodes}", f"--layout.gpus_per_node={launch.gpus_per_node}"]
    return ["--config", launch.recipe, *layout, *(f"--{setting}" for setting in launch.overrides)]


def make_executor(nemo_run: Any, launch: Launch) -> Any:
    """NeMo-Run's executor: torchrun here, or a Slurm job with torchrun on each node."""
    if launch.executor == "local":
        return nemo_run.LocalExecutor(launcher="torchrun", ntasks_per_node=launch.gpus_per_node)
    tunnel = (
        nemo_run.SSHTunnel(host=launch.host, user=launch.user, job_dir=launch.job_dir)
        if launch.host
        else nemo_run.LocalTunnel(job_dir=launch.job_dir)
    )
    return nemo_run.SlurmExecutor(
        account=launch.account,
        partition=launch.partition,
        nodes=launch.nodes,
        ntasks_per_node=launch.gpus_per_node,
        gpus_per_node=launch.gpus_per_node,
        time=launch.time,
        container_image=launch.container or None,
        launcher="torchrun",
        tunnel=tunnel,
        packager=nemo_run.GitArchivePackager(),
    )


if __name__ == "__main__":
    run(main, Launch, "nemo_recipes.launch")
