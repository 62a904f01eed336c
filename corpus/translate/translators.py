"""Translators behind one interface: a sequence-to-sequence model in a directory, or a model behind an endpoint."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from corpus.endpoint import Endpoint, chat
from corpus.errors import CorpusError
from corpus.pipeline.atomic import sha256_of
from corpus.pipeline.layout import digest
from corpus.translate.settings import Generation, Translate

_CODES = {
    "en": ("eng_Latn", "en_XX", "en", "eng"),
    "ar": ("arb_Arab", "ar_AR", "ar", "ara"),
}
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

    def __init__(self, directory: str, generation: Generation, source: str, target: str) -> None:
        """Load tokenizer and model.

        Raises:
            CorpusError: The directory holds no such model, or it lacks the languages.
        """
        path = Path(directory)
        if not (path / "config.json").is_file():
            raise CorpusError(
                f"{directory}: no Hugging Face model is there (config.json): give its directory"
            )
        import torch
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(directory)
            model: Any = AutoModelForSeq2SeqLM.from_pretrained(
                directory, dtype=getattr(torch, generation.dtype)
            )
            self._model = model.to(generation.device).eval()
        except Exception as error:  # the library raises anything for odd files
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise CorpusError(
                f"{directory}: no sequence-to-sequence model can be loaded ({reason})"
            ) from error
        self._torch, self._generation = torch, generation
        self._first_token = self._languages(directory, source, target)
        self.name = path.name
        weights = sorted(each for pattern in ("*.safetensors", "*.bin") for each in path.glob(pattern))
        told = [
            source,
            target,
            generation.prefix,
            generation.beams,
            generation.longest,
            generation.length_factor,
        ]
        self.version = digest([*told, *(sha256_of(each) for each in [*weights, path / "config.json"])])
        self._counts = {"sentences": 0, "source_tokens": 0, "target_tokens": 0}

    def _languages(self, directory: str, source: str, target: str) -> int | None:
        """Tell the tokenizer the languages; the id of the token that a translation starts with, if any."""
        tokenizer = self._tokenizer
        if not hasattr(tokenizer, "src_lang"):
            return None  # a model of one pair of languages, as most of Marian's are
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
        return int(tokens[1][1])

    def batches(self, sentences: Sequence[str]) -> Iterator[tuple[list[int], list[str]]]:
        """See `Translator`."""
        generation = self._generation
        ids = self._tokenizer(
            [generation.prefix + each for each in sentences], truncation=True, max_length=generation.longest
        )["input_ids"]
        order = sorted(range(len(ids)), key=lambda number: -len(ids[number]))
        while order:
            rows = max(1, generation.batch_tokens // len(ids[order[0]]))
            batch, order = order[:rows], order[rows:]
            yield batch, self._translate([ids[number] for number in batch])

    def _translate(self, batch: list[list[int]]) -> list[str]:
        torch = self._torch
        inputs = self._tokenizer.pad({"input_ids": batch}, return_tensors="pt").to(self._generation.device)
        first = {} if self._first_token is None else {"forced_bos_token_id": self._first_token}
        longest = min(self._generation.longest, int(self._generation.length_factor * len(batch[0])) + 16)
        try:
            with torch.inference_mode():
                made = self._model.generate(
                    **inputs, max_new_tokens=longest, max_length=None, num_beams=self._generation.beams,
                    do_sample=False, **first,
                )  # fmt: skip
        except torch.cuda.OutOfMemoryError:
            if len(batch) == 1:
                return [""]
            torch.cuda.empty_cache()
            half = len(batch) // 2
            return self._translate(batch[:half]) + self._translate(batch[half:])
        self._counts["sentences"] += len(batch)
        self._counts["source_tokens"] += sum(map(len, batch))
        self._counts["target_tokens"] += int((made != self._model.config.pad_token_id).sum())
        return [text.strip() for text in self._tokenizer.batch_decode(made, skip_special_tokens=True)]

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


def open_translator(settings: Translate) -> Translator:
    """The translator that the settings name."""
    if settings.endpoint.url:
        return EndpointTranslator(settings)
    return Seq2SeqTranslator(
        settings.translator, settings.generation, settings.source_language, settings.target_language
    )


def sentence_key(version: str, sentence: str) -> bytes:
    """What stands for a sentence's translation in the cache."""
    return hashlib.sha256(f"{version}\0{sentence}".encode("utf-8", "surrogatepass")).digest()
