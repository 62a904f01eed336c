"""Turn recorded results into one Markdown page, each table with what its numbers depend on.

python benchmarks/speed/report.py benchmarks/results/*.json --output benchmarks/results/speed.md
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read all results, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", nargs="+", type=Path, help="JSON files that the benchmarks wrote")
    parser.add_argument("--output", type=Path, required=True, help="Markdown file to write")
    options = parser.parse_args(arguments)
    records = [json.loads(path.read_text("utf-8")) for path in options.results]
    sections = [
        _SECTIONS[record["benchmark"]](record) for record in records if record.get("benchmark") in _SECTIONS
    ]
    page = "# Speed of the corpus room\n\nMade by `report.py`; see `benchmarks/speed/README.md`.\n\n"
    options.output.write_text(page + "\n\n".join(sections) + "\n", "utf-8")


def near_dedup_section(record: Record) -> str:
    """Contenders side by side, slowest ratios against Daad."""
    contenders = record["contenders"]
    ours = contenders.get("daad", {}).get("seconds")
    rows = []
    for name, result in contenders.items():
        if "seconds" not in result:
            rows.append([name, "failed", *[""] * 7, str(result["n"])])
            continue
        quality = result["quality"]
        rows.append(
            [
                name,
                f"{result['seconds']:.2f}",
                f"{result['seconds'] / ours:.1f}x" if ours else "",
                f"{result['peak_bytes'] / 1e6:,.0f}",
                *(_share(quality["like_for_like"][key]) for key in ("recall", "precision", "unrelated")),
                _share(quality["spelling_recall"]),
                _rounded(quality["purity"]),
                str(result["n"]),
            ]
        )
    header = [
        "tool", "s", "of Daad's time", "peak MB", "recall J>=.8", "precision J>=.8", "pairs J<.5",
        "spelling recall", "purity", "n",
    ]  # fmt: skip
    corpus = record["corpus"]
    with_compilation = record["seconds_with_compilation"]
    return "\n\n".join(
        [
            "## Near-duplicate removal, end to end",
            table(header, rows),
            "Shares with 95 % Wilson intervals; recall, precision and pairs J<.5 are like for like: without respelled "
            "documents on either side. Seconds are medians of n runs"
            + (
                f"; Daad with its kernels compiled anew took {with_compilation:.1f} s."
                if with_compilation
                else "."
            ),
            "Versions: "
            + "; ".join(f"{name} ({result['version']})" for name, result in contenders.items())
            + ".",
            f"{corpus['plan']['documents']:,} documents, {corpus['text_bytes'] / 1e6:.0f} MB of text. "
            + _signature(record),
        ]
    )


def whole_build_section(record: Record) -> str:
    """Size, cores, speed, memory; then where the time goes and what a document costs."""
    ratios = {line["corpus"]: line["ratio"] for line in record["scaling"]}
    rows = []
    for row in record["rows"]:
        size = f"{row['text_bytes'] / 1e6:.0f} MB, {row['documents']:,}"
        if "seconds" not in row:
            rows.append([size, str(row["cores"]), "failed", "", "", "", "", str(row["n"])])
            continue
        rows.append(
            [
                size,
                str(row["cores"]),
                f"{row['seconds']:.1f}",
                f"{row['megabytes_per_second_per_core']:.2f}",
                f"{ratios[row['corpus']]:.2f}x" if row["cores"] > 1 and row["corpus"] in ratios else "",
                f"{row['largest_process_bytes'] / 1e6:,.0f}",
                f"{row['peak_bytes'] / 1e6:,.0f}",
                str(row["n"]),
            ]
        )
    header = [
        "text, documents", "cores", "s", "MB/s per core", "of one core's speed", "peak MB, largest process",
        "peak MB, all processes", "n",
    ]  # fmt: skip
    parts = ["## The whole build", table(header, rows)]
    parts += [_memory_sentence(line) for line in record["memory"] if "bytes_per_document" in line]
    alone = [row for row in record["rows"] if "seconds_by_stage" in row]
    if alone:
        parts.append(_stage_table(max(alone, key=lambda row: (row["n"], row["text_bytes"]))))
    return "\n\n".join([*parts, _signature(record)])


def datatrove_section(record: Record) -> str:
    """Both builds on the same files."""
    contenders = record["contenders"]
    ours = contenders["daad"].get("seconds")
    rows = []
    for name, result in contenders.items():
        if "seconds" not in result:
            rows.append([name, "failed", "", "", "", str(result["n"])])
            continue
        rows.append(
            [
                name,
                f"{result['seconds']:.1f}",
                f"{result['seconds'] / ours:.1f}x" if ours else "",
                f"{result['megabytes_per_second_per_core']:.3f}",
                f"{result['peak_bytes'] / 1e6:,.0f}",
                str(result["n"]),
            ]
        )
    given = record["input"]
    size = f"{given['documents']:,} documents, {given['text_bytes'] / 1e6:.0f} MB of text"
    size += f" ({record['settings']['files']} of 8 files)."
    header = ["build", "s", "of Daad's time", "MB/s per core", "peak MB", "n"]
    return "\n\n".join(
        [
            "## The whole build against datatrove",
            table(header, rows),
            _documents_table(contenders),
            f"{size} {_signature(record)}",
        ]
    )


def _documents_table(contenders: Record) -> str:
    """How many documents are left after what both builds decide, and the share of what was read."""
    counts = {name: result.get("documents_after_stage", {}) for name, result in contenders.items()}
    stages = [stage for stage in counts["datatrove"] if stage in counts["daad"]]
    rows = [
        [stage, *(f"{left[stage]:,} ({left[stage] / max(left['read'], 1):.1%})" for left in counts.values())]
        for stage in stages
    ]
    return table(["documents after", *counts], rows) if rows else "No counts to compare."


def _memory_sentence(line: Record) -> str:
    whose = "the largest process" if line["measure"] == "largest_process_bytes" else "all processes together"
    return (
        f"Peak memory of {whose} on {line['cores']} core(s): {line['constant_bytes'] / 1e6:,.0f} MB + "
        f"{line['bytes_per_document']:,.0f} bytes a document "
        f"(largest residual {line['largest_residual_bytes'] / 1e6:,.1f} MB over {line['sizes']} sizes)."
    )


def _stage_table(row: Record) -> str:
    """Where the wall time of a build on one core goes."""
    megabytes = row["text_bytes"] / 1e6
    seconds = row["seconds_by_stage"]
    total = sum(seconds.values())
    rows = [
        [stage, f"{spent:.2f}", f"{spent / total:.1%}", f"{megabytes / spent:,.0f}" if spent > 0 else ""]
        for stage, spent in sorted(seconds.items(), key=lambda item: -item[1])
    ]
    title = f"Where the time goes ({megabytes:.0f} MB on one core, the run of median time):"
    return f"{title}\n\n{table(['stage or phase', 's', 'share', 'MB/s'], rows)}"


def _signature(record: Record) -> str:
    machine, settings = record["machine"], record["settings"]
    given = " ".join(f"--{name} {value}" for name, value in settings.items())
    return (
        f"`{record['command']} {given}` on {machine['cpu']}, {machine['cores_available']} cores, "
        f"{machine['memory_gib']} GiB, load {machine['load_average']:.1f} when recorded."
    )


def _share(proportion: Record) -> str:
    if proportion["value"] is None:
        return "none"
    low, high = proportion["low"], proportion["high"]
    return f"{proportion['value']:.3f} [{low:.3f}, {high:.3f}] of {proportion['trials']:,}"


def _rounded(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first hold numbers."""
    ruler = ["---", *("--:" for _ in header[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, ruler, *rows))


_SECTIONS: dict[str, Callable[[Record], str]] = {
    "near_dedup": near_dedup_section,
    "whole_build": whole_build_section,
    "datatrove_build": datatrove_section,
}


if __name__ == "__main__":
    main()
