"""The loop of litgpt's `pretrain.py` (0.5.13) around litgpt's own model, on the weights and tokens of the others.

litgpt asks for a newer Lightning than NeMo bears: `pip install --no-deps litgpt==0.5.13` puts it beside ours.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from trial import SIZES, Size, Trial

from nemo_recipes.pretrain_config import Shape


def train(
    trial: Trial, device: str, steps: int, model: Any, rows: torch.Tensor, mark: Callable[[], None]
) -> float:
    """Train litgpt's model, from the weights of transformers' `model`; returns the last loss.

    Its script compiles the model and has neither activation checkpointing nor FSDP on one device; without a GPU nothing
    is compiled. `mark` is called after each step. `rows` are all sequences, a label more than tokens each.
    """
    from lightning.fabric import Fabric
    from litgpt.utils import chunked_cross_entropy

    size = SIZES[trial.size]
    fabric = Fabric(accelerator=device, devices=1, precision="bf16-mixed" if device == "cuda" else "32-true")
    made = same_model(size, model, device)
    del model
    made = fabric.setup(torch.compile(made) if device == "cuda" else made)
    optimizer = fabric.setup_optimizers(
        torch.optim.AdamW(
            made.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=device == "cuda" or None
        )
    )
    accumulated, number, loss = size.sequences // trial.micro_batch, 0, torch.zeros(())
    for _ in range(steps):
        for part in range(accumulated):
            some = rows[number : number + trial.micro_batch]
            number += trial.micro_batch
            with fabric.no_backward_sync(made, enabled=part < accumulated - 1):
                loss = chunked_cross_entropy(made(some[:, :-1].contiguous()), some[:, 1:].contiguous())
                fabric.backward(loss / accumulated)
        fabric.clip_gradients(made, optimizer, max_norm=1.0)
        optimizer.step()
        optimizer.zero_grad()
        mark()
    return float(loss.detach())


def same_model(size: Size, model: Any, device: str) -> Any:
    """The model of litgpt with the weights of one of transformers."""
    from litgpt.model import GPT
    from litgpt.scripts.convert_hf_checkpoint import copy_weights_hf_llama

    config = litgpt_config(size.shape, size.sequence_length)
    weights: dict[str, torch.Tensor] = {}
    copy_weights_hf_llama(config, defaultdict(dict), weights, dict(model.named_parameters()))
    with torch.device(device):
        made = GPT(config)
    made.load_state_dict({name: weight.detach() for name, weight in weights.items()})
    if size.shape.tie_word_embeddings:
        made.transformer.wte.weight = made.lm_head.weight
    return made


def litgpt_config(shape: Shape, sequence_length: int) -> Any:
    """A shape in litgpt's words."""
    from litgpt.config import Config

    return Config(
        name="daad",
        block_size=sequence_length,
        n_layer=shape.num_hidden_layers,
        n_embd=shape.hidden_size,
        vocab_size=shape.vocab_size,
        padded_vocab_size=shape.vocab_size,
        norm_class_name="RMSNorm",
        norm_eps=shape.rms_norm_eps,
        parallel_residual=False,
        n_head=shape.num_attention_heads,
        head_size=shape.head_width,
        n_query_groups=shape.key_value_heads,
        rope_base=int(shape.rope_theta),
        rotary_percentage=1.0,
        intermediate_size=shape.intermediate_size,
        bias=False,
        mlp_class_name="LLaMAMLP",
    )
