"""The one exception root of this package."""


class CorpusError(Exception):
    """A mistake of the user's, or data that cannot be used.

    Its message is one line that says what, where, which rule, and what to do; entries print it and exit with code 2.
    """
