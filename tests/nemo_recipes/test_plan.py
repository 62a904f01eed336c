"""Plans against transformers, against what autograd keeps, and against figures derived by hand."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nemo_recipes import planning
from nemo_recipes.data.settings import Data
from nemo_recipes.errors import PretrainingError
from nemo_recipes.planning.compute import cost, flops_per_token
from nemo_recipes.planning.memory import activation_bytes, layer_bytes, memory
from nemo_recipes.planning.parameters import count
from nemo_recipes.planning.settings import Energy, Hardware, Layout
from nemo_recipes.planning.shapes import shape_of
from nemo_recipes.pretrain_config import Model, PretrainConfig, Shape, Training, Watch

TINY = Shape(
    vocab_size=128, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
    num_key_value_heads=2,
)  # fmt: skip
SEVEN_B = Shape(
    vocab_size=32_000,
    hidden_size=4096,
    intermediate_size=11_008,
    num_hidden_layers=32,
    num_attention_heads=32,
)


def transformers_model(shape: Shape, device: str = "meta", **others: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=shape.vocab_size,
        hidden_size=shape.hidden_size,
        intermediate_size=shape.intermediate_size,
        num_hidden_layers=shape.num_hidden_layers,
        num_attention_heads=shape.num_attention_heads,
        num_key_value_heads=shape.key_value_heads,
        head_dim=shape.head_width,
        tie_word_embeddings=shape.tie_word_embeddings,
        **others,
    )
    with torch.device(device):
        return LlamaForCausalLM(config)


@pytest.mark.parametrize(
    "shape",
    [
        TINY,
        replace(TINY, tie_word_embeddings=True),
        replace(TINY, head_dim=24),
        SEVEN_B,
        Shape(
            vocab_size=49_152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
            num_key_value_heads=3, tie_word_embeddings=True,
        ),
        Shape(
            vocab_size=32_000, hidden_size=8192, intermediate_size=28_672, num_hidden_layers=2, num_attention_heads=64,
            num_key_value_heads=8,
        ),
    ],
)  # fmt: skip
def test_parameters_are_those_of_transformers(shape: Shape) -> None:
    parts = count(shape)
    model = transformers_model(shape)
    held = {name: parameter.numel() for name, parameter in model.named_parameters()}

    def having(*words: str) -> int:
        return sum(size for name, size in held.items() if any(word in name for word in words))

    assert parts.total == sum(held.values())
    assert parts.embedding == having("embed_tokens")
    assert parts.attention == having("self_attn")
    assert parts.mlp == having(".mlp.")
    assert parts.norms == having("norm")
    assert parts.head == having("lm_head")


def test_llama_2_7b_has_its_known_size() -> None:
    assert count(SEVEN_B).total == 6_738_415_616  # as its model card says: 6.74 B
    assert count(SEVEN_B).embedding == count(SEVEN_B).head == 32_000 * 4096


def test_flops_are_counted_as_pytorch_counts_them() -> None:
    """Twice the multiplications of each matrix, forward; twice that again, backward; attention over all of S x S."""
    from torch.utils.flop_counter import FlopCounterMode

    model = transformers_model(TINY, "cpu", attn_implementation="eager")
    tokens = torch.zeros((2, 32), dtype=torch.int64)
    with FlopCounterMode(display=False) as counter:
        model(tokens).logits.sum().backward()
    counted = counter.get_total_flops() / tokens.numel()
    # The first layer's input needs no gradient of its own only where the embedding is frozen, so nothing is left out.
    assert flops_per_token(TINY, 32) == pytest.approx(counted, rel=1e-9)


def test_flops_of_a_7b_by_hand() -> None:
    # Matrices: 32 layers x (4 x 4096^2 + 3 x 4096 x 11008) + head 32000 x 4096 = 6,607,077,376.
    assert flops_per_token(SEVEN_B, 4096) == 6 * 6_607_077_376 + 12 * 32 * 4096 * 4096


def test_time_and_energy_by_hand() -> None:
    hardware = Hardware(peak_teraflops=1000, assumed_mfu=0.4, assumed_watts=1000)
    energy = Energy(grid_grams_per_kwh=500, pue=1.5)
    # 3.6e9 tokens x 4e9 FLOPs = 1.44e19; 10 devices x 1e15 x 0.4 = 4e15 a second: 3,600 s, 10 device hours.
    result = cost(3_600_000_000, 4_000_000_000, 10, hardware, energy)
    assert result.seconds == pytest.approx(3600)
    assert result.device_hours == pytest.approx(10)
    assert result.kwh == pytest.approx(15)  # 10 h x 1 kW x 1.5
    assert result.co2_kg == pytest.approx(7.5)
    assert result.tokens_per_second == pytest.approx(100_000)
    assert cost(1, 1, 1, replace(hardware, peak_teraflops=0), energy).seconds is None


def kept_bytes(layers: int, *, bf16: bool, autocast: bool) -> int:
    """Bytes that autograd keeps of a forward pass over 2 x 128 tokens, weights and their copies apart."""
    shape = replace(TINY, num_hidden_layers=layers)
    torch.manual_seed(0)
    model = transformers_model(shape, "cpu", attn_implementation="sdpa")
    model = model.bfloat16() if bf16 else model
    tokens = torch.zeros((2, 128), dtype=torch.int64)
    sizes: dict[int, int] = {}
    kept: list[torch.Tensor] = []  # alive, so that no address is used twice

    def note(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor)
        if 256 in tensor.shape or (len(tensor.shape) > 2 and 128 in tensor.shape):  # has a row for each token
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=autocast),
    ):
        model.model(tokens, use_cache=False)
    return sum(sizes.values())


@pytest.mark.parametrize(
    ("precision", "strategy", "given"),
    [
        ("bf16", "fsdp2", {"bf16": True, "autocast": False}),
        ("bf16", "ddp", {"bf16": False, "autocast": True}),
        ("fp32", "ddp", {"bf16": False, "autocast": False}),
    ],
)
def test_a_layer_leaves_what_autograd_keeps(precision: Any, strategy: Any, given: dict[str, bool]) -> None:
    training, layout = Training(token_budget=1, precision=precision), Layout(strategy=strategy)
    measured = kept_bytes(3, **given) - kept_bytes(2, **given)
    assert layer_bytes(TINY, training, layout) * 256 == measured


def test_checkpointing_leaves_the_input_of_each_layer() -> None:
    training, layout = Training(token_budget=1, gradient_checkpointing=True), Layout(strategy="fsdp2")
    shapes = [replace(TINY, num_hidden_layers=layers) for layers in (2, 3)]
    fewer, more = (activation_bytes(shape, training, layout) for shape in shapes)
    assert more - fewer == 2 * TINY.hidden_size
    assert fewer == 2 * 2 * TINY.hidden_size + layer_bytes(TINY, training, layout) + 8 * TINY.hidden_size + 4


def test_memory_of_a_7b_by_hand() -> None:
    """Llama-2 7B on 16 devices, tensor 2: 8 replicas, micro-batch 1 of 4,096 tokens, bf16, fsdp2."""
    training, layout = Training(token_budget=1), Layout(nodes=2, gpus_per_node=8, tensor=2)
    held = memory(SEVEN_B, training, layout, 4096)
    layer = (4 * 4096**2 + 3 * 4096 * 11_008) // 2 + 2 * 4096  # 101,199,872
    tables = 2 * 32_000 * 4096 + 4096
    own = math.ceil((32 * layer + tables) / 8)
    assert held.weights == held.gradients == 4 * own
    assert held.optimizer == 8 * own
    assert held.copies == 2 * (tables + 2 * layer)
    # 16 x 4096 + 8 for the norms; half of 2 x (4 x 4096 + 4 x 11008) + 4 x 32 for the rest; the last norm 8 x 4096 + 4.
    assert held.activations == 4096 * (32 * (65_544 + 60_480) + 32_772)
    assert held.logits == 4096 * 32_000 * 10
    assert held.total == sum((held.weights * 2, held.optimizer, held.copies, held.activations, held.logits))


def test_memory_without_sharding_is_16_bytes_a_parameter() -> None:
    held = memory(TINY, Training(token_budget=1, precision="fp32"), Layout(gpus_per_node=4), 16)
    assert held.weights + held.gradients + held.optimizer == 16 * count(TINY).total
    assert held.copies == 0
    frozen = memory(TINY, Training(token_budget=1, frozen_layers=[0, 1, 2]), Layout(), 16)
    outside = count(TINY).embedding + count(TINY).head + TINY.hidden_size
    assert frozen.optimizer == 8 * outside
    assert frozen.weights == 4 * count(TINY).total


def test_a_pipeline_divides_layers_and_keeps_activations() -> None:
    whole = Layout(gpus_per_node=8, strategy="fsdp2", data_sharding=1, engine="automodel")
    four = replace(whole, pipeline=4)
    shape = replace(SEVEN_B, num_hidden_layers=8)
    training = Training(token_budget=1)
    one, divided = memory(shape, training, whole, 4096), memory(shape, training, four, 4096)
    layer = 4 * 4096**2 + 3 * 4096 * 11_008 + 2 * 4096
    table = 32_000 * 4096
    assert one.weights == 4 * (8 * layer + 2 * table + 4096)
    assert divided.weights == 4 * (
        2 * layer + table + 4096
    )  # the last stage has the last norm, the first has not
    assert divided.activations == one.activations


def config(**others: Any) -> PretrainConfig:
    given: dict[str, Any] = {
        "output_dir": "out",
        "data": Data(tokens="tokens", sequence_length=1024),
        "model": Model(shape=TINY),
        "training": Training(token_budget=10_000_000, global_batch=64, warmup_steps=5),
        "hardware": Hardware(memory_gib=0),
    }
    return PretrainConfig(**(given | others))


def test_steps_are_rounded_up() -> None:
    plan = planning.make_plan(config())
    assert (plan.steps, plan.step_tokens, plan.tokens) == (153, 65_536, 153 * 65_536)  # 10^7 / 65,536 = 152.6
    assert plan.accumulation == 64
    assert plan.refusals == ()
    planning.check(plan)
    assert plan.described()["total_flops"] == plan.tokens * flops_per_token(TINY, 1024)
    json.dumps(plan.described())


def test_all_reasons_are_given_together() -> None:
    broken = config(
        layout=Layout(nodes=1, gpus_per_node=6, tensor=3, pipeline=2, strategy="ddp"),
        training=Training(
            token_budget=1000, global_batch=64, micro_batch=5, warmup_steps=9, frozen_layers=[3]
        ),
        data=Data(tokens="tokens", sequence_length=8192),
    )
    plan = planning.make_plan(broken)
    expected = [
        "pipeline 2 needs layout.engine automodel",
        "strategy ddp keeps whole models",
        "tensor 3 does not divide num_attention_heads 4",
        "tensor 3 does not divide num_key_value_heads 2",
        "tensor 3 does not divide hidden_size 64",
        "tensor 3 does not divide vocab_size 128",
        "pipeline 2 does not divide num_hidden_layers 3",
        "global_batch 64 is no multiple of micro_batch 5 x 1 replicas = 5",
        "sequence_length 8192 exceeds the 4096 positions",
        "is 1 steps, fewer than the 9",
        "names layer 3, the model has 0 to 2",
    ]
    assert len(plan.refusals) == len(expected)
    for reason, words in zip(plan.refusals, expected, strict=True):
        assert words in reason
    text = planning.render(plan)
    assert [line for line in text.splitlines() if line.startswith("cannot work")] == [
        f"cannot work   {reason}" for reason in plan.refusals
    ]
    with pytest.raises(PretrainingError) as refused:
        planning.check(plan)
    assert all(reason in str(refused.value) for reason in plan.refusals)


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        (
            {"rows_first_steps": 60, "warmup_steps": 15, "schedule": "wsd", "decay_steps": 25},
            "",
        ),  # 60 + 15 + 25
        (
            {"rows_first_steps": 60, "warmup_steps": 15, "schedule": "wsd", "decay_steps": 26},
            "is 100 steps, fewer than the 101 of rows first, warm-up and decay",
        ),
        ({"rows_first_steps": 50, "warmup_steps": 50, "schedule": "cosine"}, ""),
        ({"rows_first_steps": 51, "warmup_steps": 50}, "is 100 steps, fewer than the 101 of rows first"),
        ({"rows_first_steps": 100}, "is 100 steps, fewer than the 101 of rows first"),
        ({"warmup_steps": 100}, ""),
        ({"rows_first_steps": 9, "warmup_steps": 10}, "warmup_steps 10 exceeds training.rows_first_steps 9"),
    ],
)
def test_each_phase_has_room_for_its_schedule(settings: dict[str, Any], refusal: str) -> None:
    training = Training(token_budget=100 * 64 * 1024, global_batch=64, **settings)
    found = planning.make_plan(config(training=training)).refusals
    assert len(found) == bool(refusal)
    assert refusal in "".join(found)


def test_devices_that_are_no_whole_replicas_are_refused_once() -> None:
    uneven = config(layout=Layout(gpus_per_node=7, strategy="fsdp2", tensor=2))
    assert planning.make_plan(uneven).refusals == (
        "layout: 1 nodes x 7 devices = 7 are no multiple of tensor 2 x pipeline 1 = 2",
    )


def test_a_tensor_across_nodes_and_shards_that_do_not_divide_are_refused() -> None:
    across = planning.make_plan(config(layout=Layout(nodes=2, gpus_per_node=1, tensor=2)))
    assert ["exceeds the 1 devices of a node" in reason for reason in across.refusals] == [True]
    uneven = Layout(gpus_per_node=8, strategy="fsdp2", data_sharding=3, engine="automodel")
    assert planning.make_plan(config(layout=uneven)).refusals == (
        "layout.data_sharding 3 must divide the 8 replicas",
    )


def test_too_little_memory_is_refused_with_what_would_help() -> None:
    small = config(
        hardware=Hardware(memory_gib=40),
        model=Model(shape=SEVEN_B),
        layout=Layout(gpus_per_node=8),
        training=Training(token_budget=10_000_000, global_batch=64, micro_batch=2),
    )
    (reason,) = planning.make_plan(small).refusals
    assert "more than 92% of 40 GiB" in reason
    for remedy in ("gradient_checkpointing", "micro_batch", "fsdp2", "more devices"):
        assert remedy in reason
    remedied = replace(
        small,
        layout=Layout(gpus_per_node=8, strategy="fsdp2"),
        training=replace(small.training, micro_batch=1, gradient_checkpointing=True),
    )
    assert planning.make_plan(remedied).refusals == ()


def test_the_text_says_all_that_is_needed_to_get_it_again() -> None:
    text = planning.render(
        planning.make_plan(config(watch=Watch(energy=Energy(grid_grams_per_kwh=123, pue=1.25))))
    )
    for words in (
        "10,027,008 = 153 steps x 64 sequences x 1,024 (budget 10,000,000)",
        "6 N + 12 L d s",
        "an assumed MFU of 0.42 of 989 TFLOP/s (H100 SXM 80 GB)",
        "an assumed 1275 W a device x PUE 1.25",
        "at 123 g/kWh",
        "1 nodes x 1 = 1 devices",
    ):
        assert words in text
    assert "not planned" in planning.render(planning.make_plan(config(hardware=Hardware(peak_teraflops=0))))


def test_the_shape_is_the_checkpoints(tmp_path: Path) -> None:
    from transformers import LlamaConfig

    LlamaConfig(
        vocab_size=128, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, rope_theta=5000.0,
    ).save_pretrained(tmp_path)  # fmt: skip
    found = shape_of(Model(checkpoint=str(tmp_path)))
    assert found == replace(
        TINY, max_position_embeddings=512, rope_theta=5000.0, head_dim=16, rms_norm_eps=1e-6
    )
    assert shape_of(Model(checkpoint=str(tmp_path), shape=TINY)) == found
    with pytest.raises(PretrainingError, match="hidden_size 64 instead of 4,096"):
        shape_of(Model(checkpoint=str(tmp_path), shape=SEVEN_B))
    content = json.loads((tmp_path / "config.json").read_text()) | {"model_type": "gpt2"}
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(PretrainingError, match="model_type must be one of llama, mistral, got 'gpt2'"):
        shape_of(Model(checkpoint=str(tmp_path)))
    missing = str(tmp_path / "missing")
    assert shape_of(Model(checkpoint=missing, shape=TINY)) == TINY  # planned without it
    with pytest.raises(PretrainingError, match="no checkpoint is there"):
        shape_of(Model(checkpoint=missing))
