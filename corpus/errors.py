"""What a user did wrong, or data that cannot be used: one root, and under it one exception for each room."""


class DaadError(Exception):
    """A mistake of the user's, or data that cannot be used.

    Its message is one line that says what, where, which rule, and what to do; entries print it and exit with code 2.
    """


class CorpusError(DaadError):
    """A `DaadError` of the corpus room."""


def cause_of(error: BaseException, most: int = 200) -> str:
    r"""What a library's exception says, in one line of at most so many characters, to be told inside ours.

    Its first paragraph: Polars, for one, goes on with its query's plan.

    >>> cause_of(ValueError("no such   file\nhere\n\nPlan: ...")), cause_of(TimeoutError())
    ('no such file here', 'TimeoutError()')
    """
    paragraph = str(error).strip().partition("\n\n")[0]
    return " ".join((paragraph or repr(error)).split())[:most]
