"""Thresholds against trying all of them, planted overlaps, labels from files, and the command."""

import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.clean_pairs.threshold.__main__ import main
from corpus.clean_pairs.threshold.choosing import (
    area_under_curve,
    choose_threshold,
    halves,
    held_out,
    outcome,
)
from corpus.clean_pairs.threshold.sample import read_sample
from corpus.clean_pairs.threshold.settings import ChooseThreshold
from corpus.errors import CorpusError

SAMPLES = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=30).filter(
    lambda rows: len({label for _, label in rows}) == 2
)


@given(SAMPLES, st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_no_threshold_does_better(rows: list[tuple[int, bool]], keep: float) -> None:
    scores, good = np.array([float(score) for score, _ in rows]), np.array([label for _, label in rows])
    chosen = choose_threshold(scores, good, keep)
    tried = {float(each): outcome(scores, good, each) for each in scores}
    if keep:
        allowed = {each: told for each, told in tried.items() if told["right_kept"] >= keep - 1e-9}
        assert chosen in allowed
        assert tried[chosen]["wrong_dropped"] == max(told["wrong_dropped"] for told in allowed.values())
    else:
        assert tried[chosen]["f1"] == max(told["f1"] for told in tried.values())


def test_outcomes_by_hand() -> None:
    scores, good = np.array([0.1, 0.2, 0.3, 0.9]), np.array([False, True, False, True])
    # Below .25: one wrong and one right one, of two each.
    assert outcome(scores, good, 0.25) == {
        "right_kept": 0.5,
        "wrong_dropped": 0.5,
        "precision": 0.5,
        "f1": 0.5,
    }
    # Of four pairs of a right and a wrong one, three are in order.
    assert area_under_curve(scores, good) == 0.75
    assert area_under_curve(np.zeros(4), good) == 0.5


@given(SAMPLES, st.integers(0, 50))
def test_halves_hold_every_pair_once_and_as_many_of_either_kind(
    rows: list[tuple[int, bool]], seed: int
) -> None:
    good = np.array([label for _, label in rows])
    first, second = halves(good, seed)
    assert sorted([*first, *second]) == list(range(len(good)))
    for label in (True, False):
        assert 0 <= (good[second] == label).sum() - (good[first] == label).sum() <= 1


def test_the_half_that_did_not_choose_tells_the_truth() -> None:
    """Right scores are normal around 2, wrong ones around 0: a threshold t keeps 1 - Phi(t - 2) of the right ones."""
    draw = np.random.default_rng(3)
    good = np.arange(8000) < 6000
    scores = draw.normal(np.where(good, 2.0, 0.0), 1.0)
    found = held_out(scores, good, keep=0.95, splits=12, resamples=200, seed=1)
    assert found["threshold"] == pytest.approx(2 - 1.645, abs=0.08)
    assert found["other_half"]["wrong_dropped"]["value"] == pytest.approx(0.639, abs=0.03)  # Phi(.355)
    for name, truth in (("right_kept", 0.95), ("wrong_dropped", 0.639)):
        low, high = found["other_half"][name]["interval"]
        assert low - 0.01 < truth < high + 0.01
        assert low < found["other_half"][name]["value"] < high
    assert found["area_under_curve"] == pytest.approx(0.921, abs=0.01)  # Phi(2 / sqrt 2)
    low, high = found["splits"]["thresholds"]
    assert low <= found["threshold"] <= high
    assert found == held_out(scores, good, keep=0.95, splits=12, resamples=200, seed=1)


def pairs(count: int) -> list[dict[str, str]]:
    draw = np.random.default_rng(1)
    return [
        {"en": " ".join(f"w{each}x" for each in words), "ar": " ".join(f"ك{each}" for each in words)}
        for words in draw.integers(0, 60, (count, 8)).tolist()
    ]


def write(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return str(path)


def test_wrong_pairs_are_made_of_right_ones_and_the_command_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = write(tmp_path / "pairs.jsonl.gz", pairs(300))  # type: ignore[arg-type]
    settings = ChooseThreshold(output_dir=str(tmp_path / "out"), sample=sample, splits=3, resamples=50)
    scores, good = read_sample(settings)
    assert (~good).sum() == 60
    main(settings)
    found = json.loads((tmp_path / "out/threshold.json").read_text())
    assert found["other_half"]["wrong_dropped"]["value"] > 0.9
    assert found["pairs"] == {"chose": 150, "told": 150, "wrong": 60}
    assert found["config"]["keep"] == 0.95
    said = capsys.readouterr().out
    assert f"{found['threshold']:.4g} is the threshold, chosen on 150 of 300 pairs" in said
    assert "right pairs that stay" in said
    again, _ = read_sample(settings)
    assert (again == scores).all()


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "jsonl"])
def test_labels_and_scores_from_files_of_all_kinds(kind: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"quality": [0.1, 0.9, 0.2, 0.8], "good": ["no", "Yes", "0", "true"]})
    path = tmp_path / f"sample.{kind}"
    writers = {"csv": frame.write_csv, "parquet": frame.write_parquet, "jsonl": frame.write_ndjson}
    writers.get(kind, lambda to: frame.write_csv(to, separator="\t"))(path)  # type: ignore[operator]
    scores, good = read_sample(
        ChooseThreshold(output_dir="o", sample=str(path), good="good", score="quality")
    )
    assert scores.tolist() == [0.1, 0.9, 0.2, 0.8]
    assert good.tolist() == [False, True, False, True]


def test_mistakes_are_told_in_one_line(tmp_path: Path) -> None:
    def told(rows: list[dict[str, object]], **given_settings: object) -> str:
        sample = write(tmp_path / "s.jsonl.gz", rows)
        with pytest.raises(CorpusError) as error:
            read_sample(ChooseThreshold(output_dir="o", sample=sample, good="good", **given_settings))  # type: ignore[arg-type]
        return str(error.value).removeprefix(sample)

    row = {"en": "a", "ar": "b", "good": True, "score": 1.0}
    assert told([row], score="quality") == ": has no column 'quality': it has en, ar, good, score"
    assert told([row, row | {"good": "perhaps"}]).startswith(": row 2: good must be true or false")
    assert told([row] * 5).endswith("two wrong pairs are the least to halve, got 0 of one")
    bad = [
        row | {"score": score, "good": good} for score, good in ((1.0, True), (None, False)) for _ in range(3)
    ]
    assert told(bad, score="score") == ": row 4 has no score: leave it out"
    with pytest.raises(CorpusError, match="cannot be read"):
        read_sample(ChooseThreshold(output_dir="o", sample=str(tmp_path / "none.csv")))
    with pytest.raises(CorpusError, match=r"must be a file of \.jsonl"):
        read_sample(ChooseThreshold(output_dir="o", sample=str(tmp_path / "none.docx")))
    with pytest.raises(ValueError, match="good must name a column where score does"):
        ChooseThreshold(output_dir="o", sample="s", score="quality")
