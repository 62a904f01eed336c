"""Personal data is masked: e-mail addresses, telephone numbers, IP addresses and bank accounts (IBAN).

One compiled pass finds the lines that could hold any; patterns with checks run on those lines only. Nothing
heavy is loaded before the first call.
"""

from typing import TYPE_CHECKING, Any

from corpus.privacy.settings import Privacy

if TYPE_CHECKING:
    from corpus.privacy.masking import Masked, mask

__all__ = ["Masked", "Privacy", "mask"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from corpus.privacy import masking

        return getattr(masking, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
