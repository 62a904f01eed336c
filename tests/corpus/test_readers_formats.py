"""Tables, crawls and parallel formats: hand-derived values, planted faults, any block size."""

import gzip
import io
import json

import polars as pl
import pytest
from fastwarc.stream_io import GzipReader
from fastwarc.warc import ArchiveIterator

from corpus.errors import CorpusError
from corpus.readers import blocks, checksum, cut, parse, resolve
from corpus.readers.catalogs import _form_for_one
from corpus.sources import Source

SIDES = {"en": "en", "ar": "ar"}


def source_of(path, **options):
    return Source(name="s", path=str(path), **options)


def read(source, block_bytes=1 << 20):
    documents, faults = [], []
    for file in resolve(source):
        row = 1
        for block in cut(file, source, block_bytes):
            assert block.first_row == row
            row += block.num_rows
            parsed = parse(block, source)
            documents.append(parsed.documents)
            faults += parsed.faults
    return pl.concat(documents), faults


def rules(faults):
    return [(fault.position, fault.rule) for fault in faults]


def reads_the_same(source, sizes=(1, 100, 1 << 22)):
    results = [read(source, size) for size in sizes]
    for documents, faults in results[1:]:
        assert documents.equals(results[0][0])
        assert faults == results[0][1]
    return results[0]


class TestParquet:
    def test_columns(self, tmp_path):
        path = tmp_path / "a.parquet"
        pl.DataFrame({"id": [5, 6, 7], "text": ["a", None, "c"], "other": [[1], [2], [3]]}).write_parquet(
            path
        )
        documents, faults = reads_the_same(source_of(path, language="ar"))
        assert documents.select("record", "row", "text", "language").rows() == [
            ("5", 1, "a", "ar"),
            ("7", 3, "c", "ar"),
        ]
        assert rules(faults) == [("row 2", "missing_column")]

    def test_metadata_of_any_type(self, tmp_path):
        """Lists and objects are JSON, as in JSON lines; bytes are UTF-8 or nothing."""
        path = tmp_path / "a.parquet"
        columns = {
            "text": ["a", "b"],
            "id": [b"\xff\x00", "سلام".encode()],
            "license": [["mit", "apache"], None],
            "url": [{"page": 1}, {"page": 2}],
        }
        pl.DataFrame(columns).write_parquet(path)
        documents, faults = reads_the_same(source_of(path, license="cc0"))
        assert documents.select("record", "license", "url").rows() == [
            (None, '["mit", "apache"]', '{"page": 1}'),
            ("سلام", "cc0", '{"page": 2}'),
        ]
        assert faults == []

    def test_pairs_and_categories(self, tmp_path):
        path = tmp_path / "a.parquet"
        frame = pl.DataFrame({"en": ["x", "y"], "ar": ["س", "ص"]}, schema_overrides={"en": pl.Categorical})
        frame.write_parquet(path)
        documents, faults = reads_the_same(source_of(path, text_columns=SIDES))
        assert documents.select("pair", "text").rows() == [(1, "x"), (1, "س"), (2, "y"), (2, "ص")]
        assert faults == []

    def test_long_texts(self, tmp_path, monkeypatch):
        path = tmp_path / "a.parquet"
        pl.DataFrame({"text": ["short", "x" * 101, "y" * 100]}).write_parquet(path)
        monkeypatch.setattr(blocks, "MAX_RECORD_BYTES", 100)
        documents, faults = read(source_of(path))
        assert documents["row"].to_list() == [1, 3]
        assert rules(faults) == [("row 2", "too_long")]

    def test_mistakes_and_damage(self, tmp_path):
        path = tmp_path / "a.parquet"
        pl.DataFrame({"body": [1]}).write_parquet(path)
        with pytest.raises(CorpusError, match="no column 'text'; it has body"):
            read(source_of(path))
        with pytest.raises(CorpusError, match="holds int64, not text"):
            read(source_of(path, text_column="body"))
        path.write_bytes(path.read_bytes()[:-10])
        documents, faults = read(source_of(path))
        assert (documents.height, [fault.rule for fault in faults]) == (0, ["broken_file"])


