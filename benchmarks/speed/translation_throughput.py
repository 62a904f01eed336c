"""Translation against transformers' raw batches: the same model, sentences, lengths and batch sizes, in turns.

The model is a Marian network of random weights (`--layers`, `--width`), since speed does not hang on what it learned;
outputs are as long as the longest allowed. Raw means `model.generate` over batches that were tokenized and sorted by
length before, and decoded after; ours is `Seq2SeqTranslator.batches` with the cache of sentences. Times are seconds of
the processor, which others on the machine disturb less than the clock.

    python benchmarks/speed/translation_throughput.py PAIRS.jsonl.gz --output FILE.json
"""

import argparse
import gzip
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import sentencepiece
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, MarianConfig, MarianMTModel, MarianTokenizer

from corpus.translate.cache import TranslationCache
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


def raw(directory: str, sentences: list[str]) -> float:
    """Seconds of generate over sorted batches."""
    tokenizer = AutoTokenizer.from_pretrained(directory)
    model = AutoModelForSeq2SeqLM.from_pretrained(directory).eval()
    started = time.process_time()
    ids = sorted(tokenizer(sentences, truncation=True, max_length=512)["input_ids"], key=len, reverse=True)
    while ids:
        rows = max(1, BATCH_TOKENS // len(ids[0]))
        batch, ids = ids[:rows], ids[rows:]
        inputs = tokenizer.pad({"input_ids": batch}, return_tensors="pt")
        with torch.inference_mode():
            made = model.generate(
                **inputs,
                max_new_tokens=len(batch[0]) // 2 + 16,
                max_length=None,
                num_beams=1,
                do_sample=False,
            )
        tokenizer.batch_decode(made, skip_special_tokens=True)
    return time.process_time() - started


def ours(directory: str, sentences: list[str], cache: Path) -> float:
    """Seconds of the translator with an empty cache."""
    generation = Generation(batch_tokens=BATCH_TOKENS, length_factor=0.5)
    translator = Seq2SeqTranslator(directory, generation, "en", "ar")
    started = time.process_time()
    opened = TranslationCache(cache)
    translated_sentences(sentences, translator, opened)
    opened.close()
    return time.process_time() - started


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
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        make_model(directory, [row[side] for row in rows for side in ("en", "ar")], given.layers, given.width)
        raw(name, sentences[:8])
        ours(name, sentences[:8], directory / "warm.sqlite")
        runs = []
        for number in range(given.runs):
            first = raw(name, sentences) if number % 2 else 0.0
            mine = ours(name, sentences, directory / f"cache-{number}.sqlite")
            runs.append({"daad_cpu_s": mine, "transformers_cpu_s": first or raw(name, sentences)})
    ratios = [run["transformers_cpu_s"] / run["daad_cpu_s"] for run in runs]
    result = {
        "command": " ".join(["python", *sys.argv]),
        "sentences": len(sentences),
        "threads": 1,
        "runs": runs,
        "times_the_raw_throughput": {
            "median": statistics.median(ratios),
            "least": min(ratios),
            "most": max(ratios),
        },
    }
    text = json.dumps(result, indent=1)
    print(text)
    if given.output:
        given.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
