"""Inputs made from seeds without knowing what they mean: bytes changed, and values of JSON replaced by odd ones."""

import json
import random
from copy import deepcopy
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, -(2**63), float("nan"), float("inf"), "", "a", "\x00", "\ud800", "\u202e", "١", [],
    {}, [[]], [None], {"": None}, "0" * 5000, ["a", "b"], {"type": "Sequence"}, 1e-320, "<script>",
)  # fmt: skip
PIECES = (
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r", b"\n\n", b'"', b"{", b"[" * 2000, b"{\"a\":" * 2000, b"<!ENTITY", b"]]>",
    b"9" * 400, b"-1", b"NaN", b"\\ud800", b"\xed\xa0\x80", b"\xd9", b"%s", b"../", b"\x1f\x8b", b"\x28\xb5\x2f\xfd",
)  # fmt: skip


def mutated(seed: bytes, draw: random.Random) -> bytes:
    """A changed copy of a seed."""
    if draw.random() < 0.6:
        lines = seed.splitlines(keepends=True)
        place = draw.randrange(len(lines)) if lines else 0
        try:
            content = json.loads(lines[place]) if lines else None
        except ValueError:
            content = None
        if isinstance(content, dict | list):
            for _ in range(draw.randint(1, 3)):
                _replace_one(content, draw)
            lines[place] = (
                json.dumps(content, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass") + b"\n"
            )
            return b"".join(lines)
    data = bytearray(seed)
    for _ in range(draw.randint(1, 4)):
        at = draw.randint(0, len(data))
        choice = draw.randrange(5)
        if choice == 0:
            data[at:at] = draw.choice(PIECES)
        elif choice == 1:
            del data[at : at + draw.randint(1, 20)]
        elif choice == 2 and at < len(data):
            data[at] = draw.randrange(256)
        elif choice == 3:
            data[at:at] = data[draw.randint(0, len(data)) :][:40]
        else:
            del data[at:]
    return bytes(data)


def _replace_one(content: Any, draw: random.Random) -> None:
    """Replace, remove or add one value somewhere inside."""
    inside = content
    while True:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        if not keys:
            break
        key = draw.choice(keys)
        if isinstance(inside[key], dict | list) and draw.random() < 0.7:
            inside = inside[key]
            continue
        if draw.random() < 0.25:
            del inside[key]
        else:
            inside[key] = deepcopy(draw.choice(ODD))
        return
    if isinstance(inside, dict):
        inside[str(draw.choice(("type", "model", "a", "")))] = deepcopy(draw.choice(ODD))
    else:
        inside.append(deepcopy(draw.choice(ODD)))
