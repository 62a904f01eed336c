"""What a user did wrong, or data that cannot be used: one root, and under it one exception for each room."""


class DaadError(Exception):
    """A mistake of the user's, or data that cannot be used.

    Its message is one line that says what, where, which rule, and what to do; entries print it and exit with code 2.
    """


class CorpusError(DaadError):
    """A `DaadError` of the corpus room."""
