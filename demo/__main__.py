"""`python -m demo`, which `make demo` runs: from texts out of installed packages to a model that answers."""

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yaml

from corpus.pipeline.atomic import read_json

CONFIG = "demo/corpus.yaml"
TOKENIZER = "demo/tokenizer.yaml"
FERTILITY = "demo/fertility.yaml"
ENGLISH = "demo/english.yaml"
BILINGUAL = "demo/bilingual.yaml"
LEAGUE = "demo/league.yaml"
EXPANDED = ("--checkpoint", "out/demo/english/model", "--tokenizer", "out/demo/tokenizer")
DATA_DIR = "out/demo/data"
PAGES = {
    "out/demo/corpus/card.html": "where every document went, and why",
    "out/demo/tokenizer/expansion.html": "what the tokenizer learned, and what is proven of it",
    "out/demo/fertility/report.html": "how tokenizers cut Arabic, word by word",
    "out/demo/english/report.html": "a small model learns English",
    "out/demo/bilingual/report.html": "and then Arabic, in both languages' bits per byte",
    "out/demo/sft/report.html": "it learns to answer questions",
    "out/demo/dpo/report.html": "and to answer in the language of the question",
    "out/demo/league/report.html": "what each stage gained and lost, in both languages",
}
"""What the demo leaves to look at."""


@dataclass(frozen=True)
class Step:
    """One command of the demo, and what it is for."""

    purpose: str
    arguments: tuple[str, ...]


def steps(corpus_dir: str) -> list[Step]:
    """The commands in their order; each goes on where it was stopped."""
    # Hadith were Arabic first, and the little text that was translated into Arabic is no tenth of a mixture.
    size = ("--corpus", corpus_dir, "--total_tokens", "20_000_000")
    balance = (
        "--groups",
        "{hadith_pairs: arabic, messages: arabic, names: arabic}",
        "--shares",
        "{english: 0.55, arabic: 0.45}",
    )
    english = ("--shares", "{english: 1.0}", "--output", f"{corpus_dir}/english.yaml")
    base = ("--data.tokenizer", str(files("mistral_common") / "data" / "tokenizer.model.v1"))
    return [
        Step("take texts out of installed packages", ("demo.prepare", "--output", DATA_DIR)),
        Step("build a clean, deduplicated, documented corpus", ("corpus.build", "--config", CONFIG)),
        Step("plan ALLaM's mix of languages and domains", ("corpus.mixture", *size, *balance)),
        Step("teach a tokenizer Arabic, and prove it", ("tokenization.expand", "--config", TOKENIZER)),
        Step("show linguists how tokenizers cut", ("tokenization.fertility", "--config", FERTILITY)),
        Step("plan English alone, for the first stage", ("corpus.mixture", *size, *english)),
        Step("train a small model on English", ("nemo_recipes.pretrain", "--config", ENGLISH, *base)),
        Step(
            "give it rows for the Arabic pieces",
            ("tokenization.embeddings", *EXPANDED, "--output_dir", "out/demo/expanded"),
        ),
        Step("train it on both languages", ("nemo_recipes.pretrain", "--config", BILINGUAL)),
        Step("make questions and answers by rule", _aligning("instructions")),
        Step("teach the model to answer", _aligning("sft")),
        Step(
            "count answers in the language of the question",
            (*_aligning("answer_language"), "--models", "[{name: sft, path: out/demo/sft/model}]"),
        ),
        Step("let it write the pairs it will learn from", _aligning("mine")),
        Step("teach it to prefer the language of the question", _aligning("dpo")),
        Step("count again, on the same questions", _aligning("answer_language")),
        Step("compare the four models", ("benchmarks.league", "--config", LEAGUE)),
    ]


def _aligning(entry: str) -> tuple[str, ...]:
    return f"alignment.{entry}", "--config", f"alignment/configs/demo-{entry.replace('_', '-')}.yaml"


def main() -> int:
    """Run every step from the checkout's root; stop at the first that fails, with its exit code."""
    root = Path(__file__).resolve().parent.parent
    corpus_dir = yaml.safe_load((root / CONFIG).read_text(encoding="utf-8"))["output_dir"]
    started = time.monotonic()
    planned = steps(corpus_dir)
    for number, step in enumerate(planned, start=1):
        say(f"\n[{number}/{len(planned)}] {step.purpose}\n$ python -m {shlex.join(step.arguments)}")
        if code := run_step(step.arguments, root):
            return code
    say("\nBits that held-out text costs for each byte, less being better:")
    for line in learned(root):
        say(f"  {line}")
    say("\nAnswers in the language of the question, of held-out questions:")
    for line in preferred(root):
        say(f"  {line}")
    say(f"\nThe demo took {time.monotonic() - started:.0f} seconds. Open in a browser:")
    for path, what in PAGES.items():
        say(f"  {path:<36}{what}")
    say("Talk to the model: .venv/bin/python -m alignment.chat --model out/demo/dpo/model")
    return 0


def run_step(arguments: Sequence[str], root: Path) -> int:
    """Run one command at `root`: its exit code, 128 and the signal's number where a signal ended it, 130 after Ctrl-C.

    Ctrl-C reaches the command as well, which saves what it has; it is waited for.
    """
    process = subprocess.Popen([sys.executable, "-m", *arguments], cwd=root)  # noqa: S603
    interrupted = False
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            interrupted = True
            continue
        if interrupted:
            return 128 + signal.SIGINT
        return code if code >= 0 else 128 - code


def learned(root: Path) -> Iterator[str]:
    """What each stage did to each language."""
    english, bilingual = (
        read_json(root / directory / "manifest.json")["result"]["bits_per_byte"]
        for directory in ("out/demo/english", "out/demo/bilingual")
    )
    for language, name in (("en", "English"), ("ar", "Arabic")):
        first, second = english[language], bilingual[language]
        yield (
            f"{name}  {first['before']:.2f} untrained, {first['after']:.2f} after English alone, "
            f"{second['before']:.2f} with rows for Arabic pieces, {second['after']:.2f} after both languages"
        )


def preferred(root: Path) -> Iterator[str]:
    """What learning from preferences did to each language."""
    result = read_json(root / "out/demo/answer_language/result.json")
    for language, name in (("en", "English"), ("ar", "Arabic")):
        before, after = (result["models"][model]["shares"][language]["value"] for model in ("sft", "dpo"))
        difference = result["differences"]["dpo"][language]
        yield (
            f"{name:<8}{before:.0%} after SFT, {after:.0%} after DPO: {difference['value']:+.3f}, "
            f"95 % interval {difference['low']:+.3f} to {difference['high']:+.3f}"
        )


def say(line: str) -> None:
    """Print at once, so that it stands before what the next command prints."""
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
