"""Translation against raw batches of transformers and of CTranslate2: the same model, sentences and batches, in turns.

The model is a Marian network of random weights (`--layers`, `--width`), since speed does not hang on what it learned;
outputs are as long as the longest allowed. Raw means the engine's own call over batches that were tokenized and sorted
by length before, and decoded after; ours is `Seq2SeqTranslator.batches` with the cache of sentences. Weights are
loaded, and converted for CTranslate2, before the clock starts. All run on one thread. Seconds are of the clock and of
the processor, which others on a machine disturb less.

    OMP_NUM_THREADS=1 python benchmarks/speed/translation_throughput.py PAIRS.jsonl.gz --output FILE.json
"""

import argparse
import gzip
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ctranslate2
import sentencepiece
import torch
from recording import record
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, MarianConfig, MarianMTModel, MarianTokenizer

from corpus.translate.cache import TranslationCache
from corpus.translate.networks import convert
from corpus.translate.settings import Generation
from corpus.translate.translating import translated_sentences
from corpus.translate.translators import Seq2SeqTranslator

BATCH_TOKENS = 1024


def make_model(directory: Path, texts: list[str], layers: int, width: int) -> None:
    """A Marian directory with its own vocabulary."""
    (directory / "text").write_text("\n".join(texts))
    sentencepiece.SentencePieceTrainer.train(
        input=str(directory / "text"), model_prefix=str(directory / "source"), vocab_size=4000, minloglevel=2
    )
    (directory / "source.model").rename(directory / "source.spm")
    (directory / "target.spm").write_bytes((directory / "source.spm").read_bytes())
    model = sentencepiece.SentencePieceProcessor(model_file=str(directory / "source.spm"))
    words = [
        piece
        for piece in map(model.id_to_piece, range(model.vocab_size()))
        if piece[0] != "<" or len(piece) == 1
    ]
    vocabulary = {piece: number for number, piece in enumerate(["</s>", "<unk>", *words, "<pad>"])}
    (directory / "vocab.json").write_text(json.dumps(vocabulary))
    paths = {name: str(directory / f"{name}.spm") for name in ("source", "target")}
    tokenizer = MarianTokenizer(
        source_spm=paths["source"], target_spm=paths["target"], vocab=str(directory / "vocab.json")
    )
    torch.manual_seed(1)
    pad = vocabulary["<pad>"]
    config = MarianConfig(
        vocab_size=len(vocabulary), d_model=width, encoder_layers=layers, decoder_layers=layers,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=4 * width, decoder_ffn_dim=4 * width,
        pad_token_id=pad, eos_token_id=0, decoder_start_token_id=pad, forced_eos_token_id=None,
    )  # fmt: skip
    MarianMTModel(config).save_pretrained(directory)
    tokenizer.save_pretrained(directory)


class Watch:
    """Seconds of the clock and of the processor from when it was made."""

    def __init__(self) -> None:
        self._clock, self._processor = time.perf_counter(), time.process_time()

    def seconds(self) -> dict[str, float]:
        """Both, since then."""
        return {"wall_s": time.perf_counter() - self._clock, "cpu_s": time.process_time() - self._processor}