class TestDatasets:
    def test_saved_and_plain_directories(self, tmp_path):
        datasets = pytest.importorskip("datasets")
        rows = {"id": [str(i) for i in range(7)], "text": [f"نص {i}" for i in range(6)] + [None]}
        datasets.DatasetDict({"train": datasets.Dataset.from_dict(rows)}).save_to_disk(
            str(tmp_path / "saved")
        )
        source = source_of(tmp_path / "saved", language="ar")
        (file,) = resolve(source)
        assert file.format == "datasets"
        assert len(file.parts) >= 3
        assert len(checksum(file)) == 64
        documents, faults = reads_the_same(source)
        assert documents.select("row", "record", "text").rows() == [
            (i + 1, str(i), f"نص {i}") for i in range(6)
        ]
        assert rules(faults) == [("row 7", "missing_column")]
        with pytest.raises(CorpusError, match="'nosuch'"):
            read(source_of(tmp_path / "saved", split="nosuch"))
        with pytest.raises(CorpusError, match="no column 'body'"):
            read(source_of(tmp_path / "saved", text_column="body"))


def http(body, headers=b"Content-Type: text/html; charset=utf-8\r\n", status=b"200 OK"):
    return b"HTTP/1.1 " + status + b"\r\n" + headers + b"\r\n" + body


def warc_record(kind, content, number, content_type=b"application/http; msgtype=response"):
    head = (
        b"WARC/1.0\r\nWARC-Type: %s\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-%012d>\r\n"
        b"WARC-Target-URI: http://site/%d\r\nWARC-Date: 2024-01-01T00:00:00Z\r\nContent-Type: %s\r\n"
        b"Content-Length: %d\r\n\r\n"
    )
    return head % (kind, number, number, content_type, len(content)) + content + b"\r\n\r\n"


PAGE = "<html><head><title>t</title></head><body><main><p>{}</p></main><script>x()</script></body></html>"


class TestWarc:
    def records(self):
        packed = gzip.compress(PAGE.format("مضغوط").encode())
        return [
            warc_record(b"warcinfo", b"software: x\r\n", 0, b"application/warc-fields"),
            warc_record(b"response", http(PAGE.format("مرحبا بالعالم").encode()), 1),
            warc_record(b"request", b"GET / HTTP/1.1\r\n\r\n", 2, b"application/http; msgtype=request"),
            warc_record(b"response", http(b"gone", status=b"404 Not Found"), 3),
            warc_record(b"response", http(b"\x89PNG", b"Content-Type: image/png\r\n"), 4),
            warc_record(
                b"response",
                http(
                    PAGE.format("سلام").encode("cp1256"), b"Content-Type: text/html; charset=windows-1256\r\n"
                ),
                5,
            ),
            warc_record(b"conversion", "نص من WET".encode(), 6, b"text/plain"),
            warc_record(
                b"response",
                http(packed, b"Content-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\n"),
                7,
            ),
        ]

    @pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
    def test_pages(self, tmp_path, name):
        path = tmp_path / name
        records = self.records()
        path.write_bytes(
            b"".join(gzip.compress(r) for r in records) if name.endswith("gz") else b"".join(records)
        )
        documents, faults = reads_the_same(source_of(path, language="ar"))
        assert documents.select("row", "url", "text").rows() == [
            (1, "http://site/1", "مرحبا بالعالم"),
            (4, "http://site/5", "سلام"),
            (5, "http://site/6", "نص من WET"),
            (6, "http://site/7", "مضغوط"),
        ]
        assert documents["record"][0] == "00000000-0000-0000-0000-000000000001"
        assert rules(faults) == [("row 2", "http_error"), ("row 3", "not_text")]

    def test_a_truncated_archive_keeps_whole_pages(self, tmp_path):
        records = [gzip.compress(record) for record in self.records()]
        path = tmp_path / "a.warc.gz"
        path.write_bytes(b"".join(records[:2]) + records[5] + records[6][:60])
        documents, faults = reads_the_same(source_of(path))
        assert documents["text"].to_list() == ["مرحبا بالعالم", "سلام"]
        assert [fault.rule for fault in faults] == ["truncated_file"]
        plain = tmp_path / "b.warc"
        plain.write_bytes(self.records()[1] + self.records()[5][:-60])
        documents, faults = reads_the_same(source_of(plain))
        assert documents["text"].to_list() == ["مرحبا بالعالم"]
        assert rules(faults) == [("row 2", "truncated_file")]

    def test_long_pages_and_noise(self, tmp_path, monkeypatch):
        path = tmp_path / "a.warc"
        long = warc_record(b"conversion", b"x" * 5000, 8, b"text/plain")
        path.write_bytes(long + self.records()[6])
        monkeypatch.setattr(blocks, "MAX_RECORD_BYTES", 2000)
        documents, faults = reads_the_same(source_of(path))
        assert documents.select("row", "text").rows() == [(2, "نص من WET")]
        assert rules(faults) == [("row 1", "too_long")]
        path.write_bytes(b"this is no archive\n" * 100)
        documents, faults = read(source_of(path))
        assert documents.height == 0
        assert len(faults) == 1

    def test_the_fixture_is_what_fastwarc_takes_for_an_archive(self):
        packed = io.BytesIO(b"".join(gzip.compress(record) for record in self.records()))
        assert sum(1 for _ in ArchiveIterator(GzipReader(packed))) == 8


TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en"/><body>
<tu tuid="u1"><tuv xml:lang="en-US"><seg>One <bpt i="1">&lt;b></bpt>bold<ept i="1">&lt;/b></ept> word</seg>
</tuv>
<tuv xml:lang="AR"><seg>كلمة <hi>عريضة</hi> واحدة</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>Alone</seg></tuv><tuv xml:lang="arz"><seg>لوحده</seg></tuv></tu>
<tu><tuv lang="ar_EG"><seg>ثلاثة &amp; أربعة</seg></tuv><tuv lang="en"><seg>Three</seg></tuv></tu>
"""


class TestTmx:
    def test_units(self, tmp_path):
        path = tmp_path / "a.tmx"
        path.write_text(TMX + "</body></tmx>", encoding="utf-8")
        documents, faults = reads_the_same(source_of(path, kind="parallel", text_columns=SIDES))
        assert documents.select("record", "pair", "language", "text").rows() == [
            ("u1", 1, "en", "One bold word"),
            ("u1", 1, "ar", "كلمة عريضة واحدة"),
            (None, 3, "en", "Three"),
            (None, 3, "ar", "ثلاثة & أربعة"),
        ]
        assert rules(faults) == [("row 2", "missing_column")]

    def test_breaks(self, tmp_path, monkeypatch):
        source = source_of(tmp_path / "*.tmx*", kind="parallel", text_columns=SIDES)
        path = tmp_path / "a.tmx"
        path.write_text(TMX + "<tu><seg></tu>", encoding="utf-8")
        documents, faults = reads_the_same(source)
        assert documents["pair"].to_list() == [1, 1, 3, 3]
        assert [fault.rule for fault in faults] == ["missing_column", "broken_file"]
        path.write_text('<!DOCTYPE tmx [<!ENTITY a "aaaa">]><tmx>&a;</tmx>', encoding="utf-8")
        assert [fault.rule for fault in read(source)[1]] == ["broken_file"]
        path.write_text(TMX + "<tu><seg>" + "x" * 300_000 + "</seg></tu></body></tmx>", encoding="utf-8")
        monkeypatch.setattr(blocks, "MAX_RECORD_BYTES", 100_000)
        documents, faults = reads_the_same(source)
        assert documents["pair"].to_list() == [1, 1, 3, 3]
        assert [fault.rule for fault in faults] == ["missing_column", "too_long"]


PO = r"""msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : 4;\n"

msgctxt "menu"
msgid "Open"
msgstr "افتح"

msgid "Line\n"
"two"
msgstr "سطر\n"
"ثان"

msgid "%d day"
msgid_plural "%d days"
msgstr[0] "لا أيام"
msgstr[1] "يوم واحد"
msgstr[2] ""

#, fuzzy
msgid "Guess"
msgstr "تخمين"

msgid "Nothing"
msgstr ""

