"""Formats of lines: hand-derived values, slow twins, any block size, injected faults."""

import bz2
import csv
import gzip
import io
import json
import pickle
import tempfile
from pathlib import Path

import fsspec
import numpy as np
import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import CorpusError
from corpus.readers import Fault, blocks, checksum, cut, jsonl, parse, resolve
from corpus.readers.delimited import record_ends
from corpus.schema import READ_COLUMNS
from corpus.sources import Source

PAIR = {"en": "source", "ar": "target"}


def source_of(path, **options):
    return Source(name="s", path=str(path), **options)


def read(source, block_bytes=1 << 20):
    """All documents and faults of a source, by way of pickled blocks as workers get them."""
    documents, faults = [], []
    for file in resolve(source):
        row = 1
        for block in cut(file, source, block_bytes):
            assert block.first_row == row
            row += block.num_rows
            parsed = parse(pickle.loads(pickle.dumps(block)), source)
            assert dict(parsed.documents.schema) == READ_COLUMNS
            assert all(
                len(fault.excerpt) <= 200 and (fault.excerpt + "x").isprintable() for fault in parsed.faults
            )
            documents.append(parsed.documents)
            faults += parsed.faults
    return pl.concat(documents), faults


def rules(faults):
    return [(fault.position, fault.rule) for fault in faults]


def write(directory, name, data):
    path = directory / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def zst(data):
    return zstandard.ZstdCompressor().compress(data)


