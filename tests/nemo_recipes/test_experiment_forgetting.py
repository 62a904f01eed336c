"""The experiment on forgetting: what it reads and holds out, how it counts and compares, and a whole small one."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from scipy import stats

from corpus.command_line import parse
from corpus.errors import CorpusError
from corpus.pipeline.atomic import read_json, write_json
from experiments.curves import Curve, read_at, read_curve
from experiments.errors import ExperimentError
from experiments.forgetting.__main__ import summary
from experiments.forgetting.matrix import Points
from experiments.forgetting.mixtures import byte_shares
from experiments.forgetting.parallel_documents import INTO_ARABIC, LANGUAGE, SOURCE, document
from experiments.forgetting.run import run
from experiments.forgetting.settings import Continued, Forgetting, Texts
from experiments.forgetting.tables import results
from experiments.forgetting.texts import make_texts
from experiments.intervals import holm, paired
from experiments.mixtures import in_tokens
from experiments.plan_text import plan_text
from experiments.scheduling import last_step, stages
from experiments.settings import Stage1
from nemo_recipes.data.split import validation_mask
from nemo_recipes.pretrain_config import Shape, Training
from tokenization.held_out import is_held_out

ROOT = Path(__file__).resolve().parents[2]


def read_texts(directory: Path) -> pl.DataFrame:
    return pl.concat(pl.read_parquet(path) for path in sorted((directory / "shards").glob("*.parquet")))


# What is read.


def made(corpus: Path, output: Path, **changes: Any) -> pl.DataFrame:
    settings = Texts(corpus=str(corpus), tokenizer="unused", validation_share=0.5, **changes)
    make_texts(settings, output)
    texts = read_texts(output)
    return texts.with_columns(
        validation=pl.Series(validation_mask(texts["id"], texts["pair"], 0.5)), unlearned=is_held_out(texts)
    )


def test_no_held_out_text_is_learned_from_by_anything(corpus_dir: Path, tmp_path: Path) -> None:
    texts = made(corpus_dir, tmp_path / "texts")
    held = texts.filter("validation")
    assert held.height > 20
    assert held["unlearned"].all()  # by the tokenizer neither
    assert not held.filter(pl.col("source") == SOURCE).height
    # All training text is there, and what is neither trained on nor measured is gone.
    before = read_texts(corpus_dir)
    trained = ~pl.Series(validation_mask(before["id"], before["pair"], 0.5))
    assert (
        texts.filter(~pl.col("validation") & (pl.col("source") != SOURCE)).height
        == before.filter(trained).height
    )


def test_parallel_documents_hold_both_sides_of_training_pairs_alone(corpus_dir: Path, tmp_path: Path) -> None:
    texts = made(corpus_dir, tmp_path / "texts")
    parallel = texts.filter(pl.col("source") == SOURCE)
    sides = texts.filter(~pl.col("validation") & (pl.col("source") == "pairs"))
    assert set(parallel["pair"]) == set(sides["pair"])
    assert parallel["language"].unique().to_list() == [LANGUAGE]
    for row in parallel.iter_rows(named=True):
        assert all(text in row["text"] for text in sides.filter(pl.col("pair") == row["pair"])["text"])
    instructions = {text.splitlines()[0] for text in parallel["text"]}
    assert len(instructions) == 6  # three wordings in each direction
    measured = texts.filter("validation").filter(pl.col("pair").is_not_null())["pair"]
    assert not set(measured) & set(parallel["pair"])


def test_no_instruction_is_made_of_sources_that_forbid_it(corpus_dir: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    shutil.copytree(corpus_dir, corpus)
    manifest = read_json(corpus / "manifest.json")
    write_json(
        corpus / "manifest.json", manifest | {"config": {"sources": [{"name": "pairs", "examples": False}]}}
    )
    texts = made(corpus, tmp_path / "texts")
    sides = set(texts.filter(pl.col("source") == "pairs")["text"])
    for text in texts.filter(pl.col("source") == SOURCE)["text"]:
        assert set(text.split("\n\n")) <= sides


def test_tuning_and_reported_texts_share_nothing(corpus_dir: Path, tmp_path: Path) -> None:
    reported = made(corpus_dir, tmp_path / "one").filter("validation")
    tuning = made(corpus_dir, tmp_path / "two", held_out="tuning").filter("validation")
    assert reported.height
    assert tuning.height
    assert not set(reported["id"]) & set(tuning["id"])


def test_texts_of_other_settings_are_not_taken(corpus_dir: Path, tmp_path: Path) -> None:
    made(corpus_dir, tmp_path)
    with pytest.raises(ExperimentError, match="choose another output_dir"):
        made(corpus_dir, tmp_path, held_out="tuning")


def test_a_document_is_read_in_the_direction_that_its_instruction_says() -> None:
    texts = [document(str(number), "ship", "سفينة") for number in range(50)]
    english_first = [text for text in texts if text.index("ship") < text.index("سفينة")]
    assert 10 < len(english_first) < 40
    assert english_first == [text for text in texts if text.splitlines()[0] in INTO_ARABIC]


# Mixtures in bytes and in tokens.


def language_shares(shares: dict[Any, float], arabic_of_parallel: float) -> dict[str, float]:
    sums = dict.fromkeys(("en", "ar"), 0.0)
    for (_, language, _), share in shares.items():
        if language == LANGUAGE:
            sums["ar"] += share * arabic_of_parallel
            sums["en"] += share * (1 - arabic_of_parallel)
        else:
            sums[language] += share
    return sums


@pytest.mark.parametrize(
    ("name", "english"), [("english", 1.0), ("arabic", 0.0), ("both", 0.6), ("parallel", 0.6)]
)
def test_languages_get_their_share_of_the_bytes(
    corpus_dir: Path, tmp_path: Path, name: Any, english: float
) -> None:
    made(corpus_dir, tmp_path)
    shares = byte_shares(tmp_path, name, english_share=0.6, parallel_share=0.2, arabic_of_parallel=0.7)
    assert math.isclose(sum(shares.values()), 1)
    assert language_shares(shares, 0.7) == pytest.approx({"en": english, "ar": 1 - english})
    assert any(part[0] == SOURCE for part in shares) == (name == "parallel")


def test_parallel_text_cannot_take_more_than_a_language_has(corpus_dir: Path, tmp_path: Path) -> None:
    made(corpus_dir, tmp_path)
    with pytest.raises(ExperimentError, match="lower it"):
        byte_shares(tmp_path, "parallel", english_share=0.9, parallel_share=0.2, arabic_of_parallel=0.7)


def test_bytes_become_tokens_by_what_each_part_takes() -> None:
    """Half of the bytes at 4 bytes a token, half at 2: 0.125 + 0.25 tokens a byte, so a third and two thirds."""
    tokens = {
        "parts": [
            {"source": "a", "language": "en", "domain": "x", "train": {"bytes": 400, "tokens": 100}},
            {"source": "b", "language": "ar", "domain": "x", "train": {"bytes": 100, "tokens": 50}},
        ]
    }
    mixture = in_tokens({("a", "en", "x"): 0.5, ("b", "ar", "x"): 0.5}, tokens)
    assert mixture.tokens_per_byte == pytest.approx(0.375)
    assert mixture.weights == pytest.approx({("a", "en", "x"): 1 / 3, ("b", "ar", "x"): 2 / 3})


# Curves and figures.


def log_line(step: int, bits: float) -> dict[str, Any]:
    """A step of 10 tokens, each of 2 bits, at so many bits per byte: 20 / bits bytes."""
    return {"kind": "step", "step": step, "tokens": 10 * step, "loss": 2 * math.log(2), "bits_per_byte": bits}


def validation_line(step: int, arabic: float, english: float) -> dict[str, Any]:
    scores = {"ar": {"bits_per_byte": arabic, "bytes": 7}, "en": {"bits_per_byte": english, "bytes": 9}}
    return {"kind": "validation", "step": step, "languages": scores}


def test_a_curve_counts_the_bytes_that_were_seen(tmp_path: Path) -> None:
    lines = [validation_line(0, 8.0, 3.0), log_line(1, 1.0), log_line(2, 2.0), validation_line(2, 4.0, 3.5)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    curve = read_curve(tmp_path, "d", 1, flops_per_token=100)
    assert curve.num_bytes == pytest.approx([0, 30])  # 20 bits at 1, and 20 at 2
    assert curve.flops == pytest.approx([0, 2000])
    assert read_at(curve, "num_bytes", 15, "ar") == pytest.approx(6.0)
    assert read_at(curve, "flops", 500, "en") == pytest.approx(3.125)
    assert read_at(curve, "flops", 9999, "en") == pytest.approx(3.5)  # at its end


def test_a_log_without_a_language_is_refused(tmp_path: Path) -> None:
    line = validation_line(0, 1.0, 1.0)
    del line["languages"]["ar"]
    (tmp_path / "log.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(ExperimentError, match="no held-out text of 'ar'"):
        read_curve(tmp_path, "d", 1, 100)


def test_paired_differences_are_scipys() -> None:
    one, other = [1.0, 2.1, 3.3, 2.0], [1.2, 2.0, 3.9, 2.4]
    ours, theirs = paired(one, other), stats.ttest_rel(one, other)
    low, high = theirs.confidence_interval(0.95)
    assert ours["p"] == pytest.approx(theirs.pvalue)
    assert ours["mean"] - ours["half_width"] == pytest.approx(low)
    assert ours["mean"] + ours["half_width"] == pytest.approx(high)
    assert paired([1.0], [2.0])["p"] is None
    assert paired([1.0, 2.0], [1.0, 2.0])["p"] == 1.0


def test_holm_by_hand() -> None:
    """Sorted .01 x 3, .02 x 2, .3 x 1; none below the one before it."""
    assert holm([0.3, 0.01, 0.02]) == pytest.approx([0.3, 0.03, 0.04])
    assert holm([0.9, 0.6]) == [1.0, 1.0]


def planted(leg: str, seed: int, arabic: float, english: float, shift: float = 0.0) -> Curve:
    """A leg that goes straight from the base of its seed to where it was planted, with a little noise of its own."""
    noise = float(np.random.default_rng([seed, ord(leg)]).normal(0, 0.002))
    base = 3.0 + 0.1 * seed
    return Curve(
        leg=leg,
        seed=seed,
        steps=np.array([0.0, 10.0]),
        num_bytes=np.array([0.0, 100.0]),
        flops=np.array([0.0, 1000.0]),
        bits={
            "ar": np.array([8.0 - shift, arabic + noise]),
            "en": np.array([base + shift, base + english + noise]),
        },
        held_out={"ar": 70, "en": 90},
    )


def planted_results() -> dict[str, Any]:
    where = {"a": (3.0, 0.9), "b": (3.5, -0.1), "c": (2.2, 0.2), "d": (2.0, 0.2)}
    curves = {
        leg: {seed: planted(leg, seed, *bits, shift=0.1 if leg in "cd" else 0.0) for seed in (1, 2, 3, 4)}
        for leg, bits in where.items()
    }
    return results(curves, Points(num_bytes=100.0, flops=500.0))


def test_planted_differences_are_found_and_those_that_are_not_there_are_not() -> None:
    found = planted_results()
    rows = {(row["first"], row["second"]): row for row in found["comparisons"]["bytes"]}
    assert rows.keys() == {("b", "a"), ("d", "b"), ("d", "c")}  # e and f were not run
    assert rows["d", "c"]["ar"]["mean"] == pytest.approx(-0.2, abs=0.01)
    assert rows["d", "c"]["ar"]["p_holm"] < 0.05
    assert rows["d", "c"]["en"]["p_holm"] > 0.05
    assert rows["b", "a"]["en"]["mean"] == pytest.approx(-1.0, abs=0.01)


def test_forgetting_is_against_the_base_before_any_new_row() -> None:
    """Leg d begins 0.1 above the base and ends 0.2 above it: 0.2 was forgotten, not 0.1."""
    found = planted_results()
    forgotten = found["tables"]["bytes"]["d"]["forgetting"]
    assert forgotten["start"]["mean"] == pytest.approx(0.1)
    assert forgotten["end"]["mean"] == pytest.approx(0.2, abs=0.01)
    # At half the compute the curve is half way between 0.1 and 0.2.
    assert found["tables"]["compute"]["d"]["forgetting"]["end"]["mean"] == pytest.approx(0.15, abs=0.01)
    assert found["tables"]["compute"]["d"]["num_bytes"] == pytest.approx(50)
    assert found["base"]["en"]["mean"] == pytest.approx(3.25)


def test_runs_measured_on_different_texts_are_not_compared() -> None:
    one = planted("b", 1, 3.0, 0.0)
    other = replace(planted("d", 1, 2.0, 0.0), held_out={"ar": 71, "en": 90})
    with pytest.raises(ExperimentError, match="different texts"):
        results({"b": {1: one}, "d": {1: other}}, Points(num_bytes=1, flops=1))


def test_the_last_step_is_read_from_a_log_that_a_crash_cut_off(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    assert last_step(log) == 0
    log.write_text(json.dumps(log_line(1, 1.0)) + "\n" + json.dumps(log_line(2, 1.0)) + '\n{"kind": "st')
    assert last_step(log) == 2


# Settings.


@pytest.mark.parametrize(
    "path", sorted((ROOT / "experiments/forgetting").glob("*.yaml")), ids=lambda path: path.stem
)
def test_every_config_is_read(path: Path) -> None:
    assert parse(Forgetting, "test", ["--config", str(path)]).legs == list("abcdef")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stage1": None}, "give stage1"),
        ({"legs": ["d"]}, "must have a or b"),
        ({"legs": ["b", "z"]}, "letters out of a, b, c, d, e, f"),
        ({"seeds": [1, 1]}, "seeds must be different"),
        ({"seeds": [1, -1]}, "seeds must be different numbers of at least 0"),
        ({"processes": 0}, "processes must be at least 1"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(
            parse(Forgetting, "test", ["--config", str(ROOT / "experiments/forgetting/demo.yaml")]), **changes
        )


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("continued.global_batch=0", "global_batch must be at least 1"),
        ("continued.learning_rate=-1", "learning_rate"),
        ("continued.rows_first_learning_rate=-1", "rows_first_learning_rate must be a number of at least 0"),
        ("continued.checkpoint_every=0", "checkpoint_every must be at least 1"),
        ("texts.validation_share=0.6", "validation_share must be at most .5"),
        ("texts.sequence_length=1", "sequence_length must be at least 2"),
    ],
)
def test_what_the_engine_would_refuse_is_refused_before_anything_is_made(setting: str, message: str) -> None:
    demo = str(ROOT / "experiments/forgetting/demo.yaml")
    with pytest.raises(CorpusError, match=message):
        parse(Forgetting, "test", ["--config", demo, f"--{setting}"])


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(CorpusError, match="did you mean 'parallel_share'"):
        parse(Forgetting, "test", ["--texts.paralel_share", "0.1"])


# A whole experiment of a few steps.


@pytest.fixture(scope="module")
def settings(
    corpus_dir: Path, tokenizers: tuple[Path, Path], base_size: int, tmp_path_factory: pytest.TempPathFactory
) -> Forgetting:
    base, expanded = tokenizers
    parsed = parse(Forgetting, "test", ["--config", str(ROOT / "experiments/forgetting/demo.yaml")])
    return replace(
        parsed,
        output_dir=str(tmp_path_factory.mktemp("experiment") / "out"),
        results_dir="",
        note="A <toy> of no use.",
        texts=Texts(
            corpus=str(corpus_dir),
            base_tokenizer=str(base),
            tokenizer=str(expanded),
            validation_share=0.5,
            validation_megabytes=0.001,
            sequence_length=32,
        ),
        stage1=Stage1(
            shape=Shape(
                vocab_size=base_size,
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=4,
                tie_word_embeddings=True,
            ),
            training=Training(
                token_budget=4 * 4 * 32, micro_batch=4, global_batch=4, learning_rate=0.01, precision="fp32"
            ),
        ),
        continued=Continued(megabytes=0.001, learning_rate=0.01, warmup_steps=1, validations=2),
        seeds=[1, 2],
        legs=["b", "d", "e", "f"],
        processes=1,
    )


def run_state(output: str) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in Path(output, "runs").rglob("log.jsonl")}


@pytest.mark.usefixtures("one_thread")
def test_a_whole_experiment(settings: Forgetting) -> None:
    plan = run(replace(settings, dry_run=True))
    assert not Path(settings.output_dir, "runs").exists()
    assert plan_text(plan).endswith("nothing was trained\n")
    assert len(plan["runs"]) == 10

    found = run(settings)
    assert found["seeds"] == [1, 2]
    runs = Path(settings.output_dir, "runs")
    # Stage 1 of each seed is another, and its end is where leg b begins.
    for curve in (one for one in found["curves"] if one["leg"] == "b"):
        base = read_json(runs / f"seed-{curve['seed']}/base/manifest.json")["result"]["bits_per_byte"]
        assert curve["bits_per_byte"]["en"][0] == pytest.approx(base["en"]["after"], abs=1e-5)
    assert len({curve["bits_per_byte"]["en"][0] for curve in found["curves"]}) > 2
    # Legs are compared where they were planned to be, and all of them came that far.
    for name in ("bytes", "compute"):
        assert all(row["reached"] for row in found["tables"][name].values())
    # Half of the Arabic that leg d sees at equal compute costs it fewer tokens: it sees more.
    assert found["tables"]["compute"]["d"]["num_bytes"] > found["tables"]["compute"]["b"]["num_bytes"]
    blend = read_json(runs / "seed-1/f/manifest.json")["data"][0]["blend"]
    assert any(row["part"].startswith(SOURCE) and row["sampled"] for row in blend)
    assert read_json(runs / "seed-1/e/manifest.json")["config"]["training"]["rows_first_steps"] >= 1

    # What is finished is not run again, and gives the same results.
    before = run_state(settings.output_dir)
    again = run(settings)
    assert run_state(settings.output_dir) == before
    assert again == found

    # A leg that is not at its end takes its seed out of the report; then it alone is run.
    (runs / "seed-2/d/manifest.json").unlink()
    partial = run(replace(settings, results_only=True))
    assert partial["seeds"] == [1]
    assert partial["comparisons"]["bytes"][0]["ar"]["p"] is None
    again = run(settings)
    changed = {path for path, time in run_state(settings.output_dir).items() if before[path] != time}
    assert changed == {str(runs / "seed-2/d/log.jsonl")}
    assert again["tables"] == found["tables"]

    page = Path(found["paths"]["html"]).read_text(encoding="utf-8")
    assert "A &lt;toy&gt; of no use." in page
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    text = Path(found["paths"]["md"]).read_text(encoding="utf-8")
    assert str(settings.output_dir) not in text + page
    assert "e less d: new rows first" in text
    assert "open  " in summary(found)

    # With a base that is there, as with SmolLM2, none is made.
    taken = replace(
        settings,
        stage1=None,
        checkpoint=str(runs / "seed-1/base/model"),
        output_dir=settings.output_dir + "-taken",
        legs=["b", "d"],
        seeds=[7],
    )
    found = run(taken)
    assert not Path(taken.output_dir, "runs/seed-7/base/model").exists()
    assert found["tables"]["bytes"].keys() == {"b", "d"}


def test_whole_repetitions_are_finished_first() -> None:
    from experiments.jobs import Job

    bases = [Job(seed=seed, leg="base", config=None, flops=0, log=Path("log")) for seed in (1, 2, 3)]
    legs = [
        Job(seed=seed, leg=leg, config=None, flops=0, log=Path("log")) for seed in (1, 2, 3) for leg in "bd"
    ]
    order = [[f"{job.leg}{job.seed}" for job in stage] for stage in stages(bases, legs, 2)]
    assert order == [["base1", "base2"], ["b1", "d1", "b2", "d2"], ["base3"], ["b3", "d3"]]


def test_the_configs_say_what_their_comments_say() -> None:
    demo = yaml.safe_load((ROOT / "experiments/forgetting/demo.yaml").read_text())
    stage1 = demo["stage1"]["training"]
    assert stage1["token_budget"] == 300 * stage1["global_batch"] * 256
