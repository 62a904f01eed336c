"""What can go wrong with an endpoint: for good, for this request only, or for a while."""

from corpus.errors import CorpusError


class EndpointError(CorpusError):
    """An endpoint that cannot be used; one line that says what, where, which rule, what to do."""


class RefusedError(EndpointError):
    """The endpoint refuses this one request; others may go on.

    Attributes:
        status: HTTP status of the refusal; 0 where the request only failed on every attempt.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class TransientError(EndpointError):
    """A fault that may pass.

    Attributes:
        retry_after: Seconds that the endpoint asks to be left alone; 0 where it does not say.
    """

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
