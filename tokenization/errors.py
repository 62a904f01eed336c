"""The one exception root of this package."""

from corpus.errors import DaadError


class TokenizationError(DaadError):
    """A tokenizer, text or setting that cannot be used; one line that says what, where, which rule, what to do."""
