"""What a user can set of an endpoint."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

PREFIX = "openai:"


@dataclass(frozen=True, kw_only=True)
class EndpointSettings:
    """An OpenAI-compatible endpoint, how hard it may be asked, and what it costs.

    Attributes:
        url: Its base, as http://localhost:8000/v1 or https://api.openai.com/v1.
        model: Name of the model there; empty for the only one that the endpoint lists.
        key_variable: Environment variable that holds the API key; no key is sent where it is unset.
        length_field: What the endpoint calls the longest answer of a chat: max_tokens, or max_completion_tokens.
        concurrency: Requests under way at a time.
        requests_per_minute: Requests started in a minute at most; 0 for no limit.
        timeout: Seconds without a sign of life after which a request is tried again.
        attempts: How often a request is sent before it is given up.
        first_wait: Seconds before the second attempt; doubled for each later one, with jitter.
        longest_wait: Seconds between two attempts at most, unless the endpoint asks for more (Retry-After).
        price_input: Price of a million tokens of prompts.
        price_output: Price of a million tokens of answers.
        budget: Stop when the model's answers in the cache have cost so much, in the prices' currency; 0 for no limit.
    """

    url: str = ""
    model: str = ""
    key_variable: str = "OPENAI_API_KEY"
    length_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    concurrency: int = 8
    requests_per_minute: float = 0.0
    timeout: float = 120.0
    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0
    price_input: float = 0.0
    price_output: float = 0.0
    budget: float = 0.0

    def __post_init__(self) -> None:
        if self.url:
            _check_url(self.url)
        for setting, least in (("concurrency", 1), ("attempts", 1)):
            if getattr(self, setting) < least:
                raise ValueError(f"{setting} must be at least {least}, got {getattr(self, setting)}")
        for setting in ("requests_per_minute", "first_wait", "price_input", "price_output", "budget"):
            if getattr(self, setting) < 0:
                raise ValueError(f"{setting} must be at least 0, got {getattr(self, setting)}")
        if self.timeout <= 0:
            raise ValueError(f"timeout must be above 0, got {self.timeout}")
        if self.longest_wait < self.first_wait:
            raise ValueError(
                f"longest_wait must be at least first_wait ({self.first_wait}), got {self.longest_wait}"
            )
        if self.budget and not (self.price_input or self.price_output):
            raise ValueError("budget needs price_input and price_output: without prices nothing is counted")


def endpoint_url(model: str) -> str:
    """The address in a model's name of the form openai:URL; empty where the name is no address.

    >>> endpoint_url("openai:http://localhost:8000/v1"), endpoint_url("out/model")
    ('http://localhost:8000/v1', '')
    """
    return model.removeprefix(PREFIX) if model.startswith(PREFIX) else ""


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ValueError(f"url must be like http://localhost:8000/v1, got {url!r}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("url must hold no password, query or fragment: a key goes into key_variable")
