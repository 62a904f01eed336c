"""A model that answers: on this machine through transformers, or behind an address."""

from collections.abc import Callable, Generator, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any, Protocol

from alignment.talking.settings import ChatConfig
from corpus.endpoint.settings import endpoint_url

Messages = Sequence[dict[str, str]]


class Answerer(Protocol):
    """Something that answers."""

    name: str

    def stream(self, messages: Messages, shortened: Callable[[], None]) -> Generator[str, None, None]:
        """Pieces of an answer as they are written.

        `shortened` is called where turns, or the beginning of a question too long by itself, had to be left out.
        Closing the iterator stops the answer.
        """

    def close(self) -> None:
        """Let go of what is held."""


def open_model(config: ChatConfig) -> Answerer:
    """The model of a config.

    Raises:
        DaadError: The directory cannot be read or has no chat template, or the endpoint does not answer.
    """
    return Remote(config) if endpoint_url(config.model) else Local(config)


class Local:
    """A Hugging Face directory."""

    def __init__(self, config: ChatConfig) -> None:
        """Load it.

        Raises:
            AlignmentError: Something is missing; see `alignment.exporting.model_directory`.
        """
        from alignment.exporting.model_directory import inspect

        self.name = config.model
        self._config = config
        self._context = inspect(Path(config.model))["context"]
        import torch

        from alignment.chat_template import end_of_turn, load_chat_tokenizer

        transformers: Any = import_module("transformers")
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        if config.threads:
            torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self._tokenizer = load_chat_tokenizer(config.model)
        self._end_id = end_of_turn(self._tokenizer)
        self._model: Any = transformers.AutoModelForCausalLM.from_pretrained(
            config.model, local_files_only=True, use_safetensors=True
        )
        self._model.eval()

    def stream(self, messages: Messages, shortened: Callable[[], None]) -> Generator[str, None, None]:
        """See `Answerer`. The turns go in as text, so that no one can write a control piece."""
        import torch

        transformers: Any = import_module("transformers")
        ids = self._prompt(messages, shortened)
        prompt = torch.tensor(ids)[None]
        streamer = transformers.TextIteratorStreamer(
            self._tokenizer, skip_prompt=True, skip_special_tokens=True
        )
        stop = Event()
        failures: list[BaseException] = []

        def generate() -> None:
            try:
                self._model.generate(
                    input_ids=prompt,
                    attention_mask=torch.ones_like(prompt),
                    streamer=streamer,
                    max_new_tokens=self._new_tokens(len(ids)),
                    eos_token_id=self._end_id,
                    pad_token_id=self._end_id,
                    stopping_criteria=transformers.StoppingCriteriaList([lambda *_, **__: stop.is_set()]),
                    **self._sampling(),
                )
            except BaseException as error:  # noqa: BLE001  # raised again by the thread that reads
                failures.append(error)
                streamer.end()

        writer = Thread(target=generate, daemon=True)
        writer.start()
        try:
            yield from streamer
        finally:
            stop.set()
            writer.join()
        if failures:
            raise failures[0]

    def close(self) -> None:
        """Nothing is held."""

    def _prompt(self, messages: Messages, shortened: Callable[[], None]) -> list[int]:
        """Ids of the prompt, the oldest turns left out where there is no room for an answer."""
        from alignment.chat_template import encode_prompt

        room = self._context - min(self._config.new_tokens, self._context // 2)
        system = [turn for turn in messages if turn["role"] == "system"]
        turns = [turn for turn in messages if turn["role"] != "system"]
        ids = encode_prompt(self._tokenizer, [*system, *turns])
        if len(ids) > room:
            shortened()
        while len(ids) > room and len(turns) > 1:
            turns = turns[2:]
            ids = encode_prompt(self._tokenizer, [*system, *turns])
        return [int(piece) for piece in ids[-room:]]

    def _new_tokens(self, prompt: int) -> int:
        return max(1, min(self._config.new_tokens, int(self._context) - prompt))

    def _sampling(self) -> dict[str, Any]:
        if not self._config.temperature:
            return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        return {
            "do_sample": True,
            "temperature": self._config.temperature,
            "top_p": self._config.top_p,
            "top_k": 0,
        }


class Remote:
    """A server that speaks OpenAI's protocol, as vLLM, llama.cpp and `transformers serve` do."""

    def __init__(self, config: ChatConfig) -> None:
        """Reach it.

        Raises:
            EndpointError: It cannot be reached, or lists several models and none is named.
        """
        from dataclasses import replace

        from corpus.endpoint import Endpoint

        self._config = config
        # What is said in a conversation is kept by /save alone.
        self._kept = TemporaryDirectory(prefix="daad-chat-")
        settings = replace(config.endpoint, url=endpoint_url(config.model))
        try:
            self._endpoint = Endpoint(settings, Path(self._kept.name))
        except BaseException:
            self._kept.cleanup()
            raise
        self.name = self._endpoint.settings.model
        self._asked = 0

    def stream(
        self,
        messages: Messages,
        shortened: Callable[[], None],  # noqa: ARG002
    ) -> Generator[str, None, None]:
        """See `Answerer`; how long a conversation may be is the server's business."""
        from corpus.endpoint import chat

        self._asked += 1
        request = chat(
            messages,
            max_tokens=self._config.new_tokens,
            temperature=self._config.temperature,
            top_p=self._config.top_p,
            sample=self._asked,
        )
        yield from self._endpoint.stream(request)

    def close(self) -> None:
        """Close the connection and forget what was said."""
        self._endpoint.close()
        self._kept.cleanup()
