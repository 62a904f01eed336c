"""An endpoint that refuses everything has a fault of its own; a request that is refused by itself has not."""

from collections.abc import Iterable

from corpus.endpoint.errors import EndpointError
from corpus.endpoint.requests import Reply

FIRST = 8
"""So many refusals at the start of a run, all with one status, end it."""


class Refusing:
    """What the endpoint did with the requests of a run, by kind, until it has answered one of that kind."""

    def __init__(self) -> None:
        self._answered: set[str] = set()
        self._refused: dict[str, list[Reply]] = {}

    def see(self, kind: str, reply: Reply) -> None:
        """Take note of a reply; a kept answer counts, as the endpoint gave it to the same settings.

        Raises:
            EndpointError: It is one of the first `FIRST`, which were all refused with the same status.
        """
        if not reply.refusal:
            self._answered.add(kind)
        elif kind not in self._answered:
            self._refused.setdefault(kind, []).append(reply)
            self._check(kind, FIRST)

    def check_all(self, kinds: Iterable[str], requests: int) -> None:
        """Raise too where fewer than `FIRST` requests, but at least two, were all there was to ask.

        Raises:
            EndpointError: All were refused with the same status.
        """
        if requests > 1:
            for kind in kinds:
                self._check(kind, requests)

    def _check(self, kind: str, least: int) -> None:
        found = self._refused.get(kind, [])
        statuses = {reply.status for reply in found}
        if kind in self._answered or len(found) < least or len(statuses) > 1 or 0 in statuses:
            return
        raise EndpointError(
            f"every one of the first {len(found)} requests was refused, {found[0].refusal}: "
            "check model, and whether the endpoint takes such requests"
        )
