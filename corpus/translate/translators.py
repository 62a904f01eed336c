"""Translators behind one interface: a sequence-to-sequence model in a directory, or a model behind an endpoint."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from corpus.endpoint import Endpoint, chat
from corpus.errors import CorpusError, cause_of
from corpus.model_files import model_digest, model_directory
from corpus.pipeline.layout import digest
from corpus.translate.networks import load_network
from corpus.translate.settings import Generation, Translate

_CODES = {
    "en": ("eng_Latn", "en_XX", "en", "eng"),
    "ar": ("arb_Arab", "ar_AR", "ar", "ara"),
}
_FORMAT = 2
"""Raised whenever the same settings would give other translations, so that none kept before is used again."""

_ASKED_AT_ONCE = 256


class Translator(Protocol):
    """Translates sentences.

    Attributes:
        name: How provenance calls it.
        version: Digest of all that decides its translations.
    """

    name: str
    version: str

    def batches(self, sentences: Sequence[str]) -> Iterator[tuple[list[int], list[str]]]:
        """Numbers of sentences and their translations, batch by batch; an empty one where it failed."""

    def ledger(self) -> dict[str, Any]:
        """Counts of what was asked, and the cost where it has a price; ready for JSON."""

    def close(self) -> None:
        """Let go of connections and files."""


class Seq2SeqTranslator:
    """A Hugging Face encoder-decoder; sentences of about one length go together, the longest first."""

    def __init__(self, directory: str, generation: Generation, source: str, target: str, kept: Path) -> None:
        """Load tokenizer and network; an engine that converts weights keeps them in `kept`.

        Raises:
            CorpusError: The directory holds no such model, or it lacks the languages.
        """
        path = model_directory(directory)
        from transformers import AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(directory)
        except Exception as error:  # the library raises anything for odd files
            raise CorpusError(f"{directory}: no tokenizer can be loaded ({cause_of(error)})") from error
        self._generation = generation
        self._first = self._languages(directory, source, target)
        model = model_digest(path)
        weights = kept / f"{model[:16]}-{generation.dtype}"
        self._network = load_network(directory, self._tokenizer, generation, self._first, weights)
        self.name = path.name
        told = [
            _FORMAT,
            source,
            target,
            generation.source_code,
            generation.target_code,
            generation.prefix,
            generation.beams,
            generation.longest,
            generation.length_factor,
            generation.dtype,
        ]
        if generation.engine != "transformers":
            told.append(generation.engine)
        self.version = digest([*told, model])
        self._counts = {"sentences": 0, "source_tokens": 0, "target_tokens": 0}

    def _languages(self, directory: str, source: str, target: str) -> dict[str, int]:
        """Tell the tokenizer the languages; which token a translation starts with, as `generate` takes it."""
        tokenizer = self._tokenizer
        if not hasattr(tokenizer, "src_lang"):
            return {}  # a model of one pair of languages, as most of Marian's are
        tokens = []
        for language, given in (
            (source, self._generation.source_code),
            (target, self._generation.target_code),
        ):
            codes = (given,) if given else _CODES[language]
            # M2M writes __en__ for what it calls en; NLLB and mBART write the code itself.
            asked = [
                (code, tokenizer.convert_tokens_to_ids(token))
                for code in codes
                for token in (f"__{code}__", code)
            ]
            names = [(code, number) for code, number in asked if number not in (None, tokenizer.unk_token_id)]
            if not names:
                raise CorpusError(
                    f"{directory}: the model knows no {' or '.join(codes)}: set generation.source_code and target_code"
                )
            tokens.append(names[0])
        tokenizer.src_lang = tokens[0][0]
        # The first mBART starts with the language in place of the end of sentence; its followers after that.
        is_first_mbart = type(tokenizer).__name__.startswith("MBartTokenizer")
        return {"decoder_start_token_id" if is_first_mbart else "forced_bos_token_id": int(tokens[1][1])}

    def batches(self, sentences: Sequence[str]) -> Iterator[tuple[list[int], list[str]]]:
        """See `Translator`."""
        generation = self._generation
        ids = self._tokenizer([generation.prefix + each for each in sentences], verbose=False)["input_ids"]
        order = sorted(range(len(ids)), key=lambda number: -len(ids[number]))
        too_long = [number for number in order if len(ids[number]) > generation.longest]
        if too_long:
            yield too_long, [""] * len(too_long)
        order = order[len(too_long) :]
        while order:
            rows = max(1, generation.batch_tokens // len(ids[order[0]]))
            batch, order = order[:rows], order[rows:]
            yield batch, self._translate([ids[number] for number in batch])

    def _translate(self, batch: list[list[int]]) -> list[str]:
        most = min(self._generation.longest, int(self._generation.length_factor * len(batch[0])) + 16)
        try:
            made = self._network.generate(batch, most)
        except MemoryError:
            if len(batch) == 1:
                return [""]
            half = len(batch) // 2
            return self._translate(batch[:half]) + self._translate(batch[half:])
        self._counts["sentences"] += len(batch)
        self._counts["source_tokens"] += sum(map(len, batch))
        self._counts["target_tokens"] += sum(map(len, made))
        # Some tokenizers, M2M100's among them, write the language out as if it were a word.
        languages = set(self._first.values())
        words = [[token for token in row if token not in languages] for row in made]
        return [text.strip() for text in self._tokenizer.batch_decode(words, skip_special_tokens=True)]

    def ledger(self) -> dict[str, Any]:
        """See `Translator`."""
        return dict(self._counts)

    def close(self) -> None:
        """Nothing is held."""


class EndpointTranslator:
    """A chat model that is told to translate; one request a sentence, as many under way as the settings say."""

    def __init__(self, settings: Translate, open_endpoint: Callable[..., Endpoint] = Endpoint) -> None:
        """Open the endpoint, whose own cache lies in the output directory."""
        self._endpoint = open_endpoint(settings.endpoint, Path(settings.output_dir, "work", "endpoint"))
        self._instruction = settings.told
        self.name = self._endpoint.settings.model
        self.version = digest([settings.endpoint.url, self.name, settings.told])

    def batches(self, sentences: Sequence[str]) -> Iterator[tuple[list[int], list[str]]]:
        """See `Translator`."""
        for start in range(0, len(sentences), _ASKED_AT_ONCE):
            numbers = list(range(start, min(start + _ASKED_AT_ONCE, len(sentences))))
            requests = [
                chat(
                    [
                        {"role": "system", "content": self._instruction},
                        {"role": "user", "content": sentences[number]},
                    ],
                    temperature=0,
                )
                for number in numbers
            ]
            replies = self._endpoint.ask(requests, desc="asking")
            # What was cut off at the longest answer is no translation of the whole sentence.
            yield (
                numbers,
                [
                    "" if reply.finish_reason == "length" else " ".join(reply.text.split())
                    for reply in replies
                ],
            )

    def ledger(self) -> dict[str, Any]:
        """See `Translator`."""
        return self._endpoint.summary()

    def close(self) -> None:
        """See `Translator`."""
        self._endpoint.close()


def converted_weights(settings: Translate) -> Path:
    """Where weights lie that an engine converted."""
    return Path(settings.output_dir, "work", "weights")


def open_translator(settings: Translate) -> Translator:
    """The translator that the settings name."""
    if settings.endpoint.url:
        return EndpointTranslator(settings)
    return Seq2SeqTranslator(
        settings.translator, settings.generation, settings.source_language, settings.target_language,
        converted_weights(settings),
    )  # fmt: skip


def sentence_key(version: str, sentence: str) -> bytes:
    """What stands for a sentence's translation in the cache."""
    return hashlib.sha256(f"{version}\0{sentence}".encode("utf-8", "surrogatepass")).digest()
