"""A recipe in the form of NVIDIA's other trainers: their keys, the same blend, and what cannot be carried said."""

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from corpus.command_line import parse
from nemo_recipes.errors import PretrainingError
from nemo_recipes.handover.automodel import automodel_recipe
from nemo_recipes.handover.blend import WeightedPaths, weighted_paths
from nemo_recipes.handover.first import first_does
from nemo_recipes.handover.running import automodel_command, run_automodel, surroundings
from nemo_recipes.handover.writing import write
from nemo_recipes.launch.command import EVERYWHERE
from nemo_recipes.launch.place import Place
from nemo_recipes.pretrain_config import PretrainConfig

PRETRAIN = Path(__file__).parents[2] / "nemo_recipes" / "pretrain.py"

AUTOMODEL = {
    "step_scheduler": "global_batch_size local_batch_size ckpt_every_steps save_checkpoint_every_epoch "
    "validate_on_checkpoint val_every_steps log_remote_every_steps loss_average_window_steps gc_every_steps "
    "num_epochs max_steps preemption_signal",
    "checkpoint": "enabled checkpoint_dir model_save_format save_consolidated is_async max_recent_checkpoints",
    "distributed": "strategy dp_size dp_replicate_size tp_size pp_size cp_size ep_size sequence_parallel "
    "activation_checkpointing mp_policy pipeline",
    "dataset": "_target_ paths seq_length create_attention_mask seed split index_mapping_dir "
    "num_dataset_builder_threads num_train_samples num_val_samples num_test_samples trainer_limit_val_batches "
    "trainer_limit_test_batches mmap_bin_files splits_to_build object_storage_config tokenizer",
    "dataloader": "_target_ collate_fn dataloader_type shuffle batch_size num_workers pin_memory drop_last",
    "lr_scheduler": "lr_warmup_steps lr_decay_steps lr_decay_style init_lr max_lr min_lr start_wd end_wd "
    "wd_incr_steps wd_incr_style wsd_decay_steps lr_wsd_decay_style",
    "pipeline": "pp_schedule pp_microbatch_size pp_batch_size layers_per_stage dtype",
}
"""Keys of nemo-automodel 0.7.0, read from its dataclasses."""

BRIDGE = {
    "TrainingConfig": "train_iters global_batch_size micro_batch_size eval_interval eval_iters",
    "OptimizerConfig": "optimizer lr min_lr weight_decay adam_beta1 adam_beta2 adam_eps clip_grad bf16 "
    "use_distributed_optimizer",
    "SchedulerConfig": "lr_decay_style lr_wsd_decay_style lr_decay_iters lr_wsd_decay_iters lr_warmup_iters "
    "lr_warmup_init override_opt_param_scheduler start_weight_decay end_weight_decay weight_decay_incr_style",
    "DistributedDataParallelConfig": "grad_reduce_in_fp32 overlap_grad_reduce overlap_param_gather "
    "use_distributed_optimizer check_for_nan_in_grad",
    "GPTDatasetConfig": "seq_length random_seed blend_per_split reset_position_ids reset_attention_mask "
    "eod_mask_loss dataloader_type",
    "LoggerConfig": "log_interval tensorboard_dir",
    "TokenizerConfig": "tokenizer_type tokenizer_model",
    "CheckpointConfig": "save_interval save load ckpt_format",
    "RNGConfig": "seed",
    "ConfigContainer": "model optimizer scheduler ddp dataset logger tokenizer checkpoint rng mixed_precision",
}
"""Keys of megatron-bridge 0.3.1 and Megatron-Core's dataclasses below it, read from their sources."""


def configured(recipe: Mapping[str, Any], output: Path, *more: str) -> PretrainConfig:
    file = output.parent / f"{output.name}.yaml"
    file.write_text(yaml.safe_dump(dict(recipe) | {"output_dir": str(output)}))
    return parse(PretrainConfig, "test", ["--config", str(file), *more])


def recipe_of(config: PretrainConfig, tmp_path: Path) -> dict[str, Any]:
    paths = WeightedPaths(train=[(0.75, "a"), (0.25, "b")], validation=["v"])
    return automodel_recipe(config, paths, "tokenizer", tmp_path)


@pytest.mark.parametrize(
    "more",
    [
        (),
        (
            "--layout.gpus_per_node=8",
            "--layout.pipeline=2",
            "--layout.tensor=2",
            "--training.global_batch=32",
        ),
        ("--layout.gpus_per_node=4", "--layout.data_sharding=2", "--layout.strategy=fsdp2"),
        (
            "--layout.gpus_per_node=2",
            "--layout.strategy=ddp",
            "--training.schedule=wsd",
            "--training.decay_steps=3",
        ),
    ],
)
def test_automodels_keys_are_its_own(recipe: dict[str, Any], tmp_path: Path, more: tuple[str, ...]) -> None:
    content = recipe_of(configured(recipe, tmp_path / "run", "--layout.engine=automodel", *more), tmp_path)
    for section, known in AUTOMODEL.items():
        for name in (section, f"validation_{section}"):
            assert set(content.get(name, {})) <= set(known.split()), name
    assert set(content["distributed"].get("pipeline", {})) <= set(AUTOMODEL["pipeline"].split())
    json.dumps(content)


