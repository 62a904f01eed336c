"""Hours of fuzzing, guided by coverage: `python tests/fuzzing/long_run.py --seconds 600 --out OUT jsonl tmx ...`.

Needs atheris (https://github.com/google/atheris), which is no dependency of the project: an environment of its own that
also sees the project's packages. Each target runs in a process of its own for that long; a find does not end it, but is
kept once for each place in the code where it happened: the input, and the traceback beside it. A hang of more than a
minute ends the target's process with libFuzzer's report, and it starts again. `summary.json` holds the counts.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

WATCHED = ("alignment", "benchmarks", "corpus", "csv", "email", "json", "tokenization", "xml")
"""Packages whose branches guide the mutations."""
_ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run each target; exit code 1 where there are finds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="names in targets.py; all by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--out", type=Path, required=True, help="corpora, finds and summary.json")
    parser.add_argument("--one", help="internal: fuzz this target in this process")
    settings = parser.parse_args()
    if settings.one:
        return fuzz(settings.one, settings.out, settings.seconds)
    from targets import TARGETS

    summary = settings.out / "summary.json"
    total: dict[str, Any] = json.loads(summary.read_text()) if summary.is_file() else {}
    for name in settings.targets or TARGETS:
        until = time.monotonic() + settings.seconds
        while (left := until - time.monotonic()) > min(10.0, settings.seconds / 2):
            command = [
                sys.executable,
                __file__,
                "--one",
                name,
                "--seconds",
                str(left),
                "--out",
                str(settings.out),
            ]
            ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
            counts = json.loads((settings.out / f"{name}.json").read_text())
            if ended.returncode:
                counts["crashes"] = 1
                log = settings.out / "finds" / f"{name}-crash-{time.time():.0f}.log"
                log.write_text(ended.stderr[-20_000:])
            total[name] = dict(Counter(total.get(name, {})) + Counter(counts))
            settings.out.mkdir(parents=True, exist_ok=True)
            summary.write_text(json.dumps(total, indent=1))
    finds = list((settings.out / "finds").glob("*"))
    sys.stdout.write(f"{json.dumps(total, indent=1)}\n{len(finds)} files in {settings.out / 'finds'}\n")
    return 1 if finds else 0


def compiled_modules() -> set[str]:
    """Modules with kernels, which no compiler takes once they tell of their branches."""
    paths = (path for package in ("corpus", "tokenization") for path in (_ROOT / package).rglob("*.py"))
    with_kernels = (
        path for path in paths if re.search(r"^(from|import) numba", path.read_text("utf-8"), re.MULTILINE)
    )
    return {".".join(path.relative_to(_ROOT).with_suffix("").parts) for path in with_kernels}


def fuzz(name: str, out: Path, seconds: float) -> int:
    """Fuzz one target in this process, which libFuzzer ends itself."""
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=list(WATCHED), exclude=list(compiled_modules())):
        from targets import TARGETS

        target = TARGETS[name]
        with tempfile.TemporaryDirectory() as scratch, suppress(Exception):
            target(target.seeds[0], Path(scratch))  # the modules that it loads are watched too
    corpus, finds = out / "corpus" / name, out / "finds"
    for directory in (corpus, finds):
        directory.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed{number}").write_bytes(seed)
    known: set[str] = {path.stem for path in finds.iterdir()}
    counts: Counter[str] = Counter()
    started, saved = time.process_time(), time.monotonic()

    def one(data: bytes) -> None:
        nonlocal saved
        with tempfile.TemporaryDirectory() as scratch:
            try:
                counts["read" if target(data, Path(scratch)) else "refused"] += 1
            except BaseException as error:  # noqa: BLE001  panics of compiled libraries are no Exceptions
                keep(error, data)
        counts["inputs"] += 1
        if time.monotonic() - saved > 2:
            saved = time.monotonic()
            counts["cpu_seconds"] = round(time.process_time() - started)
            (out / f"{name}.json").write_text(json.dumps(counts))

    def keep(error: BaseException, data: bytes) -> None:
        counts["failures"] += 1
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "site-packages" not in frame.filename] or frames
        place = f"{type(error).__name__} {Path(ours[-1].filename).name} {ours[-1].name} {frames[-1].name}"
        stem = f"{name}-{type(error).__name__}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"
        if stem not in known:
            known.add(stem)
            (finds / f"{stem}.input").write_bytes(data)
            (finds / f"{stem}.txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")

    (out / f"{name}.json").write_text("{}")
    options = [f"-max_total_time={int(seconds)}", "-max_len=4096", "-timeout=60", "-rss_limit_mb=3072"]
    options += ["-print_final_stats=1", f"-artifact_prefix={finds}/{name}-"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