def lines(*records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


class TestJsonLines:
    def test_columns_of_a_document(self, tmp_path):
        data = lines(
            {"id": 7, "text": "سلام", "url": "http://a", "license": "CC0", "genre": "news"},
            {"id": 8, "text": "", "url": None, "genre": ""},
        )
        path = write(tmp_path, "a.jsonl", data)
        options = {
            "language": "ar",
            "domain": "web",
            "url": "http://s",
            "license": "MIT",
            "domain_column": "genre",
        }
        documents, faults = read(source_of(path, **options))
        assert faults == []
        assert documents.rows() == [
            ("7", 1, "سلام", "ar", "news", "http://a", "CC0", None),
            ("8", 2, "", "ar", "web", "http://s", "MIT", None),
        ]

    def test_sides_of_a_pair_are_neighbors(self, tmp_path):
        path = write(
            tmp_path,
            "a.jsonl",
            lines({"source": "one", "target": "واحد"}, {"source": "two", "target": "اثنان"}),
        )
        documents, _ = read(source_of(path, kind="parallel", text_columns=PAIR))
        assert documents.select("row", "pair", "language", "text").rows() == [
            (1, 1, "en", "one"),
            (1, 1, "ar", "واحد"),
            (2, 2, "en", "two"),
            (2, 2, "ar", "اثنان"),
        ]

    @pytest.mark.parametrize(
        ("line", "rule"),
        [
            (b'{"text": "a"', "invalid_json"),
            (b'{"text": "a"} {"text": "b"}', "invalid_json"),
            (b'{"text": "\xff"}', "invalid_utf8"),
            (b'{"text": "a", "other": "\xff"}', "invalid_utf8"),
            (b'{"other": "a"}', "missing_column"),
            (b'{"text": null}', "missing_column"),
            (b'{"text": 5}', "not_text"),
            (b'{"text": ["a"]}', "not_text"),
            (b'["text"]', "bad_record"),
            (rb'{"text": "a\ud800"}', "lone_surrogate"),
            (rb'{"text": "a\udc00b"}', "lone_surrogate"),
            (rb'{"text": "a", "id": "\udfff"}', "lone_surrogate"),
            (b'{"text": "a\tb"}', "invalid_json"),
            (b'{"text": "a", "x": Inf}', "invalid_json"),
        ],
    )
    def test_a_bad_record_takes_no_sound_one_with_it(self, tmp_path, line, rule):
        path = write(tmp_path, "a.jsonl", b'{"text": "first"}\n' + line + b'\n{"text": "last"}\n')
        documents, faults = read(source_of(path))
        assert documents.select("row", "text").rows() == [(1, "first"), (3, "last")]
        assert rules(faults) == [("row 2", rule)]
        assert faults[0].path == str(path)
        # alone in its block, where the columnar parser meets it first
        assert read(source_of(path), block_bytes=1)[1] == faults

    def test_odd_but_sound_records(self, tmp_path):
        data = rb"""{"text": "nul \u0000 kept", "x": NaN}
{"text": "pair \ud83d\ude00", "other": "\ud800"}

{"text": "a", "text": "twice", "id": 1.5}
{"text": "b", "id": 123456789012345678901234567890, "url": true}
"""
        documents, faults = read(source_of(write(tmp_path, "a.jsonl", data.replace(b"\n", b"\r\n"))))
        assert faults == []
        assert documents.select("row", "text", "record", "url").rows() == [
            (1, "nul \0 kept", None, ""),
            (2, "pair 😀", None, ""),
            (4, "twice", "1.5", ""),
            (5, "b", "123456789012345678901234567890", "true"),
        ]

    def test_two_objects_on_a_line_do_not_stand_in_for_a_blank_line(self, tmp_path):
        path = write(tmp_path, "a.jsonl", '{"text": "a"}{"text": "b"}\n\n{"text":\n"c"}\n{"text": "d"}\n')
        documents, faults = read(source_of(path))
        assert documents.select("row", "text").rows() == [(5, "d")]
        assert rules(faults) == [
            ("row 1", "invalid_json"),
            ("row 3", "invalid_json"),
            ("row 4", "invalid_json"),
        ]

    def test_a_number_longer_than_python_converts_is_no_fault(self, tmp_path):
        number = b'{"text": "a", "n": ' + b"9" * 5000 + b"}\n"
        for data in (number, number + b"{\n"):
            assert read(source_of(write(tmp_path, "a.jsonl", data)))[0]["text"].to_list() == ["a"]

    def test_usual_records_take_the_fast_path(self):
        payload = lines({"id": 1, "text": "سلام", "x": [1, {}]}, {"id": 2, "text": "b"}).encode()
        assert jsonl._parse_columns(payload, 2, source_of("x")) is not None
        assert jsonl._parse_columns(payload.replace(b'"b"', b"5"), 2, source_of("x")) is None

    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from(["id", "text", "url", "other"]),
                st.one_of(
                    st.text(),
                    st.integers(-(2**65), 2**65),
                    st.none(),
                    st.booleans(),
                    st.floats(),
                    st.lists(st.text(), max_size=2),
                ),
            )
            | st.fixed_dictionaries({"text": st.text(), "id": st.integers(-5, 5)}),
            min_size=1,
            max_size=6,
        ),
        st.booleans(),
        st.integers(1, 200),
    )
    @settings(max_examples=80, deadline=None)
    def test_columns_and_lines_agree(self, records, ascii_only, block_bytes):
        data = b"".join(
            json.dumps(record, ensure_ascii=ascii_only).encode(errors="replace") + b"\n" for record in records
        )
        source = source_of("x", domain_column="other")
        block = blocks.Block(path="x", format="jsonl", first_row=1, num_rows=len(records), payload=data)
        twin = jsonl._parse_lines(block, source)
        parsed = parse(block, source)
        assert parsed.documents.equals(twin.documents)
        assert parsed.faults == twin.faults
        payloads = data.splitlines(keepends=True)
        single = [
            parse(blocks.Block(path="x", format="jsonl", first_row=row, num_rows=1, payload=payload), source)
            for row, payload in enumerate(payloads, 1)
        ]
        assert pl.concat([each.documents for each in single]).equals(twin.documents)
        assert [fault for each in single for fault in each.faults] == twin.faults

    def test_a_misspelt_column_is_refused_with_those_there(self, tmp_path):
        path = write(tmp_path, "a.jsonl", lines({"content": "a", "id": 1}, {"title": "b"}))
        with pytest.raises(CorpusError, match=r"no column 'text'; it has content, id, title"):
            read(source_of(path))
        with pytest.raises(CorpusError, match="no column 'genre'"):
            read(source_of(path, text_column="content", domain_column="genre"))


