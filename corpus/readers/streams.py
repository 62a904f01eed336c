"""Files as streams of decompressed bytes that keep what came before a break, and say where and how."""

import bz2
import codecs
import zlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Protocol, Self

import fsspec

from corpus.errors import CorpusError

COMPRESSIONS = (".gz", ".zst", ".bz2")

PLAIN_PIECE_BYTES = 1 << 20
PACKED_PIECE_BYTES = 4 << 10  # zstd can grow a piece 32,000-fold: 4 KiB keeps even that at 128 MiB


class Decompressor(Protocol):
    """What zlib, bz2 and zstandard have in common."""

    @property
    def eof(self) -> bool:
        """Whether a member has ended."""

    @property
    def unused_data(self) -> bytes:
        """Bytes behind the end of the member."""

    def decompress(self, data: bytes, /) -> bytes:
        """Decompress the next bytes."""


class _BrokenError(Exception):
    """The file ends or turns to noise before its time: `rule`, `detail`."""


class ByteStream:
    """Decompressed bytes of one file.

    Attributes:
        offset: Bytes handed out so far (a byte order mark counts, though it is left out).
        ended: Whether everything was handed out.
        broken: Rule and detail of the break, where the file broke off.
        failed: The error of the disk or the connection, which a library that reads from here may hide.
    """

    def __init__(self, path: str, encoding: str | None = "utf-8") -> None:
        """Open a file; text in another encoding is recoded to UTF-8, None leaves all bytes alone."""
        try:
            self._file: Any = fsspec.open(path, "rb").open()
        except OSError as error:
            raise CorpusError(
                f"{path}: cannot be opened ({error}): check the path and its permissions"
            ) from error
        self.offset = 0
        self.ended = False
        self.broken: tuple[str, str] | None = None
        self.failed: OSError | None = None
        self._pieces = _decompressed(self._file, path)
        if encoding is not None and codecs.lookup(encoding).name not in {"utf-8", "ascii", "utf-8-sig"}:
            self._pieces = _recoded(self._pieces, encoding)
        self._rest = b""
        if encoding is not None:
            self._leave_out_mark()

    def read(self, size: int = PLAIN_PIECE_BYTES) -> bytes:
        """The next `size` bytes; fewer only at the end."""
        parts, length = [self._rest], len(self._rest)
        while length < size and not self.ended:
            try:
                piece = next(self._pieces)
                parts.append(piece)
                length += len(piece)
            except StopIteration:
                self.ended = True
            except _BrokenError as error:
                self.ended = True
                self.broken = (error.args[0], error.args[1])
            except OSError as error:
                self.failed = error
                raise
        data = b"".join(parts)
        data, self._rest = (data[:size], data[size:]) if len(data) > size else (data, b"")
        self.ended = self.ended and not self._rest
        self.offset += len(data)
        return data

    def tell(self) -> int:
        """Bytes handed out so far, as fastwarc asks for them."""
        return self.offset

    @property
    def position(self) -> int:
        """Bytes read of the file on disk."""
        return int(self._file.tell()) if not self._file.closed else 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _leave_out_mark(self) -> None:
        start = self.read(len(codecs.BOM_UTF8))
        if start == codecs.BOM_UTF8:
            return
        self._rest = start + self._rest
        self.offset = 0
        self.ended = self.ended and not self._rest


class WatchedFile:
    """An open file for a library that hides why a read failed.

    Attributes:
        failed: The error of the disk or the connection.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self.failed: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        """As the file's own."""
        try:
            data: bytes = self._file.read(size)
        except OSError as error:
            self.failed = error
            raise
        return data


def _decompressed(file: Any, path: str) -> Iterator[bytes]:
    name = path.lower()
    if name.endswith(".gz"):
        return _inflated(file, lambda: zlib.decompressobj(wbits=31), b"\0")
    if name.endswith(".bz2"):
        return _inflated(file, bz2.BZ2Decompressor)
    if name.endswith(".zst"):
        import zstandard

        return _inflated(file, zstandard.ZstdDecompressor().decompressobj)
    return iter(lambda: file.read(PLAIN_PIECE_BYTES), b"")


def _inflated(file: Any, open_member: Callable[[], Decompressor], padding: bytes = b"") -> Iterator[bytes]:
    """Decompress members (gz) or frames (zst) one after the other; `padding` may stand between them."""
    member: Decompressor | None = None
    while packed := file.read(PACKED_PIECE_BYTES):
        while packed:
            if member is None:
                packed = packed.lstrip(padding) if padding else packed
                if not packed:
                    break
                member = open_member()
            try:
                yield member.decompress(packed)
            except Exception as error:
                raise _BrokenError("broken_file", f"decompression failed: {error}") from error
            packed = member.unused_data if member.eof else b""
            member = None if member.eof else member
    if member is not None:
        raise _BrokenError("truncated_file", "the compressed data breaks off")


def _recoded(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Recode to UTF-8; bytes unknown to the encoding become 0xFF, which no UTF-8 has, to be found as such."""
    codecs.register_error("daad_not_utf8", lambda error: ("\udcff", error.end))  # type: ignore[attr-defined]
    decoder = codecs.getincrementaldecoder(encoding)("daad_not_utf8")
    for piece in pieces:
        yield decoder.decode(piece).encode(errors="surrogateescape")
    yield decoder.decode(b"", final=True).encode(errors="surrogateescape")
