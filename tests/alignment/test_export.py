"""Exported files against what the loaders of NeMo-RL and NeMo-Aligner do with them, written down from their source.

NeMo-RL, main of 2026-08-22 (7ea279a): response_datasets/oai_format_dataset.py, processors.py (sft_processor,
preference_preprocessor), preference_datasets/preference_dataset.py, llm_message_utils.py (get_formatted_message_log),
utils/config.py, examples/configs/{sft,dpo}.yaml. NeMo-Aligner, last commit (af2b3bd, 2025-05-16):
nemo_aligner/data/nlp/{datasets,builders}.py, examples/nlp/gpt/conf/gpt_{sft,dpo}.yaml. NeMo 2.4:
gpt_sft_chat_dataset.py.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from alignment.errors import AlignmentError
from alignment.export import summary
from alignment.exporting.records import ALIGNER_MARKUP, FAULTS, aligner_faults, rl_faults
from alignment.exporting.settings import ExportConfig, Method
from alignment.exporting.writing import export

Record = dict[str, Any]

SYSTEM = "أجب بإيجاز."


def turn(role: str, content: str) -> Record:
    return {"role": role, "content": content}


def conversations() -> list[Record]:
    many = [
        {"messages": [turn("user", f"what is {number}?"), turn("assistant", f"it is {number}")]}
        for number in range(40)
    ]
    return [
        {"messages": [turn("system", SYSTEM), turn("user", "ما اسمك؟"), turn("assistant", "ضاد."),
                      turn("user", "and now?"), turn("assistant", "Daad.")]},
        {"messages": [turn("user", "call it"), turn("assistant", "f(1)"), turn("tool", "2"), turn("assistant", "two")]},
        {"messages": [turn("user", "long"), turn("assistant", "word " * 200)]},
        {"messages": [turn("user", "a \x11 mark"), turn("assistant", "none")]},
        *many,
    ]  # fmt: skip


def pairs() -> list[Record]:
    return [
        {"prompt": f"what is {number}?", "chosen": f"it is {number}", "rejected": f"لا أعرف {number}"}
        for number in range(40)
    ]


@pytest.fixture(scope="module")
def exported(served_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("export")
    for name, rows in (("sft", conversations()), ("dpo", pairs())):
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (directory / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = ExportConfig(
        output_dir=str(directory / "out"),
        model=str(served_dir),
        instructions=[str(directory / "sft.jsonl")],
        preferences=[str(directory / "dpo.jsonl")],
        validation_share=0.2,
        beta=0.25,
        sft_weight=0.5,
    )
    manifest = export(config)
    assert "nemo_rl sft: " in summary(manifest, config.output_dir)
    return directory / "out"


def read(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def both(directory: Path) -> list[Record]:
    return read(directory / "train.jsonl") + read(directory / "validation.jsonl")


def openai_format(record: Record) -> list[Record]:
    """OpenAIFormatDataset.format_data: chat_key is messages, and the last of them must be the assistant's."""
    messages: list[Record] = list(record["messages"])
    assert messages[-1]["role"] == "assistant"
    return messages


def message_chunks(tokenizer: Any, messages: list[Record]) -> list[str]:
    """get_formatted_message_log: a message is what the template adds to the rendering of those before it."""
    before, chunks = "", []
    for number in range(1, len(messages) + 1):
        after = tokenizer.apply_chat_template(messages[:number], tokenize=False, add_generation_prompt=False)
        assert after.startswith(before)
        chunks.append(after[len(before) :])
        before = after
    return chunks


def test_nemo_rl_reads_instructions_as_they_are_rendered_here(exported: Path, served_dir: Path) -> None:
    from alignment.chat_template import encode_conversation, load_chat_tokenizer

    tokenizer = load_chat_tokenizer(served_dir)
    records = both(exported / "nemo_rl" / "sft")
    assert [sorted(record) for record in records] == [["messages"]] * len(records)
    for record in records:
        messages = openai_format(record)
        chunks = message_chunks(tokenizer, messages)
        # add_bos, add_eos: only where they are not there already.
        assert chunks[0].startswith(tokenizer.bos_token)
        assert chunks[-1].endswith(tokenizer.eos_token)
        ids = [piece for chunk in chunks for piece in tokenizer(chunk, add_special_tokens=False).input_ids]
        assert ids == encode_conversation(tokenizer, messages)[0].tolist()
        assert len(ids) < 128  # sft_processor: a sequence of max_seq_length or more loses its loss


