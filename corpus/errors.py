"""What a user did wrong, or data that cannot be used: one root, and under it one exception for each room."""


class DaadError(Exception):
    """A mistake of the user's, or data that cannot be used.

    Its message is one line that says what, where, which rule, and what to do; entries print it and exit with code 2.
    """


class CorpusError(DaadError):
    """A `DaadError` of the corpus room."""


def cause_of(error: BaseException, most: int = 200) -> str:
    """What a library's exception says, in one line of at most so many characters, to be told inside ours.

    >>> cause_of(ValueError("no such   file")), cause_of(TimeoutError())
    ('no such file', 'TimeoutError()')
    """
    return " ".join((str(error) or repr(error)).split())[:most]