#~ msgid "Old"
#~ msgstr "قديم"
"""


class TestPo:
    def source(self, path):
        return source_of(path, kind="parallel", text_columns={"en": "msgid", "ar": "msgstr"})

    def test_messages(self, tmp_path):
        path = tmp_path / "ar.po"
        path.write_text(PO, encoding="utf-8")
        documents, faults = reads_the_same(self.source(path))
        assert documents.filter(language="en").select("record", "pair", "text").rows() == [
            ("menu", 1, "Open"),
            (None, 2, "Line\ntwo"),
            (None, 3, "%d days"),
            (None, 4, "%d day"),
        ]
        assert documents.filter(language="ar")["text"].to_list() == [
            "افتح",
            "سطر\nثان",
            "لا أيام",
            "يوم واحد",
        ]
        assert rules(faults) == [
            ("row 5", "untranslated"),
            ("row 6", "fuzzy"),
            ("row 7", "untranslated"),
            ("row 8", "obsolete"),
        ]

    def test_other_encodings_and_bad_entries(self, tmp_path):
        path = tmp_path / "ar.po.gz"
        path.write_bytes(gzip.compress(PO.replace("UTF-8", "cp1256").encode("cp1256")))
        assert read(self.source(path))[0].filter(language="ar")["text"][0] == "افتح"
        broken = PO.encode().replace(b'msgid "Nothing"', b'nonsense "Nothing"')
        broken = broken.replace("افتح".encode(), b"\xff")
        path.write_bytes(gzip.compress(broken))
        documents, faults = read(self.source(path))
        assert documents.filter(language="en")["text"].to_list() == ["Line\ntwo", "%d days", "%d day"]
        assert sorted(fault.rule for fault in faults) == [
            "bad_record",
            "fuzzy",
            "invalid_utf8",
            "obsolete",
            "untranslated",
        ]

    @pytest.mark.parametrize(
        ("header", "index"),
        [
            ("nplurals=2; plural=(n != 1);", 0),
            ("nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : 2;", 1),
            ("", 0),
            ("plural=n=", 0),
        ],
    )
    def test_form_for_one(self, header, index):
        assert _form_for_one(header) == index


class TestMoses:
    def write(self, directory, english, arabic):
        (directory / "corpus.en").write_bytes(english)
        (directory / "corpus.ar.gz").write_bytes(gzip.compress(arabic))

    @pytest.mark.parametrize("prefix", ["", "/corpus", "/corpus."])
    def test_sides(self, tmp_path, prefix):
        self.write(tmp_path, b"one\ntwo\r\n\xff\nfour", "واحد\nاثنان\nثلاثة\nأربعة\n".encode())
        names = {"en": "en", "ar": "ar.gz"} if prefix else {"en": "corpus.en", "ar": "corpus.ar.gz"}
        source = source_of(f"{tmp_path}{prefix}", format="moses", kind="parallel", text_columns=names)
        documents, faults = reads_the_same(source, (1, 5, 1 << 20))
        assert documents.select("pair", "text").rows() == [
            (1, "one"),
            (1, "واحد"),
            (2, "two"),
            (2, "اثنان"),
            (4, "four"),
            (4, "أربعة"),
        ]
        assert rules(faults) == [("row 3", "invalid_utf8")]

    def test_unequal_sides_and_long_lines(self, tmp_path, monkeypatch):
        monkeypatch.setattr(blocks, "MAX_RECORD_BYTES", 10)
        self.write(tmp_path, b"a\nb\n" + b"c" * 30 + b"\nd\ne\nf\n", b"1\n2\n3\n4\n")
        names = {"en": "corpus.en", "ar": "corpus.ar.gz"}
        documents, faults = reads_the_same(
            source_of(tmp_path, format="moses", text_columns=names), (1, 5, 1 << 20)
        )
        assert documents["text"].to_list() == ["a", "1", "b", "2", "d", "4"]
        assert rules(faults) == [("row 3", "too_long"), ("byte 0", "unequal_sides")]
        assert "corpus.en has 6 lines" in faults[1].detail
        assert "corpus.ar.gz has 4 lines" in faults[1].detail

    def test_a_side_that_is_not_there(self, tmp_path):
        with pytest.raises(CorpusError, match="found none of"):
            resolve(source_of(tmp_path, format="moses", text_columns=SIDES))


def test_help_stays_quick():
    import subprocess
    import sys

    heavy = ["numba", "pyarrow.parquet", "fastwarc", "polib", "datasets", "resiliparse"]
    code = f"import corpus.readers, sys, json; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
