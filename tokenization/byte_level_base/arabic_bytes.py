"""Which bytes are Arabic: what a new piece may be made of, so that no other text can ever meet it."""

import unicodedata
from functools import lru_cache

from tokenization.arabic_script import is_arabic

_PIECE_CATEGORIES = "LMNPS"  # letters, marks, digits, punctuation, signs: no controls, nothing unassigned
_BYTE = 0xFF


@lru_cache(maxsize=4096)
def may_join(character: str) -> bool:
    """Whether a new piece may hold this character: Arabic, and no control character.

    >>> may_join("\N{ARABIC LETTER ALEF}"), may_join("\N{ARABIC LETTER MARK}"), may_join("a")
    (True, False, False)
    """
    return is_arabic(character) and unicodedata.category(character)[0] in _PIECE_CATEGORIES


def split_tail(data: bytes) -> tuple[bytes, bytes]:
    r"""Part bytes into whole UTF-8 characters and the beginning of one that is cut off.

    >>> split_tail(b"a\xd8"), split_tail(b"a"), split_tail(b"\xef\xba")
    ((b'a', b'\xd8'), (b'a', b''), (b'', b'\xef\xba'))
    """
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        return (data[:-back], data[-back:]) if length > back else (data, b"")
    return data, b""


def continues(data: bytes) -> bool:
    r"""Whether bytes begin inside a character.

    >>> continues(b"\x80a"), continues(b"\xd8\xa7")
    (True, False)
    """
    return bool(data) and data[0] & 0xC0 == 0x80


@lru_cache(maxsize=65536)
def is_whole(data: bytes) -> bool:
    r"""Whether bytes are Arabic characters that may join, at least one, perhaps after one space.

    >>> is_whole(" \N{ARABIC LETTER ALEF}".encode()), is_whole(b" "), is_whole(b"\xd8")
    (True, False, False)
    """
    try:
        text = data.removeprefix(b" ").decode()
    except UnicodeDecodeError:
        return False
    return bool(text) and all(map(may_join, text))


@lru_cache(maxsize=65536)
def is_admitted(data: bytes) -> bool:
    r"""Whether a new piece may stand for these bytes.

    They are Arabic characters, perhaps after one space, of which the last may be cut off where every character that
    begins so is Arabic: 0xD8 begins only Arabic letters, while 0xEF 0xBB begins the byte order mark as well.

    >>> is_admitted("\N{ARABIC LETTER ALEF}".encode() + b"\xd9"), is_admitted(b"\xef\xbb"), is_admitted(b" ")
    (True, False, False)
    """
    whole, tail = split_tail(data)
    if not tail:
        return is_whole(data)
    return (whole in (b"", b" ") or is_whole(whole)) and _begins_arabic(tail)


@lru_cache(maxsize=256)
def _begins_arabic(tail: bytes) -> bool:
    """Whether every character whose UTF-8 begins with these bytes is Arabic."""
    lead, length = tail[0], 2 if tail[0] < 0xE0 else 3 if tail[0] < 0xF0 else 4
    value = lead & (_BYTE >> (length + 1))
    for byte in tail[1:]:
        value = value << 6 | byte & 0x3F
    missing = 6 * (length - len(tail))
    return all(is_arabic(chr(code_point)) for code_point in range(value << missing, (value + 1) << missing))
