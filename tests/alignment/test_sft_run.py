"""Whole runs of a tiny model: killed and gone on, on two processes, with adapters and noise; exports and refusals."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from alignment.chat_template import encode_prompt, load_chat_tokenizer
from alignment.errors import AlignmentError
from alignment.sft import summary
from alignment.sft_config import SftConfig
from corpus.command_line import parse
from corpus.errors import DaadError
from nemo_recipes.errors import PretrainingError

SFT = Path(__file__).parents[2] / "alignment" / "sft.py"
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}

pytestmark = pytest.mark.usefixtures("one_thread")

QUESTIONS = [
    ("ما عاصمة {}؟", "عاصمة {} هي المدينة {}."),
    ("What is the capital of {}?", "The capital of {} is {}."),
]
SHAPE = dict.fromkeys(
    ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"), 8
)
BAD = ["{broken", '{"messages": []}', '{"instruction": "x", "output": "y"}']


@pytest.fixture(scope="module")
def recipe(
    base_model_dir: Path, byte_level_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Settings of a run of 12 steps, with noise, but for its output directory."""
    directory = tmp_path_factory.mktemp("recipe")
    lines = list(BAD)
    for number in range(60):
        for question, answer in QUESTIONS:
            turns = [
                {"role": "user", "content": question.format(number)},
                {"role": "assistant", "content": answer.format(number, number % 7)},
            ]
            lines.insert(number, json.dumps({"messages": turns}, ensure_ascii=False))
    lines.append(
        json.dumps(
            {"messages": [{"role": "user", "content": "x" * 99}, {"role": "assistant", "content": "y"}]}
        )
    )
    (directory / "chat.jsonl").write_text("\n".join(lines))
    return {
        "data": {
            "sources": [{"name": "chat", "path": str(directory / "chat.jsonl")}],
            "tokenizer": str(byte_level_dir),
            "sequence_length": 96,
            "validation_share": 0.1,
            "neftune": 5.0,
        },
        "model": {"checkpoint": str(base_model_dir), "note": "A <toy> & no more."},
        "training": {
            "epochs": 3,
            "max_steps": 12,
            "global_batch": 4,
            "micro_batch": 1,
            "learning_rate": 0.01,
            "warmup_steps": 2,
            "precision": "fp32",
        },
        "samples": {"every_steps": 6, "new_tokens": 4},
        "hardware": {"device": "cpu", "peak_teraflops": 0, "assumed_watts": 10},
        "checkpoint": {"every_steps": 4, "keep": 3},
        "watch": {"log_every": 1, "validate_every": 6},
    }


def changed(recipe: dict[str, Any], output: Path, **changes: Any) -> dict[str, Any]:
    """The recipe with changes such as `training__clip=0`."""
    settings = json.loads(json.dumps(recipe)) | {"output_dir": str(output)}
    for path, value in changes.items():
        *parts, name = path.split("__")
        place = settings
        for part in parts:
            place = place.setdefault(part, {})
        place[name] = value
    return settings


def start(settings: dict[str, Any]) -> dict[str, Any]:
    """Run here; returns the manifest."""
    from alignment.supervised.running import run

    config = Path(settings["output_dir"]).with_suffix(".yaml")
    config.write_text(yaml.safe_dump(settings))
    return run(parse(SftConfig, "alignment.sft", ["--config", str(config)]))


def command(settings: dict[str, Any], processes: int = 0) -> list[str]:
    config = Path(settings["output_dir"]).with_suffix(".yaml")
    config.write_text(yaml.safe_dump(settings))
    torchrun = [
        "-m",
        "torch.distributed.run",
        "--nproc_per_node",
        str(processes),
        "--master_port",
        str(port()),
    ]
    return [sys.executable, *(torchrun if processes else []), str(SFT), "--config", str(config)]


def port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("localhost", 0))
        return int(found.getsockname()[1])


