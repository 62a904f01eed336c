"""Configs for NeMo-RL: what differs from its own `examples/configs/sft.yaml` and `dpo.yaml`, which they inherit from.

`defaults` takes an absolute path (`nemo_rl/utils/config.py`). Keys that its base configs set and that would be wrong
here are set again: sft.yaml renders with a template of its own, dpo.yaml names another tokenizer, and either reads its
validation data from a split that a local file does not have.
"""

from alignment.exporting.settings import Config, ExportConfig, Method


def sft_config(config: ExportConfig, model: str, train: str, validation: str, sequence_length: int) -> Config:
    """For `uv run examples/run_sft.py --config FILE`."""
    return {
        "defaults": f"{config.nemo_rl_dir}/examples/configs/sft.yaml",
        "sft": {"max_num_epochs": config.sft.epochs, "max_num_steps": 1_000_000},
        "checkpointing": {"checkpoint_dir": "results/daad-sft"},
        "policy": _policy(config.sft, model, sequence_length),
        "data": {
            "train": _dataset("openai_format", train),
            "validation": _dataset("openai_format", validation),
            "default": {"processor": "sft_processor", "prompt_file": None, "system_prompt_file": None},
        },
        "logger": _logger("daad-sft"),
        "cluster": {"gpus_per_node": config.sft.gpus_per_node, "num_nodes": config.sft.nodes},
    }


def dpo_config(config: ExportConfig, model: str, train: str, validation: str, sequence_length: int) -> Config:
    """For `uv run examples/run_dpo.py --config FILE`."""
    return {
        "defaults": f"{config.nemo_rl_dir}/examples/configs/dpo.yaml",
        "dpo": {
            "max_num_epochs": config.dpo.epochs,
            "max_num_steps": 1_000_000,
            "reference_policy_kl_penalty": config.beta,
            "preference_loss_weight": 1,
            "sft_loss_weight": config.sft_weight,
            "preference_average_log_probs": False,
            "sft_average_log_probs": False,
        },
        "checkpointing": {"checkpoint_dir": "results/daad-dpo"},
        "policy": _policy(config.dpo, model, sequence_length),
        "data": {
            "train": _dataset("PreferenceDataset", train),
            "validation": _dataset("PreferenceDataset", validation),
        },
        "logger": _logger("daad-dpo"),
        "cluster": {"gpus_per_node": config.dpo.gpus_per_node, "num_nodes": config.dpo.nodes},
    }


def _policy(method: Method, model: str, sequence_length: int) -> Config:
    return {
        "model_name": model,
        "tokenizer": {"name": model, "chat_template": "default"},  # default: the tokenizer's own
        "train_global_batch_size": method.global_batch,
        "train_micro_batch_size": method.micro_batch,
        "max_total_sequence_length": sequence_length,
        "optimizer": {"kwargs": {"lr": method.learning_rate}},
    }


def _dataset(name: str, path: str) -> Config:
    return {"dataset_name": name, "data_path": path, "split": "train"}


def _logger(name: str) -> Config:
    return {
        "wandb_enabled": False,
        "tensorboard_enabled": True,
        "wandb": {"project": "daad", "name": name},
        "tensorboard": {"log_dir": f"tb_logs-{name}"},
    }
