"""The whole build on a corpus whose every fault was planted."""

import itertools
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from corpus.pipeline import passes
from corpus.pipeline.layout import PartFiles
from corpus.pipeline.part import id_key
from corpus.pipeline.units import UnitTable
from corpus.schema import DROPPED_COLUMNS, SHARD_COLUMNS

FOUL = "قبحلفظ"  # no word at all
PERSIAN = "این شهر بزرگ در کنار دریا است و مردم آن را برای گردش و استراحت انتخاب می‌کنند. " * 12
STAGES = "read normalize language quality toxicity privacy decontamination exact boilerplate near".split()


@pytest.fixture(scope="module")
def planted(shared_build: Any, writer: Any, jsonl: Callable[..., Path]) -> Path:
    """Build a corpus of known faults; returns its output directory."""
    build, tmp_path = shared_build, shared_build.directory
    plain = [{"id": f"doc{number}", "text": writer.text()} for number in range(30)]
    original = plain[0]["text"]
    question = " ".join(writer.text("en", 2).replace(".", "").split()[:16])
    records: list[dict[str, Any] | str] = [
        *plain,
        {"id": "spelling", "text": original.replace("ا", "اَ").replace("إلى", "الى").replace("المد", "المـد")},
        {"id": "near", "text": writer.edit(plain[1]["text"], 2)},
        {"id": "short", "text": "نص قصير."},
        {"id": "persian", "text": PERSIAN},
        {"id": "empty", "text": " \u200f \n"},
        {"id": "mail", "text": writer.text() + "\nللتواصل: someone@example.com مع الشكر."},
        {
            "id": "foul",
            "text": writer.text() + "\n" + " ".join(f"{FOUL} {word}" for word in writer.text().split()[:25]),
        },
        {"id": "mixed", "text": f"{writer.text()}\n{PERSIAN}\n{writer.text()}"},
        {"id": "doc3", "text": writer.text()},
        '{"id": "broken", "text": "no end',
        {"id": "no text"},
    ]
    source = jsonl(tmp_path / "ar.jsonl.gz", records)
    (tmp_path / "foul.txt").write_text(f"{FOUL}\n", encoding="utf-8")
    english = [{"text": writer.text("en")} for _ in range(20)]
    leaked = {"text": writer.text("en", 6) + " " + question + ". " + writer.text("en", 6)}
    jsonl(tmp_path / "en.jsonl", [*english, leaked])
    jsonl(tmp_path / "bench.jsonl", [{"question": question}])
    pairs = [{"en": writer.text("en", 1), "ar": writer.text("ar", 1)} for _ in range(12)]
    jsonl(tmp_path / "pairs.jsonl", [*pairs, pairs[4]])
    config = build.config(
        output_dir=str(tmp_path / "out"),
        workers=1,
        sources=[
            {"name": "news", "path": str(source), "language": "ar", "domain": "news", "license": "CC0"},
            {"name": "en", "path": str(tmp_path / "en.jsonl"), "domain": "books", "url": "https://example.org"},
            {
                "name": "pairs", "path": str(tmp_path / "pairs.jsonl"), "kind": "parallel",
                "text_columns": {"en": "en", "ar": "ar"}, "domain": "dialogue",
            },
        ],
        decontamination={"benchmarks": [str(tmp_path / "bench.jsonl")]},
        toxicity={"word_lists": {"ar": str(tmp_path / "foul.txt")}},
        language={"drop_paragraphs": True},
    )  # fmt: skip
    build(config)
    return tmp_path / "out"


