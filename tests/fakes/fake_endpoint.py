"""A small server that speaks the OpenAI protocol on this machine, with faults on order."""

import hashlib
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

Fault = str | tuple[int, dict[str, str]]


class FakeEndpoint:
    """A server on a free port of this machine; use it in a `with`.

    Attributes:
        url: Base address, to be given as `EndpointSettings.url`.
        answer: What is said to a payload: a text (also "").
        echo: Logprobs of an echoed prompt, a text or token ids; by default its words are its tokens.
        logprob: Log-probability of a token of an echoed prompt, from the text before it and the token.
        faults: One is taken for each request that comes, in order; "" for none. "timeout" (says nothing until closed),
            "malformed" (no JSON), "form" (JSON of another form), "truncated" (half of the promised bytes), "reset",
            "broken stream", or (status, headers) as (429, {"Retry-After": "1"}).
        dead_after: After so many answers every connection is reset; None for never.
        refuse: Payloads for which this holds get HTTP 400.
        key: API key that must come with each request; "" for none.
        requests: All bodies that came, in order, each with its path; `keys` the Authorization headers.
        counts: Tokens of a text, for the usage; None to tell no usage.
    """

    def __init__(self, answer: Callable[[dict], str] | None = None, *, faults: Sequence[Fault] = (),
                 models: Sequence[str] = ("tiny",), key: str = "") -> None:  # fmt: skip
        self.answer = answer or (lambda payload: f"answer to {last_text(payload)}")
        self.logprob: Callable[[str, str], float] = some_logprob
        self.echo: Callable[[str | list[int]], dict] = self.words_with_logprobs
        self.faults = list(faults)
        self.dead_after: int | None = None
        self.refuse: Callable[[dict], bool] = lambda payload: False
        self.models, self.key = list(models), key
        self.requests: list[dict] = []
        self.keys: list[str | None] = []
        self.counts: Callable[[str], int] | None = lambda text: len(text.split())
        self.answered = 0
        self.most_at_once = self._at_once = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def entering(self) -> None:
        with self.lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)

    def leaving(self) -> None:
        with self.lock:
            self._at_once -= 1

    def words_with_logprobs(self, prompt: str) -> dict:
        """The logprobs of an echoed prompt whose tokens are its words."""
        tokens = tokens_of(prompt)
        offsets = [sum(map(len, tokens[:number])) for number in range(len(tokens))]
        found = [self.logprob(prompt[:start], token) for start, token in zip(offsets, tokens, strict=True)]
        top = [None, *({token: value} for token, value in zip(tokens[1:], found[1:], strict=True))]
        logprobs = [None, *found[1:]]
        return {"tokens": tokens, "token_logprobs": logprobs, "text_offset": offsets, "top_logprobs": top}

    def next_fault(self) -> Fault:
        with self.lock:
            if self.dead_after is not None and self.answered >= self.dead_after:
                return "reset"
            fault = self.faults.pop(0) if self.faults else ""
            self.answered += not fault
            return fault


def last_text(payload: dict) -> str:
    return payload["messages"][-1]["content"] if "messages" in payload else str(payload["prompt"])


def some_logprob(before: str, token: str) -> float:
    """A log-probability in (-8, 0) that depends on nothing but the texts."""
    digest = hashlib.sha256(f"{before}\0{token}".encode()).digest()
    return -8.0 * (int.from_bytes(digest[:4], "big") + 1) / (2**32 + 1)


def tokens_of(text: str) -> list[str]:
    """Words with the space before them."""
    return re.findall(r"\s*\S+|\s+$", text)


class _Handler(BaseHTTPRequestHandler):
    fake: FakeEndpoint
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._send(200, {"data": [{"id": name} for name in self.fake.models]})

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.fake.lock:
            self.fake.requests.append({"path": self.path, **payload})
            self.fake.keys.append(self.headers.get("Authorization"))
        self.fake.entering()
        try:
            self._respond(payload)
        finally:
            self.fake.leaving()

    def _respond(self, payload: dict) -> None:
        if self.fake.key and self.headers.get("Authorization") != f"Bearer {self.fake.key}":
            return self._send(401, {"error": {"message": f"wrong key {self.headers.get('Authorization')}"}})
        if self.fake.refuse(payload):
            return self._send(400, {"error": {"message": "this model's context is shorter"}})
        fault = self.fake.next_fault()
        if isinstance(fault, tuple):
            status, headers = fault
            return self._send(status, {"error": {"message": "try later"}}, headers)
        if fault == "timeout":
            self.fake.closing.wait(30)
            self.close_connection = True
            return None
        if fault == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True
            return None
        if fault == "malformed":
            return self._send(200, "<html>it works</html>")
        if fault == "form":
            return self._send(200, {"choices": []})
        body = self._body(payload)
        if payload.get("stream") and fault != "truncated":
            return self._stream(body, broken=fault == "broken stream")
        return self._send(200, body, cut=fault == "truncated")

    def _body(self, payload: dict) -> dict:
        text = "" if payload.get("echo") else self.fake.answer(payload)
        asked = (
            json.dumps(payload["messages"], ensure_ascii=False)
            if "messages" in payload
            else str(payload["prompt"])
        )
        body: dict = {"model": payload["model"]}
        if "messages" in payload:
            body["choices"] = [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]
        elif payload.get("echo"):
            body["choices"] = [
                {"text": asked, "finish_reason": "length", "logprobs": self.fake.echo(payload["prompt"])}
            ]
        else:
            body["choices"] = [{"text": text, "finish_reason": "stop"}]
        if self.fake.counts:
            prompt, completion = self.fake.counts(asked), self.fake.counts(text)
            body["usage"] = {"prompt_tokens": prompt, "completion_tokens": completion}
        return body

    def _stream(self, body: dict, *, broken: bool) -> None:
        text = body["choices"][0]["message"]["content"]
        pieces = tokens_of(text)
        if broken:
            pieces = pieces[: max(1, len(pieces) // 2)]
        events = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
        events += [
            {"choices": [{"delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": body.get("usage")},
        ]
        lines = [f"data: {json.dumps(event)}\n\n" for event in (events[: len(pieces)] if broken else events)]
        sent = "".join([": a comment\n\n", *lines, *([] if broken else ["data: [DONE]\n\n"])]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(sent)
        self.close_connection = True

    def _send(
        self, status: int, body: object, headers: dict[str, str] | None = None, *, cut: bool = False
    ) -> None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = cut
