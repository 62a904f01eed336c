"""The page over HTTP, for this machine: whatever another site's page might send is refused.

A browser may be made to send requests here by any page that is open in it, and by a name that resolves to this machine.
So a request counts only if its Host is ours, its Origin (where a browser tells one) is ours, its JSON carries the
token that only our page knows, and the browser kept our cookie, which it sends along from our own page alone.
"""

import hmac
import json
import secrets
import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.errors import BenchmarkError
from benchmarks.human.desk import Desk
from benchmarks.human.page import page, stylesheet
from benchmarks.human.schedule import units
from benchmarks.human.settings import ServeConfig
from benchmarks.human.store import FILE, Store
from benchmarks.human.study import read_study
from corpus.pipeline.lock import held

LARGEST_BODY = 1 << 16

_LONGEST = 1e9
"""Seconds that a judgment may take; neither is an endless number one, nor one that is no number."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Server(ThreadingHTTPServer):
    """Serves one study; a thread for each request."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], desk: Desk, *, html: str, token: str, allowed: list[str]
    ) -> None:
        self.desk, self.html, self.token = desk, html, token
        self.open_to_others = bool(allowed) or not ip_address(address[0]).is_loopback
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)
        port = self.server_port
        names = ["127.0.0.1", "localhost", "[::1]", _in_url(address[0])]
        self.hosts = {f"{name}:{port}" for name in names} | set(allowed) | ({*names} if port == 80 else set())
        self.cookie = f"daad_human_{port}"

    def server_close(self) -> None:
        """Stop listening, and let go of the store."""
        super().server_close()
        self.desk.close()

    @property
    def url(self) -> str:
        """Where to point a browser; it needs the key where others than this machine's own can reach the server."""
        key = f"?key={self.token}" if self.open_to_others else ""
        return f"http://{_in_url(str(self.server_address[0]))}:{self.server_port}/{key}"


def make_server(config: ServeConfig) -> Server:
    """A server that listens, with its study read and its store open.

    Raises:
        BenchmarkError: The files cannot be used, or judgments of another study are kept there.
    """
    study = read_study(config.questions, config.answers)
    things = units(study, config.mode, config.pairs_per_question)
    path = Path(config.output_dir) / FILE
    store = Store(path)
    criteria = ",".join(config.criteria) if config.mode == "rate" else ""
    told = f"{study.digest} {config.mode} {criteria} {config.pairs_per_question} seed {config.seed}"
    if store.remember("study", told) != told:
        store.close()
        raise BenchmarkError(
            f"{path}: holds judgments of other questions, answers or settings: choose another output_dir"
        )
    store.remember("mode", config.mode)
    store.remember("criteria", json.dumps(config.criteria if config.mode == "rate" else []))
    store.remember("models", json.dumps(study.models))
    for question in study.questions:
        store.remember(f"prompt {question.id}", question.prompt)
    desk = Desk(study, things, store, mode=config.mode, criteria=config.criteria, seed=config.seed)
    token = store.remember("token", secrets.token_urlsafe(24))  # kept: open pages go on after a restart
    html = page(config, token)
    try:
        return Server((config.host, config.port), desk, html=html, token=token, allowed=config.allowed_hosts)
    except ValueError as error:
        store.close()
        raise BenchmarkError(f"host must be an IP address, got {config.host!r}") from error
    except OSError as error:
        store.close()
        cause = error.strerror or error
        raise BenchmarkError(
            f"port {config.port} of {config.host}: cannot be listened on ({cause}): choose another --port or --host"
        ) from error


def serve_forever(config: ServeConfig) -> None:
    """Say where the page is, and serve it until stopped."""
    refusal = BenchmarkError(f"{config.output_dir}: another process serves this study: stop it first")
    with held(Path(config.output_dir) / ".lock", refusal), make_server(config) as server:
        sys.stdout.write(
            f"open  {server.url}\n      every click is kept in {config.output_dir}/{FILE}; Ctrl+C stops\n"
        )
        sys.stdout.flush()
        server.serve_forever()


