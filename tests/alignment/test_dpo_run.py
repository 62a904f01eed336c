"""Whole runs of a tiny model: killed and gone on, on two processes, with adapters; and whose the reference is."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
import yaml
from safetensors.torch import load_file

from alignment.chat_template import load_chat_tokenizer
from alignment.direct_preference.losses import AT_START
from alignment.dpo import summary
from alignment.dpo_config import DpoConfig
from corpus.command_line import parse
from corpus.errors import DaadError
from corpus.pipeline.atomic import sha256_of
from nemo_recipes.errors import PretrainingError

DPO = Path(__file__).parents[2] / "alignment" / "dpo.py"
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def recipe(base_model_dir: Path, chat_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Settings of a run of 12 steps over 70 pairs in two languages, and faults at the end, but for its output."""
    directory = tmp_path_factory.mktemp("dpo-recipe")
    checkpoint = directory / "sft"
    shutil.copytree(base_model_dir, checkpoint)
    shutil.copytree(chat_dir, checkpoint, dirs_exist_ok=True)
    records: list[dict[str, str]] = []
    for number in range(35):
        records += [
            {
                "prompt": f"ما اسم مدينة {number}؟",
                "chosen": f"اسم مدينة {number} القاهرة",
                "rejected": f"name {number}",
            },
            {
                "prompt": f"What is city {number}?",
                "chosen": f"city {number} is Cairo",
                "rejected": f"هي {number}",
            },
        ]
    records.append({"prompt": "Same?", "chosen": "yes", "rejected": "yes"})
    records.append({"prompt": "x" * 150, "chosen": "yes", "rejected": "no"})
    (directory / "pairs.jsonl").write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in records))
    return {
        "data": {"path": [str(directory / "pairs.jsonl")], "max_length": 96, "validation_share": 0.15},
        "model": {"checkpoint": str(checkpoint), "note": "A <toy> & no more."},
        "preference": {"beta": 0.2},
        "training": {
            "epochs": 2,
            "max_steps": 12,
            "micro_batch": 2,
            "global_batch": 8,
            "learning_rate": 0.003,
            "warmup_steps": 2,
            "precision": "fp32",
        },
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
    from alignment.direct_preference.running import run

    config = Path(settings["output_dir"]).with_suffix(".yaml")
    config.write_text(yaml.safe_dump(settings))
    return run(parse(DpoConfig, "alignment.dpo", ["--config", str(config)]))


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
    return [sys.executable, *(torchrun if processes else []), str(DPO), "--config", str(config)]


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


def test_a_run_begins_at_ln_2_and_learns_in_both_languages(finished: Path) -> None:
    manifest = json.loads((finished / "manifest.json").read_text())
    first, last = journal(finished, "validation")[0], journal(finished, "validation")[-1]
    assert set(first["languages"]) == {"all", "ar", "en"}
    for language, row in first["languages"].items():
        assert row["loss"] == pytest.approx(AT_START, abs=1e-6)
        assert row["accuracy"] == 0.5
        assert row["kl"] == pytest.approx(0, abs=1e-9)
        assert last["languages"][language]["margin"] > 0.5
        assert last["languages"][language]["accuracy"] > 0.9
        assert last["languages"][language]["kl"] > 0
    step = journal(finished, "step")[0]
    assert step["loss"] == pytest.approx(AT_START, abs=1e-6)
    assert step["pairs"] == 8
    assert "bits_per_byte" not in step
    assert manifest["data"]["rejected_by_rule"] == {"prompt_too_long": 1, "same_answers": 1}
    rejects = [json.loads(line) for line in (finished / "rejects.jsonl").read_text().splitlines()]
    assert [(row["line"], row["rule"]) for row in rejects] == [(71, "same_answers"), (72, "prompt_too_long")]
    assert manifest["data"]["training"] + manifest["data"]["validation"] == 70
    assert "left out     prompt_too_long 1, same_answers 1" in summary(manifest, "OUT")
    page = (finished / "report.html").read_text()
    assert "A &lt;toy&gt; &amp; no more." in page
    assert "Margin" in page


def test_the_export_opens_as_a_chat_model(finished: Path, recipe: dict[str, Any]) -> None:
    from transformers import AutoModelForCausalLM

    tokenizer = load_chat_tokenizer(finished / "model")
    before, after = (
        AutoModelForCausalLM.from_pretrained(place)
        for place in (recipe["model"]["checkpoint"], finished / "model")
    )
    assert after.generation_config.eos_token_id == tokenizer.eos_token_id
    assert not torch.equal(before.lm_head.weight, after.lm_head.weight)


def test_a_killed_run_goes_on_to_the_same_bits(
    recipe: dict[str, Any], finished: Path, tmp_path: Path
) -> None:
    """SIGKILL in a process of its own, once a checkpoint is there; the rest here."""
    settings = changed(recipe, tmp_path / "killed")
    output = Path(settings["output_dir"])
    with subprocess.Popen(
        command(settings), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 240
        while len(journal(output, "step")) < 6 and process.poll() is None and time.monotonic() < deadline:
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
    for left, right in zip(journal(finished), journal(tmp_path / "two"), strict=True):
        assert left["step"] == right["step"]
        if left["kind"] == "step":
            assert right["loss"] == pytest.approx(left["loss"], rel=1e-4)
            assert right["measures"] == pytest.approx(left["measures"], rel=1e-2, abs=1e-3)
        else:
            for language, row in left["languages"].items():
                assert right["languages"][language] == pytest.approx(row, rel=1e-2, abs=1e-3)
    assert (tmp_path / "two/model/model.safetensors").is_file()


def test_a_cached_reference_is_one_computed_in_each_step(
    recipe: dict[str, Any], finished: Path, tmp_path: Path
) -> None:
    """Figures are kept as float32 and padded in another way: sums may differ in their order, and do by no more."""
    start(changed(recipe, tmp_path / "each", preference__reference="each_step"))
    assert not (tmp_path / "each/reference").exists()
    for left, right in zip(journal(finished), journal(tmp_path / "each"), strict=True):
        if left["kind"] == "step":
            assert right["loss"] == pytest.approx(left["loss"], rel=1e-4)
    cached, each = weights(finished), weights(tmp_path / "each")
    assert all(torch.allclose(cached[name], each[name], atol=2e-4) for name in cached)


def test_the_trained_policy_is_never_its_own_reference(
    recipe: dict[str, Any], finished: Path, tmp_path: Path
) -> None:
    """The fault: what the run exported takes the place of the checkpoint that it started from.

    To go on is refused. A new run beside the old cache computes new figures, and begins at ln 2 again.
    """
    sft = tmp_path / "sft"
    shutil.copytree(recipe["model"]["checkpoint"], sft)
    settings = changed(recipe, tmp_path / "run", model__checkpoint=str(sft), training__max_steps=8)
    start(settings)
    (before,) = (tmp_path / "run/reference").iterdir()
    shutil.copyfile(finished / "model/model.safetensors", sft / "model.safetensors")
    with pytest.raises(PretrainingError, match=r"objective\.reference_checkpoint"):
        start(settings)
    again = changed(settings, tmp_path / "new", preference__reference_dir=str(tmp_path / "run/reference"))
    start(again)
    places = sorted((tmp_path / "run/reference").iterdir())
    (after,) = (place for place in places if place != before and (place / "parts.json").exists())
    one, other = (pl.read_parquet(place / "part-00000.parquet") for place in (before, after))
    assert not one.equals(other)
    first = journal(tmp_path / "new", "validation")[0]["languages"]["all"]
    assert first["loss"] == pytest.approx(AT_START, abs=1e-6)
    assert first["kl"] == pytest.approx(0, abs=1e-9)


def test_other_data_and_another_loss_do_not_go_on_with_these_checkpoints(
    recipe: dict[str, Any], finished: Path
) -> None:
    for change, named in (
        ({"preference__beta": 0.5}, "beta 0.2 -> 0.5"),
        ({"data__max_length": 97}, "sequence_length"),
        ({"data__validation_share": 0.3}, "validation_share"),
    ):
        with pytest.raises(PretrainingError, match=named):
            start(changed(recipe, finished, **change))


def test_a_damaged_part_of_the_cache_is_computed_anew(
    recipe: dict[str, Any], finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Changed figures, and a file cut short, are told by their digests; a stopped computation keeps its parts."""
    shutil.copytree(finished / "reference", tmp_path / "reference")
    (part,) = (tmp_path / "reference").rglob("part-*.parquet")
    whole = part.read_bytes()
    settings = changed(
        recipe,
        tmp_path / "run",
        preference__reference_dir=str(tmp_path / "reference"),
        training__max_steps=1,
        training__warmup_steps=0,
    )
    frame = pl.read_parquet(part)
    frame.with_columns(pl.col("chosen").list.eval(pl.element() - 1)).write_parquet(part)
    start(settings)
    assert "is damaged (another digest than was written)" in capsys.readouterr().err
    assert pl.read_parquet(part).equals(frame)
    part.write_bytes(whole[: len(whole) // 2])
    (part.parent / "parts.json").unlink()
    start(changed(settings, tmp_path / "other"))
    assert "cannot be read" in capsys.readouterr().err
    assert pl.read_parquet(part).equals(frame)
    stamp = part.stat().st_mtime_ns
    start(changed(settings, tmp_path / "third"))
    assert part.stat().st_mtime_ns == stamp


def test_adapters_learn_alone_with_an_sft_term(recipe: dict[str, Any], tmp_path: Path) -> None:
    settings = changed(
        recipe, tmp_path / "lora", lora={"rank": 4}, training__learning_rate=0.02, preference__sft_weight=0.5
    )
    manifest = start(settings)
    output = tmp_path / "lora"
    assert all(".lora_" in name for name in weights(output))
    first, last = (
        journal(output, "validation")[0]["languages"]["all"],
        journal(output, "validation")[-1]["languages"]["all"],
    )
    assert last["margin"] > 0.3
    assert last["chosen_nats_per_token"] < first["chosen_nats_per_token"]
    step = journal(output, "step")[0]
    measured = step["measures"]
    assert step["loss"] == pytest.approx(
        measured["all/loss"] + 0.5 * measured["all/chosen_nats_per_token"], rel=1e-5
    )
    for name in (
        "adapter/adapter_model.safetensors",
        "adapter/adapter_config.json",
        "model/model.safetensors",
    ):
        assert manifest["model"][name] == sha256_of(output / name)


def test_what_does_not_fit_is_one_line(recipe: dict[str, Any], tmp_path: Path, base_model_dir: Path) -> None:
    empty = tmp_path / "none.jsonl"
    empty.write_text('{"prompt": "a", "chosen": "b", "rejected": "b"}')
    plain = tmp_path / "plain"
    shutil.copytree(base_model_dir, plain)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(Path(recipe["model"]["checkpoint"]) / name, plain / name)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"data__path": [str(empty)]}, r"no pair is left to learn from \(none.jsonl line 1: same_answers\)"),
        ({"data__path": [str(tmp_path / "missing.jsonl")]}, "missing.jsonl"),
        ({"data__strict": True}, r"2 pairs cannot be used, such as pairs.jsonl line 71: same_answers"),
        ({"data__max_length": 256}, "max_length 256 exceeds the 128 positions"),
        ({"model__checkpoint": str(plain)}, "has no chat template"),
        ({"model__checkpoint": str(tmp_path)}, "no .safetensors file there"),
        ({"training__micro_batch": 3}, "global_batch 8 is no multiple of micro_batch 3 x 1 replicas"),
        ({"training__warmup_steps": 13}, "the data makes 12 steps, fewer than the 13 of warm-up"),
        ({"layout__engine": "automodel"}, "layout.engine automodel is for pretraining alone"),
    ]
    for number, (changes, expected) in enumerate(cases):
        with pytest.raises(DaadError, match=expected) as refused:
            start(changed(recipe, tmp_path / str(number), **changes))
        assert "\n" not in str(refused.value)


def test_settings_that_cannot_be_are_told_at_once() -> None:
    base = {"output_dir": "o", "data": {"path": ["a.jsonl"]}, "model": {"checkpoint": "m"}}
    for change, expected in (
        ({"preference": {"beta": 0}}, "beta must be a number above 0"),
        ({"preference": {"loss": "ipo", "label_smoothing": 0.1}}, "label_smoothing must be 0 with loss ipo"),
        ({"preference": {"label_smoothing": 0.5}}, "label_smoothing must be from 0 to below 0.5"),
        ({"data": {"path": []}}, "path must name files"),
        ({"training": {"seed": -1}}, "seed must be at least 0 and below 2"),
        ({"checkpoint": {"export_ema": True}}, "checkpoint.export_ema must be false"),
        ({"model": {"checkpoint": "m", "base": "b"}}, "model.base must be empty"),
        (
            {"lora": {"rank": 4}, "layout": {"gpus_per_node": 2, "tensor": 2}},
            "layout.tensor must be 1 with lora",
        ),
        ({"model": {"checkpoint": ""}}, "give checkpoint"),
    ):
        with pytest.raises(DaadError, match=expected):
            parse(DpoConfig, "alignment.dpo", ["--config", json.dumps(base | change)])


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    probe = (
        "import sys, alignment.dpo, alignment.mine, alignment.answer_language; "
        "assert not {'torch', 'transformers', 'nemo', 'polars'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, env=ENVIRONMENT)


@pytest.mark.parametrize(
    "place", sorted((DPO.parent / "configs").glob("*dpo.yaml")), ids=lambda place: place.stem
)
def test_settings_that_come_along_are_sound(place: Path) -> None:
    config = parse(DpoConfig, "alignment.dpo", ["--config", str(place)])
    engine = config.for_engine(config.num_steps(260_000))
    assert engine.training.token_budget % (config.training.global_batch * config.data.max_length) == 0
