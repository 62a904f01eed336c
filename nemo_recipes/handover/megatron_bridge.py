"""A recipe as a Python file for Megatron-Bridge: a `ConfigContainer` and a call of its `pretrain`."""

import json
from pathlib import Path

from nemo_recipes.engine.phases import num_steps
from nemo_recipes.handover.blend import WeightedPaths
from nemo_recipes.planning.shapes import llama_arguments
from nemo_recipes.pretrain_config import PretrainConfig, Shape

_STYLES = {"constant": "constant", "cosine": "cosine", "wsd": "WSD"}

_TEMPLATE = '''"""Written by Daad for Megatron-Bridge: start it with torchrun, one process for each GPU.{note}"""

from megatron.bridge import AutoBridge
from megatron.bridge.training.config import (
    CheckpointConfig,
    ConfigContainer,
    GPTDatasetConfig,
    LoggerConfig,
    OptimizerConfig,
    RNGConfig,
    SchedulerConfig,
    TokenizerConfig,
    TrainingConfig,
)
from megatron.bridge.training.gpt_step import forward_step
from megatron.bridge.training.pretrain import pretrain
from megatron.core.distributed import DistributedDataParallelConfig

CHECKPOINT = {checkpoint}  # Hugging Face directory that training starts from; "" for from scratch
SHAPE = {shape}
TRAIN = {train}
VALIDATION = {validation}
EVALUATE = {{"eval_interval": {validate_every}, "eval_iters": 32}}


def model():
    """The model's provider: from the checkpoint with its weights, or from the shape."""
    if CHECKPOINT:
        provider = AutoBridge.from_hf_pretrained(CHECKPOINT).to_megatron_provider(load_weights=True)
    else:
        from transformers import LlamaConfig

        bridge = AutoBridge.from_hf_config(LlamaConfig(architectures=["LlamaForCausalLM"], **SHAPE))
        provider = bridge.to_megatron_provider(load_weights=False)
    provider.seq_length = {sequence_length}
    provider.tensor_model_parallel_size = {tensor}
    provider.pipeline_model_parallel_size = {pipeline}
    provider.context_parallel_size = {context}
    provider.sequence_parallel = {sequence_parallel}
{recompute}    return provider


def evaluated(train):
    """Settings of training and evaluation: from 0.4 on they are two things."""
    try:
        from megatron.bridge.training.config import ValidationConfig
    except ImportError:
        return {{"train": TrainingConfig(**train, **EVALUATE)}}
    return {{"train": TrainingConfig(**train), "validation": ValidationConfig(**EVALUATE)}}


def config():
    """All settings of the run."""
    train = {{"train_iters": {steps}, "global_batch_size": {global_batch}, "micro_batch_size": {micro_batch}}}
    return ConfigContainer(
        model=model(),
        **evaluated(train),
        optimizer=OptimizerConfig(
            optimizer="adam",
            lr={learning_rate},
            min_lr={minimum},
            weight_decay={weight_decay},
            adam_beta1={beta1},
            adam_beta2={beta2},
            adam_eps={epsilon},
            clip_grad={clip},
            bf16={bf16},
            use_distributed_optimizer=True,
        ),
        scheduler=SchedulerConfig(
            lr_decay_style={style},
            lr_warmup_iters={warmup},
            lr_warmup_init=0.0,
            lr_decay_iters={steps},
{wsd}            start_weight_decay={weight_decay},
            end_weight_decay={weight_decay},
            weight_decay_incr_style="constant",
            override_opt_param_scheduler=True,
        ),
        ddp=DistributedDataParallelConfig(
            grad_reduce_in_fp32=True,
            overlap_grad_reduce=True,
            overlap_param_gather=True,
            use_distributed_optimizer=True,
            check_for_nan_in_grad=True,
        ),
        dataset=GPTDatasetConfig(
            random_seed={seed},
            seq_length={sequence_length},
            blend_per_split=[TRAIN, VALIDATION, None],
            reset_position_ids={reset},
            reset_attention_mask={reset},
            eod_mask_loss=False,
            dataloader_type="single",
        ),
        logger=LoggerConfig(log_interval={log_every}, tensorboard_dir={curves}),
        tokenizer=TokenizerConfig(tokenizer_type="HuggingFaceTokenizer", tokenizer_model={tokenizer}),
        checkpoint=CheckpointConfig(
            save_interval={every}, save={save}, load={save}, ckpt_format="torch_dist"
        ),
        rng=RNGConfig(seed={seed}),
        mixed_precision={precision},
    )


if __name__ == "__main__":
    pretrain(config=config(), forward_step_func=forward_step)
'''


def bridge_recipe(
    config: PretrainConfig, shape: Shape, paths: WeightedPaths, tokenizer: str, output: Path
) -> str:
    """The content of the file; checkpoints go to `output`."""
    training, layout = config.training, config.layout
    steps = num_steps(training, config.data.sequence_length)
    least = training.learning_rate if training.schedule == "constant" else training.minimum_learning_rate
    wsd = (
        f'            lr_wsd_decay_style="linear",\n            lr_wsd_decay_iters={training.decay_steps},\n'
    )
    recompute = (
        '    provider.recompute_granularity = "full"\n    provider.recompute_method = "uniform"\n'
        "    provider.recompute_num_layers = 1\n"
    )
    train = ([path for _, path in paths.train], [weight for weight, _ in paths.train])
    checkpoint = str(Path(config.model.checkpoint).absolute()) if config.model.checkpoint else ""
    return _TEMPLATE.format(
        note=f"\n\nOf the model must be said: {json.dumps(config.model.note)[1:-1]}\n"
        if config.model.note
        else "",
        checkpoint=repr(checkpoint),
        shape=repr({} if checkpoint else llama_arguments(shape)),
        train=repr(train),
        validation=repr((paths.validation, None)) if paths.validation else repr(None),
        sequence_length=config.data.sequence_length,
        tensor=layout.tensor,
        pipeline=layout.pipeline,
        context=layout.context,
        sequence_parallel=layout.tensor > 1,
        recompute=recompute if training.gradient_checkpointing else "",
        steps=steps,
        global_batch=training.global_batch,
        micro_batch=training.micro_batch,
        validate_every=config.watch.validate_every or steps,
        learning_rate=training.learning_rate,
        minimum=least,
        weight_decay=training.weight_decay,
        beta1=training.betas[0],
        beta2=training.betas[1],
        epsilon=training.epsilon,
        clip=training.clip,
        bf16=training.precision == "bf16",
        style=repr(_STYLES[training.schedule]),
        warmup=training.warmup_steps,
        wsd=wsd if training.schedule == "wsd" else "",
        seed=training.seed,
        reset=config.data.reset_at_documents,
        log_every=config.watch.log_every,
        curves=repr(str((output / "curves").absolute())),
        tokenizer=repr(tokenizer),
        every=config.checkpoint.every_steps,
        save=repr(str((output / "checkpoints").absolute())),
        precision=repr("bf16_mixed" if training.precision == "bf16" else None),
    )