def test_planted_truth_is_found(planted: Path) -> None:
    kept = pl.read_parquet(planted / "shards" / "*.parquet")
    dropped = pl.read_parquet(planted / "dropped" / "*.parquet")
    assert kept.schema == pl.Schema(SHARD_COLUMNS)
    assert dropped.schema == pl.Schema(DROPPED_COLUMNS)

    fallen = {row["id"]: row for row in dropped.iter_rows(named=True)}
    expected = {
        "news/short": "quality", "news/foul": "toxicity", "news/persian": "language", "news/empty": "normalize",
        "en/en:21": "decontamination", "pairs/pairs:13#en": "exact", "pairs/pairs:13#ar": "exact",
    }  # fmt: skip
    exact = {"news/spelling", "news/doc0"} & fallen.keys()
    near = {"news/near", "news/doc1"} & fallen.keys()
    assert len(exact) == len(near) == 1  # the longer copy stays
    expected |= dict.fromkeys(exact, "exact") | dict.fromkeys(near, "near")
    assert {name: row["stage"] for name, row in fallen.items()} == expected
    assert "bench.jsonl" in fallen["en/en:21"]["detail"]
    (near_one,) = near
    other = ({"news/near", "news/doc1"} - near).pop()
    assert other in fallen[near_one]["detail"]

    names = kept["id"].to_list()
    assert len(names) == len(set(names))
    assert {"news/doc3", "news/doc3~2"} <= set(names)
    mail = kept.filter(pl.col("id") == "news/mail")["text"].item()
    assert "someone@example.com" not in mail
    assert "للتواصل" in mail

    mixed = kept.filter(pl.col("id") == "news/mixed")["text"].item()
    assert PERSIAN.strip() not in mixed
    assert len(mixed.splitlines()) == 8  # four lines of each Arabic text

    faults = [json.loads(line) for line in (planted / "quarantine" / "news.jsonl").read_text().splitlines()]
    assert [fault["rule"] for fault in faults] == ["invalid_json", "missing_column"]
    assert all(fault["path"].endswith("ar.jsonl.gz") for fault in faults)
    assert faults[0]["position"] == "row 40"


def test_a_new_id_is_none_that_the_input_has(tmp_path: Path) -> None:
    """Of four `s/5` three need a new id; `s/5~2` and `s/5~4` are taken, and the first of these comes twice."""
    ids = ["s/5", "s/5", "s/5~2", "s/5~4", "s/5", "s/5~2", "s/5", "other~x"]
    parts = [PartFiles(tmp_path, number) for number in range(2)]
    for part, own in zip(parts, (ids[:3], ids[3:]), strict=True):
        keys = pl.Series([id_key(name) for name in own], dtype=pl.UInt64)
        pl.DataFrame({"id": own, "id_key": keys}).write_parquet(part.units)
    table = UnitTable(parts, ["s", "s"], [0, 0], np.array([0, 3, 8]))
    renames = passes.find_repeated_ids(table, tmp_path)
    assert renames.tolist() == [[1, 4, 5, 6], [3, 5, 2, 6]]
    names = passes._final_ids(table, np.arange(8), renames).to_list()
    assert len(set(names)) == 8
    assert names[5] == "s/5~2~2"


def test_what_stays_for_a_copy_is_in_the_shards(
    tmp_path: Path, build: Any, writer: Any, jsonl: Callable[..., Path]
) -> None:
    """The one that stays for an exact copy falls itself for a longer near-duplicate."""
    text = writer.text(sentences=30)
    texts = {
        "1": text,
        "1copy": text,
        "longer": f"{text}\n{writer.text(sentences=1)}",
        "other": writer.text(),
    }
    path = jsonl(tmp_path / "s.jsonl", ({"id": name, "text": text} for name, text in texts.items()))
    build(
        build.config(output_dir=str(tmp_path / "out"), sources=[{"name": "s", "path": str(path)}], workers=1)
    )
    kept = set(pl.read_parquet(tmp_path / "out" / "shards" / "*.parquet")["id"])
    assert kept == {"s/longer", "s/other"}
    clusters = pl.read_parquet(tmp_path / "out" / "clusters.parquet").sort("dropped")
    assert clusters.select("stage", "dropped", "kept").rows() == [
        ("near", "s/1", "s/longer"),
        ("exact", "s/1copy", "s/longer"),
    ]
    near, exact = clusters["similarity"]
    assert near == exact < 1
    dropped = pl.read_parquet(tmp_path / "out" / "dropped" / "*.parquet")
    assert all(detail.startswith("s/longer stays (similarity 0.") for detail in dropped["detail"])