def test_nemo_rl_reads_preferences(exported: Path) -> None:
    records = both(exported / "nemo_rl" / "dpo")
    assert len(records) == len(pairs())
    for record in records:
        # preference_preprocessor: exactly two completions, the lower rank is preferred, ties are refused.
        first, second = record["completions"]
        assert first["rank"] < second["rank"]
        number = record["context"][0]["content"].removeprefix("what is ").removesuffix("?")
        assert record["context"] + first["completion"] == [
            turn("user", f"what is {number}?"),
            turn("assistant", f"it is {number}"),
        ]
        assert second["completion"] == [turn("assistant", f"لا أعرف {number}")]


def test_the_library_that_nemo_rl_reads_with_reads_them_too(exported: Path, tmp_path: Path) -> None:
    """load_dataset_from_path: `load_dataset("json", data_files=path)`, then the split, which is always "train"."""
    from datasets import load_dataset

    for what in ("sft", "dpo"):
        path = exported / "nemo_rl" / what / "validation.jsonl"
        loaded = load_dataset("json", data_files=str(path), cache_dir=str(tmp_path))["train"]
        assert [dict(row) for row in loaded] == read(path)


def nemo_chat(source: Record, special: dict[str, str]) -> str:
    """_get_header_conversation_type_mask_role of NeMo 2.4, for sources of type VALUE_TO_TEXT without labels."""
    assert source["type"] == "VALUE_TO_TEXT"
    text = f"{special['system_turn_start']}System{special['end_of_name']}{source['system']}{special['end_of_turn']}"
    for one in source["conversations"]:
        text += (
            special["turn_start"]
            + one["from"]
            + special["end_of_name"]
            + one["value"]
            + special["end_of_turn"]
        )
    return text + special["turn_start"] if source["conversations"][-1]["from"] != source["mask"] else text


def test_nemo_aligner_renders_a_conversation_with_its_markup(exported: Path) -> None:
    record = next(record for record in both(exported / "nemo_aligner" / "sft") if record["system"])
    assert nemo_chat(record, ALIGNER_MARKUP) == (
        "\x00System\nأجب بإيجاز.\n\x11User\nما اسمك؟\n\x11Assistant\nضاد.\n"
        "\x11User\nand now?\n\x11Assistant\nDaad.\n\x11"
    )


def test_nemo_aligner_masks_what_is_not_the_assistants(exported: Path) -> None:
    """preprocess asserts that the mask role speaks; _mask_targets masks the first turn whole, then the mask role's."""
    for record in both(exported / "nemo_aligner" / "sft"):
        speakers = [one["from"] for one in record["conversations"]]
        learned = [one for place, one in enumerate(speakers) if place and one != record["mask"]]
        assert record["mask"] in speakers
        assert speakers[0] == record["mask"]
        assert set(learned) == {"Assistant"}
        assert learned.count("Assistant") == speakers.count("Assistant")


def test_nemo_aligner_reads_preferences(exported: Path) -> None:
    """DPOModelDataset.__getitem__ and _convert_messages: OpenAI-style prompt, responses of one message each."""
    records = both(exported / "nemo_aligner" / "dpo")
    assert len(records) == len(pairs())
    for record in records:
        prompt, chosen, rejected = (
            record[name] for name in ("prompt", "chosen_response", "rejected_response")
        )
        assert sum(one["role"] == "system" for one in prompt) <= 1
        rendered = [
            nemo_chat(
                {"system": "", "type": "VALUE_TO_TEXT", "mask": "User", "conversations": [
                    {"from": one["role"].capitalize(), "value": one["content"]} for one in turns
                ]},
                ALIGNER_MARKUP,
            )
            for turns in (prompt, [*prompt, chosen], [*prompt, rejected])
        ]  # fmt: skip
        assert all(text.startswith(rendered[0]) for text in rendered[1:])