def test_batches_and_blend_say_the_same(recipe: dict[str, Any], tmp_path: Path) -> None:
    """8 devices = tensor 2 x pipeline 2 x 2 replicas: 32 sequences a step are 16 for each, one at a time."""
    layout = ("--layout.gpus_per_node=8", "--layout.pipeline=2", "--layout.tensor=2")
    config = configured(recipe, tmp_path / "run", *layout, "--training.global_batch=32")
    content = recipe_of(config, tmp_path)
    assert content["step_scheduler"]["local_batch_size"] == 16
    assert content["distributed"]["pipeline"] == {"pp_schedule": "1f1b", "pp_microbatch_size": 1}
    assert content["dataset"]["paths"]["train"] == ["0.75", "a", "0.25", "b"]
    assert content["dataset"]["num_train_samples"] == content["step_scheduler"]["max_steps"] * 32
    constant = configured(recipe, tmp_path / "run", "--training.schedule=constant")
    assert recipe_of(constant, tmp_path)["lr_scheduler"]["min_lr"] == 0.01


def test_weights_are_the_plans(recipe: dict[str, Any], tmp_path: Path) -> None:
    paths = weighted_paths(configured(recipe, tmp_path / "run"))
    assert sum(weight for weight, _ in paths.train) == pytest.approx(1)
    for prefix in [path for _, path in paths.train] + paths.validation:
        assert Path(f"{prefix}.bin").is_file()
        assert Path(f"{prefix}.idx").is_file()


def test_the_bridges_file_is_python_with_known_keys(recipe: dict[str, Any], tmp_path: Path) -> None:
    config = configured(recipe, tmp_path / "run", "--training.schedule=wsd", "--training.decay_steps=3")
    said = write(config, str(tmp_path / "out"))
    assert "A <toy> & no more." in said
    tree = ast.parse((tmp_path / "out/megatron_bridge.py").read_text())
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    seen = set()
    for call in calls:
        name = call.func.id  # type: ignore[attr-defined]
        if name in BRIDGE:
            seen.add(name)
            assert {word.arg for word in call.keywords if word.arg} <= set(BRIDGE[name].split()), name
    assert seen == set(BRIDGE)
    values = {
        node.targets[0].id: ast.literal_eval(node.value)  # type: ignore[attr-defined]
        for node in tree.body
        if isinstance(node, ast.Assign)
    }
    prefixes, weights = values["TRAIN"]
    assert sum(weights) == pytest.approx(1)
    assert all(Path(f"{prefix}.bin").is_file() for prefix in prefixes)
    assert values["SHAPE"]["vocab_size"] == 400
    flat = (tmp_path / "out/blend.txt").read_text().split()
    assert flat[1::2] == prefixes
    assert [float(weight) for weight in flat[::2]] == weights


