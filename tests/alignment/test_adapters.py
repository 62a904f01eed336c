"""Adapters: nothing at first, alone learning, the same merged as apart, and readable by peft."""

from pathlib import Path
from typing import Any

import pytest
import torch

from alignment.adapters import Lora
from alignment.adapters.export import merged, write_adapter
from alignment.adapters.model import add_adapters
from alignment.errors import AlignmentError
from nemo_recipes.engine.optimizer import choose_parameters, kept_parameters
from nemo_recipes.engine.phases import Phase
from nemo_recipes.pretrain_config import Training

TOKENS = torch.arange(3, 23)[None]


@pytest.fixture
def moved(tiny_model: Any) -> Any:
    """A model whose adapters have learned something."""
    model = add_adapters(tiny_model, Lora(rank=3, alpha=6), seed=1).eval()
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(2)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3)
    return model


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model(TOKENS).logits
    return found


def test_adapters_add_nothing_at_first_and_learn_alone(tiny_model: Any) -> None:
    before = logits(tiny_model.eval())
    model = add_adapters(tiny_model, Lora(rank=3), seed=1)
    assert torch.equal(logits(model), before)
    choose_parameters(model, Phase(what="all", first_step=0, end_step=1), Training(token_budget=1))
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert learning == kept_parameters(model).keys()
    # Seven layers of two blocks, a pair of matrices each.
    assert len(learning) == 2 * 7 * 2


def test_merged_equals_apart(moved: Any) -> None:
    """An adapter adds alpha / rank times B A: of one layer by hand, of all by their logits."""
    layer = moved.model.layers[0].self_attn.q_proj
    by_hand = (
        layer.base_layer.weight + 6 / 3 * layer.lora_B["default"].weight @ layer.lora_A["default"].weight
    )
    apart = logits(moved)
    whole = merged(moved)
    assert not any(".lora_" in name for name, _ in whole.named_parameters())
    assert torch.allclose(whole.model.layers[0].self_attn.q_proj.weight, by_hand, atol=1e-6)
    assert torch.allclose(logits(whole), apart, atol=1e-5)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_peft_reads_the_adapter(moved: Any, base_model_dir: Path, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    write_adapter(moved, Lora(rank=3, alpha=6), str(base_model_dir), tmp_path)
    base = AutoModelForCausalLM.from_pretrained(base_model_dir)
    theirs = PeftModel.from_pretrained(base, tmp_path).eval()
    assert torch.allclose(logits(theirs), logits(moved), atol=1e-6)


@pytest.mark.parametrize("shared", ["lm_head", "embed_tokens"])
def test_a_head_that_is_the_embedding_gets_no_adapter(shared: str) -> None:
    """Merged into one it would change the other; where they are two, either may have one."""
    from transformers import LlamaConfig, LlamaForCausalLM

    for tied in (False, True):
        config = LlamaConfig(
            vocab_size=50,
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            tie_word_embeddings=tied,
        )
        model, lora = LlamaForCausalLM(config), Lora(rank=2, targets=["q_proj", shared])
        if not tied:
            assert add_adapters(model, lora, seed=1)
            continue
        with pytest.raises(AlignmentError, match=rf"{shared} shares its weights .*: leave {shared} out"):
            add_adapters(model, lora, seed=1)


def test_a_layer_that_is_not_there_is_one_line(tiny_model: Any) -> None:
    with pytest.raises(AlignmentError, match=r"lora\.targets: the model has no layer named query"):
        add_adapters(tiny_model, Lora(rank=3, targets=["query"]), seed=1)