def sorted_batches(tokenizer: Any, sentences: list[str]) -> Iterator[list[list[int]]]:
    """Token numbers of sentences of about one length, the longest first."""
    ids = sorted(tokenizer(sentences, truncation=True, max_length=512)["input_ids"], key=len, reverse=True)
    while ids:
        rows = max(1, BATCH_TOKENS // len(ids[0]))
        yield ids[:rows]
        ids = ids[rows:]


def longest(batch: list[list[int]]) -> int:
    """Most pieces of a translation in a batch."""
    return len(batch[0]) // 2 + 16


def transformers(directory: str, sentences: list[str]) -> dict[str, float]:
    """Seconds of generate over sorted batches."""
    tokenizer = AutoTokenizer.from_pretrained(directory)
    model = AutoModelForSeq2SeqLM.from_pretrained(directory).eval()
    watch = Watch()
    for batch in sorted_batches(tokenizer, sentences):
        inputs = tokenizer.pad({"input_ids": batch}, return_tensors="pt")
        with torch.inference_mode():
            made = model.generate(
                **inputs, max_new_tokens=longest(batch), max_length=None, num_beams=1, do_sample=False
            )
        tokenizer.batch_decode(made, skip_special_tokens=True)
    return watch.seconds()


def raw_ctranslate2(directory: str, sentences: list[str], weights: Path) -> dict[str, float]:
    """Seconds of CTranslate2 over sorted batches."""
    tokenizer = AutoTokenizer.from_pretrained(directory)
    convert(directory, "float32", weights)
    translator = ctranslate2.Translator(
        str(weights),
        inter_threads=1,
        intra_threads=1,
        compute_type="float32",
    )
    watch = Watch()
    for batch in sorted_batches(tokenizer, sentences):
        pieces = [tokenizer.convert_ids_to_tokens(row) for row in batch]
        results = translator.translate_batch(pieces, beam_size=1, max_decoding_length=longest(batch))
        made = [tokenizer.convert_tokens_to_ids(each.hypotheses[0]) for each in results]
        tokenizer.batch_decode(made, skip_special_tokens=True)
    return watch.seconds()


def ours(directory: str, sentences: list[str], scratch: Path, **generation: Any) -> dict[str, float]:
    """Seconds of the translator with an empty cache."""
    settings = Generation(batch_tokens=BATCH_TOKENS, length_factor=0.5, **generation)
    translator = Seq2SeqTranslator(directory, settings, "en", "ar", scratch / "weights")
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        watch = Watch()
        opened = TranslationCache(Path(name, "cache.sqlite"))
        translated_sentences(sentences, translator, opened)
        opened.close()
        return watch.seconds()


def ratios(runs: list[dict[str, Any]], ours: str, peer: str, unit: str) -> dict[str, float]:
    """How many times the peer's throughput ours is."""
    each = [run[peer][unit] / run[ours][unit] for run in runs]
    return {"median": statistics.median(each), "least": min(each), "most": max(each)}


PAIRS = (("daad", "transformers"), ("daad_ctranslate2", "ctranslate2"), ("daad_ctranslate2", "transformers"))
"""Ours, and what it is held to."""


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    opened = gzip.open if given.pairs.suffix == ".gz" else open
    with opened(given.pairs, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    sentences = list(dict.fromkeys(row["en"] for row in rows))[: given.sentences]
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        make_model(
            Path(name), [row[side] for row in rows for side in ("en", "ar")], given.layers, given.width
        )
        contenders: dict[str, Callable[[list[str]], dict[str, float]]] = {
            "daad": lambda some: ours(name, some, scratch),
            "transformers": lambda some: transformers(name, some),
            "daad_ctranslate2": lambda some: ours(name, some, scratch, engine="ctranslate2"),
            "ctranslate2": lambda some: raw_ctranslate2(name, some, scratch / "raw"),
        }
        for measure in contenders.values():
            measure(sentences[:8])
        runs = []
        for number in range(given.runs):
            order = list(contenders)[:: 1 if number % 2 else -1]
            runs.append({each: contenders[each](sentences) for each in order})
    result = {
        "command": " ".join(
            ["python benchmarks/speed/translation_throughput.py", given.pairs.name, *sys.argv[2:]]
        ),
        "sentences": len(sentences),
        "threads": 1,
        "versions": {each: version(each) for each in ("transformers", "torch", "ctranslate2")},
        "load": [round(value, 1) for value in os.getloadavg()],
        "times_the_throughput": {
            f"{own} against {peer}": {unit: ratios(runs, own, peer, unit) for unit in ("wall_s", "cpu_s")}
            for own, peer in PAIRS
        },
        "runs": runs,
    }
    record(result, given.output)


if __name__ == "__main__":
    main()