class TestCompression:
    DATA = lines(*({"text": f"نص {i} " * 20} for i in range(400))).encode()

    @pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("zst", zst), ("bz2", bz2.compress)])
    def test_members_are_read_one_after_the_other(self, tmp_path, ending, pack):
        half = self.DATA.index(b"\n", len(self.DATA) // 2) - 5
        path = write(tmp_path, f"a.jsonl.{ending}", pack(self.DATA[:half]) + pack(self.DATA[half:]))
        plain, _ = read(source_of(write(tmp_path, "b.jsonl", self.DATA)))
        documents, faults = read(source_of(path), block_bytes=1000)
        assert faults == []
        assert documents.equals(plain)
        assert documents.height == 400

    @pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("zst", zst), ("bz2", bz2.compress)])
    def test_what_stands_before_a_break_is_kept(self, tmp_path, ending, pack):
        noise = np.random.default_rng(0).integers(33, 90, (400, 300), np.uint8)
        data = lines(*({"text": line.tobytes().decode()} for line in noise)).encode()
        first, second = data[: len(data) // 2], data[len(data) // 2 :]
        packed = pack(first) + pack(second)
        path = write(tmp_path, f"a.jsonl.{ending}", packed[: len(pack(first)) + 40])
        documents, faults = read(source_of(path))
        assert 190 < documents.height < 400
        assert (
            documents["text"].to_list()
            == [json.loads(line)["text"] for line in data.splitlines()][: documents.height]
        )
        assert [fault.rule for fault in faults] == ["truncated_file"]
        assert read(source_of(path), block_bytes=999)[1] == faults

    def test_noise_behind_a_member_and_files_that_are_not_packed(self, tmp_path):
        path = write(tmp_path, "a.jsonl.gz", gzip.compress(b'{"text": "a"}\n') + b"noise")
        documents, faults = read(source_of(path))
        assert (documents["text"].to_list(), [fault.rule for fault in faults]) == (["a"], ["broken_file"])
        padded = write(tmp_path, "b.jsonl.gz", gzip.compress(b'{"text": "a"}\n') + b"\0" * 9000)
        assert rules(read(source_of(padded))[1]) == []
        for ending in ("gz", "zst", "bz2"):
            with_no_bytes = write(tmp_path, f"c.jsonl.{ending}", b"plain")
            documents, faults = read(source_of(with_no_bytes))
            assert (documents.height, [fault.rule for fault in faults]) == (0, ["broken_file"])

    @pytest.mark.parametrize(
        "name",
        [
            "a.jsonl",
            "a.jsonl.gz",
            "a.csv",
            "a.tsv",
            "a.txt",
            "wiki_00",
            "a.parquet",
            "a.warc",
            "a.tmx",
            "a.po",
        ],
    )
    def test_an_empty_file_is_one_fault(self, tmp_path, name):
        options = {
            "a.tmx": {"text_columns": {"en": "en", "ar": "ar"}},
            "a.po": {"text_columns": {"en": "msgid", "ar": "msgstr"}},
        }
        data = gzip.compress(b"") if name.endswith("gz") else b""
        documents, faults = read(source_of(write(tmp_path, name, data), **options.get(name, {})))
        assert documents.height == 0
        assert [fault.rule for fault in faults] == ["empty_file"]


class TestTooLong:
    def test_a_record_over_the_limit_is_skipped_to_its_end(self, tmp_path, monkeypatch):
        monkeypatch.setattr(blocks, "MAX_RECORD_BYTES", 1000)
        fits = json.dumps(
            {"text": "x" * 987}
        ).encode()  # 12 bytes around the text: 999, and 1000 with the line end
        over = json.dumps({"text": "x" * 988}).encode()
        long = json.dumps({"text": "y" * 50_000}).encode()
        path = write(tmp_path, "a.jsonl", b"\n".join([fits, over, fits, long, b'{"text": "z"}']))
        results = [read(source_of(path), block_bytes) for block_bytes in (1, 7, 999, 1000, 4000, 1 << 20)]
        for documents, faults in results:
            assert documents["row"].to_list() == [1, 3, 5]
            assert rules(faults) == [("row 2", "too_long"), ("row 4", "too_long")]
            assert faults == results[0][1]
        assert faults[1].detail == f"{len(long) + 1} bytes from byte 3001, more than 1000"

    def test_at_the_end_of_the_file(self, tmp_path, monkeypatch):
        monkeypatch.setattr(blocks, "MAX_RECORD_BYTES", 100)
        path = write(tmp_path, "a.txt", b"short\n" + b"x" * 5000)
        documents, faults = read(source_of(path, text_unit="line"))
        assert documents["text"].to_list() == ["short"]
        assert [fault.detail for fault in faults] == ["5000 bytes from byte 6, more than 100"]

    def test_memory_stays_bounded(self, tmp_path):
        import tracemalloc

        path = tmp_path / "a.jsonl.gz"
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(b'{"text": "')
            for _ in range(200):
                file.write(b"x" * (1 << 20))
            file.write(b'"}\n{"text": "after"}\n')
        tracemalloc.start()
        documents, faults = read(source_of(path), block_bytes=8 << 20)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert documents.select("row", "text").rows() == [(2, "after")]
        assert rules(faults) == [("row 1", "too_long")]
        assert peak < 4.5 * (64 << 20)


class TestDelimited:
    def test_quotes_line_ends_and_odd_widths(self, tmp_path):
        data = '\ufeffid,text\n1,"a ""b"",\nc"\n2,5" pipe\n\n3\n4,d\n5,e,f\n'
        documents, faults = read(source_of(write(tmp_path, "a.csv", data)))
        assert documents.select("row", "record", "text").rows() == [
            (1, "1", 'a "b",\nc'),
            (2, "2", '5" pipe'),
            (5, "4", "d"),
        ]
        assert rules(faults) == [("row 4", "bad_record"), ("row 6", "bad_record")]

    def test_tsv_pairs_and_invalid_bytes(self, tmp_path):
        data = "source\ttarget\r\none, two\tواحد\r\n".encode() + b"\xff\tx\r\nlast\ty"
        documents, faults = read(
            source_of(write(tmp_path, "a.tsv", data), kind="parallel", text_columns=PAIR)
        )
        assert documents.select("row", "text").rows() == [(1, "one, two"), (1, "واحد"), (3, "last"), (3, "y")]
        assert rules(faults) == [("row 2", "invalid_utf8")]

    @pytest.mark.parametrize("limit", [64 << 20, 40])
    def test_a_quote_that_never_closes_costs_one_line(self, tmp_path, monkeypatch, limit):
        monkeypatch.setattr(blocks, "MAX_RECORD_BYTES", limit)
        path = write(tmp_path, "a.csv", 'text\na\n"open\n' + "b\n" * 30)
        for block_bytes in (1, 10, 1 << 20):
            documents, faults = read(source_of(path), block_bytes)
            assert documents["text"].to_list() == ["a", *["b"] * 30]
            assert rules(faults) == [("row 2", "bad_record")]

    @given(st.text(alphabet='ab",\n\r\0é', max_size=40))
    @settings(max_examples=150, deadline=None)
    def test_records_end_where_python_ends_them(self, text):
        text = text.replace("\r", "") + "\n"
        data = text.encode()
        ends = record_ends(np.frombuffer(data, np.uint8), ord(",")).tolist()
        reader = csv.reader(io.StringIO(text, newline=""))
        expected = list(reader)
        if text.encode()[
            ends[-1] if ends else 0 :
        ]:  # an open quote: Python takes the rest as one more record
            expected.pop()
        slices = [data[a:b].decode() for a, b in zip([0, *ends[:-1]], ends, strict=False)]
        assert [next(csv.reader([each])) for each in slices] == expected

    def test_blank_lines_before_the_header_are_passed_over(self, tmp_path):
        data = b"\n \r\ntext,x\nfirst,1\n\nsecond,2\n"
        documents, faults = read(source_of(write(tmp_path, "a.csv", data)))
        assert (documents["text"].to_list(), faults) == (["first", "second"], [])
        documents, faults = read(source_of(write(tmp_path, "b.csv", b"\n\n")))
        assert (documents.height, [fault.rule for fault in faults]) == (0, ["empty_file"])
        with pytest.raises(CorpusError, match="has no column"):
            read(source_of(write(tmp_path, "c.csv", b'\n""a,i-\n,i-\n"\n')))
        with pytest.raises(CorpusError, match="the first megabyte is blank"):
            read(source_of(write(tmp_path, "d.csv", b"\n" * (1 << 20) + b"text\na\n")))

    def test_header(self, tmp_path):
        with pytest.raises(CorpusError, match="no column 'text'; it has a, b"):
            read(source_of(write(tmp_path, "a.csv", "a,b\n1,2\n")))
        with pytest.raises(CorpusError, match="names 'text' twice"):
            read(source_of(write(tmp_path, "b.csv", "text,text\n1,2\n")))
        with pytest.raises(CorpusError, match="set encoding"):
            read(source_of(write(tmp_path, "c.csv", b"text,\xe4\n1,2\n")))
        assert [fault.rule for fault in read(source_of(write(tmp_path, "d.csv", "text\n")))[1]] == [
            "empty_file"
        ]


class TestPlainText:
    TEXT = "  first\nline\n \t\n\nsecond\r\n\r\n\n third  \n"

    def test_units(self, tmp_path):
        path = write(tmp_path, "a.txt", self.TEXT)
        texts = {
            unit: read(source_of(path, text_unit=unit))[0].select("row", "text").rows()
            for unit in ("file", "paragraph", "line")
        }
        assert texts["file"] == [(1, self.TEXT)]
        assert texts["paragraph"] == [(1, "first\nline"), (2, "second"), (3, "third  ")]
        assert texts["line"] == [(1, "  first"), (2, "line"), (5, "second"), (8, " third  ")]

    def test_encodings(self, tmp_path):
        for encoding in ("cp1256", "utf-16", "utf-8-sig"):
            path = write(tmp_path, "a.txt", "سلام\nعليكم".encode(encoding))
            documents, faults = read(source_of(path, encoding=encoding, text_unit="line"))
            assert (documents["text"].to_list(), faults) == (["سلام", "عليكم"], [])
        path = write(tmp_path, "b.txt", "é\n".encode() + b"\n\xff\nb")
        documents, faults = read(source_of(path, encoding="ascii", text_unit="line"))
        assert (documents["text"].to_list(), rules(faults)) == (["é", "b"], [("row 3", "invalid_utf8")])
        path = write(tmp_path, "c.txt", b"a\n\x81x\nb")  # 0x81 0x78 is no character of Shift JIS X 0208
        documents, faults = read(source_of(path, encoding="cp1253", text_unit="line"))
        assert (documents["text"].to_list(), len(faults)) in [(["a", "b"], 1), (["a", "\x81x", "b"], 0)]

    def test_wikiextractor(self, tmp_path):
        data = (
            '<doc id="12" url="https://x?curid=12&amp;a=1" title="ا > ب">\nعنوان\n\nنص\n\n</doc>\n'
            'stray</doc>\n<doc id="13" url="" title="t">\nb\n</doc>\n<doc id="14" url="" title="u">\nbroken'
        )
        for name, packed in (("wiki_00", data.encode()), ("wiki_01.bz2", bz2.compress(data.encode()))):
            documents, faults = read(source_of(write(tmp_path, name, packed)), block_bytes=16)
            assert documents.select("row", "record", "url", "text").rows() == [
                (1, "12", "https://x?curid=12&a=1", "عنوان\n\nنص"),
                (3, "13", "", "b"),
            ]
            assert rules(faults) == [("row 2", "bad_record"), ("row 4", "bad_record")]

    @pytest.mark.parametrize("unit", ["line", "paragraph"])
    @given(text=st.text(alphabet="ab \n\r\té", max_size=60), block_bytes=st.integers(1, 40))
    @settings(max_examples=100, deadline=None)
    def test_any_block_size_reads_the_same(self, unit, text, block_bytes):
        with tempfile.TemporaryDirectory() as directory:
            source = source_of(write(Path(directory), "a.txt", text), text_unit=unit)
            documents, faults = read(source)
            again, faults_again = read(source, block_bytes)
            assert again.equals(documents)
            assert faults_again == faults
            split = text.replace("\r", " ").split("\n")
            if unit == "line":
                assert documents["row"].to_list() == [
                    row for row, line in enumerate(split, 1) if line.strip()
                ]
            else:
                words = " ".join(documents["text"]).split()
                assert words == text.split()
                assert all("\n\n" not in paragraph for paragraph in documents["text"])

    def test_a_sea_of_blanks_is_crossed_fast(self, tmp_path):
        path = write(tmp_path, "a.txt", b"a\n" + b" " * 500_000 + b"\n" * 500_000 + b"b")
        documents, _ = read(source_of(path, text_unit="paragraph"), block_bytes=1 << 18)
        assert documents["text"].to_list() == ["a", "b"]


@given(
    records=st.lists(
        st.sampled_from(
            [
                b'{"text": "a"}',
                b'{"text": "\\u0633", "id": 3}',
                b"",
                b"{",
                b'{"text": "\xff"}',
                b'{"text": 1}',
                b'{"id": 2}',
            ]
        ),
        max_size=12,
    ),
    block_bytes=st.integers(1, 80),
    end=st.sampled_from([b"", b"\n"]),
)
@settings(max_examples=80, deadline=None)
def test_any_block_size_reads_the_same_json_lines(records, block_bytes, end):
    records = [b'{"text": "head"}', *records]
    with tempfile.TemporaryDirectory() as directory:
        source = source_of(write(Path(directory), "a.jsonl", b"\n".join(records) + end))
        documents, faults = read(source)
        again, faults_again = read(source, block_bytes)
    assert again.equals(documents)
    assert faults_again == faults
    assert documents.height == 1 + sum(
        record in {b'{"text": "a"}', b'{"text": "\\u0633", "id": 3}'} for record in records
    )


@given(
    cells=st.lists(st.tuples(st.text(alphabet='a",\n é'), st.text(alphabet='a",\n é')), max_size=8),
    block_bytes=st.integers(1, 60),
    delimiter=st.sampled_from([",", "\t"]),
)
@settings(max_examples=80, deadline=None)
def test_any_block_size_reads_back_what_csv_wrote(cells, block_bytes, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([("source", "target"), *cells])
    with tempfile.TemporaryDirectory() as directory:
        name = "a.csv" if delimiter == "," else "a.tsv"
        path = write(Path(directory), name, text.getvalue())
        documents, faults = read(source_of(path, kind="parallel", text_columns=PAIR), block_bytes)
    assert documents["text"].to_list() == [cell for pair in cells for cell in pair]
    assert [fault.rule for fault in faults] == ([] if cells else ["empty_file"])


class TestResolve:
    def test_globs_directories_and_lists(self, tmp_path, monkeypatch):
        for name in ("b.jsonl", "a.jsonl.gz", "sub/c.txt", "sub/_SUCCESS", ".hidden/d.jsonl"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            write(tmp_path, name, "{}")
        files = resolve(source_of(tmp_path))
        assert [Path(file.path).name for file in files] == ["a.jsonl.gz", "b.jsonl", "c.txt"]
        assert [file.format for file in files] == ["jsonl", "jsonl", "text"]
        monkeypatch.chdir(tmp_path)
        assert [
            file.path for file in resolve(Source(name="s", path=["sub/*.txt", "*.jsonl*", "b.jsonl"]))
        ] == [
            "sub/c.txt",
            "a.jsonl.gz",
            "b.jsonl",
        ]

    def test_the_stamp_changes_with_the_file(self, tmp_path):
        path = write(tmp_path, "a.txt", "a")
        before = resolve(source_of(path))[0]
        assert resolve(source_of(path))[0] == before
        assert (before.bytes, checksum(before)) == (
            1,
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        )
        write(tmp_path, "a.txt", "ab")
        assert resolve(source_of(path))[0].stamp != before.stamp

    def test_remote_files(self):
        with fsspec.open("memory://readers/a.jsonl.gz", "wb") as file:
            file.write(gzip.compress(b'{"text": "a"}\n'))
        for path in ("memory://readers/a.jsonl.gz", "memory://readers/*.gz", "memory://readers"):
            (file,) = resolve(source_of(path))
            assert file.path == "memory://readers/a.jsonl.gz" or file.path == "memory:///readers/a.jsonl.gz"
            documents, faults = read(source_of(path))
            assert (documents["text"].to_list(), faults) == (["a"], [])
            assert len(checksum(file)) == 64

    @pytest.mark.parametrize(
        ("name", "options", "message"),
        [
            ("nothing-*.jsonl", {}, "matches no file"),
            ("missing.jsonl", {}, "matches no file"),
            ("a.docx", {}, "the ending of .* says no format"),
            ("a.txt", {"text_columns": PAIR}, "has no columns"),
            ("a.jsonl", {"kind": "parallel"}, "needs text_columns"),
            ("a.tmx", {}, "format tmx needs text_columns"),
            ("a.po", {"text_columns": PAIR}, "msgid and msgstr"),
            ("a.txt", {"encoding": "klingon"}, "encoding 'klingon' is not known"),
            ("unknown://x/a.jsonl", {}, "cannot be read"),
        ],
    )
    def test_mistakes(self, tmp_path, name, options, message):
        for each in ("a.docx", "a.txt", "a.jsonl", "a.tmx", "a.po"):
            write(tmp_path, each, "x")
        with pytest.raises(CorpusError, match=message) as caught:
            resolve(source_of(name if "://" in name else tmp_path / name, **options))
        assert "\n" not in str(caught.value)

    def test_a_file_that_vanishes(self, tmp_path):
        source = source_of(write(tmp_path, "a.jsonl", "{}"))
        (file,) = resolve(source)
        (tmp_path / "a.jsonl").unlink()
        with pytest.raises(CorpusError, match="cannot be opened"):
            list(cut(file, source))


def test_a_fault_knows_its_row():
    assert Fault("p", "row 12", "r", "d", "").row == 12
    assert Fault("p", "byte 12", "r", "d", "").row is None
