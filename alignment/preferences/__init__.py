"""Preference data of every common form as one frame of pairs, and what could not be used, line by line.

`read_preferences` is the way in, `encode_pairs` makes token ids of what it read. Nothing that breaks a rule is trained
on: it stands in the rejects with its file, line, rule and detail.
"""

from typing import TYPE_CHECKING, Any

from alignment.preferences.settings import PairSchema

if TYPE_CHECKING:
    from alignment.preferences.encoding import EncodedPairs, encode_pairs
    from alignment.preferences.reading import Preferences, read_preferences

__all__ = ["EncodedPairs", "PairSchema", "Preferences", "encode_pairs", "read_preferences"]


def __getattr__(name: str) -> Any:
    if name in ("Preferences", "read_preferences"):
        from alignment.preferences import reading

        return getattr(reading, name)
    if name in ("EncodedPairs", "encode_pairs"):
        from alignment.preferences import encoding

        return getattr(encoding, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
