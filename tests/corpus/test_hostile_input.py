"""What strangers' bytes may do: make faults and odd documents, never an error, a file elsewhere or a tag in a page."""

import gzip
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from corpus import normalize, readers
from corpus.errors import CorpusError
from corpus.fold import fold
from corpus.mixture.sizes import measure
from corpus.normalize.settings import Normalization
from corpus.pipeline.finished import read_manifest
from corpus.readers import opus as opus_reader
from corpus.readers.blocks import MAX_RECORD_BYTES
from corpus.schema import READ_COLUMNS
from corpus.sources import Source

EXAMPLES = int(os.environ.get("DAAD_EXAMPLES", "25"))
"""Inputs that hypothesis makes up for each ending; thousands for a long run."""

ENDINGS = ("jsonl", "csv", "tsv", "txt", "tmx", "po", "warc", "parquet", "jsonl.gz", "jsonl.zst", "csv.bz2")
PAIRED = {"tmx": {"en": "en", "ar": "ar"}, "po": {"en": "msgid", "ar": "msgstr"}}

SEEDS = (
    b'{"text": "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7"}\n{"text": [1, {"a": null}]}\n{"text": "\\ud800"}\n[[[[',
    b'text\n"never closed\n\x00\xff\xfe,,,\n',
    b'<?xml version="1.0"?><!DOCTYPE tmx [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><tmx><body>&b;</body></tmx>',
    b'msgid "a"\nmsgstr "b\nmsgid_plural\n#~ msgid "\\',
    b"WARC/1.0\r\nContent-Length: 99999999999\r\nWARC-Type: conversion\r\n\r\nshort",
    b"PAR1\x15\x04\x15\x10\x00\x00PAR1",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03cut short",
    b"\x28\xb5\x2f\xfd\x04\x58",
    "\N{BYTE ORDER MARK}{}\n".encode("utf-16"),
)
"""Inputs that broke readers of other tools, kept so that each is tried at every run."""

hostile_bytes = st.one_of(
    st.binary(max_size=400),
    st.sampled_from(SEEDS),
    st.tuples(st.sampled_from(SEEDS), st.integers(0, 60), st.binary(max_size=6)).map(
        lambda mix: mix[0][: mix[1]] + mix[2] + mix[0][mix[1] :]
    ),
)


