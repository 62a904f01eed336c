"""One request over HTTP: a body comes back, or an error that says whether trying again can help."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from corpus.endpoint.errors import EndpointError, RefusedError, TransientError
from corpus.endpoint.pacing import retry_after
from corpus.endpoint.settings import EndpointSettings

if TYPE_CHECKING:
    import httpx

_PASSING = (408, 409, 425, 429)


class Transport:
    """An HTTP client of one endpoint; threads may share it. The API key lives in its headers only."""

    def __init__(self, settings: EndpointSettings) -> None:
        import httpx

        self._settings = settings
        self._key = os.environ.get(settings.key_variable, "").strip() if settings.key_variable else ""
        if not self._key.isascii() or len(self._key.split()) > 1:
            raise EndpointError(
                f"{settings.key_variable}: no API key has spaces or such letters: set it anew"
            )
        self._client = httpx.Client(
            timeout=settings.timeout,
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=settings.concurrency),
        )

    def post(self, path: str, payload: Mapping[str, Any]) -> Any:
        """The JSON body of the answer.

        Raises:
            TransientError: A fault that may pass.
            RefusedError: This request will never be answered.
            EndpointError: No request will ever be answered so.
        """
        with self._faults_told():
            response = self._client.post(self._address(path), json=payload)
            self._check(response)
            return _parsed(response.text)

    def stream(self, path: str, payload: Mapping[str, Any]) -> Iterator[Any]:
        """The JSON bodies of a stream of server-sent events, up to its [DONE].

        A server that sends no such mark, as `transformers serve`, must say why it finished.

        Raises:
            TransientError: As `post`; or the stream ends without either.
        """
        finished = False
        with (
            self._faults_told(),
            self._client.stream("POST", self._address(path), json=payload) as response,
        ):
            if response.status_code != 200:
                response.read()
            self._check(response)
            for line in response.iter_lines():
                data = line.removeprefix("data:").strip()
                if not line.startswith("data:"):
                    continue
                if data == "[DONE]":
                    return
                event = _parsed(data)
                finished = finished or _says_why_it_finished(event)
                yield event
        if not finished:
            raise TransientError("the stream broke off")

    def model_names(self) -> list[str]:
        """Names of the models that the endpoint lists.

        Raises:
            EndpointError: It lists none.
        """
        with self._faults_told():
            response = self._client.get(self._address("models"))
            self._check(response)
            body = _parsed(response.text)
        try:
            return [str(model["id"]) for model in body["data"]]
        except (KeyError, TypeError) as error:
            raise EndpointError(f"{self._settings.url}: lists no models: name one with model") from error

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _address(self, path: str) -> str:
        return f"{self._settings.url.rstrip('/')}/{path}"

    @contextmanager
    def _faults_told(self) -> Iterator[None]:
        import httpx

        try:
            yield
        except httpx.TimeoutException as error:
            raise TransientError(f"no sign of life for {self._settings.timeout:g} s") from error
        except httpx.TransportError as error:
            raise TransientError(f"connection failed ({error or type(error).__name__})") from error
        except httpx.DecodingError as error:
            raise TransientError("malformed body") from error

    def _check(self, response: "httpx.Response") -> None:
        status = response.status_code
        if status == 200:
            return
        told = self._excerpt(response.text)
        where = self._settings.url
        if "insufficient_quota" in response.text:
            raise EndpointError(
                f"{where}: the account has no credit left ({told}): the answers so far are kept"
            )
        if status in _PASSING or status >= 500:
            raise TransientError(
                f"HTTP {status} {told}".strip(), retry_after(response.headers.get("Retry-After"))
            )
        if status in (401, 403):
            state = "is set but refused" if self._key else "is not set"
            raise EndpointError(f"{where}: HTTP {status}: key_variable {self._settings.key_variable} {state}")
        if status == 404 or 300 <= status < 400:
            raise EndpointError(
                f"{where}: HTTP {status} {told}: check url (it ends in /v1 as a rule) and model"
            )
        raise RefusedError(f"HTTP {status} {told}".strip(), status)

    def _excerpt(self, text: str) -> str:
        """The endpoint's words in one short line, without the API key should it repeat that."""
        try:
            found = json.loads(text)
            error = found.get("error", found)
            text = str(error["message"] if isinstance(error, dict) else error)
        except (ValueError, KeyError, AttributeError, TypeError):
            pass
        line = " ".join(text.split())
        if self._key:
            line = line.replace(self._key, "…")
        return f"({line[:200]})" if line else ""


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise TransientError("malformed body: no JSON") from error


def _says_why_it_finished(event: Any) -> bool:
    choices = event.get("choices") if isinstance(event, dict) else None
    return isinstance(choices, list) and any(
        isinstance(choice, dict) and choice.get("finish_reason") for choice in choices
    )
