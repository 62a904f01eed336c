"""Text as it streams onto a terminal: whole characters only, and isolates around each line where they are wanted."""

import unicodedata
from collections.abc import Iterable, Iterator

RIGHT_TO_LEFT, LEFT_TO_RIGHT = "\N{RIGHT-TO-LEFT ISOLATE}", "\N{LEFT-TO-RIGHT ISOLATE}"
END = "\N{POP DIRECTIONAL ISOLATE}"

_BROKEN = "\N{REPLACEMENT CHARACTER}"


def whole_characters(pieces: Iterable[str]) -> Iterator[str]:
    r"""The pieces without a character that is still being written: its first bytes decode to U+FFFD at the end.

    A replacement character with text behind it is the model's own and stays.

    >>> list(whole_characters(["ab\ufffd", "c", "d\ufffd\ufffd"]))
    ['ab', '\ufffdc', 'd']
    """
    held = ""
    for piece in pieces:
        text = held + piece
        shown = text.rstrip(_BROKEN)
        held = text[len(shown) :]
        if shown:
            yield shown


def isolated(pieces: Iterable[str]) -> Iterator[str]:
    r"""The same text with every line inside isolates, in the direction of its first letter.

    What comes before the first letter of a line waits for it. Nothing is reshaped or reordered: that is the terminal's.

    >>> "".join(isolated(["a\n", "1 \N{ARABIC LETTER BEH}", " b"])).encode("ascii", "backslashreplace").decode()
    '\\u2066a\\u2069\n\\u20671 \\u0628 b\\u2069'
    """
    waiting, opened = "", False
    for piece in pieces:
        shown = []
        for letter in piece:
            if letter == "\n":
                shown.append((waiting if not opened else END) + "\n")
                waiting, opened = "", False
            elif opened:
                shown.append(letter)
            else:
                waiting += letter
                kind = unicodedata.bidirectional(letter)
                if kind in ("L", "R", "AL"):
                    shown.append((LEFT_TO_RIGHT if kind == "L" else RIGHT_TO_LEFT) + waiting)
                    waiting, opened = "", True
        if shown:
            yield "".join(shown)
    if waiting or opened:
        yield waiting if not opened else END