class _Refused(Exception):  # noqa: N818 -- not an error of ours
    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version = "Daad", ""
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """The page, its script and its style."""
        self._answered(self._get)

    def do_POST(self) -> None:
        """A click, or what to show."""
        self._answered(self._post)

    def _answered(self, act: Callable[[], None]) -> None:
        try:
            self._check_host()
            act()
        except _Refused as error:
            # What was not read of the body would be taken for the next request.
            closing = {"Connection": "close"}
            self._send(error.status, json.dumps({"error": str(error)}), "application/json", closing)
        except BenchmarkError as error:
            self._send(HTTPStatus.BAD_REQUEST, json.dumps({"error": str(error)}), "application/json")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _check_host(self) -> None:
        if self.headers.get("Host", "") not in self.server.hosts:
            raise _Refused(HTTPStatus.MISDIRECTED_REQUEST, "this host name is not served: see allowed_hosts")

    def _get(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/":
            key = parse_qs(address.query).get("key", [""])[0]
            if self.server.open_to_others and not _same(key, self.server.token):
                raise _Refused(HTTPStatus.FORBIDDEN, "open the address that the server printed, key included")
            cookie = f"{self.server.cookie}={self.server.token}; Path=/; HttpOnly; SameSite=Strict"
            self._send(HTTPStatus.OK, self.server.html, "text/html", {"Set-Cookie": cookie})
        elif address.path == "/page.js":
            script = files("benchmarks.human").joinpath("page.js").read_text(encoding="utf-8")
            self._send(HTTPStatus.OK, script, "text/javascript")
        elif address.path == "/page.css":
            self._send(HTTPStatus.OK, stylesheet(), "text/css")
        else:
            raise _Refused(HTTPStatus.NOT_FOUND, "there is no such page")

    def _post(self) -> None:
        asked = self._body()
        self._check_sender(asked)
        annotator, number = asked.get("annotator"), asked.get("number")
        if not isinstance(annotator, str) or not (number is None or type(number) is int):
            raise _Refused(HTTPStatus.BAD_REQUEST, "annotator must be text, and number a whole number")
        if self.path == "/click":
            self._keep(annotator, number, asked)
        elif self.path != "/state":
            raise _Refused(HTTPStatus.NOT_FOUND, "there is no such page")
        stay = self.path == "/click" and asked.get("stay")
        state = self.server.desk.state(annotator, number if self.path == "/state" or stay else None)
        self._send(HTTPStatus.OK, json.dumps(state, ensure_ascii=False), "application/json")

    def _keep(self, annotator: str, number: int | None, asked: dict[str, Any]) -> None:
        criterion, value, seconds = asked.get("criterion"), asked.get("value"), asked.get("seconds", 0)
        if not isinstance(criterion, str) or not isinstance(value, str) or number is None:
            raise _Refused(HTTPStatus.BAD_REQUEST, "number, criterion and value must be given")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not abs(seconds) < _LONGEST:
            raise _Refused(HTTPStatus.BAD_REQUEST, "seconds must be a number")
        self.server.desk.click(annotator, number, criterion, value, float(seconds))

    def _body(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > len(str(LARGEST_BODY)) or int(length) > LARGEST_BODY:
            raise _Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"send at most {LARGEST_BODY} bytes, and say how many"
            )
        content = self.rfile.read(int(length))
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
        try:
            asked = json.loads(content)
            json.dumps(asked, ensure_ascii=False).encode()  # half of a pair of surrogates is no text either
        except ValueError as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, "the body is no JSON") from error
        if not isinstance(asked, dict):
            raise _Refused(HTTPStatus.BAD_REQUEST, "the body must be an object")
        return asked

    def _check_sender(self, asked: dict[str, Any]) -> None:
        origin = self.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc not in self.server.hosts:
            raise _Refused(HTTPStatus.FORBIDDEN, "the request comes from another site")
        if self.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise _Refused(HTTPStatus.FORBIDDEN, "the request comes from another site")
        try:
            kept = SimpleCookie(self.headers.get("Cookie", "")).get(self.server.cookie)
        except CookieError:
            kept = None
        if (
            kept is None
            or not _same(kept.value, self.server.token)
            or not _same(asked.get("token"), self.server.token)
        ):
            raise _Refused(HTTPStatus.FORBIDDEN, "the token is missing or old: load the page again")

    def _send(self, status: HTTPStatus, text: str, kind: str, further: dict[str, str] | None = None) -> None:
        content = text.encode()
        self.send_response(status)
        headers = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(content))}
        for name, value in {**_HEADERS, **headers, **(further or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 -- the name that the base class gives
        """Say nothing: clicks are in the store."""


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _same(given: Any, token: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), token.encode())
