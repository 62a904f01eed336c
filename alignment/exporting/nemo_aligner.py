"""Configs for NeMo-Aligner: Hydra's, on top of its own `gpt_sft.yaml` and `gpt_dpo.yaml`.

NeMo-Aligner is archived and needs NeMo 2.4 or older, in which a model is a .nemo file; the tokenizer's chat template
is not used there, but NeMo's own markup, for SFT and DPO alike.
"""

from alignment.exporting.records import ALIGNER_MARKUP
from alignment.exporting.settings import Config, ExportConfig, Method


def sft_config(config: ExportConfig, train: str, validation: str, sequence_length: int) -> Config:
    """For `python examples/nlp/gpt/train_gpt_sft.py --config-path DIR --config-name sft`."""
    method = config.sft
    return {
        **_base(config, "gpt_sft"),
        "trainer": _trainer(method) | {"sft": {"max_epochs": method.epochs, "max_steps": -1}},
        "model": {
            "restore_from_path": config.nemo_checkpoint,
            "encoder_seq_length": sequence_length,
            "optim": {"lr": method.learning_rate},
            "data": {
                "chat": True,
                "chat_prompt_tokens": dict(ALIGNER_MARKUP),
                "train_ds": {
                    "file_path": train,
                    "global_batch_size": method.global_batch,
                    "micro_batch_size": method.micro_batch,
                    "max_seq_length": sequence_length,
                },
                "validation_ds": {"file_path": validation, "max_seq_length": sequence_length},
            },
        },
    }


def dpo_config(config: ExportConfig, train: str, validation: str, sequence_length: int) -> Config:
    """For `python examples/nlp/gpt/train_gpt_dpo.py --config-path DIR --config-name dpo`."""
    method = config.dpo
    return {
        **_base(config, "gpt_dpo"),
        "trainer": _trainer(method) | {"dpo": {"max_epochs": method.epochs, "max_steps": -1}},
        "pretrained_checkpoint": {"restore_from_path": config.nemo_checkpoint},
        "model": {
            "micro_batch_size": method.micro_batch,
            "global_batch_size": method.global_batch,
            "encoder_seq_length": sequence_length,
            "optim": {"lr": method.learning_rate},
            "dpo": {
                "ref_policy_kl_penalty": config.beta,
                "preference_loss": "dpo",
                "preference_loss_weight": 1,
                "sft_loss_weight": config.sft_weight,
            },
            "data": {
                "chat_prompt_tokens": dict(ALIGNER_MARKUP),
                "data_impl": "jsonl",
                "data_prefix": {"train": [train], "validation": [validation], "test": [validation]},
            },
        },
    }


def _base(config: ExportConfig, name: str) -> Config:
    conf = f"file://{config.nemo_aligner_dir}/examples/nlp/gpt/conf"
    return {"defaults": [name, "_self_"], "hydra": {"searchpath": [conf]}}


def _trainer(method: Method) -> Config:
    return {"num_nodes": method.nodes, "devices": method.gpus_per_node}