def journal(output: Path, kind: str = "") -> list[dict[str, Any]]:
    """What must be the same of two runs."""
    path = output / "log.jsonl"
    lines = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            lines.append(json.loads(line))
        except ValueError:  # being written
            break
    return [
        {key: value for key, value in line.items() if key != "run"}
        for line in lines
        if not kind or line["kind"] == kind
    ]


def weights(output: Path, step: int = 12) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    for path in sorted((output / f"checkpoints/step-{step:08d}/weights").glob("*.safetensors")):
        found |= load_file(path)
    return found


def equal(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.fixture(scope="module")
def finished(recipe: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("whole") / "run"
    torch.set_num_threads(1)
    start(changed(recipe, output))
    return output


def test_a_run_learns_and_tells_what_it_left_out(finished: Path) -> None:
    manifest = json.loads((finished / "manifest.json").read_text())
    for both in manifest["result"]["validation"].values():
        assert both["after"]["loss"] < both["before"]["loss"] - 1
    assert {row["rule"]: row["records"] for row in manifest["data"]["left_out"]} == {
        "invalid_json": 1,
        "no_turns": 1,
        "mixed_schemas": 1,
        "prompt_longer_than_context": 1,
    }
    remarks = [json.loads(line) for line in (finished / "rejects.jsonl").read_text().splitlines()]
    assert [(row["line"], row["rule"]) for row in remarks if row["rule"] == "no_turns"] == [(122, "no_turns")]
    shares = manifest["data"]["packing"]["learned_share_by_language"]
    assert set(shares) == {"ar", "en"}
    told = summary(manifest, "OUT")
    assert "nats per token" in told
    assert "note         A <toy> & no more." in told
    page = (finished / "report.html").read_text()
    assert "A &lt;toy&gt; &amp; no more." in page
    assert "machine-made" in page.lower()
    assert 'dir="rtl"' in page


def test_samples_stand_in_the_journal_under_what_made_them(finished: Path) -> None:
    lines = journal(finished, "samples")
    assert [line["step"] for line in lines] == [6, 12]
    assert all(sample["machine_made"] for line in lines for sample in line["samples"])
    assert {sample["language"] for sample in lines[0]["samples"]} == {"ar", "en"}


def test_the_export_answers_as_its_last_sample(finished: Path) -> None:
    from transformers import AutoModelForCausalLM

    tokenizer = load_chat_tokenizer(finished / "model")
    model = AutoModelForCausalLM.from_pretrained(finished / "model")
    for sample in journal(finished, "samples")[-1]["samples"]:
        turns = [{"role": "user", "content": sample["prompt"]}]
        ids = torch.from_numpy(encode_prompt(tokenizer, turns).astype("int64"))[None]
        assert (
            ids[0].tolist() == tokenizer.apply_chat_template(turns, add_generation_prompt=True)["input_ids"]
        )
        made = model.generate(ids, max_new_tokens=4, do_sample=False, pad_token_id=1)
        assert tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True) == sample["answer"]
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id


def test_a_killed_run_goes_on_to_the_same_bits(
    recipe: dict[str, Any], finished: Path, tmp_path: Path
) -> None:
    """SIGKILL in a process of its own, the rest here; noise and samples included."""
    settings = changed(recipe, tmp_path / "killed")
    output = Path(settings["output_dir"])
    with subprocess.Popen(
        command(settings), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 240
        while len(journal(output, "step")) < 7 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=60) == -signal.SIGKILL
    assert not (output / "model").exists()
    start(settings)
    assert equal(weights(output), weights(finished))
    assert journal(output) == journal(finished)


def test_two_fsdp_processes_learn_what_one_does(
    recipe: dict[str, Any], finished: Path, tmp_path: Path
) -> None:
    """Noise goes by the number of a sequence, so it is the same on any process; sums differ in their order alone."""
    settings = changed(recipe, tmp_path / "two", layout={"gpus_per_node": 2, "strategy": "fsdp2"})
    done = subprocess.run(
        command(settings, processes=2),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = (journal(place) for place in (finished, tmp_path / "two"))
    for left, right in zip(one, two, strict=True):
        assert left["step"] == right["step"]
        if left["kind"] == "step":
            assert right["loss"] == pytest.approx(left["loss"], rel=1e-4)
        if left["kind"] == "validation":
            assert right["languages"]["ar"]["loss"] == pytest.approx(
                left["languages"]["ar"]["loss"], rel=1e-4
            )
    assert (tmp_path / "two/model/model.safetensors").is_file()


def test_adapters_learn_alone_and_go_on(recipe: dict[str, Any], tmp_path: Path, base_model_dir: Path) -> None:
    """Stopped in the middle by an error, gone on, and the same as without a stop; merged on export."""
    from alignment.supervised.samples import SampleWriter

    lora: dict[str, Any] = {"lora": {"rank": 4, "dropout": 0.1}, "training__learning_rate": 0.05}
    whole, broken = (changed(recipe, tmp_path / name, **lora) for name in ("whole", "broken"))
    start(whole)
    with pytest.MonkeyPatch.context() as patch:

        def stop(self: Any, trainer: Any, pl_module: Any, *rest: Any) -> None:
            if pl_module.step == 6:
                raise RuntimeError("as if killed")

        patch.setattr(SampleWriter, "on_train_batch_end", stop)
        with pytest.raises(RuntimeError, match="as if killed"):
            start(broken)
    start(broken)
    output = tmp_path / "whole"
    assert equal(weights(output), weights(tmp_path / "broken"))
    assert all(".lora_" in name for name in weights(output))
    before, after = (load_file(place / "model.safetensors") for place in (base_model_dir, output / "model"))
    assert before.keys() == after.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {name for name in before if "proj" in name}
    assert (output / "adapter/adapter_model.safetensors").is_file()
    losses = [line["loss"] for line in journal(output, "step")]
    assert losses[-1] < losses[0]


def test_another_packing_does_not_go_on_with_these_checkpoints(
    recipe: dict[str, Any], finished: Path
) -> None:
    with pytest.raises(PretrainingError, match=r"objective\.neftune 5\.0 -> 0\.0"):
        start(changed(recipe, finished, data__neftune=0.0))


def test_other_declared_languages_do_not_go_on_where_languages_are_weighted(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    """The same conversations, said to be English for once: other ones are read, half as often."""
    source = recipe["data"]["sources"][0]

    def settings(language: str, weights: dict[str, float]) -> dict[str, Any]:
        output = tmp_path / ("weighted" if weights else "plain")
        return changed(
            recipe, output, data__sources=[source | {"language": language}], data__language_weights=weights,
            training__max_steps=2,
        )  # fmt: skip

    for weights in ({}, {"en": 0.5}):
        start(settings("ar", weights))
    start(settings("en", {}))
    with pytest.raises(PretrainingError, match=r"objective\.languages"):
        start(settings("en", {"en": 0.5}))


def test_what_was_made_is_used_again_until_a_file_changes(recipe: dict[str, Any], tmp_path: Path) -> None:
    from alignment.supervised.preparing import EXAMPLES_FILE, prepare, read_prepared

    source = tmp_path / "a.jsonl"
    source.write_bytes(Path(recipe["data"]["sources"][0]["path"]).read_bytes())
    settings = changed(recipe, tmp_path / "run", data__sources=[{"name": "chat", "path": str(source)}])
    settings_file = tmp_path / "run.yaml"
    settings_file.write_text(yaml.safe_dump(settings))
    config = parse(SftConfig, "alignment.sft", ["--config", str(settings_file)])
    first = prepare(config)
    examples = tmp_path / "run" / EXAMPLES_FILE
    stamp = examples.stat().st_mtime_ns
    assert prepare(config) == first
    assert examples.stat().st_mtime_ns == stamp
    source.write_text("\n".join(source.read_text().splitlines()[:50]))
    second = prepare(config)
    assert second["described"]["digest"] != first["described"]["digest"]
    assert len(read_prepared(config, second).frame) == 50


def test_what_does_not_fit_is_one_line(
    recipe: dict[str, Any], tmp_path: Path, expanded_dir: Path, byte_level_dir: Path
) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        (
            {"data__tokenizer": str(expanded_dir)},
            r"the tokenizer has 32,008 ids, but the model only 400 rows",
        ),
        ({"data__tokenizer": str(byte_level_dir), "data__template": "own"}, "has no chat template"),
        ({"data__sequence_length": 256}, r"sequence_length 256 exceeds the 128 positions"),
        (
            {"data__sequence_length": 3},
            "no conversation is left to learn from .*prompt_longer_than_context 121",
        ),
        ({"data__language_weights": {"ar": 0, "en": 0}}, "the weights of all conversations are 0"),
        ({"training__warmup_steps": 13}, "the data makes 12 steps, fewer than the 13 of warm-up"),
    ]
    for number, (changes, expected) in enumerate(cases):
        with pytest.raises(DaadError, match=expected) as refused:
            start(changed(recipe, tmp_path / str(number), **changes))
        assert "\n" not in str(refused.value)


def test_settings_that_cannot_be_are_told_at_once() -> None:
    source = {"name": "a", "path": "a.jsonl"}
    base = {"output_dir": "o", "data": {"sources": [source]}, "model": {"checkpoint": "m"}}
    for change, expected in (
        ({"model": {"shape": SHAPE}}, "model.checkpoint must name"),
        ({"data": {"sources": [source, source]}}, "each with a name of its own"),
        ({"data": {"sources": [source], "language_weights": {"fr": 1.0}}}, "ar, en or other"),
        ({"training": {"learning_rate": 2.0}}, "learning_rate must be above 0"),
        ({"lora": {"rank": 2}, "training": {"frozen_layers": [0]}}, "no meaning with lora"),
        ({"checkpoint": {"export_ema": True}}, "checkpoint.export_ema must be false"),
        ({"data": {"sources": [source], "loader_workers": -1}}, "loader_workers must be at least 0"),
    ):  # fmt: skip
        arguments = ["--config", json.dumps(base | change)]
        with pytest.raises(DaadError, match=expected):
            parse(SftConfig, "alignment.sft", arguments)


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    probe = (
        "import sys, alignment.sft; assert not {'torch', 'transformers', 'nemo', 'polars'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, env=ENVIRONMENT)


def test_a_prompt_longer_than_the_context_is_told_in_its_sample(chat_dir: Path) -> None:
    from alignment.supervised.samples import TOO_LONG, SampleWriter
    from nemo_recipes.watch.journal import Journal

    prompt = {"language": "en", "messages": [{"role": "user", "content": "x" * 50}]}
    settings = dataclasses.replace(SftConfig.__dataclass_fields__["samples"].default_factory(), new_tokens=4)  # type: ignore[misc]
    writer = SampleWriter(load_chat_tokenizer(chat_dir), [prompt], settings, 20, 1, Journal(Path("unused")))
    assert writer._answer(None, writer._ids[0]) == TOO_LONG  # type: ignore[arg-type]


def test_an_alignment_error_is_a_user_error() -> None:
    assert issubclass(AlignmentError, DaadError)


def test_samples_are_shown_in_their_own_direction_and_line_ends_counted() -> None:
    from alignment.supervised.report.page import _text

    shown = _text("نعم <b>.\n\n\n\n" + "x\n1")
    assert shown == (
        '<div dir="rtl">نعم &lt;b&gt;.<br><span class="quiet">4 line ends</span><br>x<br>1</div>'
    )
    assert _text("", "rtl") == '<div dir="rtl">&nbsp;</div>'
