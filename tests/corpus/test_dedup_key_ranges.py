"""Records that wait in files come back as those that never left memory, and nothing of the files stays behind."""

import errno
import os
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.dedup import key_ranges
from corpus.dedup.key_ranges import KeyRanges
from corpus.pipeline.units import SignatureFile

KEYS = st.integers(0, (1 << 64) - 1)


def given_back(pieces: list[np.ndarray], directory: Path | None) -> list[list[tuple[int, ...]]]:
    with KeyRanges(2, directory) as spread:
        for piece in pieces:
            spread.add(piece)
        return [[tuple(record) for record in records.tolist()] for records in spread.ranges()]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(KEYS, max_size=9), max_size=6), st.sampled_from([1, 5, 1 << 22]))
def test_records_come_back_by_range_in_their_order(keys: list[list[int]], limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_ranges, "VALUES_IN_MEMORY", limit)
        numbered = [(key, place) for place, key in enumerate(key for piece in keys for key in piece)]
        pieces, start = [], 0
        for piece in keys:
            pieces.append(np.array(numbered[start : start + len(piece)], np.uint64).reshape(-1, 2))
            start += len(piece)
        ranges = given_back(pieces, None)
    if len(ranges) == 1:
        assert ranges[0] == numbered
        return
    assert ranges == [[record for record in numbered if record[0] >> 57 == number] for number in range(128)]


def test_spilled_records_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ranges, "VALUES_IN_MEMORY", 10)
    with KeyRanges(1, tmp_path) as spread:
        spread.add(np.arange(20, dtype=np.uint64)[:, np.newaxis] << np.uint64(57))
        assert list(tmp_path.iterdir()) == []  # a kill from here on leaves nothing either
        assert sum(len(records) for records in spread.ranges()) == 20


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ranges, "VALUES_IN_MEMORY", 1)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(key_ranges.os, "write", full)
    with KeyRanges(1, tmp_path) as spread, pytest.raises(OSError, match="No space left") as raised:
        spread.add(np.zeros((3, 1), np.uint64))
    assert raised.value.filename == str(tmp_path)


def test_a_file_that_was_cut_is_no_small_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ranges, "VALUES_IN_MEMORY", 1)
    with KeyRanges(2, None) as spread:
        spread.add(np.zeros((3, 2), np.uint64))
        spread.add(np.zeros((3, 2), np.uint64))
        assert spread._file is not None
        spread._file.truncate(80)
        with pytest.raises(OSError, match="ends too early"):
            list(spread.ranges())


def test_one_file_serves_all_ranges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems let a process open 256 files."""
    monkeypatch.setattr(key_ranges, "VALUES_IN_MEMORY", 10)
    before = psutil.Process().num_fds()
    with KeyRanges(1, tmp_path) as spread:
        for _ in range(5):
            spread.add(np.arange(128, dtype=np.uint64)[:, np.newaxis] << np.uint64(57))
        assert psutil.Process().num_fds() == before + 1
        assert [len(records) for records in spread.ranges()] == [5] * 128


def test_signatures_of_a_file_are_those_of_the_array(tmp_path: Path) -> None:
    rows = np.random.default_rng(3).integers(0, 1 << 32, (50, 8), dtype=np.uint32)
    rows.tofile(tmp_path / "rows")
    file = SignatureFile(tmp_path / "rows", 50, 8)
    for wanted in ([], [49], [3, 0, 3, 17], list(range(50))):
        places = np.array(wanted, np.int64)
        assert np.array_equal(file[places], rows[places])
    with pytest.raises(OSError, match="ends too early"):
        file[np.array([50])]