def test_manifest_balances(planted: Path) -> None:
    manifest = json.loads((planted / "manifest.json").read_text(encoding="utf-8"))
    stages: dict[str, Counter[str]] = {stage: Counter() for stage in STAGES}
    for row in manifest["counts"]:
        total = stages[row["stage"]]
        dropped = sum(row["dropped"].values())
        assert row["documents_in"] == row["documents_out"] + dropped
        total.update(
            {name: row[name] for name in ("documents_in", "documents_out", "characters_in", "characters_out")}
        )
        total["dropped"] += dropped
    for before, after in itertools.pairwise(STAGES):
        assert stages[before]["documents_out"] == stages[after]["documents_in"]
        assert stages[before]["characters_out"] == stages[after]["characters_in"]
    kept = pl.read_parquet(planted / "shards" / "*.parquet")
    dropped = pl.read_parquet(planted / "dropped" / "*.parquet")
    assert (
        stages["near"]["documents_out"]
        == kept.height
        == sum(shard["documents"] for shard in manifest["shards"])
    )
    assert stages["near"]["characters_out"] == kept["text"].str.len_chars().sum()
    assert sum(total["dropped"] for total in stages.values()) == dropped.height
    assert stages["read"]["documents_in"] == 39 + 21 + 26
    assert manifest["quarantine"] == {"records": 2, "by_rule": {"invalid_json": 1, "missing_column": 1}}
    assert manifest["renamed_ids"] == 1
    assert sum(sum(entry["documents"]) for entry in manifest["lengths"]) == kept.height
    assert manifest["duplicates"]["near"] == {"clusters": 1, "dropped": 1}
    assert manifest["duplicates"]["exact"] == {"clusters": 2, "dropped": 2}


def test_columns_say_what_is_known(planted: Path) -> None:
    kept = pl.read_parquet(planted / "shards" / "*.parquet")
    news = kept.filter(pl.col("source") == "news")
    assert news["language"].unique().to_list() == ["ar"]
    assert news["license"].unique().to_list() == ["CC0"]
    assert news["domain"].unique().to_list() == ["news"]
    assert kept.filter(pl.col("source") == "en")["url"].unique().to_list() == ["https://example.org"]
    assert (kept["characters"] == kept["text"].str.len_chars()).all()
    assert kept["words"].to_list() == [len(text.split()) for text in kept["text"]]
    pairs = kept.filter(pl.col("kind") == "parallel")
    assert pairs.group_by("pair").agg(pl.col("language").sort())["language"].to_list() == [["ar", "en"]] * 12
    assert kept.filter(pl.col("kind") != "parallel")["pair"].null_count() == kept.height - pairs.height


def test_repeated_lines_go_but_not_their_documents(
    tmp_path: Path, build: Any, writer: Any, jsonl: Callable[..., Path]
) -> None:
    line = "جميع الحقوق محفوظة لشبكة الأخبار المحلية ولا يجوز النسخ أو النشر دون إذن كتابي مسبق من الإدارة"
    records = [{"text": f"{writer.text()}\n{line}\n{writer.text()}"} for _ in range(60)]
    config = build.config(
        output_dir=str(tmp_path / "out"), workers=1,
        sources=[{"name": "web", "path": str(jsonl(tmp_path / "web.jsonl", records))}],
        boilerplate={"minimum_documents": 20},
    )  # fmt: skip
    build(config)
    kept = pl.read_parquet(tmp_path / "out" / "shards" / "*.parquet")
    assert kept.height == 60
    assert kept["text"].str.contains(line, literal=True).sum() <= 1
