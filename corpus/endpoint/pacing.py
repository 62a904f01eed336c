"""When the next request may go, and how long to wait after a fault."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


class Pace:
    """Turns of requests from many threads, so many in a minute at most."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 60.0 / per_minute if per_minute else 0.0
        self._clock = clock
        self._next = clock()
        self._lock = threading.Lock()

    def turn(self) -> float:
        """Take the next turn; seconds until it comes."""
        with self._lock:
            now = self._clock()
            start = max(now, self._next)
            self._next = start + self._interval
            return start - now

    def hold(self, seconds: float) -> None:
        """Give no turn for so long: the endpoint asked to be left alone."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)


def wait_before(attempt: int, *, first: float, longest: float, random: float) -> float:
    """Seconds before an attempt (from 1, the first repetition): doubled each time, half of it by chance.

    `random` lies in [0, 1). Chance keeps many clients from coming back all at once (AWS, Exponential Backoff and
    Jitter, 2015, "equal jitter").

    >>> [wait_before(attempt, first=1.0, longest=5.0, random=0.0) for attempt in (1, 2, 3, 4)]
    [0.5, 1.0, 2.0, 2.5]
    """
    whole = min(longest, first * 2.0 ** min(attempt - 1, 60))
    return whole / 2 + random * whole / 2


def retry_after(header: str | None, now: datetime | None = None) -> float:
    """Seconds that a Retry-After header asks for (RFC 9110, section 10.2.3); 0 where there is none or it is no time.

    >>> retry_after("2.5"), retry_after(None), retry_after("soon")
    (2.5, 0.0, 0.0)
    """
    text = (header or "").strip()
    try:
        return max(0.0, float(text)) if text and float(text) < float("inf") else 0.0
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