def read(path: Path, source: Source) -> pl.DataFrame:
    """All documents of a source, as a build reads them; quarantined records must say where they stand."""
    frames = []
    for file in readers.resolve(source):
        for block in readers.cut(file, source, block_bytes=1 << 16):
            parsed = readers.parse(block, source)
            assert all(
                fault.rule and fault.position and fault.excerpt.isprintable() for fault in parsed.faults
            )
            frames.append(parsed.documents.select(list(READ_COLUMNS)))
    return pl.concat(frames) if frames else pl.DataFrame(schema=READ_COLUMNS)


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(data=SEEDS[0])
@given(data=hostile_bytes)
def test_no_bytes_break_a_reader(ending: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"input.{ending}"
    # Without its column a table is a mistake in the config.
    path.write_bytes(b"text\n" + data if ending in {"csv", "tsv"} else data)
    source = Source(name="hostile", path=str(path), text_columns=PAIRED.get(ending, {}))
    documents = read(path, source)
    texts = documents["text"]
    assert texts.null_count() == 0
    clean = normalize.normalize(texts, Normalization()).texts
    assert len(clean) == len(texts)
    clean.str.to_lowercase()  # valid UTF-8, or polars raises
    fold(clean)


def bomb(path: Path, megabytes: int) -> None:
    """One record of so many million bytes that compresses to next to nothing."""
    with (gzip if path.suffix == ".gz" else zstandard).open(path, "wb") as file:
        file.write(b'{"text": "')
        for _ in range(megabytes):
            file.write(b"a" * 1_000_000)
        file.write(b'"}\n{"text": "after"}\n')


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_record_that_unpacks_without_end_is_skipped(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"bomb.jsonl.{ending}"
    bomb(path, 2 * MAX_RECORD_BYTES // 1_000_000)
    assert path.stat().st_size < 1_000_000
    source = Source(name="bomb", path=str(path))
    rules = []
    texts: list[str] = []
    for file in readers.resolve(source):
        for block in readers.cut(file, source, block_bytes=8_000_000):
            assert len(block.payload) < MAX_RECORD_BYTES + 16_000_000
            parsed = readers.parse(block, source)
            rules += [fault.rule for fault in parsed.faults]
            texts += parsed.documents["text"].to_list()
    assert texts == ["after"]
    assert len(rules) == 1


def test_entities_of_xml_are_not_expanded(tmp_path: Path) -> None:
    """A billion laughs, and a file that must not be read."""
    secret = tmp_path / "secret"
    secret.write_text("do not read this")
    levels = "".join(f'<!ENTITY l{n} "{"".join([f"&l{n - 1};"] * 10)}">' for n in range(1, 10))
    for head, use in (
        (f'<!ENTITY l0 "ha">{levels}', "&l9;"),
        (f'<!ENTITY l9 SYSTEM "{secret.as_uri()}">', "&l9;"),
    ):
        path = tmp_path / "laughs.tmx"
        path.write_text(
            f'<?xml version="1.0"?><!DOCTYPE tmx [{head}]><tmx version="1.4"><body><tu><tuv xml:lang="en"><seg>{use}'
            "</seg></tuv><tuv xml:lang='ar'><seg>نص</seg></tuv></tu></body></tmx>",
            encoding="utf-8",
        )
        source = Source(name="laughs", path=str(path), text_columns=PAIRED["tmx"])
        assert "do not read this" not in "".join(read(path, source)["text"])


def test_a_document_with_markup_stays_text_in_the_card(
    tmp_path: Path, build: Any, writer: Any, jsonl: Any
) -> None:
    script = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
    records = [{"text": f"{script} {writer.text()}", "url": f"javascript:{script}"} for _ in range(20)]
    path = jsonl(tmp_path / "in.jsonl", [*records, *records[:5]])
    build(
        build.config(
            output_dir=str(tmp_path / "out"),
            sources=[{"name": "web", "path": str(path), "domain": script, "license": script}],
            workers=1,
        )
    )
    page = (tmp_path / "out" / "card.html").read_text(encoding="utf-8")
    assert "alert(" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "javascript:<" not in page


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "..", "a/b", "\\..\\x", ""])
def test_a_source_cannot_name_a_place_outside(name: str, tmp_path: Path, build: Any, jsonl: Any) -> None:
    path = jsonl(tmp_path / "in" / "a.jsonl", [{"text": "نص"}])
    config = build.config(output_dir=str(tmp_path / "out"), sources=[{"name": name, "path": str(path)}])
    said = build(config, code=2).stderr
    assert "name" in said.splitlines()[-1]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["config.yaml", "in"]


def opus(directory: Path, document: str) -> tuple[pl.DataFrame, list[str]]:
    """Documents and rules of the faults of an alignment that points to `document`."""
    (directory / "ar").mkdir(parents=True, exist_ok=True)
    (directory / "ar" / "a.xml").write_text('<text><s id="1">نص</s></text>', encoding="utf-8")
    path = directory / "ar-en.xml"
    path.write_text(
        f'<cesAlign><linkGrp fromDoc="ar/a.xml" toDoc="{document}"><link xtargets="1;1"/></linkGrp></cesAlign>'
    )
    source = Source(name="opus", path=str(path), format="opus", text_columns={"en": "en", "ar": "ar"})
    frames, rules = [pl.DataFrame(schema=READ_COLUMNS)], []
    for file in readers.resolve(source):
        for block in readers.cut(file, source, block_bytes=1 << 16):
            parsed = readers.parse(block, source)
            frames.append(parsed.documents.select(list(READ_COLUMNS)))
            rules += [fault.rule for fault in parsed.faults]
    return pl.concat(frames), rules


@pytest.mark.parametrize("document", ["en/../../../secret.xml", "../secret.xml", "en/../../secret.xml.gz"])
def test_an_alignment_cannot_read_outside_its_directory(document: str, tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "in"):
        place.mkdir(exist_ok=True)
        (place / "secret.xml").write_text('<text><s id="1">do not read this</s></text>')
    documents, rules = opus(tmp_path / "in" / "corpus", document)
    assert documents.is_empty()
    assert rules == ["outside_document"]


def packed(path: Path, content: bytes, damage: str = "") -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../en/a.xml", content)
        archive.writestr("xml/en/a.xml", content)
    if damage == "cut":
        os.truncate(path, path.stat().st_size // 2)
    if damage == "noise":
        data = bytearray(path.read_bytes())
        data[60:90] = b"x" * 30
        path.write_bytes(data)
    if damage == "encrypted":
        data = bytearray(path.read_bytes())
        for start in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
            data[start] |= 1
        path.write_bytes(data)


@pytest.mark.parametrize("damage", ["cut", "noise", "encrypted"])
def test_a_damaged_zip_of_documents_is_a_fault(damage: str, tmp_path: Path) -> None:
    packed(tmp_path / "en.zip", b'<text><s id="1">' + os.urandom(200).hex().encode() + b"</s></text>", damage)
    assert opus(tmp_path, "en/a.xml")[1] == ["broken_file"]


def test_documents_that_unpack_without_end_are_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a zip and as a packed file; nothing of the zip is put on the disk, whatever its entries are called."""
    monkeypatch.setattr(opus_reader, "MAX_DOCUMENT_BYTES", 2 << 20)
    endless = b'<text><s id="1">' + b"a" * (8 << 20) + b"</s></text>"
    (tmp_path / "zipped").mkdir()
    packed(tmp_path / "zipped" / "en.zip", endless)
    assert opus(tmp_path / "zipped", "en/a.xml")[1] == ["too_long"]
    (tmp_path / "plain" / "en").mkdir(parents=True)
    (tmp_path / "plain" / "en" / "a.xml.gz").write_bytes(gzip.compress(endless))
    assert opus(tmp_path / "plain", "en/a.xml.gz")[1] == ["too_long"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["plain", "zipped"]
    packed(tmp_path / "zipped" / "en.zip", b'<text><s id="1">short</s></text>')
    assert sorted(opus(tmp_path / "zipped", "en/a.xml")[0]["text"]) == ["short", "نص"]


@pytest.mark.parametrize("path", ["../outside.parquet", "/etc/passwd", "shards/../../outside.parquet", "", 5])
def test_a_manifest_cannot_name_a_shard_outside(path: Any, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    manifest = {"shards": [{"path": path, "source": "a"}], "config": {"sources": [{"name": "a"}]}}
    (tmp_path / "corpus" / "manifest.json").write_text(json.dumps(manifest))
    for open_corpus in (read_manifest, measure):
        with pytest.raises(CorpusError, match="not a corpus manifest"):
            open_corpus(tmp_path / "corpus")


def test_a_zip_is_no_format(tmp_path: Path, build: Any) -> None:
    """No reader unpacks archives, so that no path within one can lead anywhere."""
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../outside.jsonl", json.dumps({"text": "نص"}))
    config = build.config(output_dir=str(tmp_path / "out"), sources=[{"name": "zip", "path": str(path)}])
    assert "says no format" in build(config, code=2).stderr
