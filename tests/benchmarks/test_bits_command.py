"""Bits per byte as a command: against transformers' own loss, by group, resumed, and refused."""

import json
import math

import numpy as np
import polars as pl
import pytest
from tiny_benchmarks import write_jsonl

from benchmarks import text_bits
from benchmarks.bits_config import BitsConfig
from benchmarks.bits_per_byte import main
from benchmarks.errors import BenchmarkError
from benchmarks.held_out_texts import read_texts
from tokenization.held_out import rest_of

TEXTS = [
    {"id": "1", "text": "the cat and the dog", "language": "en", "domain": "news"},
    {"id": "2", "text": "water is wet", "language": "en", "domain": "encyclopedia"},
    {"id": "3", "text": "القاهرة عاصمة مصر", "language": "ar", "domain": "news"},
    {"id": "4", "text": "دي حاجة حلوة", "language": "ar", "dialect": "arz", "domain": "news"},
]


def config(model, path, output, **changes):
    return BitsConfig(
        model=str(model), text=str(path), output_dir=str(output), device="cpu", resamples=100, **changes
    )


def test_bits_are_transformers_loss(tiny_model, tmp_path, capsys):
    """One window holds each text: its bits are the model's own mean loss times its pieces, over ln 2."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    main(config(tiny_model, path, tmp_path / "out"))
    results = json.loads((tmp_path / "out" / "bits.json").read_text())
    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(tiny_model),
        AutoTokenizer.from_pretrained(tiny_model),
    )
    bits = []
    for row in TEXTS:
        ids = torch.tensor(
            [[tokenizer.bos_token_id, *tokenizer(row["text"], add_special_tokens=False).input_ids]]
        )
        with torch.no_grad():
            bits.append(float(model(ids, labels=ids).loss) * (ids.shape[1] - 1) / math.log(2))
    sizes = [len(row["text"].encode()) for row in TEXTS]
    found = {(row["group"], row["language"], row.get("name")): row for row in results["groups"]}
    assert found["all", "", None]["bits_per_byte"] == pytest.approx(sum(bits) / sum(sizes), rel=1e-5)
    assert found["language", "ar", None]["bits_per_byte"] == pytest.approx(
        sum(bits[2:]) / sum(sizes[2:]), rel=1e-5
    )
    assert found["dialect", "ar", "arz"]["bits_per_byte"] == pytest.approx(bits[3] / sizes[3], rel=1e-5)
    assert found["domain", "en", "news"]["bits_per_character"] == pytest.approx(bits[0] / 19, rel=1e-5)
    assert ("domain", "ar", "news") not in found  # it is all of Arabic
    assert all(row["low"] <= row["bits_per_byte"] <= row["high"] for row in results["groups"])
    assert "ar arz" in capsys.readouterr().out


def test_a_stopped_measurement_goes_on(tiny_model, tmp_path, monkeypatch):
    path = write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    whole, read = text_bits._bits, []

    def stopping(lm, text, *rest):
        read.append(text)
        if len(read) == 3:
            raise KeyboardInterrupt
        return whole(lm, text, *rest)

    monkeypatch.setattr(text_bits, "_bits", stopping)
    with pytest.raises(KeyboardInterrupt):
        text_bits.measure(config(tiny_model, path, tmp_path / "a"))
    with (tmp_path / "a" / "texts.jsonl").open("a") as stream:
        stream.write('\n["torn", 1')
    again = text_bits.measure(config(tiny_model, path, tmp_path / "a"))
    assert sorted(read) == sorted([*[row["text"] for row in TEXTS], read[2]])
    monkeypatch.undo()
    assert again["groups"] == text_bits.measure(config(tiny_model, path, tmp_path / "b"))["groups"]


def test_intervals_are_bootstraps_of_texts():
    """Two texts, one with 1 bit a byte, one with 3: samples hold 1, 2 or 3, so the interval is 1 to 3."""
    frame = pl.DataFrame(
        {"language": ["en"] * 2, "dialect": [""] * 2, "domain": [""] * 2, "bits": [10.0, 30.0], "bytes": [10, 10],
         "characters": [10, 5]}
    )  # fmt: skip
    (whole, english) = text_bits.groups(frame, resamples=200, seed=0)
    assert (whole["bits_per_byte"], whole["low"], whole["high"]) == (2.0, 1.0, 3.0)
    assert english["bits_per_character"] == pytest.approx(40 / 15)


def test_a_corpus_is_measured_on_what_it_held_out(tmp_path):
    names = [f"doc/{number}" for number in range(400)]
    frame = pl.DataFrame(
        {"id": names, "pair": pl.Series([None] * 400, dtype=pl.String), "text": names, "language": ["en"] * 400,
         "dialect": [""] * 400, "domain": ["a", "b"] * 200}
    )  # fmt: skip
    (tmp_path / "shards").mkdir()
    frame.write_parquet(tmp_path / "shards" / "part.parquet")
    held_out = {name for name in names if rest_of(name) < 5}
    assert set(read_texts(tmp_path, 0, 0)["id"]) == held_out
    drawn = read_texts(tmp_path, 3, 4)
    assert drawn.group_by("domain").len()["len"].to_list() == [3, 3]
    assert drawn["text"].str.len_chars().max() == 4
    assert drawn.equals(read_texts(tmp_path, 3, 4))


def test_mistakes_are_one_line(tiny_model, tmp_path):
    with pytest.raises(BenchmarkError, match=r"texts.jsonl row 1: column text is missing"):
        read_texts(write_jsonl(tmp_path / "texts.jsonl", [{"words": "x"}]), 0, 0)
    with pytest.raises(BenchmarkError, match="holds no text to measure"):
        read_texts(write_jsonl(tmp_path / "empty.jsonl", [{"text": " "}]), 0, 0)
    path = write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    with pytest.raises(BenchmarkError, match="window must be at most the model's 1024, got 4096"):
        text_bits.measure(config(tiny_model, path, tmp_path / "o", window=4096))
    with pytest.raises(BenchmarkError, match="stride must be below the window of 1024, got 3000"):
        text_bits.measure(config(tiny_model, path, tmp_path / "o", stride=3000))
    with pytest.raises(ValueError, match="window must be at least 2"):
        config(tiny_model, path, tmp_path / "o", window=1)
    with pytest.raises(ValueError, match="stride must be below the window of 8, got 8"):
        config(tiny_model, path, tmp_path / "o", window=8, stride=8)


def test_windows_change_little_and_bytes_not(tiny_model, tmp_path):
    path = write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    wide, narrow = (
        text_bits.measure(config(tiny_model, path, tmp_path / str(window), window=window, stride=stride))[
            "groups"
        ]
        for window, stride in ((64, 32), (12, 4))
    )
    assert [row["bytes"] for row in wide] == [row["bytes"] for row in narrow]
    assert not np.isclose(wide[0]["bits_per_byte"], narrow[0]["bits_per_byte"], rtol=1e-9)
