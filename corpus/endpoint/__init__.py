"""Ask an OpenAI-compatible endpoint: many requests at a time, each paid once, whatever happens on the way.

Every room that needs a model behind an address (translation, judges, preference data, benchmarks) asks through
`Endpoint`: it keeps each answer in a cache on disk, waits and tries again where that helps, and counts tokens and cost.
"""

from corpus.endpoint.client import Endpoint
from corpus.endpoint.errors import EndpointError
from corpus.endpoint.requests import Reply, Request, chat, completion
from corpus.endpoint.settings import EndpointSettings, endpoint_url

__all__ = [
    "Endpoint",
    "EndpointError",
    "EndpointSettings",
    "Reply",
    "Request",
    "chat",
    "completion",
    "endpoint_url",
]
