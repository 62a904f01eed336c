"""From a model directory to a model that answers, with its identity and its kept responses."""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.model.endpoint_model import EndpointModel, endpoint_digest
from corpus.endpoint import Endpoint, EndpointSettings
from corpus.errors import cause_of

MEMORY_GIB = 2.0
"""GiB that a batch may take beside the model unless a run says otherwise."""

_PIECE = 1 << 20
_PIECES = 64


@dataclass(frozen=True)
class Opened:
    """A model ready to answer.

    Attributes:
        lm: lm-eval's model.
        cached: The same behind lm-eval's response cache; ask this one.
        digest: Twelve hexadecimal digits that stand for weights, tokenizer and config.
        likelihoods: Whether it tells log-likelihoods; an endpoint may only generate.
        chats: Whether it is asked for text as a chat.
    """

    lm: Any
    cached: Any
    digest: str
    likelihoods: bool = True
    chats: bool = False

    def in_chat(self, turns: Sequence[Mapping[str, str]]) -> str:
        """Turns in the model's chat template, up to where its answer begins.

        Raises:
            BenchmarkError: The template cannot write them.
        """
        try:
            return str(self.lm.apply_chat_template(list(turns)))
        except Exception as error:  # a template is a stranger's program
            roles = " ".join(turn["role"] for turn in turns)
            raise BenchmarkError(
                f"the model's chat template refuses the turns {roles} ({cause_of(error)}): mend it, or ask without it"
            ) from error

    def close(self) -> None:
        """Close what is open to an endpoint."""
        if hasattr(self.lm, "close"):
            self.lm.close()


def open_endpoint(
    settings: EndpointSettings, responses_dir: Path, *, chats: bool, tokenizer_dir: Path | None
) -> Opened:
    """Open a model behind an endpoint, and ask whether it tells log-likelihoods.

    Raises:
        EndpointError: The endpoint cannot be used.
    """
    model = EndpointModel(Endpoint(settings, responses_dir), chats, tokenizer_dir)
    try:
        likelihoods = model.has_loglikelihoods()
    except BaseException:
        model.close()
        raise
    known = model.endpoint.settings
    digest = endpoint_digest(known.url, known.model)
    return Opened(lm=model, cached=model, digest=digest, likelihoods=likelihoods, chats=chats)


def open_model(
    directory: Path,
    responses_dir: Path,
    *,
    batch_size: int,
    device: str,
    dtype: str,
    share_prefixes: bool,
    chats: bool = False,
    memory_gib: float = MEMORY_GIB,
) -> Opened:
    """Load a Hugging Face causal model; its batches take `memory_gib` at most, or one item where that takes more.

    Raises:
        BenchmarkError: There is no such directory, or transformers cannot load it.
    """
    digest = check_directory(directory)
    import torch
    from transformers.utils import logging as transformers_logging

    from benchmarks.model.bounded import BoundedLM
    from benchmarks.model.prefix_sharing import PrefixSharingLM

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    kind = PrefixSharingLM if share_prefixes else BoundedLM
    try:
        lm = kind(
            pretrained=str(directory),
            device=device or ("cuda" if torch.cuda.is_available() else "cpu"),
            dtype=dtype,
            batch_size=batch_size,
        )
    except Exception as error:  # the library raises anything for odd files
        cause = cause_of(error)
        raise BenchmarkError(
            f"{directory}: transformers cannot load it ({cause}): give a directory that save_pretrained made"
        ) from error
    lm.bound(memory_gib)
    responses_dir.mkdir(parents=True, exist_ok=True)
    name = f"{digest}-{dtype}-{'shared' if share_prefixes else 'plain'}.json.sqlite"
    if chats and not getattr(lm.tokenizer, "chat_template", None):
        raise BenchmarkError(f"{directory}: its tokenizer has no chat template: set --chat no")
    return Opened(lm=lm, cached=_with_responses(lm, responses_dir / name), digest=digest, chats=chats)


def _with_responses(lm: Any, path: Path) -> Any:
    """lm-eval's response cache, with JSON in it: as it is, it unpickles whatever came with the output directory."""
    from lm_eval.api.model import CachingLM
    from sqlitedict import SqliteDict

    cached = CachingLM(lm, str(path))
    cached.dbdict.close()
    cached.dbdict = SqliteDict(str(path), autocommit=True, encode=json.dumps, decode=partial(_response, path))
    lm.set_cache_hook(cached.get_cache_hook())
    return cached


def _response(path: Path, text: str | bytes) -> Any:
    """A log-likelihood and whether it is greedy, as the pair that lm-eval knows; another answer as it is."""
    try:
        response = json.loads(text)
    except ValueError as error:
        raise BenchmarkError(
            f"{path}: a kept response is damaged: remove the file, its items are asked again"
        ) from error
    return tuple(response) if isinstance(response, list) else response


def check_directory(directory: Path) -> str:
    """The digest of a model directory: its small files whole, its weights by their size and 64 pieces of each file.

    Raises:
        BenchmarkError: It is no model directory.
    """
    if not (directory / "config.json").is_file():
        raise BenchmarkError(
            f"{directory}: no config.json there: --model takes a Hugging Face model directory"
        )
    files = [file for file in sorted(directory.iterdir()) if file.is_file() and not file.name.startswith(".")]
    if not any(file.suffix in (".safetensors", ".bin") for file in files):
        raise BenchmarkError(f"{directory}: no weights there (*.safetensors): copy them beside config.json")
    state = sha256()
    for file in files:
        if file.suffix in (".json", ".model", ".txt", ".jinja", ".safetensors", ".bin"):
            state.update(f"{file.name} {file.stat().st_size}\n".encode())
            _add_pieces(state, file)
    return state.hexdigest()[:12]


def _add_pieces(state: Any, file: Path) -> None:
    size = file.stat().st_size
    step = max(_PIECE, size // _PIECES)
    with file.open("rb") as stream:
        for start in range(0, size, step):
            stream.seek(start, os.SEEK_SET)
            state.update(stream.read(_PIECE))