def test_a_trained_model_is_handed_over_by_a_command(
    recipe: dict[str, Any], tmp_path: Path, pretrain: Any
) -> None:
    short = recipe | {"training": recipe["training"] | {"token_budget": 2 * 4 * 32}}
    pretrain(short, tmp_path / "run")
    configured(short, tmp_path / "run")
    command = [
        sys.executable,
        "-m",
        "nemo_recipes.handover",
        "--recipe",
        str(tmp_path / "run.yaml"),
        "--trained",
    ]
    done = subprocess.run(
        [*command, "--output_dir", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    content = yaml.safe_load((tmp_path / "out/automodel.yaml").read_text())
    assert content["model"]["pretrained_model_name_or_path"] == str(tmp_path / "run/model")
    assert content["dataset"]["tokenizer"]["pretrained_model_name_or_path"] == recipe["data"]["tokenizer"]


def test_what_automodel_cannot_do_is_refused(recipe: dict[str, Any], tmp_path: Path) -> None:
    engine = ("--layout.engine=automodel", "--hardware.device=gpu")
    config = configured(recipe, tmp_path / "run", *engine, "--training.z_loss=0.1")
    with pytest.raises(PretrainingError, match=r"has no training.z_loss 0.1: leave it out"):
        run_automodel(config, Place())
    with pytest.raises(PretrainingError, match="trains on GPUs alone"):
        run_automodel(configured(recipe, tmp_path / "run", engine[0]), Place())


def test_a_layout_that_does_not_divide_is_not_handed_over(recipe: dict[str, Any], tmp_path: Path) -> None:
    """One device for a tensor in two makes no replica at all."""
    with pytest.raises(PretrainingError, match="1 devices = 1 are no multiple of tensor 2 x pipeline 1 = 2"):
        write(configured(recipe, tmp_path / "run", "--layout.tensor=2"), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_an_engine_that_is_not_there_is_one_line_with_its_command(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    configured(recipe, tmp_path / "run")
    more = ["--layout.engine=automodel", "--hardware.device=gpu", f"--layout.automodel={tmp_path}/none"]
    done = subprocess.run(
        [sys.executable, str(PRETRAIN), "--config", str(tmp_path / "run.yaml"), *more],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "NeMo AutoModel's environment is not there" in done.stderr
    assert f"-m nemo_automodel.cli.app {tmp_path}/run/automodel.yaml" in done.stderr
    assert yaml.safe_load((tmp_path / "run/automodel.yaml").read_text())["recipe"].startswith("TrainFinetune")


def test_the_engine_is_started_in_its_environment(
    recipe: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A torchrun that writes down how it was called, and how its end is passed on."""
    commands = tmp_path / "venv/bin"
    commands.mkdir(parents=True)
    (commands / "torchrun").write_text(f'#!/bin/bash\necho "$@" > {tmp_path}/called\nexit 3\n')
    (commands / "torchrun").chmod(0o755)
    more = ("--layout.engine=automodel", "--hardware.device=gpu", f"--layout.automodel={tmp_path}/venv")
    config = configured(recipe, tmp_path / "run", *more, "--layout.gpus_per_node=2")
    assert run_automodel(config, Place()) == 3
    called = (tmp_path / "called").read_text().split()
    assert called[:3] == ["--standalone", "--nproc_per_node", "2"]
    assert called[-1] == f"{tmp_path}/run/automodel.yaml"
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        # Set first, so that what Lightning writes into the environment is gone after the test.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("SLURM_NODELIST", "node[07-09]")
    monkeypatch.setenv("SLURM_JOB_ID", "123")
    among = Place(rank=3, processes=16, local_rank=3, launcher="srun")
    assert automodel_command(config, Path("x"), among)[1:] == ["-m", "nemo_automodel.cli.app", "x"]
    said = surroundings(among)
    assert (said["RANK"], said["WORLD_SIZE"], said["LOCAL_RANK"]) == ("3", "16", "3")
    assert (said["MASTER_ADDR"], said["TORCHELASTIC_RUN_ID"]) == ("node07", "123")


def test_all_processes_wait_for_the_recipe_that_the_first_one_writes(
    recipe: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two tasks of srun comes first, and finds another start's recipe; then the first one fails."""
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLURM_NODELIST", "node[07-09]")
    monkeypatch.setenv("SLURM_JOB_ID", "123")
    commands = tmp_path / "venv/bin"
    commands.mkdir(parents=True)
    (commands / "python").write_text('#!/bin/bash\ncat "$3" > "$3.read-by-$RANK"\n')
    (commands / "python").chmod(0o755)
    more = ("--layout.engine=automodel", "--hardware.device=gpu", f"--layout.automodel={tmp_path}/venv")
    config = configured(recipe, tmp_path / "run", *more, "--layout.gpus_per_node=2")
    first, second = (Place(rank=rank, processes=2, local_rank=rank, launcher="srun") for rank in (0, 1))
    written = tmp_path / "run/automodel.yaml"
    written.parent.mkdir()
    written.write_text("of another start")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(run_automodel, config, second)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=1)
        assert run_automodel(config, first) == 0
        assert waiting.result(timeout=60) == 0
        read = [written.with_name(f"automodel.yaml.read-by-{rank}").read_text() for rank in (0, 1)]
        assert read[0] == read[1] == written.read_text()

        # Queued again, the job has a new number of starts: what the last one said does not count.
        monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
        shutil.move(recipe["data"]["tokens"], tmp_path / "away")
        try:
            waiting = pool.submit(run_automodel, config, second)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=1)
            with pytest.raises(PretrainingError) as said:
                run_automodel(config, first)
            with pytest.raises(PretrainingError) as heard:
                waiting.result(timeout=60)
        finally:
            shutil.move(tmp_path / "away", recipe["data"]["tokens"])
    assert str(heard.value) == str(said.value)
    assert heard.value.__notes__ == [EVERYWHERE]


def test_a_fault_of_the_last_start_is_not_taken_for_one_of_this(tmp_path: Path) -> None:
    """A static rendezvous tells the same numbers every time; the second of two processes comes first."""
    told = tmp_path / "told"
    first, second = (Place(rank=rank, processes=2, local_rank=rank, launcher="torchrun") for rank in (0, 1))

    def fail() -> None:
        raise KeyError("tokens")

    with pytest.raises(KeyError):
        first_does(fail, told, {}, first)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(first_does, fail, told, {}, second)
        first_does(lambda: None, told, {}, first)
        assert waiting.result(timeout=60) is None
    with pytest.raises(KeyError):
        first_does(fail, told, {}, first)
    with pytest.raises(PretrainingError, match="tokens"):
        first_does(fail, told, {}, second)
