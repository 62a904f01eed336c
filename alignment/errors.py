"""The one exception root of this package."""

from corpus.errors import DaadError


class AlignmentError(DaadError):
    """Data, a model or a setting that cannot be used; one line: what, where, which rule, what to do."""
