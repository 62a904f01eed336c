"""Requests and replies of the protocol, as plain values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Literal

from corpus.endpoint.errors import TransientError

Kind = Literal["chat/completions", "completions"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question to an endpoint.

    Attributes:
        kind: Path below the endpoint's base.
        payload: Body without the model's name.
        sample: Number of this answer to the same question; another number asks again and keeps both.
    """

    kind: Kind
    payload: Mapping[str, Any]
    sample: int = 0

    def key(self, url: str, model: str) -> str:
        """What stands for the request in the cache; the API key has no part in it."""
        told = {"url": url, "kind": self.kind, "model": model, "sample": self.sample, **self.payload}
        text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer.

    Attributes:
        text: What the model wrote; empty where it wrote nothing or the request was refused.
        finish_reason: Why it stopped: stop, length, content_filter, or empty.
        refusal: Why the endpoint refused this request; empty where it answered.
        status: HTTP status of the refusal; 0 where it answered, or failed on every attempt.
        prompt_tokens: Tokens read; None where the endpoint does not say.
        completion_tokens: Tokens written; None where the endpoint does not say.
        tokens: Texts of the tokens, where log-probabilities were asked for and given.
        logprobs: Their natural log-probabilities; None for the first of an echoed prompt.
        offsets: Where each token starts in the text, in characters.
        top: The likeliest tokens at each place with their log-probabilities.
        from_cache: Whether it was kept from an earlier time.
    """

    text: str = ""
    finish_reason: str = ""
    refusal: str = ""
    status: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    tokens: tuple[str, ...] = ()
    logprobs: tuple[float | None, ...] = ()
    offsets: tuple[int, ...] = ()
    top: tuple[Mapping[str, float], ...] = field(default=())
    from_cache: bool = False


def chat(
    messages: Sequence[Mapping[str, str]],
    *,
    max_tokens: int = 512,
    temperature: float = 0.0,
    sample: int = 0,
    **more: Any,
) -> Request:
    """A conversation (role and content of each turn) to be continued; `more` goes into the body as it is."""
    payload = {"messages": [dict(turn) for turn in messages], "max_tokens": max_tokens}
    return Request(
        kind="chat/completions", payload={**payload, "temperature": temperature, **more}, sample=sample
    )


def completion(
    prompt: str | Sequence[int],
    *,
    max_tokens: int = 512,
    temperature: float = 0.0,
    sample: int = 0,
    **more: Any,
) -> Request:
    """A text, or token ids, to be continued.

    With `echo=True, logprobs=1, max_tokens=1` a server that can do it tells the log-probabilities of the prompt.
    """
    given = prompt if isinstance(prompt, str) else list(prompt)
    payload = {"prompt": given, "max_tokens": max_tokens, "temperature": temperature, **more}
    return Request(kind="completions", payload=payload, sample=sample)


def read_reply(kind: Kind, body: Any) -> Reply:
    """A body as a reply.

    Raises:
        TransientError: The body is not of the protocol's form.
    """
    try:
        choice = body["choices"][0]
        text = choice["message"].get("content") if kind == "chat/completions" else choice["text"]
        if isinstance(text, list):
            text = "".join(part.get("text", "") for part in text)
        usage = body.get("usage") or {}
        return Reply(
            text=without_lone_surrogates("" + (text or "")),  # a number is no text
            finish_reason=choice.get("finish_reason") or "",
            prompt_tokens=usage.get("prompt_tokens"),
            completion_tokens=usage.get("completion_tokens"),
            **_logprobs(choice.get("logprobs") or {}),
        )
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise TransientError(f"the answer is not of the protocol's form ({error!r})") from error


def read_event(event: Any, so_far: Reply) -> tuple[str, Reply]:
    """One event of a streamed chat: the piece of text in it, and the reply with that added.

    Raises:
        TransientError: The event is not of the protocol's form.
    """
    try:
        usage = event.get("usage") or {}
        choice = (event.get("choices") or [{}])[0]
        piece = (choice.get("delta") or {}).get("content") or ""
        return piece, replace(
            so_far,
            text=so_far.text + piece,
            finish_reason=choice.get("finish_reason") or so_far.finish_reason,
            prompt_tokens=usage.get("prompt_tokens", so_far.prompt_tokens),
            completion_tokens=usage.get("completion_tokens", so_far.completion_tokens),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise TransientError(f"an event is not of the protocol's form ({error!r})") from error


def without_lone_surrogates(text: str) -> str:
    r"""Text whose halves of characters are joined or, where one is alone, replaced: JSON may hold them, UTF-8 not.

    >>> without_lone_surrogates("a\ud83d\ude00 b\ud83d")
    'a😀 b�'
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _logprobs(found: Mapping[str, Any]) -> dict[str, Any]:
    """Log-probabilities of either form: those of completions, and those of chats."""
    if "content" in found:
        rows = found["content"] or []
        return {
            "tokens": tuple(row["token"] for row in rows),
            "logprobs": tuple(row["logprob"] for row in rows),
            "top": tuple(
                {other["token"]: other["logprob"] for other in row.get("top_logprobs") or []} for row in rows
            ),
        }
    return {
        "tokens": tuple(found.get("tokens") or ()),
        "logprobs": tuple(found.get("token_logprobs") or ()),
        "offsets": tuple(found.get("text_offset") or ()),
        "top": tuple(row or {} for row in found.get("top_logprobs") or ()),
    }
