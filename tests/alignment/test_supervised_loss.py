"""The loss on answers against a value by hand, a float64 twin and TRL; packed against apart; gradients that are 0."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from alignment.chat_template import encode_conversations, load_chat_tokenizer
from alignment.sft_config import Instructions, InstructionSource, SftConfig
from alignment.supervised.examples import make_examples
from alignment.supervised.module import SupervisedModule
from alignment.supervised.packing import Packs
from alignment.supervised.sequences import Sequences, collate
from nemo_recipes.engine.failures import LossGuard
from nemo_recipes.engine.phases import phases, stretches
from nemo_recipes.pretrain_config import Model

LENGTH = 96
TEXTS = (
    ("ما عاصمة مصر", "القاهرة"),
    ("what is the capital of Egypt", "Cairo, of course"),
    ("answer in English please", "city"),
    ("اسم مدينة", "القاهرة مدينة"),
)


@pytest.fixture(scope="module")
def tokenizer(chat_dir: Path) -> Any:
    return load_chat_tokenizer(chat_dir)


def conversations() -> list[list[dict[str, str]]]:
    return [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for q, a in TEXTS]


@pytest.fixture(scope="module")
def examples(tokenizer: Any) -> Any:
    import polars as pl

    frame = pl.DataFrame({"messages": conversations(), "language": "ar", "source": "a", "line": range(1, 5)})
    return make_examples(tokenizer, frame, LENGTH, 0.0).frame


def module_of(model: Any, neftune: float = 0.0) -> SupervisedModule:
    source = InstructionSource(name="a", path="a.jsonl")
    config = SftConfig(
        output_dir="unused",
        data=Instructions(sources=[source], sequence_length=LENGTH),
        model=Model(checkpoint="unused"),
    ).for_engine(1, "unused")
    (stretch,) = stretches(phases(config.training, 1), [])
    return SupervisedModule(model, config, stretch, LossGuard(config.failure), neftune=neftune)


def batch_of(examples: Any, members: list[list[int]], micro_batch: int, positions: bool = True) -> Any:
    sizes = [len(some) for some in members]
    packs = Packs(np.array([one for some in members for one in some], np.int64), np.cumsum([0, *sizes]))
    sequences = Sequences(examples, packs, length=LENGTH, num_sequences=len(members), padding=1)
    return collate([sequences[number] for number in range(len(members))], micro_batch, positions)


APART = [[0], [1], [2], [3]]
PACKED = [[2, 0], [3, 1]]


def summed(module: SupervisedModule, batch: Any) -> torch.Tensor:
    losses = [module.micro_batch_loss(batch, number)[0] for number in range(len(batch["tokens_ABS"]))]
    return torch.stack(losses).sum()


def gradients(module: SupervisedModule, batch: Any) -> dict[str, torch.Tensor]:
    module.model.zero_grad()
    summed(module, batch).backward()
    return {name: p.grad.clone() for name, p in module.model.named_parameters() if p.grad is not None}


def test_a_head_of_zeros_costs_the_log_of_the_vocabulary(
    tiny_model: Any, tokenizer: Any, examples: Any
) -> None:
    """By hand: every token has probability 1/400, so each token of the answers, and each end, costs ln 400."""
    torch.nn.init.zeros_(tiny_model.lm_head.weight)
    batch = batch_of(examples, PACKED, 1)
    answers = sum(len(tokenizer(a, add_special_tokens=False).input_ids) + 1 for _, a in TEXTS)
    assert batch["num_labels"] == answers
    assert summed(module_of(tiny_model), batch).item() == pytest.approx(answers * math.log(400), rel=1e-6)


def test_loss_equals_a_float64_twin_conversation_by_conversation(
    tiny_model: Any, tokenizer: Any, examples: Any
) -> None:
    loss = summed(module_of(tiny_model), batch_of(examples, PACKED, 2)).item()
    twin, total = tiny_model.double(), 0.0
    encoded = encode_conversations(tokenizer, conversations())
    for number in range(len(encoded)):
        ids, learned = encoded[number]
        with torch.no_grad():
            logits = twin(torch.from_numpy(ids.astype(np.int64))[None]).logits[0].numpy()
        for place in range(1, len(ids)):
            if learned[place]:
                row = logits[place - 1]
                total += float(np.log(np.exp(row - row.max()).sum()) + row.max() - row[ids[place]])
    assert loss == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("attention", ["daad_conversations", "sdpa", "eager"])
def test_packed_equals_apart(base_model_dir: Path, examples: Any, attention: str) -> None:
    """Loss and every gradient, whatever conversations share a sequence, and sequences a micro batch."""
    from transformers import AutoModelForCausalLM

    named = "sdpa" if attention == "daad_conversations" else attention
    model = AutoModelForCausalLM.from_pretrained(base_model_dir, attn_implementation=named).train()
    module = module_of(model)
    if attention == "sdpa":
        model.set_attn_implementation(
            "sdpa"
        )  # with a mask over all pairs, as transformers makes it of positions
    assert model.config._attn_implementation == attention
    plain = gradients(module, batch_of(examples, APART, 1, positions=False))
    loss = summed(module, batch_of(examples, APART, 1, positions=False))
    for members, micro_batch, positions in (
        (APART, 4, False),
        (PACKED, 1, True),
        (PACKED, 2, True),
        ([[3, 1, 2, 0]], 1, True),
    ):
        batch = batch_of(examples, members, micro_batch, positions)
        assert summed(module, batch).item() == pytest.approx(loss.item(), rel=1e-5)
        for name, gradient in gradients(module, batch).items():
            assert torch.allclose(gradient, plain[name], atol=1e-4, rtol=1e-4), name


@pytest.mark.parametrize("members", [APART, PACKED])
def test_a_model_with_a_window_learns_as_it_answers(examples: Any, members: list[list[int]]) -> None:
    """Twin: the model with eager attention and its own mask, one conversation after another."""
    from transformers import MistralConfig, MistralForCausalLM

    config = MistralConfig(
        vocab_size=400,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.1,
        sliding_window=3,
    )
    model = MistralForCausalLM(config).train()
    module = module_of(model)
    assert model.config._attn_implementation == "sdpa"
    loss = summed(module, batch_of(examples, members, 1, positions=members is PACKED)).item()
    model.set_attn_implementation("eager")
    total = 0.0
    for ids, learned in examples.select("ids", "learned").iter_rows():
        logits = model(input_ids=torch.tensor([ids[:-1]]), use_cache=False).logits[0]
        losses = torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="none")
        total += losses[torch.tensor(learned[1:])].sum().item()
    assert loss == pytest.approx(total, rel=1e-5)


def test_packing_without_positions_would_be_another_loss(tiny_model: Any, examples: Any) -> None:
    """So the test above can tell."""
    module = module_of(tiny_model)
    right, wrong = (summed(module, batch_of(examples, PACKED, 1, positions=p)).item() for p in (True, False))
    assert abs(right - wrong) > 1e-2


def test_positions_without_a_label_get_no_gradient(tiny_model: Any, examples: Any) -> None:
    """At the output of the decoder, where each position predicts its own label; all labeled ones do get one."""
    held: list[torch.Tensor] = []

    def hold(_module: Any, _inputs: Any, output: torch.Tensor) -> None:
        output.retain_grad()
        held.append(output)

    tiny_model.model.norm.register_forward_hook(hold)
    batch = batch_of(examples, PACKED, 2)
    summed(module_of(tiny_model), batch).backward()
    gradient = held[0].grad
    assert gradient is not None
    labeled = batch["labels_ABS"][0] != -100
    assert (gradient[~labeled] == 0).all()
    assert (gradient[labeled].abs().amax(-1) > 0).all()


def test_the_head_alone_where_labels_are_changes_nothing(tiny_model: Any, examples: Any) -> None:
    module = module_of(tiny_model)
    batch = batch_of(examples, PACKED, 2)
    given = [batch[name][0] for name in ("tokens_ABS", "labels_ABS", "positions_ABS")]
    ours = module.label_losses(*given)
    tiny_model.set_attn_implementation("sdpa")
    engine, total = super(SupervisedModule, module).losses(*given)
    assert torch.allclose(ours, engine, atol=1e-6)
    assert torch.allclose(module.losses(*given)[1], total, atol=1e-5)


def test_what_is_minimized_is_what_is_validated(tiny_model: Any, examples: Any) -> None:
    """Both see each conversation alone: an engine that takes the sum elsewhere would train on other losses."""
    module, batch = module_of(tiny_model), batch_of(examples, PACKED, 2)
    given = [batch[name][0] for name in ("tokens_ABS", "labels_ABS", "positions_ABS")]
    learned, validated = summed(module, batch).item(), module.label_losses(*given).sum().item()
    assert learned == pytest.approx(validated, rel=1e-6)


def test_a_sequence_of_padding_costs_nothing(tiny_model: Any, examples: Any) -> None:
    assert summed(module_of(tiny_model), batch_of(examples, [[]], 1)).item() == 0


def test_noise_is_there_in_training_alone_and_the_same_again(tiny_model: Any, examples: Any) -> None:
    batch = batch_of(examples, PACKED, 1)
    plain, noisy = module_of(tiny_model), module_of(tiny_model, neftune=5.0)
    once, twice = (summed(noisy, batch).item() for _ in range(2))
    assert once == twice
    assert abs(once - summed(plain, batch).item()) > 1e-4
    given = [batch[name][0] for name in ("tokens_ABS", "labels_ABS", "positions_ABS")]
    assert torch.equal(noisy.label_losses(*given), plain.label_losses(*given))
    # However sequences are divided into micro batches.
    assert summed(noisy, batch_of(examples, PACKED, 2)).item() == pytest.approx(once, rel=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("padding_free", [False, True])
def test_trl_has_the_same_labels_and_loss(
    tiny_model: Any, tokenizer: Any, examples: Any, tmp_path: Path, padding_free: bool
) -> None:
    """Its trainer from messages to loss: rendered by the template, masked by its generation marks, padded or packed."""
    from datasets import Dataset
    from trl import SFTConfig as TrlConfig
    from trl import SFTTrainer

    settings = TrlConfig(
        output_dir=str(tmp_path),
        assistant_only_loss=True,
        max_length=None,
        padding_free=padding_free,
        per_device_train_batch_size=4,
        report_to=[],
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        disable_tqdm=True,
    )
    trainer = SFTTrainer(
        model=tiny_model,
        args=settings,
        train_dataset=Dataset.from_dict({"messages": conversations()}),
        processing_class=tokenizer,
    )
    theirs = next(iter(trainer.get_train_dataloader()))
    batch = batch_of(examples, [[0, 1, 2, 3]], 1)
    labeled = theirs["labels"][theirs["labels"] != -100]
    ours = batch["labels_ABS"][0]
    assert sorted(labeled.tolist()) == sorted(ours[ours != -100].tolist())
    loss = trainer.compute_loss(tiny_model, dict(theirs)).item()
    assert loss == pytest.approx(summed(module_of(tiny_model), batch).item() / batch["num_labels"], rel=1e-5)


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing_enable`:FutureWarning")
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_recomputed_layers_know_the_conversations_too(tiny_model: Any, examples: Any) -> None:
    module, batch = module_of(tiny_model), batch_of(examples, PACKED, 1)
    kept = gradients(module, batch)
    tiny_model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    for name, gradient in gradients(module, batch).items():
        assert torch.allclose(gradient, kept[name], atol=1e-6), name
