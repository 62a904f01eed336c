"""`python -m tokenization.fertility --config FILE.yaml`: how tokenizers cut text, for linguists to open."""

import sys
from typing import TYPE_CHECKING

from corpus.command_line import run
from tokenization.fertility_config import FertilityConfig

if TYPE_CHECKING:
    from tokenization.report.findings import Findings


def main(config: FertilityConfig) -> None:
    """Measure, write the report, and say where to look."""
    import datetime as dt
    import time

    from tokenization.report.findings import find
    from tokenization.report.study import make_study
    from tokenization.report.writing import write

    started, clock = dt.datetime.now(dt.UTC), time.monotonic()
    findings = find(make_study(config, _warn))
    seconds = round(time.monotonic() - clock, 2)
    write(findings, {"started": started.isoformat(timespec="seconds"), "seconds": seconds})
    summarize(findings)


def summarize(findings: "Findings") -> None:
    """Print fertility on the main slice, and the paths worth opening."""
    study = findings.study
    found = [(one, findings.estimate(one.name, study.main.name, "fertility")) for one in study.tokenizers]
    ranked = sorted(
        ((each.value, tokenizer, each) for tokenizer, each in found if each), key=lambda row: row[0]
    )
    width = max(len(tokenizer.name) for tokenizer in study.tokenizers)
    lines = [f"pieces per word, {study.main.name}"]
    lines += [
        f"  {tokenizer.name:<{width}}  {value:.3f}  ({each.low:.3f} to {each.high:.3f})"
        for value, tokenizer, each in ranked
    ]
    directory = study.config.output_dir
    lines += [
        f"open  {directory}/report.html     everything, to look at",
        f"      {directory}/fertility.csv   every figure with its interval and signature",
        f"      {directory}/fertility.json  the same, with what is in the plots",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _warn(message: str) -> None:
    sys.stderr.write(f"tokenization.fertility: warning: {message}\n")


if __name__ == "__main__":
    run(main, FertilityConfig, "tokenization.fertility")
