"""Tokenizers with chat templates, and a model of some 40,000 parameters to teach."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ARABIC = "ما عاصمة مصر هي القاهرة أجب بالعربية من فضلك كتاب مدينة اسم عملة شهر".split()
ENGLISH = "what is the capital of Egypt Cairo answer in English please book city name month".split()


@pytest.fixture(scope="session")
def byte_level_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level Hugging Face tokenizer of 380 ids, learned here, whose specials are text where they are spelled."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=380,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[AddedToken("<s>", special=True), AddedToken("</s>", special=True)],
    )
    tokenizer.train_from_iterator([" ".join(ARABIC + ENGLISH)] * 5, trainer)
    directory = tmp_path_factory.mktemp("byte-level")
    tokenizer.save(str(directory / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "split_special_tokens": True,
    }
    (directory / "tokenizer_config.json").write_text(json.dumps(config))
    return directory


@pytest.fixture(scope="session")
def chat_dir(byte_level_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the template llama2-like: 386 ids."""
    from alignment.chat_template import save_chat_tokenizer

    directory = tmp_path_factory.mktemp("chat")
    save_chat_tokenizer(byte_level_dir, directory, "llama2-like")
    return directory


@pytest.fixture(scope="session")
def expanded_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mistral's SentencePiece tokenizer with eight reserve pieces, as `tokenization.expand` writes it."""
    from tokenization.base import Additions
    from tokenization.load_base import load_base

    directory = tmp_path_factory.mktemp("expanded")
    nothing = Additions(pieces=[], texts=[], parts=[], base_ids=[], roles=[], counts=[])
    load_base("mistral-v1").write(nothing, 8, directory)
    return directory


@pytest.fixture(scope="session")
def base_model_dir(chat_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of some 40,000 parameters with 400 rows, and the tokenizer without a template beside it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    directory = tmp_path_factory.mktemp("model")
    config = LlamaConfig(
        vocab_size=400,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        initializer_range=0.1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        LlamaForCausalLM(config).save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def served_dir(base_model_dir: Path, chat_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That model with the chat template beside it, as fine-tuning leaves it; untrained, so it writes noise."""
    from transformers import AutoTokenizer

    directory = tmp_path_factory.mktemp("served")
    for source in (base_model_dir, chat_dir):
        shutil.copytree(source, directory, dirs_exist_ok=True)
    end = AutoTokenizer.from_pretrained(directory).eos_token_id
    (directory / "generation_config.json").write_text(json.dumps({"eos_token_id": end}))
    return directory


@pytest.fixture
def tiny_model(base_model_dir: Path) -> Any:
    """That model, in training mode."""
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(base_model_dir).train()


@pytest.fixture(autouse=True)
def no_process_group() -> Iterator[None]:
    """Runs inside this process leave their group to its end; no test starts with another's."""
    yield
    distributed = sys.modules.get("torch.distributed")
    if distributed and distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
