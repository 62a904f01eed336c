"""The one exception root of this package."""

from corpus.errors import DaadError


class PretrainingError(DaadError):
    """Data, a model, a layout or a setting that cannot be used; one line: what, where, which rule, what to do."""
