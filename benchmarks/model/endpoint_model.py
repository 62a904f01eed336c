"""A model behind an OpenAI-compatible endpoint, asked as lm-eval asks its models.

Log-likelihoods come from completions that echo the prompt with its log-probabilities (vLLM, llama.cpp and others have
this; chat-only services do not). Where no tokenizer is given, the server's own tokens say which belong to the
continuation; they must spell the prompt, which pieces of bytes do not: then a tokenizer directory is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from corpus.endpoint import Endpoint, EndpointError, Reply, Request, chat, completion
from corpus.errors import cause_of

ECHO = {"max_tokens": 1, "echo": True, "logprobs": 1}
"""What makes a completion tell the log-probabilities of its prompt; some servers refuse to write no token at all."""


@dataclass
class EndpointModel:
    """`loglikelihood` and `generate_until` of lm-eval's models, answered by an endpoint.

    Attributes:
        endpoint: Where requests go; it keeps every answer.
        chats: Whether texts to be continued are sent as a chat's turn.
        tokenizer_dir: Hugging Face directory of the model's tokenizer; None to go by the server's tokens.
        refusals: What the endpoint said of each text that it refused to write, in order.
    """

    endpoint: Endpoint
    chats: bool
    tokenizer_dir: Path | None = None
    refusals: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Close the endpoint."""
        self.endpoint.close()

    def has_loglikelihoods(self) -> bool:
        """Whether the endpoint tells the log-probabilities of a prompt.

        Raises:
            EndpointError: It answers nothing at all.
        """
        try:
            (reply,) = self.endpoint.ask([completion("One, two, three", **ECHO)], desc="looking")
        except EndpointError as error:
            if any(status in str(error) for status in ("HTTP 404", "HTTP 501")):
                return False
            raise
        return not reply.refusal and len(reply.logprobs) > 1 and None not in reply.logprobs[1:]

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        """Log-likelihood in nats of each request's continuation, and whether each of its tokens is the likeliest.

        Raises:
            BenchmarkError: The endpoint refuses a prompt, or its tokens do not spell it.
            EndpointError: The endpoint cannot be used.
        """
        pairs = [request.args for request in requests]
        asked = [self._echoed(*pair) for pair in pairs]
        replies = self.endpoint.ask([request for request, _ in asked], desc="scoring")
        refusals = [reply.refusal for reply in replies if reply.refusal]
        if refusals:
            raise BenchmarkError(
                f"{self.endpoint.settings.url}: refuses {len(refusals)} of {len(replies)} prompts ({refusals[0]}): "
                "serve the model with a longer context, or use fewer --shots"
            )
        return [
            self._scored(pair, start, reply)
            for pair, (_, start), reply in zip(pairs, asked, replies, strict=True)
        ]

    def generate_until(self, requests: Sequence[Any]) -> list[str]:
        """Text that the model writes after each prompt, up to the first of its ends; empty where it is refused."""
        asked = []
        for request in requests:
            prompt, settings = request.args
            known = {"max_tokens": settings["max_gen_toks"], "stop": list(settings["until"])[:4]}
            if self.chats:
                asked.append(chat([{"role": "user", "content": prompt}], max_tokens=known["max_tokens"]))
            else:
                asked.append(completion(prompt, **known))
        replies = self.endpoint.ask(asked, desc="generating")
        self.refusals += [reply.refusal for reply in replies if reply.refusal]
        return [
            reply.text if self.chats else _cut(reply.text, request.args[1]["until"])
            for reply, request in zip(replies, requests, strict=True)
        ]

    def _echoed(self, context: str, continuation: str) -> tuple[Request, int]:
        """The request, and where its continuation starts: in tokens with a tokenizer, in characters without."""
        stripped = context.rstrip()
        whole = context + continuation
        if self.tokenizer_dir is None:
            return completion(whole, **ECHO), len(stripped)
        encode = self._tokenizer().encode
        ids = list(encode(whole))
        return completion(ids, **ECHO), len(encode(stripped))

    def _scored(self, pair: tuple[str, str], start: int, reply: Reply) -> tuple[float, bool]:
        whole = "".join(pair)
        if self.tokenizer_dir is None:
            first, last = spelled(reply.tokens, whole, start)
            if last < 0:
                raise BenchmarkError(
                    f"{self.endpoint.settings.url}: its tokens do not spell the prompt {whole[:40]!r}, so the answer's "
                    "are not known among them: give the model's tokenizer with --endpoint_tokenizer DIR"
                )
        else:
            first, last = start, len(self._tokenizer().encode(whole))
        found = reply.logprobs[first:last]
        if not found or len(found) < last - first or None in found:
            raise BenchmarkError(
                f"{self.endpoint.settings.url}: tells no log-probabilities of a prompt's last tokens"
            )
        top = reply.top[first:last]
        likeliest = len(top) == len(found) and all(
            row and value is not None and value >= max(row.values())
            for value, row in zip(found, top, strict=True)
        )
        return sum(value for value in found if value is not None), likeliest

    def _tokenizer(self) -> Any:
        if not hasattr(self, "_loaded"):
            from transformers import AutoTokenizer

            try:
                self._loaded = AutoTokenizer.from_pretrained(str(self.tokenizer_dir))
            except (OSError, ValueError) as error:
                cause = cause_of(error, 160)
                raise BenchmarkError(
                    f"endpoint_tokenizer {self.tokenizer_dir}: cannot be loaded ({cause})"
                ) from error
        return self._loaded


def spelled(tokens: Sequence[str], text: str, start: int) -> tuple[int, int]:
    """Numbers of the first token that reaches past `start` and of the one after the text's last; (0, -1) if none.

    A server may put a token that is no text (begin of text) first, and has one or more written tokens at the end.

    >>> spelled(["<s>", "one", " two", " three", "!"], "one two three", 7)
    (3, 4)
    """
    for skipped in range(min(2, len(tokens))):
        place = 0
        first = -1
        for number in range(skipped, len(tokens)):
            if not text.startswith(tokens[number], place) and not tokens[number].startswith(text[place:]):
                break
            place += len(tokens[number])
            first = number if first < 0 and place > start else first
            if place == len(text):
                return first, number + 1
            if place > len(text):
                break
    return 0, -1


def endpoint_digest(url: str, model: str) -> str:
    """Twelve hexadecimal digits that stand for an endpoint and a model's name there; of weights they know nothing."""
    return sha256(f"{url.rstrip('/')} {model}".encode()).hexdigest()[:12]


def _cut(text: str, ends: Sequence[str]) -> str:
    for end in ends:
        text = text.split(end, 1)[0]
    return text
