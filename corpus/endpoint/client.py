"""The client: requests in, replies out in the same order, each asked and paid once."""

import math
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tqdm import tqdm

from corpus.endpoint.cache import ReplyCache
from corpus.endpoint.errors import EndpointError, RefusedError, TransientError
from corpus.endpoint.ledger import Ledger, cost
from corpus.endpoint.pacing import Pace, wait_before
from corpus.endpoint.refusing import Refusing
from corpus.endpoint.requests import Reply, Request, read_event, read_reply, without_lone_surrogates
from corpus.endpoint.settings import EndpointSettings
from corpus.endpoint.transport import Transport

Answer = TypeVar("Answer")

_LONGEST_RETRY_AFTER = 3600.0


class Endpoint:
    """An OpenAI-compatible endpoint with a cache of its replies; a context manager.

    Attributes:
        settings: As given, with the model's name filled in.
        ledger: Counts of this run.
    """

    def __init__(self, settings: EndpointSettings, cache_dir: Path) -> None:
        """Open the cache; the endpoint itself is not asked for anything but its model's name, where that is not set.

        Raises:
            EndpointError: No url is set, the cache cannot be used, or the endpoint lists no model or several.
        """
        if not settings.url:
            raise EndpointError("endpoint: no url is set: give the base of one, as http://localhost:8000/v1")
        self.ledger = Ledger()
        self._cache = ReplyCache(cache_dir)
        self._transport = Transport(settings)
        self._pace = Pace(settings.requests_per_minute)
        self._stopped = threading.Event()
        self._answered = 0
        self._refusing = Refusing()
        self.settings = settings
        self._paid_before = 0.0
        try:
            self.settings = replace(settings, model=settings.model or self._only_model())
        except EndpointError as error:
            self.close()
            raise EndpointError(self._named(error)) from error
        except BaseException:
            self.close()
            raise
        # Others' answers in the same file have other prices.
        self._paid_before = cost(*self._cache.tokens(self.settings.model)[1:], settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and cache."""
        self._transport.close()
        self._cache.close()

    def ask(self, requests: Sequence[Request], *, desc: str = "asking") -> list[Reply]:
        """Replies in the order of the requests; a request that stands there twice is sent once.

        A request that the endpoint refuses (too long, filtered) has a reply with `refusal`. Every answer is kept in the
        cache as it comes, so after an error or a kill the same call sends only what is missing.

        Raises:
            EndpointError: The endpoint cannot be reached, denies access, fails on every attempt, or has refused all
                that it was asked for (`Refusing`); or the budget is spent.
        """
        keys = [self._key(request) for request in requests]
        unique = dict(zip(keys, requests, strict=True))
        found: dict[str, Reply] = {}
        with tqdm(total=len(unique), desc=desc, unit="request", disable=None) as bar:
            for key, reply in self._answers(unique):
                found[key] = reply
                self.ledger.add(reply)
                bar.update()
        return [found[key] for key in keys]

    def stream(self, request: Request) -> Iterator[str]:
        """Pieces of one chat's answer as they are written; a kept one comes as a whole.

        Faults before the first piece are waited out; the whole answer is kept when it has ended.

        Raises:
            EndpointError: As `ask`; also where the stream breaks off, or the endpoint refuses the request.
        """
        key = self._key(request)
        kept = self._cache.get(key)
        if kept is not None:
            self.ledger.add(kept)
            yield kept.text
            return
        self._stopped.clear()
        reply = Reply()
        try:
            for event in self._with_attempts(lambda: self._first_event(request)):
                piece, reply = read_event(event, reply)
                if piece:
                    yield piece
        except EndpointError as error:
            raise EndpointError(f"{self._named(error)}: ask again") from error
        self._keep(key, request, replace(reply, text=without_lone_surrogates(reply.text)))
        self.ledger.add(reply)

    def summary(self) -> dict[str, Any]:
        """Counts and cost of this run, and of all answers of the model that the cache holds; ready for JSON."""
        replies, prompts, completions = self._cache.tokens(self.settings.model)
        kept = {"answers": replies, "cost": round(cost(prompts, completions, self.settings), 6)}
        return {"model": self.settings.model, **self.ledger.summary(self.settings), "kept": kept}

    def _key(self, request: Request) -> str:
        return request.key(self.settings.url.rstrip("/"), self.settings.model)

    def _answers(self, requests: dict[str, Request]) -> Iterator[tuple[str, Reply]]:
        """Replies as they come; at most a window of requests waits in the pool."""
        self._stopped.clear()
        waiting = iter(requests.items())
        pool = ThreadPoolExecutor(self.settings.concurrency, thread_name_prefix="endpoint")
        under_way: dict[Future[Reply], str] = {}
        try:
            while True:
                for key, request in islice(waiting, 2 * self.settings.concurrency - len(under_way)):
                    under_way[pool.submit(self._answer, key, request)] = key
                if not under_way:
                    self._refusing.check_all({request.kind for request in requests.values()}, len(requests))
                    return
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    key = under_way.pop(future)
                    reply = future.result()
                    self._refusing.see(requests[key].kind, reply)
                    yield key, reply
        except EndpointError as error:
            self._finish(pool)
            kept = sum(self._cache.get(key) is not None for key in requests)
            left = f"{kept} of {len(requests)} answers are kept; the same command asks for the rest"
            raise EndpointError(f"{self._named(error)}: {left}") from error
        finally:
            self._finish(pool)

    def _finish(self, pool: ThreadPoolExecutor) -> None:
        """Start nothing more, and wait for the requests under way: they are paid, so they are kept."""
        self._stopped.set()
        pool.shutdown(wait=True, cancel_futures=True)

    def _named(self, error: EndpointError) -> str:
        text = str(error)
        return text if self.settings.url in text else f"{self.settings.url}: {text}"

    def _answer(self, key: str, request: Request) -> Reply:
        kept = self._cache.get(key)
        if kept is not None:
            return kept
        try:
            reply = self._with_attempts(lambda: self._sent(request))
        except RefusedError as error:
            return Reply(refusal=str(error), status=error.status)
        self._keep(key, request, reply)
        return reply

    def _sent(self, request: Request) -> Reply:
        return read_reply(request.kind, self._transport.post(request.kind, self._body(request)))

    def _body(self, request: Request) -> dict[str, Any]:
        body = {"model": self.settings.model, **request.payload}
        if request.kind == "chat/completions" and "max_tokens" in body:
            body[self.settings.length_field] = body.pop("max_tokens")
        return body

    def _first_event(self, request: Request) -> Iterator[Any]:
        """The events of a stream whose first one has come."""
        streamed = {"stream": True, "stream_options": {"include_usage": True}}
        events = self._transport.stream(request.kind, {**self._body(request), **streamed})
        first = next(events, None)
        return iter(()) if first is None else _chained(first, events)

    def _with_attempts(self, send: Callable[[], Answer]) -> Answer:
        """Send until an answer comes, waiting longer each time.

        Raises:
            RefusedError: All attempts failed while the endpoint answered other requests, up to the last wait: it is
                this one's fault.
            EndpointError: All attempts failed, and nothing else was answered during the last wait.
        """
        answers_before = math.inf
        for attempt in range(1, self.settings.attempts + 1):
            self._wait(self._pace.turn())
            self._check_budget()
            try:
                answer = send()
            except TransientError as error:
                answers_now = self._answered
                self._after(error, attempt, answers_before)
                answers_before = answers_now
            else:
                self._answered += 1
                return answer
        raise AssertionError("the last attempt raises")

    def _after(self, error: TransientError, attempt: int, answers_before: float) -> None:
        """Wait after a fault, or give the request up; `answers_before` had come when the last wait began."""
        self.ledger.add_fault(str(error).split(" (")[0])
        if error.retry_after > _LONGEST_RETRY_AFTER:
            raise EndpointError(f"{error}: it asks to come back in {error.retry_after:.0f} s") from error
        if attempt == self.settings.attempts:
            told = f"{error}, {'once' if attempt == 1 else f'{attempt} times in a row'}"
            if self._answered > answers_before:
                raise RefusedError(told) from error
            raise EndpointError(told) from error
        if error.retry_after:
            self._pace.hold(error.retry_after)
        chance = random.random()  # noqa: S311
        waits = {"first": self.settings.first_wait, "longest": self.settings.longest_wait}
        self._wait(max(wait_before(attempt, **waits, random=chance), error.retry_after))

    def _wait(self, seconds: float) -> None:
        if self._stopped.wait(seconds) if seconds > 0 else self._stopped.is_set():
            raise EndpointError("stopped")

    def _check_budget(self) -> None:
        if self.settings.budget:
            paid = self._paid_before + self.ledger.summary(self.settings)["cost"]
            if paid >= self.settings.budget:
                raise EndpointError(
                    f"the budget of {self.settings.budget:g} is spent ({paid:.4f}): raise budget"
                )

    def _keep(self, key: str, request: Request, reply: Reply) -> None:
        told = {"kind": request.kind, "sample": request.sample, **request.payload}
        self._cache.put(key, self.settings.model, told, reply)

    def _only_model(self) -> str:
        names = self._with_attempts(self._transport.model_names)
        if len(names) != 1:
            listed = ", ".join(sorted(names)[:10]) or "none"
            raise EndpointError(
                f"{self.settings.url}: lists {len(names)} models ({listed}): name one with model"
            )
        return names[0]


def _chained(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest
