"""Bytes of tokens, bits per byte, the journal, the energy ledger and the curves."""

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemo_recipes.data.encoders import choose_kind, make_encoder
from nemo_recipes.data.part import with_ends
from nemo_recipes.data.tokenizer import open_tokenizer
from nemo_recipes.planning.settings import Energy
from nemo_recipes.watch.bits_per_byte import Score, account, forgetting, summed
from nemo_recipes.watch.byte_lengths import byte_counter
from nemo_recipes.watch.energy import ledger, rapl_joules
from nemo_recipes.watch.journal import Journal
from nemo_recipes.watch.report.curves import chart, scale
from nemo_recipes.watch.report.writing import last_of_each_start

TEXTS = [
    "the train reached the city",
    "وصلت الطبيب إلى المدينة، فكتبَ كتابًا",
    " two  spaces\nand a line",
    "emoji \N{GRINNING FACE} and a rare sign \N{SNOWMAN}\ufeff",
    "",
]


@pytest.mark.parametrize("begins", [False, True])
@pytest.mark.parametrize("kind", ["model_file", "fast_dir"])
def test_bytes_of_tokens_are_the_bytes_of_the_text(
    kind: str, begins: bool, request: pytest.FixtureRequest
) -> None:
    """SentencePiece with byte fallback and a dummy prefix, and byte-level BPE; begin_of_document, and without."""
    tokenizer = open_tokenizer(str(request.getfixturevalue(kind)))
    texts = pl.Series(TEXTS)
    encoded = make_encoder(tokenizer, choose_kind(tokenizer, texts)).encode(texts)
    counter = byte_counter(tokenizer)
    framed, lengths = with_ends(encoded, tokenizer.end_id, tokenizer.begin_id if begins else None)
    ids = np.concatenate(([tokenizer.end_id], framed)).astype(np.int64)
    counted = np.ones(len(ids) - 1, dtype=bool)
    assert counter.count(ids[:-1], ids[1:], counted) == sum(len(text.encode()) for text in TEXTS)
    # What is masked is not counted.
    counted[: lengths[0]] = False
    rest = sum(len(text.encode()) for text in TEXTS[1:])
    assert counter.count(ids[:-1], ids[1:], counted) == rest


class Text:
    def __init__(self, language: str, domain: str) -> None:
        self.name, self.language, self.domain = f"{language}-{domain}", language, domain


def test_languages_are_sums_of_their_texts_not_means() -> None:
    texts = [Text("en", "news"), Text("en", "web"), Text("ar", "web")]
    # 1 bit a byte over 100 bytes, 3 bits a byte over 300.
    scores = {
        "en-news": Score(100 * math.log(2), 20, 100),
        "en-web": Score(900 * math.log(2), 60, 300),
        "ar-web": Score(0.0, 5, 50),
    }
    before = account(texts, scores)
    assert before["languages"]["en"]["bits_per_byte"] == pytest.approx(1000 / 400)
    assert before["languages"]["en"]["loss"] == pytest.approx(1000 * math.log(2) / 80)
    assert before["domains"]["en web"]["bits_per_byte"] == pytest.approx(3.0)
    worse = account(texts, scores | {"en-news": Score(300 * math.log(2), 20, 100)})
    assert forgetting(before, worse, "en") == pytest.approx(0.5)
    assert forgetting(before, worse, "fr") is None
    assert summed([]) == Score(0, 0, 0)


def test_the_journal_is_cut_back_to_a_step_and_forgives_a_cut_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.jsonl")
    for step in (0, 1, 2, 3):
        journal.write({"kind": "step" if step else "validation", "step": step})
    with journal.path.open("a") as file:
        file.write('{"kind": "step", "st')
    assert [line["step"] for line in journal.lines()] == [0, 1, 2, 3]
    # A start after the crash writes on, as the ledger's does.
    journal.write({"kind": "step", "step": 4})
    journal.write({"kind": "step", "step": 5})
    assert [line["step"] for line in journal.lines()] == [0, 1, 2, 3, 4, 5]
    journal.cut_after(2)
    assert [json.loads(line)["step"] for line in journal.path.read_text().splitlines()] == [0, 1, 2]
    assert [line["step"] for line in journal.lines("step")] == [1, 2]


def test_rapl_counters_that_start_again_are_added_up(tmp_path: Path) -> None:
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    (package / "max_energy_range_uj").write_text("1000000\n")
    (package / "energy_uj").write_text("900000\n")
    read = rapl_joules(tmp_path)
    assert read is not None
    (package / "energy_uj").write_text("950000\n")
    assert read() == pytest.approx(0.05)
    (package / "energy_uj").write_text("20000\n")  # started again at 1 J
    assert read() == pytest.approx(0.12)
    assert rapl_joules(tmp_path / "nothing") is None


def test_the_ledger_adds_up_starts_and_says_what_it_knows() -> None:
    lines = [
        {"start": 1, "seconds": 10.0, "joules": {}, "estimated": 500.0},
        {"start": 1, "seconds": 1800.0, "joules": {}, "estimated": 1.8e6},
        {"start": 2, "seconds": 1800.0, "joules": {}, "estimated": 1.8e6},
    ]
    energy = Energy(grid_grams_per_kwh=500, pue=1.2)
    book = ledger(last_of_each_start(lines), energy, on_gpus=False)
    assert book["device_hours"] == pytest.approx(1.0)
    assert book["kwh"] == pytest.approx(1.0)
    assert book["co2_kg"] == pytest.approx(0.6)
    assert book["kwh_is"].startswith("an estimate")
    measured = [line | {"joules": {"NVML": 720_000.0}} for line in last_of_each_start(lines)]
    assert ledger(measured, energy, on_gpus=False)["kwh_is"].startswith("an estimate")
    book = ledger(measured, energy, on_gpus=True)
    assert book["kwh"] == pytest.approx(0.4)
    assert book["kwh_is"].startswith("measured (NVML)")


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_scale_encloses_its_values_in_few_even_steps(least: float, width: float) -> None:
    if 0 < width < 1e-6 * max(abs(least), 1):  # beyond what a curve can show
        width = 0.0
    ticks = scale(least, least + width)
    assert ticks[0] <= least + 1e-6 * abs(least) + 1e-9
    assert ticks[-1] >= least + width - 1e-6 * abs(least + width) - 1e-9
    assert 2 <= len(ticks) <= 7
    steps = np.diff(ticks)
    assert np.allclose(steps, steps[0], rtol=1e-3)


def test_curves_leave_out_what_is_no_number_and_escape_names() -> None:
    drawn = chart("Loss", "nats", {"a<b": [(1, 2.0), (2, math.nan), (3, 1.0)], "c": [(1, 1.0)]}, "loss")
    assert "a&lt;b" in drawn
    assert "nan" not in drawn
    assert drawn.count("<polyline") == 2
    assert chart("Nothing", "", {"a": [(1, math.inf)]}, "nothing") == ""
