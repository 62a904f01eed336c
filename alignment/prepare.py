"""`python -m alignment.prepare --config FILE.yaml`: which instructions are good enough to learn from."""

import sys
from collections import Counter
from typing import Any

from alignment.preparation.settings import PrepareConfig
from corpus.command_line import run


def main(config: PrepareConfig) -> None:
    """Sort, then say what stays, what goes and where to look."""
    from alignment.preparation.running import prepare

    sys.stdout.write(summary(prepare(config), config.output_dir))


def summary(manifest: dict[str, Any], output_dir: str) -> str:
    """The result in a few lines, and the paths worth opening."""
    by_rule: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    for row in manifest["counts"]:
        by_rule[row["rule"] or ""] += row["conversations"]
        if not row["rule"]:
            languages[row["language"]] += row["conversations"]
    kept = by_rule.pop("", 0)
    lines = [f"{kept:,} of {kept + by_rule.total():,} conversations stay"]
    lines += [
        f"{title:<12} {_listed(counts)}"
        for title, counts in (("by language", languages), ("dropped", by_rule))
        if counts
    ]
    unreadable = Counter({row["rule"]: 0 for row in manifest["unreadable"]})
    for row in manifest["unreadable"]:
        unreadable[row["rule"]] += row["records"]
    if unreadable:
        lines.append(f"{'unreadable':<12} {_listed(unreadable)}")
    lines += [
        f"open         {output_dir}/report.html       what stays and what goes, to look at",
        f"             {output_dir}/kept.jsonl        the conversations to learn from",
        f"             {output_dir}/dropped.jsonl     the others, each with its rule",
        f"             {output_dir}/unreadable.jsonl  records that make no conversation",
    ]
    return "\n".join(lines) + "\n"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(
        f"{name} {number:,}" for name, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


if __name__ == "__main__":
    run(main, PrepareConfig, "alignment.prepare")