RL_KEYS = {
    "sft": "max_num_epochs max_num_steps",
    "dpo": (
        "max_num_epochs max_num_steps reference_policy_kl_penalty preference_loss_weight sft_loss_weight "
        "preference_average_log_probs sft_average_log_probs"
    ),
    "checkpointing": "checkpoint_dir",
    "policy": (
        "model_name train_global_batch_size train_micro_batch_size max_total_sequence_length tokenizer.name "
        "tokenizer.chat_template optimizer.kwargs.lr"
    ),
    "data": (
        "train.dataset_name train.data_path train.split validation.dataset_name validation.data_path validation.split "
        "default.processor default.prompt_file default.system_prompt_file"
    ),
    "logger": "wandb_enabled tensorboard_enabled wandb.project wandb.name tensorboard.log_dir",
    "cluster": "gpus_per_node num_nodes",
}
"""Keys that stand in NeMo-RL's examples/configs/sft.yaml and dpo.yaml, or that their comments and loaders name."""

ALIGNER_KEYS = {
    "trainer": "num_nodes devices sft.max_epochs sft.max_steps dpo.max_epochs dpo.max_steps",
    "pretrained_checkpoint": "restore_from_path",
    "hydra": "searchpath",
    "model": (
        "restore_from_path encoder_seq_length micro_batch_size global_batch_size optim.lr dpo.ref_policy_kl_penalty "
        "dpo.preference_loss dpo.preference_loss_weight dpo.sft_loss_weight data.chat data.train_ds.file_path "
        "data.train_ds.global_batch_size data.train_ds.micro_batch_size data.train_ds.max_seq_length "
        "data.validation_ds.file_path data.validation_ds.max_seq_length data.data_impl data.data_prefix.train "
        "data.data_prefix.validation data.data_prefix.test data.chat_prompt_tokens.system_turn_start "
        "data.chat_prompt_tokens.turn_start data.chat_prompt_tokens.label_start data.chat_prompt_tokens.end_of_turn "
        "data.chat_prompt_tokens.end_of_name"
    ),
}
"""Keys of gpt_sft.yaml and gpt_dpo.yaml; DPO's encoder_seq_length and chat_prompt_tokens come from
docs/user-guide/dpo.rst and DPOModelDataset.convert."""


def leaves(config: Any, path: str = "") -> list[str]:
    if isinstance(config, dict):
        return [
            leaf for key, value in config.items() for leaf in leaves(value, f"{path}.{key}" if path else key)
        ]
    return [path]


@pytest.mark.parametrize("what", ["sft", "dpo"])
@pytest.mark.parametrize(("target", "known"), [("nemo_rl", RL_KEYS), ("nemo_aligner", ALIGNER_KEYS)])
def test_configs_have_only_keys_that_the_project_knows(
    exported: Path, target: str, known: dict[str, str], what: str
) -> None:
    config = yaml.safe_load((exported / target / what / f"{what}.yaml").read_text(encoding="utf-8"))
    allowed = {f"{section}.{key}" for section, keys in known.items() for key in keys.split()}
    assert set(leaves(config)) - {"defaults"} <= allowed


def test_nemo_rl_configs_undo_what_their_base_would_do_wrongly(exported: Path, served_dir: Path) -> None:
    for what in ("sft", "dpo"):
        config = yaml.safe_load((exported / "nemo_rl" / what / f"{what}.yaml").read_text(encoding="utf-8"))
        assert config["defaults"] == f"/opt/nemo-rl/examples/configs/{what}.yaml"
        # sft.yaml: a chat_template of its own; get_tokenizer takes "default" for the tokenizer's. dpo.yaml: a name.
        assert config["policy"]["tokenizer"] == {"name": str(served_dir), "chat_template": "default"}
        # Both bases validate on split "validation"; a local file has "train" alone.
        for split in ("train", "validation"):
            assert config["data"][split]["split"] == "train"
            assert Path(config["data"][split]["data_path"]).is_file()
    dpo = yaml.safe_load((exported / "nemo_rl" / "dpo" / "dpo.yaml").read_text(encoding="utf-8"))["dpo"]
    assert (dpo["reference_policy_kl_penalty"], dpo["sft_loss_weight"]) == (0.25, 0.5)


