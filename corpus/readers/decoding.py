"""Bytes become text, or null where they are not UTF-8."""

from collections.abc import Sequence

import polars as pl


def decode(records: Sequence[bytes | None] | pl.Series) -> pl.Series:
    r"""Decode a column of bytes; what is not UTF-8 becomes null.

    >>> decode([b"a", b"\xff", None]).to_list()
    ['a', None, None]
    """
    column = pl.Series("", records, dtype=pl.Binary)
    try:
        return column.cast(pl.String)
    except (
        pl.exceptions.ComputeError
    ):  # polars does not say which one: only such a column is taken one by one
        return pl.Series("", [_decode_one(record) for record in column], dtype=pl.String)


def is_utf8(data: bytes) -> bool:
    """Whether all bytes together are UTF-8."""
    return decode([data]).null_count() == 0


def _decode_one(record: bytes | None) -> str | None:
    try:
        return None if record is None else record.decode()
    except UnicodeDecodeError:
        return None
