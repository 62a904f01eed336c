"""The one exception root of this package."""

from corpus.errors import DaadError


class BenchmarkError(DaadError):
    """A task, file, model or setting that cannot be used; one line that says what, where, which rule, what to do."""
