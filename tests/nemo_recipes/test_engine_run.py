"""Whole runs of a tiny model, in this process: what is learned, kept, exported and refused."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from corpus.command_line import parse
from nemo_recipes.data import preparation
from nemo_recipes.data.token_directory import (
    TokenDirectory,
    TokenPart,
    check_tokenizer,
    open_token_directory,
)
from nemo_recipes.data.tokenizer import open_tokenizer
from nemo_recipes.engine.language_model import LanguageModel
from nemo_recipes.engine.run import export_newest, run
from nemo_recipes.errors import PretrainingError
from nemo_recipes.planning.plan import make_plan
from nemo_recipes.pretrain import summary
from nemo_recipes.pretrain_config import PretrainConfig, Training


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """The same sums in the same order on every machine, and no threads to wait for."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def configured(recipe: dict[str, Any], output: Path, **changes: Any) -> PretrainConfig:
    """The recipe with changes such as `training__clip=0`."""
    content = json.loads(json.dumps(recipe)) | {"output_dir": str(output)}
    for name, value in changes.items():
        *path, last = name.split("__")
        place = content
        for key in path:
            place = place.setdefault(key, {})
        place[last] = value
    file = output.parent / f"{output.name}.yaml"
    file.write_text(yaml.safe_dump(content))
    return parse(PretrainConfig, "test", ["--config", str(file)])


def start(config: PretrainConfig) -> dict[str, Any]:
    return run(config, make_plan(config))


def journal(output: Path, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "run"} for line in lines if line["kind"] == kind]


def weights(output: Path, step: int) -> dict[str, torch.Tensor]:
    return load_file(
        output / f"checkpoints/step-{step:08d}/weights/shard-00001-model-00001-of-00001.safetensors"
    )