def test_nemo_aligner_configs_name_all_three_splits_and_one_markup(exported: Path) -> None:
    """build_train_valid_test_datasets asserts that data_prefix has train, validation and test."""
    sft, dpo = (
        yaml.safe_load((exported / "nemo_aligner" / what / f"{what}.yaml").read_text(encoding="utf-8"))
        for what in ("sft", "dpo")
    )
    assert list(dpo["model"]["data"]["data_prefix"]) == ["train", "validation", "test"]
    assert sft["model"]["data"]["chat"] is True
    assert (
        sft["model"]["data"]["chat_prompt_tokens"]
        == dpo["model"]["data"]["chat_prompt_tokens"]
        == ALIGNER_MARKUP
    )
    assert sft["defaults"] == ["gpt_sft", "_self_"]
    assert sft["model"]["restore_from_path"] == dpo["pretrained_checkpoint"]["restore_from_path"] == "???"


def test_what_a_project_cannot_take_is_left_out_and_said(exported: Path) -> None:
    left = {(row["target"], row["line"], row["rule"]) for row in read(exported / "left_out.jsonl")}
    assert left == {
        ("nemo_rl", 3, "too_long"),
        ("nemo_aligner", 2, "tool_turn"),
        ("nemo_aligner", 3, "too_long"),
        ("nemo_aligner", 4, "markup_in_text"),
    }
    manifest = json.loads((exported / "manifest.json").read_text(encoding="utf-8"))
    rows = {(row["target"], row["what"]): row for row in manifest["counts"]}
    sft = rows["nemo_aligner", "sft"]
    assert sft["left_out"] == {"markup_in_text": 1, "too_long": 1, "tool_turn": 1}
    assert sft["train"] + sft["validation"] == len(conversations()) - 3


