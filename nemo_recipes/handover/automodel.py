"""A recipe as the YAML of NeMo AutoModel 0.7's recipe for next-token prediction (`recipes/llm/train_ft.py`).

Its terms: `local_batch_size` is what one replica reads at a time (with a pipeline, what flows through it at a time);
FSDP2 keeps the weights in the model's dtype and computes in that of `mp_policy`.
"""

from pathlib import Path
from typing import Any

from nemo_recipes.engine.phases import num_steps
from nemo_recipes.handover.blend import WeightedPaths
from nemo_recipes.planning.shapes import llama_arguments
from nemo_recipes.pretrain_config import PretrainConfig

RECIPE = "TrainFinetuneRecipeForNextTokenPrediction"
_MODEL = "nemo_automodel.NeMoAutoModelForCausalLM"
_DATASET = "nemo_automodel.components.datasets.llm.megatron_dataset.MegatronPretraining"
_TOKENIZER = "nemo_automodel._transformers.auto_tokenizer.NeMoAutoTokenizer.from_pretrained"
_STYLES = {"constant": "constant", "cosine": "cosine", "wsd": "WSD"}


def automodel_recipe(
    config: PretrainConfig, paths: WeightedPaths, tokenizer: str, output: Path
) -> dict[str, Any]:
    """The content of its YAML; `tokenizer` is a Hugging Face directory, checkpoints go to `output`."""
    training, layout = config.training, config.layout
    steps = num_steps(training, config.data.sequence_length)
    accumulated = training.global_batch // layout.replicas
    content: dict[str, Any] = {
        "recipe": RECIPE,
        "seed": training.seed,
        "step_scheduler": {
            "global_batch_size": training.global_batch,
            "local_batch_size": accumulated if layout.pipeline > 1 else training.micro_batch,
            "ckpt_every_steps": config.checkpoint.every_steps,
            "save_checkpoint_every_epoch": False,
            "val_every_steps": config.watch.validate_every or steps,
            "num_epochs": 1,
            "max_steps": steps,
        },
        "dist_env": {
            "backend": "gloo" if config.hardware.device == "cpu" else "nccl",
            "timeout_minutes": 30,
        },
        "model": _model(config),
        "checkpoint": {
            "enabled": True,
            "checkpoint_dir": str(output.absolute()),
            "model_save_format": "safetensors",
            "save_consolidated": "final",
            "max_recent_checkpoints": config.checkpoint.keep,
        },
        "distributed": _distributed(config),
        "loss_fn": {"_target_": "nemo_automodel.components.loss.masked_ce.MaskedCrossEntropy"},
        "dataset": _dataset(config, paths, tokenizer, output, "train", steps * training.global_batch),
        "dataloader": _loader(),
        "optimizer": {
            "_target_": "torch.optim.AdamW",
            "lr": training.learning_rate,
            "betas": list(training.betas),
            "eps": training.epsilon,
            "weight_decay": training.weight_decay,
        },
        "lr_scheduler": _schedule(config, steps),
        "clip_grad_norm": {"max_norm": training.clip or 1e9},
    }
    if paths.validation:
        content["validation_dataset"] = _dataset(config, paths, tokenizer, output, "validation", 0)
        content["validation_dataloader"] = _loader()
    if training.compile:
        content["compile"] = {"enabled": True}
    return content


def _model(config: PretrainConfig) -> dict[str, Any]:
    attention = config.model.attention if config.model.attention != "auto" else "sdpa"
    common = {"torch_dtype": "float32", "attn_implementation": attention}
    if config.model.checkpoint:
        where = str(Path(config.model.checkpoint).absolute())
        return {"_target_": f"{_MODEL}.from_pretrained", "pretrained_model_name_or_path": where} | common
    assert config.model.shape is not None
    made = {"_target_": "transformers.LlamaConfig"} | llama_arguments(config.model.shape)
    return {"_target_": f"{_MODEL}.from_config", "config": made} | common


def _distributed(config: PretrainConfig) -> dict[str, Any]:
    layout, training = config.layout, config.training
    if layout.strategy == "ddp":
        return {"strategy": "ddp", "activation_checkpointing": training.gradient_checkpointing}
    kind = "bfloat16" if training.precision == "bf16" else "float32"
    content: dict[str, Any] = {
        "strategy": "fsdp2",
        "tp_size": layout.tensor,
        "pp_size": layout.pipeline,
        "cp_size": layout.context,
        "sequence_parallel": False,
        "activation_checkpointing": training.gradient_checkpointing,
        "mp_policy": {
            "_target_": "torch.distributed.fsdp.MixedPrecisionPolicy",
            "param_dtype": kind,
            "reduce_dtype": "float32",
        },
    }
    if layout.data_sharding:
        content["dp_replicate_size"] = layout.replicas // layout.data_sharding
    if layout.pipeline > 1:
        content["pipeline"] = {"pp_schedule": "1f1b", "pp_microbatch_size": training.micro_batch}
    return content


def _dataset(
    config: PretrainConfig, paths: WeightedPaths, tokenizer: str, output: Path, split: str, samples: int
) -> dict[str, Any]:
    return {
        "_target_": _DATASET,
        "paths": {"train": paths.flat(), "validation": paths.validation, "test": paths.validation[:1]},
        "index_mapping_dir": str((output / "index").absolute()),
        "tokenizer": {"_target_": _TOKENIZER, "pretrained_model_name_or_path": tokenizer},
        "seq_length": config.data.sequence_length,
        "seed": config.training.seed,
        "splits_to_build": split,
    } | ({"num_train_samples": samples} if samples else {"num_val_samples": config.training.global_batch})


def _loader() -> dict[str, Any]:
    return {
        "_target_": "torchdata.stateful_dataloader.StatefulDataLoader",
        "collate_fn": "torch.utils.data.default_collate",
        "dataloader_type": "single",
    }


def _schedule(config: PretrainConfig, steps: int) -> dict[str, Any]:
    training = config.training
    content = {
        "lr_decay_style": _STYLES[training.schedule],
        "lr_warmup_steps": training.warmup_steps,
        "lr_decay_steps": steps,
        "min_lr": training.minimum_learning_rate
        if training.schedule != "constant"
        else training.learning_rate,
    }
    if training.schedule == "wsd":
        content |= {"wsd_decay_steps": training.decay_steps, "lr_wsd_decay_style": "linear"}
    return content
