"""What a user can set of a conversation. Standard library only: `--help` loads this."""

from dataclasses import dataclass, field
from typing import Literal

from corpus.endpoint.settings import EndpointSettings, endpoint_url

Language = Literal["", "ar", "en"]


@dataclass(frozen=True, kw_only=True)
class ChatConfig:
    """Talk with a model in Arabic and English. Lines may come from a pipe: then answers alone go to standard output.

    Attributes:
        model: Hugging Face directory with a chat template, or openai:URL of a server.
        system: System prompt; empty for none.
        language: Language of this program's own words (ar, en); if it is set, the model is asked to answer in it.
        temperature: Of sampling; 0 takes the likeliest token each time.
        top_p: Tokens are drawn from the likeliest ones that have this probability together.
        new_tokens: Longest answer in tokens.
        seed: Seed of sampling.
        remember: Whether a question comes with the turns before it; without, every line is a conversation of its own.
        isolates: Put directional isolates around every line of an answer, for terminals that order mixed lines wrongly.
        threads: Threads that compute; 0 for the library's choice.
        endpoint: For openai:URL, the model's name there, the variable that holds the key, and the like.
    """

    model: str
    system: str = ""
    language: Language = ""
    temperature: float = 0.0
    top_p: float = 1.0
    new_tokens: int = 256
    seed: int = 1234
    remember: bool = True
    isolates: bool = False
    threads: int = 0
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError("model must name a directory, or be openai:URL")
        if self.model.startswith("openai:"):
            EndpointSettings(url=endpoint_url(self.model))
        if self.temperature < 0:
            raise ValueError(f"temperature must be at least 0, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, got {self.top_p}")
        for name, least in (("new_tokens", 1), ("threads", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
