"""Any model, opened and asked for texts and log-likelihoods, with what it answered kept on disk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from benchmarks.model.opening import Opened, open_endpoint, open_model
from corpus.endpoint.settings import EndpointSettings, endpoint_url


@contextmanager
def asked_model(
    model: str,
    responses_dir: Path,
    *,
    endpoint: EndpointSettings,
    chat: Literal["auto", "yes", "no"] = "auto",
    batch_size: int = 8,
    device: str = "",
    dtype: str = "auto",
) -> Iterator[Opened]:
    """A Hugging Face directory, or openai:URL; a chat by itself where it is an endpoint or has a chat template.

    Raises:
        BenchmarkError: The directory cannot be loaded, or has no chat template where a chat is asked for.
        EndpointError: The endpoint cannot be used.
    """
    url = endpoint_url(model)
    if url:
        opened = open_endpoint(
            replace(endpoint, url=url), responses_dir, chats=chat != "no", tokenizer_dir=None
        )
    else:
        opened = open_model(
            Path(model), responses_dir, batch_size=batch_size, device=device, dtype=dtype, share_prefixes=False,
            chats=chat == "yes",
        )  # fmt: skip
        if chat == "auto" and getattr(opened.lm.tokenizer, "chat_template", None):
            opened = replace(opened, chats=True)
    try:
        yield opened
    finally:
        opened.close()


def write(
    opened: Opened,
    prompts: Sequence[str],
    *,
    max_tokens: int,
    turns: Sequence[bool],
    until: Sequence[str] = ("\n\n\n",),
) -> list[str]:
    """What the model writes after each prompt, greedily; those that are turns go as a chat where the model is one."""
    from lm_eval.api.instance import Instance

    settings = {"until": list(until), "max_gen_toks": max_tokens, "do_sample": False}
    requests = []
    for number, (prompt, turn) in enumerate(zip(prompts, turns, strict=True)):
        if turn and opened.chats and hasattr(opened.lm, "apply_chat_template"):
            prompt = opened.in_chat([{"role": "user", "content": prompt}])
        requests.append(Instance("generate_until", {}, (prompt, settings), 0, metadata=("texts", number, 1)))
    return [str(text) for text in opened.cached.generate_until(requests)]


def log_likelihoods(opened: Opened, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Log-likelihood in nats of each continuation after its context."""
    from lm_eval.api.instance import Instance

    requests = [
        Instance("loglikelihood", {}, pair, 0, metadata=("pairs", number, 1))
        for number, pair in enumerate(pairs)
    ]
    return [float(found) for found, _ in opened.cached.loglikelihood(requests)]
