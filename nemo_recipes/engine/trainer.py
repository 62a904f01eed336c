"""Lightning's Trainer under NeMo's experiment manager."""

import importlib.util
import os
import warnings
from pathlib import Path
from typing import Any

from nemo_recipes.engine.parallel import environment_of, strategy_of
from nemo_recipes.errors import PretrainingError
from nemo_recipes.launch.place import place
from nemo_recipes.pretrain_config import PretrainConfig


def make_trainer(config: PretrainConfig, kind: str, callbacks: list[Any], done: int) -> Any:
    """A Trainer whose loggers and log directory (`nemo` in the output directory) are NeMo's.

    NeMo's own checkpoints are off: they are pickled, and whole only by luck when a process is killed.
    """
    trainer = make_bare_trainer(config, kind, callbacks)
    _manage(trainer, config, done)
    return trainer


def make_bare_trainer(config: PretrainConfig, kind: str, callbacks: list[Any]) -> Any:
    """A Trainer that logs nothing and keeps nothing."""
    from lightning.pytorch import Trainer

    layout = config.layout
    # FSDP2 has a policy of its own for bfloat16 (parallel.shard).
    mixed = config.training.precision == "bf16" and not layout.is_sharded
    return Trainer(
        accelerator="gpu" if kind == "cuda" else "cpu",
        devices=layout.gpus_per_node,
        num_nodes=layout.nodes,
        strategy=strategy_of(layout),
        precision="bf16-mixed" if mixed else "32-true",
        plugins=[environment_of(place())],
        max_epochs=1,
        logger=False,
        callbacks=callbacks,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        inference_mode=False,  # shards are gathered by hooks that this would switch off
    )


def _manage(trainer: Any, config: PretrainConfig, done: int) -> None:
    with warnings.catch_warnings():
        # Importing NeMo warns of parts for GPUs that are not used here, and of what its own dependencies deprecate.
        warnings.simplefilter("ignore")
        from nemo.utils import logging
        from nemo.utils.exp_manager import exp_manager

    name = Path(config.output_dir).name
    logger = config.watch.logger
    if logger != "tensorboard" and importlib.util.find_spec(logger) is None:
        raise PretrainingError(f"watch.logger {logger}: the package is not installed: pip install {logger}")
    settings: dict[str, Any] = {
        "explicit_log_dir": str(Path(config.output_dir, "nemo")),
        "create_tensorboard_logger": logger == "tensorboard",
        # What a stopped run drew beyond its last checkpoint is drawn anew.
        "summary_writer_kwargs": {"purge_step": done + 1} if done else None,
        "create_wandb_logger": logger == "wandb",
        "create_mlflow_logger": False,
        "create_checkpoint_callback": False,
        "create_preemption_callback": False,
        "log_step_timing": False,
        "seconds_to_sleep": 0,
    }
    if logger == "wandb":
        settings["wandb_logger_kwargs"] = {"name": name, "project": "daad", "resume": "allow", "id": name}
    with logging.temp_verbosity(logging.CRITICAL):
        exp_manager(trainer, settings)
    if logger == "mlflow":
        trainer.loggers = [_mlflow(name, Path(config.output_dir, "nemo"))]


def _mlflow(name: str, directory: Path) -> Any:
    """Lightning's logger for MLflow; NeMo 3.0's exp_manager names the run twice, and fails.

    Curves go to files in the directory, unless MLFLOW_TRACKING_URI names a server.
    """
    from lightning.pytorch.loggers import MLFlowLogger

    where = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not where:
        # Its database would need packages that mlflow-skinny leaves out; since 3.17 files must be asked for.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        where = (directory / "mlflow").absolute().as_uri()
    return MLFlowLogger(experiment_name=name, run_name=name, tracking_uri=where)