@pytest.fixture(scope="module")
def finished(recipe: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never stopped."""
    output = tmp_path_factory.mktemp("finished") / "run"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    start(configured(recipe, output))
    torch.set_num_threads(threads)
    return output


def test_the_loss_is_what_it_was(finished: Path) -> None:
    """Golden losses: a change of code that changes no number leaves them alone."""
    losses = {line["step"]: line["loss"] for line in journal(finished, "step")}
    assert list(losses) == list(range(1, 13))
    # ln 400 = 5.99: a model that knows nothing.
    assert losses[1] == pytest.approx(GOLDEN[0], rel=2e-5)
    assert losses[12] == pytest.approx(GOLDEN[1], rel=2e-4)


GOLDEN = (6.0299763679504395, 4.554190993309021)


def test_validation_is_by_language_and_domain_before_during_and_after(finished: Path) -> None:
    lines = journal(finished, "validation")
    assert [line["step"] for line in lines] == [0, 6, 12]
    assert set(lines[0]["languages"]) == {"ar", "en"}
    assert {"ar encyclopedia", "en news", "en sports"} <= set(lines[0]["domains"])
    before, after = (line["languages"]["en"]["bits_per_byte"] for line in (lines[0], lines[-1]))
    assert after < before
    assert lines[-1]["forgetting"] == pytest.approx(after - before)
    # A language's figure is that of all its text, not the mean of its domains'.
    english = [score for name, score in lines[-1]["domains"].items() if name.startswith("en ")]
    bits = sum(score["bits_per_byte"] * score["bytes"] for score in english)
    assert after == pytest.approx(bits / sum(score["bytes"] for score in english))


def test_the_export_is_the_model(finished: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(finished / "model").eval()
    tokenizer = AutoTokenizer.from_pretrained(finished / "model")
    trained = weights(finished, 12)
    assert {name for name, _ in model.named_parameters()} == set(trained)
    assert all(torch.equal(parameter, trained[name]) for name, parameter in model.named_parameters())
    text = "the market opened"
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    assert tokenizer.decode(ids[0]) == text
    # A twin that was never exported gives the same logits.
    twin = AutoModelForCausalLM.from_config(model.config)
    twin.load_state_dict(trained)
    assert torch.equal(model(ids).logits, twin.eval()(ids).logits)


def test_manifest_and_report_stand_beside_the_model(finished: Path) -> None:
    manifest = json.loads((finished / "manifest.json").read_text())
    assert manifest["result"]["tokens"] == 12 * 4 * 32
    assert manifest["run"]["energy"]["kwh_is"].startswith(("an estimate", "measured"))
    assert set(manifest["model"]) >= {"model.safetensors", "config.json", "tokenizer.json"}
    page = (finished / "report.html").read_text()
    assert page.count("<svg") >= 5
    assert "<strong>A &lt;toy&gt; &amp; no more.</strong>" in page
    assert summary(manifest, "out").splitlines()[0] == "note         A <toy> & no more."
    assert "http" not in page.replace("http-equiv", "")
    assert list((finished / "nemo").glob("events.out.tfevents.*"))


def test_a_finished_run_trains_no_more_and_exports_on_demand(finished: Path, recipe: dict[str, Any]) -> None:
    before = (finished / "log.jsonl").read_bytes()
    config = configured(recipe, finished)
    (finished / "model" / "model.safetensors").unlink()
    export_newest(config)
    exported = times(finished / "model")
    start(config)
    assert (finished / "log.jsonl").read_bytes() == before
    assert times(finished / "model") == exported  # what was made of it is still of the same model
    (finished / "model" / "config.json").write_text("{}", encoding="utf-8")
    start(config)
    assert (
        json.loads((finished / "model" / "config.json").read_text(encoding="utf-8"))["model_type"] == "llama"
    )


def times(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in directory.iterdir()}


def test_a_start_looks_for_leaks_once_and_by_keys_alone(
    finished: Path, recipe: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A corpus has many millions of training documents, whose ids nobody needs."""
    looks, read = [], []
    real_check, real_read = preparation.check_no_leak, TokenDirectory.documents

    def check(directory: TokenDirectory) -> int:
        looks.append(real_check(directory))
        return looks[-1]

    def documents(self: TokenDirectory, part: TokenPart, split: str) -> Any:
        read.append(split)
        return real_read(self, part, split)

    monkeypatch.setattr(preparation, "check_no_leak", check)
    monkeypatch.setattr(TokenDirectory, "documents", documents)
    start(configured(recipe, finished))
    assert len(looks) == 1
    assert looks[0] > 0
    assert set(read) == {"validation"}


def test_new_rows_learn_first_and_leave_all_else_alone(recipe: dict[str, Any], tmp_path: Path) -> None:
    changes = {
        "model__new_rows_from": 380,
        "training__rows_first_steps": 4,
        "training__token_budget": 8 * 4 * 32,
    }
    output = tmp_path / "run"
    start(configured(recipe, output, **changes))
    untrained = initial(recipe)
    rows, everything = weights(output, 4), weights(output, 8)
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        assert torch.equal(rows[name][:380], untrained[name][:380])
        assert not torch.equal(rows[name][380:], untrained[name][380:])
        assert not torch.equal(everything[name][:380], untrained[name][:380])
    others = [name for name in rows if "embed" not in name and "head" not in name]
    assert all(torch.equal(rows[name], untrained[name]) for name in others)
    assert not any(torch.equal(everything[name], untrained[name]) for name in others)
    assert [line["phase"] for line in journal(output, "step")] == ["new_rows"] * 4 + ["all"] * 4
    # One account of energy over both phases: each reading holds all that came before it.
    readings = [json.loads(line) for line in (output / "energy.jsonl").read_text().splitlines()]
    assert len({reading["start"] for reading in readings}) == 1
    seconds = [reading["seconds"] for reading in readings]
    assert seconds == sorted(seconds)
    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["run"]["energy"]["device_hours"] == seconds[-1] / 3600


def test_frozen_layers_stay(recipe: dict[str, Any], tmp_path: Path) -> None:
    changes = {"training__frozen_layers": [0], "training__token_budget": 2 * 4 * 32}
    start(configured(recipe, tmp_path / "run", **changes))
    untrained, trained = initial(recipe), weights(tmp_path / "run", 2)
    stayed = {name for name in trained if torch.equal(trained[name], untrained[name])}
    assert stayed == {name for name in trained if name.startswith("model.layers.0.")}


def initial(recipe: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Weights of the recipe's model before it learns."""
    from nemo_recipes.engine.model import make_model
    from nemo_recipes.pretrain_config import Model, Shape, Training

    model = make_model(Model(shape=Shape(**recipe["model"]["shape"])), Training(token_budget=1))
    return {name: parameter.data for name, parameter in model.named_parameters()}


@pytest.fixture
def broken_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss of the sixth step is no number, as after an overflow."""
    real = LanguageModel.micro_batch_loss

    def loss(self: LanguageModel, *batch: Any) -> tuple[torch.Tensor, int]:
        total, units = real(self, *batch)
        return total * (float("nan") if self.step == 5 else 1.0), units

    monkeypatch.setattr(LanguageModel, "micro_batch_loss", loss)


@pytest.mark.usefixtures("broken_step")
def test_a_broken_step_is_skipped(recipe: dict[str, Any], tmp_path: Path) -> None:
    manifest = start(
        configured(
            recipe, tmp_path / "run", failure__nan="skip", checkpoint__every_steps=1, checkpoint__keep=12
        )
    )
    assert [(step["step"], step["kind"], step["action"]) for step in manifest["broken_steps"]] == [
        (6, "nan", "skip")
    ]
    fifth, sixth, seventh = (weights(tmp_path / "run", step) for step in (5, 6, 7))
    assert all(torch.equal(fifth[name], sixth[name]) for name in fifth)
    assert not any(torch.equal(sixth[name], seventh[name]) for name in fifth)
    assert "Broken steps" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.usefixtures("broken_step")
def test_a_broken_step_rolls_back_to_the_last_checkpoint(recipe: dict[str, Any], tmp_path: Path) -> None:
    config = configured(recipe, tmp_path / "run", failure__nan="roll_back", training__token_budget=6 * 4 * 32)
    start(config)
    fourth, sixth = weights(tmp_path / "run", 4), weights(tmp_path / "run", 6)
    assert all(torch.equal(fourth[name], sixth[name]) for name in fourth)


@pytest.mark.usefixtures("broken_step")
def test_a_roll_back_to_where_a_phase_began_has_a_fresh_optimizer(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    """The phase begins after step 4 and makes one update; the sixth step breaks, and what that one left is gone."""
    changes = {"model__new_rows_from": 380, "training__rows_first_steps": 4, "failure__nan": "roll_back"}
    output = tmp_path / "run"
    start(configured(recipe, output, **changes, training__token_budget=6 * 4 * 32))
    place = output / "checkpoints/step-00000006"
    assert json.loads((place / "checkpoint.json").read_text())["updates"] == 0
    moments = load_file(place / "optimizer/shard-00001-model-00001-of-00001.safetensors")
    assert not any(moment.any() for moment in moments.values())


@pytest.mark.usefixtures("broken_step")
def test_a_broken_step_stops_and_loses_nothing(
    recipe: dict[str, Any], tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(recipe, tmp_path / "run")
    with pytest.raises(PretrainingError, match=r"step 6: loss nan .* is no finite number; stopped"):
        start(config)
    monkeypatch.undo()
    start(config)
    assert same_weights(tmp_path / "run", finished)


def same_weights(left: Path, right: Path) -> bool:
    ours, theirs = weights(left, 12), weights(right, 12)
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    recipe: dict[str, Any], tmp_path: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "run"
    shutil.copytree(finished, output)
    damaged = output / "checkpoints/step-00000012/weights/shard-00001-model-00001-of-00001.safetensors"
    content = bytearray(damaged.read_bytes())
    content[-100] ^= 1
    damaged.write_bytes(content)
    start(configured(recipe, output))
    said = capsys.readouterr().err
    assert "step-00000012 is damaged" in said
    assert "going on after step 8" in said
    assert same_weights(output, finished)
    assert journal(output, "step") == journal(finished, "step")


def test_a_full_disk_leaves_the_checkpoint_before(
    recipe: dict[str, Any], tmp_path: Path, finished: Path
) -> None:
    import resource

    output = tmp_path / "run"
    shutil.copytree(finished, output)
    shutil.rmtree(output / "checkpoints/step-00000012")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            start(configured(recipe, output))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(path.name for path in (output / "checkpoints").iterdir()) == [
        "step-00000004",
        "step-00000008",
    ]
    start(configured(recipe, output))
    assert same_weights(output, finished)


def test_another_learning_rate_does_not_go_on_with_these_checkpoints(
    recipe: dict[str, Any], finished: Path
) -> None:
    with pytest.raises(PretrainingError, match=r"training.learning_rate 0.01 -> 0.02"):
        start(configured(recipe, finished, training__learning_rate=0.02))


def test_another_blend_does_not_go_on_with_these_checkpoints(
    recipe: dict[str, Any], finished: Path, tmp_path: Path
) -> None:
    """The same file planned again with other shares, token files made anew, and checkpoints of before that was told."""
    plan = json.loads(Path(recipe["data"]["plan"]).read_text())
    for row in plan["components"]:
        row["probability"] *= 1 + (row["language"] == "ar")
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    with pytest.raises(PretrainingError, match=r"text.share of \S+ \[0\.\d+\] -> \[0\.\d+\]"):
        start(configured(recipe, finished, data__plan=str(tmp_path / "plan.json")))
    output = shutil.copytree(finished, tmp_path / "run")
    path = output / "checkpoints/step-00000012/checkpoint.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(remade := record | {"settings": record["settings"] | {"text": {}}}))
    with pytest.raises(PretrainingError, match=r"text.token_files None -> \['[0-9a-f]+'\]"):
        start(configured(recipe, output))
    del remade["settings"]["text"]
    path.write_text(json.dumps(remade))
    assert start(configured(recipe, output))["result"]["steps"] == 12


def test_a_tokenizer_of_the_same_size_that_did_not_make_the_token_files_is_refused(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    """Two of its pieces change places; the same pieces in a file that was saved again are no other tokenizer."""
    made_with = Path(recipe["data"]["tokenizer"])
    other, again = (shutil.copytree(made_with, tmp_path / name) for name in ("other", "again"))
    content = json.loads((made_with / "tokenizer.json").read_text())
    (again / "tokenizer.json").write_text(json.dumps(content, indent=8))
    pieces = content["model"]["vocab"]
    one, two = (piece for piece, number in pieces.items() if number in (390, 391))
    pieces[one], pieces[two] = pieces[two], pieces[one]
    (other / "tokenizer.json").write_text(json.dumps(content))
    tokens = open_token_directory(Path(recipe["data"]["tokens"]))
    check_tokenizer(tokens, open_tokenizer(str(again)), "")
    check_tokenizer(
        replace(tokens, vocabulary_digest=""), open_tokenizer(str(other)), ""
    )  # made before it was told
    with pytest.raises(
        PretrainingError, match=r"other: has as many ids .* but other pieces: name the tokenizer"
    ):
        start(configured(recipe, tmp_path / "run", data__tokenizer=str(other)))


def test_a_model_with_fewer_rows_than_ids_is_refused(recipe: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(PretrainingError, match=r"the tokenizer has \d+ ids, but the model only 128 rows"):
        start(configured(recipe, tmp_path / "run", model__shape__vocab_size=128))


def test_rows_first_without_new_rows_is_refused(recipe: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(PretrainingError, match="no row of the 400 is known to be new"):
        start(configured(recipe, tmp_path / "run", training__rows_first_steps=2))


def test_a_kept_optimizer_goes_on_where_it_was_with_fresh_new_rows(
    recipe: dict[str, Any], finished: Path, tmp_path: Path
) -> None:
    """The earlier run's model, given 16 more rows; one step at a rate so small that its means alone change."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(finished / "model")
    model.resize_token_embeddings(416, mean_resizing=False)
    model.save_pretrained(tmp_path / "expanded")
    changes: dict[str, Any] = {
        "model": {"checkpoint": str(tmp_path / "expanded"), "new_rows_from": 400},
        "training__token_budget": 4 * 32,
        "training__optimizer_state": "kept",
        "training__optimizer_from": str(finished),
    }
    start(configured(recipe, tmp_path / "run", **changes))
    file = "optimizer/shard-00001-model-00001-of-00001.safetensors"
    before = load_file(finished / "checkpoints/step-00000012" / file)
    after = load_file(tmp_path / "run/checkpoints/step-00000001" / file)
    name = "exp_avg_sq.model.embed_tokens.weight"
    assert after[name].shape == (416, 32)
    # Second moments fall by .95 and gain .05 of the gradient's square, which is clipped to a norm of 1.
    gained = after[name][:400] - 0.95 * before[name]
    assert gained.min() >= -1e-8
    assert gained.sum() <= 0.05
    assert before[name].sum() > 0.05
    record = json.loads((tmp_path / "run/checkpoints/step-00000001/checkpoint.json").read_text())
    assert record["updates"] == 13


def test_a_kept_optimizer_would_move_old_rows_while_new_ones_learn_first() -> None:
    """AdamW moves a row whose gradient is zero by the mean that it kept."""
    with pytest.raises(ValueError, match="rows_first_steps must be 0 if optimizer_state is kept"):
        Training(token_budget=1, optimizer_state="kept", optimizer_from="out/run", rows_first_steps=1)


def test_a_vocabulary_grows_in_a_run_and_its_later_rows_wait(
    recipe: dict[str, Any], corpus_dir: Path, tmp_path: Path
) -> None:
    """A tokenizer with 20 merges for four steps, then the one that has them all."""
    from nemo_recipes.data.settings import Tokens
    from nemo_recipes.data.token_files import encode

    whole = Path(recipe["data"]["tokenizer"])
    small = tmp_path / "small"
    shutil.copytree(whole, small)
    content = json.loads((whole / "tokenizer.json").read_text())
    model = content["model"]
    model["merges"], size = model["merges"][:20], 258 + 20
    model["vocab"] = {piece: number for piece, number in model["vocab"].items() if number < size}
    (small / "tokenizer.json").write_text(json.dumps(content))
    tokens = str(tmp_path / "tokens")
    encode(
        Tokens(
            corpus=str(corpus_dir), tokenizer=str(small), output_dir=tokens, validation_share=0.1, workers=1
        )
    )
    series = [
        {"from_step": 0, "tokenizer": str(small), "tokens": tokens},
        {"from_step": 4, "tokenizer": str(whole), "tokens": recipe["data"]["tokens"]},
    ]
    changes = {"vocabulary_series": series, "token_budget": 8 * 4 * 32, "weight_decay": 0.0}
    output = tmp_path / "run"
    start(configured(recipe, output, **{f"training__{name}": value for name, value in changes.items()}))
    untrained, first, second = initial(recipe), weights(output, 4), weights(output, 8)
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        assert torch.equal(first[name][size:], untrained[name][size:])
        assert not torch.equal(second[name][size:], first[name][size:])
    # One optimizer and one schedule from end to end, and the same held-out bytes under both tokenizers.
    record = json.loads((output / "checkpoints/step-00000008/checkpoint.json").read_text())
    assert record["updates"] == 8
    rates = [line["learning_rate"] for line in journal(output, "step")]
    assert rates[2:] == sorted(rates[2:], reverse=True)
    before, after = (line["languages"]["ar"]["bytes"] for line in journal(output, "validation")[::2])
    assert before == after


def test_positions_that_start_again_keep_documents_apart(recipe: dict[str, Any]) -> None:
    """Two documents in one sequence give the logits that each gives alone."""
    from nemo_recipes.engine.model import make_model
    from nemo_recipes.pretrain_config import Model, Shape, Training

    model = make_model(Model(shape=Shape(**recipe["model"]["shape"])), Training(token_budget=1))
    first, second = torch.arange(3, 13)[None], torch.arange(50, 70)[None]
    together = torch.cat([first, second], dim=1)
    positions = torch.cat([torch.arange(10), torch.arange(20)])[None]
    with torch.no_grad():
        packed = model(input_ids=together, position_ids=positions).logits
        alone = [model(input_ids=ids).logits for ids in (first, second)]
        merged = model(input_ids=together).logits
    assert torch.allclose(packed[:, :10], alone[0], atol=1e-5)
    assert torch.allclose(packed[:, 10:], alone[1], atol=1e-5)
    assert not torch.allclose(merged[:, 10:], alone[1], atol=1e-3)


def test_two_runs_do_not_share_a_directory(recipe: dict[str, Any], finished: Path) -> None:
    import fcntl

    with (finished / ".lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(PretrainingError, match="another run is training here"):
            start(configured(recipe, finished))


def test_a_spike_is_told_from_noise_and_too_many_end_the_run() -> None:
    from nemo_recipes.engine.failures import WINDOW, LossGuard
    from nemo_recipes.pretrain_config import Failure

    guard = LossGuard(Failure(spike="skip", spike_factor=2.0, most=1))
    # Before the window is full nothing is a spike: losses fall fast at the start.
    assert guard.judge(1, 50.0, 1.0) == "go_on"
    for step in range(2, WINDOW + 2):
        assert guard.judge(step, 3.0, 1.0) == "go_on"
    assert guard.judge(90, 5.9, 1.0) == "go_on"
    assert guard.judge(91, 6.4, 1.0) == "skip"
    # A spike does not raise the mean that the next one is measured against.
    with pytest.raises(
        PretrainingError, match=r"step 92: loss 6.4000 is above 2 times the mean .* failure.most 1"
    ):
        guard.judge(92, 6.4, 1.0)
    assert [step["step"] for step in guard.broken] == [91, 92]
