"""Token files against sentencepiece's batch encoder, on all cores: the same shards, the same model, the same ids.

python benchmarks/speed/encode_shards.py --corpus DIR --tokenizer FILE.model [--runs 3] [--output FILE.json]

Ours is the whole of `python -m nemo_recipes.data`: processes started, shards read, texts encoded, split into training
and validation, written, merged, digests taken. Theirs is the shards' texts read into memory (not timed), and
`SentencePieceProcessor.encode(texts, num_threads=cores)`; as lists alone, and with the ids put into one array and
written. Speeds are UTF-8 MB per second of wall time, medians over runs in turn; the machine has to be quiet. CPU
seconds, of all processes and threads together, tell the ways apart on a busy machine too.
"""

import argparse
import json
import os
import platform
import resource
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sentencepiece import SentencePieceProcessor

from nemo_recipes.data.settings import Tokens
from nemo_recipes.data.token_files import encode


def main() -> None:
    """Measure both in turn, check that they made the same ids, print and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, help="directory that corpus.build made")
    parser.add_argument("--tokenizer", type=Path, required=True, help="SentencePiece .model file")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, at least 5 for a record")
    parser.add_argument("--output", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    result = measure(arguments.corpus, arguments.tokenizer, arguments.runs)
    record = {
        # Without the folders of this machine.
        "command": shlex.join(
            ["python", "benchmarks/speed/encode_shards.py"]
            + [Path(given).name if "/" in given else given for given in sys.argv[1:]]
        ),
        "runs": arguments.runs,
        "result": result,
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("sentencepiece", "numpy", "polars", "pyarrow")},
        "machine": f"{platform.machine()} {platform.system()}",
        "load_average": os.getloadavg()[0],
    }
    for way in ("ours", "sentencepiece", "sentencepiece_written"):
        cpu = statistics.median(result["cpu_seconds"][way])
        print(f"{way:22} {result[way]:6.1f} MB/s  {cpu:6.1f} CPU s")
    print(
        f"{result['megabytes']:.1f} MB, {result['tokens']:,} tokens, {result['cores']} cores, n = {arguments.runs}"
    )
    if arguments.output:
        arguments.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def measure(corpus: Path, tokenizer: Path, runs: int) -> dict[str, Any]:
    """Median MB/s of each way.

    Raises AssertionError when the numbers of tokens differ.
    """
    shards = sorted((corpus / "shards").glob("*.parquet"))
    texts = pl.concat(pl.read_parquet(path, columns=["text"])["text"] for path in shards)
    rows = texts.to_list()
    cores = len(os.sched_getaffinity(0))
    processor = SentencePieceProcessor(model_file=str(tokenizer))
    tokens: dict[str, int] = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as place:

        def ours() -> None:
            output = Path(tempfile.mkdtemp(dir=place))
            manifest = encode(Tokens(corpus=str(corpus), tokenizer=str(tokenizer), output_dir=str(output)))
            tokens["ours"] = sum(
                part[split]["tokens"] - part[split]["documents"]
                for part in manifest["parts"]
                for split in ("train", "validation")
            )
            tokens["left_out"] = sum(
                part["validation"]["left_out_as_trained_on"] for part in manifest["parts"]
            )

        def theirs() -> None:
            tokens["theirs"] = sum(map(len, processor.encode(rows, num_threads=cores)))

        def theirs_written() -> None:
            lists = processor.encode(rows, num_threads=cores)
            ids = np.fromiter(chain.from_iterable(lists), np.uint16)
            Path(place, "theirs.bin").write_bytes(ids.tobytes())

        ways: dict[str, Callable[[], None]] = {
            "ours": ours, "sentencepiece": theirs, "sentencepiece_written": theirs_written,
        }  # fmt: skip
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        cpu_seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(runs):
            for name, way in ways.items():
                start, cpu_start = time.perf_counter(), _cpu_seconds()
                way()
                seconds[name].append(time.perf_counter() - start)
                cpu_seconds[name].append(_cpu_seconds() - cpu_start)
    # Documents that validation leaves out are encoded as well, but not in the files.
    assert tokens["ours"] == tokens["theirs"] or tokens["left_out"], tokens
    megabytes = int(texts.str.len_bytes().sum()) / 1e6
    speeds = {name: megabytes / statistics.median(taken) for name, taken in seconds.items()}
    ratio = statistics.median(
        b / a for a, b in zip(seconds["ours"], seconds["sentencepiece_written"], strict=True)
    )
    return {
        **speeds,
        "ratio_to_sentencepiece_written": ratio,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "megabytes": megabytes,
        "documents": len(rows),
        "tokens": tokens["theirs"],
        "cores": cores,
        "corpus": corpus.name,
        "tokenizer": tokenizer.name,
    }


def _cpu_seconds() -> float:
    """CPU time of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
