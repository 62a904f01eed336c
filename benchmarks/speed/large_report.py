"""The page of `large_build.py`."""

from collections.abc import Mapping
from typing import Any

from report import table

Record = Mapping[str, Any]


def page(record: Record) -> str:
    """All sizes in one table, the line through them, and what was found."""
    rows = [row for row in record["rows"] if "failure" not in row]
    failed = [row for row in record["rows"] if "failure" in row]
    parts = [
        "# A build that is larger than memory",
        f"Made by `{record['command']}`; see `benchmarks/speed/README.md`. {record['note']}".rstrip(),
        table(_HEADER, [_costs(row) for row in rows]),
        _MEMORY,
        _line(record),
        "## Seconds of each phase",
        _phases(rows),
        "## What was planted and found",
        table(_FOUND_HEADER, [_found(row) for row in rows]),
        _FOUND,
        *(f"{row['text_bytes'] / 1e9:.1f} GB failed, exit status {row['exit_code']}." for row in failed),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_HEADER = (
    "text GB", "documents", "s", "processor s", "MB/s", "documents/s", "peak MB", "not files' MB", "cgroup MB",
    "largest process MB", "disk GB",
)  # fmt: skip

_MEMORY = (
    "Peak memory is the sum of proportional set sizes of all processes, up to five times a second; then the part of it "
    "that is no file's; then the high-water mark of the memory cgroup, page cache included, where there was one. Disk "
    "is what the build's directory holds at most, input not counted; its result is part of it."
)


def _costs(row: Record) -> list[str]:
    cgroup = row["cgroup_peak_bytes"]
    return [
        f"{row['text_bytes'] / 1e9:.2f}",
        f"{row['documents']:,}",
        f"{row['seconds']:,.0f}",
        f"{row['cpu_seconds']:,.0f}",
        f"{row['text_bytes'] / 1e6 / row['seconds']:.1f}",
        f"{row['documents'] / row['seconds']:,.0f}",
        f"{row['peak_bytes'] / 1e6:,.0f}",
        f"{row['peak_anonymous_bytes'] / 1e6:,.0f}",
        f"{cgroup / 1e6:,.0f}" if cgroup else "",
        f"{row['largest_process_bytes'] / 1e6:,.0f}",
        f"{row['disk_peak_bytes'] / 1e9:.1f}",
    ]


def _line(record: Record) -> str:
    line = record["time"]
    if not line:
        return ""
    residuals = ", ".join(f"{value:+.0f}" for value in line["residual_seconds"])
    return (
        f"Time: {line['constant_seconds']:.0f} s + {line['seconds_per_gigabyte']:.1f} s a gigabyte "
        f"(residuals {residuals} s); time grows with size to the power {line['exponent']:.3f}. n = 1 for each size."
    )


def _phases(rows: list[Record]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row["run"]["seconds_by_phase"]))
    header = ["phase", *(f"{row['text_bytes'] / 1e9:.1f} GB" for row in rows)]
    body = [[name, *(f"{row['run']['seconds_by_phase'].get(name, 0):.1f}" for row in rows)] for name in names]
    return table(header, body)


_FOUND_HEADER = (
    "text GB", "exact copies found", "near found, J>=.8", "notices in one cluster", "largest cluster",
    "dropped for its own family", "near dropped at J>=.8", "near dropped at J<.5", "site lines removed",
)  # fmt: skip

_FOUND = (
    "Shares of what came as far as deduplication, n behind them; J is the exact Jaccard similarity of folded "
    "five-word shingles of a random sample. The threshold of the build is an estimated .7, so that some pairs below .8 "
    "go as well. Lines that twenty copies of a notice share are boilerplate too: more lines go than stand around "
    "texts, and copies that lose them and copies that would lose too much, and are left whole, are two clusters."
)


def _found(row: Record) -> list[str]:
    planted = row["planted"]
    lines = planted["lines_removed"]
    return [
        f"{row['text_bytes'] / 1e9:.2f}",
        _share(planted["recall_exact"]),
        _share(planted["recall_near"]),
        _share(planted["recall_notices"]),
        f"{planted['recall_notices']['largest_cluster']:,}",
        _share(planted["same_family"]),
        _share(planted["precision_near"]),
        _share(planted["unrelated_near"]),
        f"{lines['removed']:,} of {lines['planted']:,}",
    ]


def _share(proportion: Record) -> str:
    return f"{proportion['share']:.4f} of {proportion['of']:,}" if proportion["of"] else ""