def test_what_cannot_be_read_is_left_out_and_said_too(served_dir: Path, tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in conversations()[4:]]
    lines[2:2] = ["{broken", json.dumps({"messages": [turn("user", "no answer")]})]
    (tmp_path / "sft.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pair_lines = [json.dumps(row) for row in pairs()]
    (tmp_path / "dpo.jsonl").write_text("\n".join([*pair_lines, "[]"]) + "\n", encoding="utf-8")
    config = ExportConfig(
        output_dir=str(tmp_path / "out"),
        model=str(served_dir),
        instructions=[str(tmp_path / "sft.jsonl")],
        preferences=[str(tmp_path / "dpo.jsonl")],
        targets=["nemo_rl"],
        validation_share=0.2,
    )
    manifest = export(config)
    left = [tuple(row.values()) for row in read(tmp_path / "out" / "left_out.jsonl")]
    assert left == [
        ("nemo_rl", "sft", "sft.jsonl", 3, "invalid_json"),
        ("nemo_rl", "sft", "sft.jsonl", 4, "no_assistant_turn"),
        ("nemo_rl", "dpo", "dpo.jsonl", 41, "bad_record"),
    ]
    assert [row["left_out"] for row in manifest["counts"]] == [
        {"invalid_json": 1, "no_assistant_turn": 1},
        {"bad_record": 1},
    ]


def test_lengths_are_compared_as_nemo_rl_does() -> None:
    """sft_processor drops at `length >= max_seq_length`, preference_preprocessor above it only."""
    rows = pl.DataFrame(
        {"messages": [[turn("user", "a"), turn("assistant", "b")]] * 3, "tokens": [9, 10, 11]}
    )
    assert rl_faults(rows, 10, at_most=False).to_list() == [None, "too_long", "too_long"]
    assert rl_faults(rows, 10, at_most=True).to_list() == [None, None, "too_long"]


def test_every_fault_can_be_found() -> None:
    rows = pl.DataFrame(
        {
            "messages": [
                [turn("user", "a"), turn("tool", "b"), turn("assistant", "c")],
                [turn("assistant", "a"), turn("user", "b"), turn("assistant", "c")],
                [turn("user", "a")],
                [turn("user", "a"), turn("assistant", "b")],
                [turn("user", "\x00"), turn("assistant", "b")],
                [turn("user", "a"), turn("assistant", "b")],
                [turn("system", "s"), turn("user", "a"), turn("assistant", "b")],
            ],
            "tokens": [9, 9, 9, 9, 9, 99, 9],
            "answer_turns": [1, 1, 1, 2, 1, 1, 1],
        }
    )
    found = aligner_faults(rows, 40).to_list()
    assert found == [
        "tool_turn",
        "first_turn",
        "last_turn",
        "several_turns",
        "markup_in_text",
        "too_long",
        None,
    ]
    assert set(found) - {None} == set(FAULTS)


def test_a_question_never_stands_on_both_sides(exported: Path) -> None:
    for target in ("nemo_rl", "nemo_aligner"):
        train, validation = (
            {
                json.dumps(record, sort_keys=True)
                for record in read(exported / target / "sft" / f"{name}.jsonl")
            }
            for name in ("train", "validation")
        )
        assert train
        assert validation
        assert not train & validation


def test_one_system_prompt_for_all_does_not_put_all_on_one_side(served_dir: Path, tmp_path: Path) -> None:
    rows = [{"messages": [turn("system", SYSTEM), *row["messages"]]} for row in conversations()[4:]]
    (tmp_path / "sft.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    settings = {
        "instructions": [str(tmp_path / "sft.jsonl")],
        "targets": ["nemo_rl"],
        "validation_share": 0.2,
    }
    export(ExportConfig(output_dir=str(tmp_path / "out"), model=str(served_dir), **settings))
    sizes = [len(read(tmp_path / f"out/nemo_rl/sft/{name}.jsonl")) for name in ("train", "validation")]
    assert sum(sizes) == 40
    assert 2 <= sizes[1] <= 16  # a fifth, four standard deviations apart


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda model: (model / "config.json").unlink(), "config.json cannot be read"),
        (lambda model: (model / "config.json").write_text('{"vocab_size": 400}'), "config.json has no architectures"),
        (lambda model: (model / "chat_template.jinja").unlink(), "no chat template"),
        (lambda model: [path.unlink() for path in model.glob("*.safetensors")], "no .safetensors file"),
        (lambda model: (model / "generation_config.json").write_text('{"eos_token_id": 7}'), "generation stops at 7"),
        (
            lambda model: (model / "chat_template.jinja").write_text(
                "{% for turn in messages %}{{ turn['content'] + '[/INST]' }}{% endfor %}"
            ),
            "generation stops at 1, but the template ends a turn with '\\[/INST]'",
        ),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_served_is_refused(
    served_dir: Path, tmp_path: Path, spoil: Any, message: str
) -> None:
    model = tmp_path / "model"
    shutil.copytree(served_dir, model)
    spoil(model)
    (tmp_path / "sft.jsonl").write_text(json.dumps(conversations()[0]) + "\n", encoding="utf-8")
    config = ExportConfig(
        output_dir=str(tmp_path / "out"), model=str(model), instructions=[str(tmp_path / "sft.jsonl")]
    )
    with pytest.raises(AlignmentError, match=message):
        export(config)


def test_too_little_data_is_one_clear_line(served_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "sft.jsonl").write_text(json.dumps(conversations()[0]) + "\n", encoding="utf-8")
    config = ExportConfig(
        output_dir=str(tmp_path / "out"), model=str(served_dir), instructions=[str(tmp_path / "sft.jsonl")]
    )
    with pytest.raises(AlignmentError, match="nemo_rl sft: 1 rows to train on and 0 to validate with"):
        export(config)


def test_batches_must_divide() -> None:
    with pytest.raises(
        ValueError, match=r"must be a multiple of nodes x gpus_per_node x micro_batch \(24\), got 128"
    ):
        Method(nodes=3)
    with pytest.raises(ValueError, match="give instructions or preferences"):
        ExportConfig(output_dir="x", model="y")
