"""The network of an encoder-decoder in a directory, run by transformers or by CTranslate2: token numbers in and out."""

import json
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from corpus.errors import CorpusError, cause_of
from corpus.translate.settings import Generation

Rows = list[list[int]]


class Network(Protocol):
    """Writes translations."""

    def generate(self, rows: Rows, most: int) -> Rows:
        """Token numbers of the most probable translations, without padding; none where one had to end at `most`.

        Raises:
            MemoryError: So many rows do not fit the device.
        """


class TransformersNetwork:
    """`generate` of transformers."""

    def __init__(self, directory: str, tokenizer: Any, generation: Generation, first: dict[str, int]) -> None:
        """Load the weights; `first` is what `generate` is told of the languages."""
        import torch
        from transformers import AutoModelForSeq2SeqLM

        self._torch, self._tokenizer, self._generation, self._first = torch, tokenizer, generation, first
        model: Any = AutoModelForSeq2SeqLM.from_pretrained(directory, dtype=getattr(torch, generation.dtype))
        self._model = model.to(generation.device).eval()

    def generate(self, rows: Rows, most: int) -> Rows:
        """See `Network`."""
        torch = self._torch
        inputs = self._tokenizer.pad({"input_ids": rows}, return_tensors="pt").to(self._generation.device)
        try:
            with torch.inference_mode():
                made = self._model.generate(
                    **inputs, max_new_tokens=most, max_length=None, num_beams=self._generation.beams,
                    do_sample=False, **self._first,
                )  # fmt: skip
        except torch.cuda.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise MemoryError from error
        padding = self._model.config.pad_token_id
        whole = (made[:, -1] == padding) if made.shape[1] > most else torch.ones(len(made), dtype=torch.bool)
        return [
            [token for token in row if token != padding] if complete else []
            for row, complete in zip(made.tolist(), whole.tolist(), strict=True)
        ]


class CTranslate2Network:
    """CTranslate2, on a copy of the weights that is converted once and kept."""

    def __init__(
        self, directory: str, tokenizer: Any, generation: Generation, first: dict[str, int], weights: Path
    ) -> None:
        """Convert the model into the directory `weights` where that is missing, and load it.

        Raises:
            CorpusError: CTranslate2 is not installed, or cannot convert the model.
        """
        if find_spec("ctranslate2") is None:
            raise CorpusError(
                "generation.engine: CTranslate2 is not installed: pip install 'daad[translation]'"
            )
        if getattr(tokenizer, "separate_vocabs", False):
            raise CorpusError(
                f"{directory}: has a vocabulary for each side: use generation.engine transformers"
            )
        import ctranslate2
        import torch
        from transformers import AutoConfig

        self._tokenizer, self._generation = tokenizer, generation
        convert(directory, generation.dtype, weights)
        config: Any = AutoConfig.from_pretrained(directory)
        begins = [first["forced_bos_token_id"]] if "forced_bos_token_id" in first else []
        if json.loads((weights / "config.json").read_text(encoding="utf-8"))["decoder_start_token"] is None:
            begins.insert(0, first.get("decoder_start_token_id", config.decoder_start_token_id))
        self._begins = tokenizer.convert_ids_to_tokens(begins)
        device, _, number = generation.device.partition(":")
        self._translator = ctranslate2.Translator(
            str(weights), device=device, device_index=int(number or 0),
            compute_type=generation.dtype, intra_threads=torch.get_num_threads(),
        )  # fmt: skip

    def generate(self, rows: Rows, most: int) -> Rows:
        """See `Network`."""
        pieces = [self._tokenizer.convert_ids_to_tokens(row) for row in rows]
        try:
            results = self._translator.translate_batch(
                pieces, target_prefix=[self._begins or None] * len(pieces), beam_size=self._generation.beams,
                max_decoding_length=most, max_input_length=0,
            )  # fmt: skip
        except RuntimeError as error:
            if "out of memory" in str(error):
                raise MemoryError from error
            raise
        found = [each.hypotheses[0] for each in results]
        return [self._tokenizer.convert_tokens_to_ids(row) if len(row) < most else [] for row in found]


def convert(directory: str, dtype: str, weights: Path) -> None:
    """Make the directory `weights`, the model as CTranslate2 reads it; it is whole, or not there."""
    import ctranslate2

    if weights.exists():
        return
    weights.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=weights.parent))
    try:
        converter = ctranslate2.converters.TransformersConverter(directory)
        try:
            converter.convert(str(partial), quantization=None if dtype == "float32" else dtype, force=True)
        except (AttributeError, TypeError, ValueError) as error:
            raise CorpusError(
                f"{directory}: CTranslate2 {ctranslate2.__version__} cannot convert it ({cause_of(error)}): use "
                "generation.engine transformers"
            ) from error
        config = json.loads((partial / "config.json").read_text(encoding="utf-8"))
        # mBART-50's tokenizer has no such token, and what reads the file takes no null for it.
        config["bos_token"] = config["bos_token"] or config["eos_token"]
        (partial / "config.json").write_text(json.dumps(config), encoding="utf-8")
        partial.replace(weights)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def load_network(
    directory: str, tokenizer: Any, generation: Generation, first: dict[str, int], weights: Path
) -> Network:
    """The network that `generation.engine` names; `weights` is where an engine that converts them keeps them.

    Raises:
        CorpusError: The directory holds no model that the engine can load.
    """
    try:
        if generation.engine == "ctranslate2":
            return CTranslate2Network(directory, tokenizer, generation, first, weights)
        return TransformersNetwork(directory, tokenizer, generation, first)
    except CorpusError:
        raise
    except Exception as error:  # the libraries raise anything for odd files
        raise CorpusError(
            f"{directory}: no sequence-to-sequence model can be loaded ({cause_of(error)})"
        ) from error
