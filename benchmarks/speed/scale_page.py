"""The page of the scale study: Markdown, from what `scale_study.py` recorded."""

from collections.abc import Mapping, Sequence
from typing import Any

from report import table

Record = Mapping[str, Any]


def page(record: Record, stages: Mapping[str, Mapping[str, float]]) -> str:
    """All of the study; `stages` are the processor seconds of every stage of every run, by engine and size."""
    found, parts = record["summary"], ["# Cost of a build against its size", _head(record)]
    for engine in dict.fromkeys(run["engine"] for run in record["runs"]):
        own = sorted(
            (run for run in record["runs"] if run["engine"] == engine), key=lambda run: run["gigabytes"]
        )
        parts += [f"## Engine {engine}", _whole(own), _growth_sentence(found[engine])]
        parts += ["Processor seconds by stage:", _stages(own, stages, found[engine]["stages"])]
        parts += ["Bytes and memory by phase, at the largest size:", _phases(own[-1])]
    return "\n\n".join([*parts, "## On paper: terabytes", _plans(found["plans"])]) + "\n"


def _head(record: Record) -> str:
    machine = record["machine"]
    return (
        f"`{record['command']}` on {machine['cpu']}, {machine['cores_available']} cores, {machine['memory_gib']} GiB; "
        "generated text, documents of 2 kB, an eighth of them copies; n = 1 each. The machine was shared with other "
        "work (`load` is the load average before each run), so wall time says little; processor seconds grow some "
        "tenths too under load."
    )


def _whole(runs: Sequence[Record]) -> str:
    rows = [
        [
            f"{run['gigabytes']:g}",
            f"{run['documents']:,}",
            f"{run['kept']:,}",
            f"{run['processor_seconds']:.0f}",
            f"{run['processor_seconds'] / run['text_bytes'] * 1e9:.0f}",
            f"{run['seconds']:.0f}",
            f"{_sum(run, 'read_bytes') / 1e9:.2f}",
            f"{_sum(run, 'written_bytes') / 1e9:.2f}",
            f"{run['peak_bytes'] / 1e6:,.0f}",
            f"{run['load_before']:.1f}",
        ]
        for run in runs
    ]
    header = [
        "GB",
        "documents",
        "kept",
        "processor s",
        "a GB",
        "wall s",
        "GB read",
        "GB written",
        "peak MB",
        "load",
    ]
    return table(header, rows)


def _growth_sentence(found: Record) -> str:
    return (
        f"Growth of processor time {_exponent(found['whole'])}, of peak memory {_exponent(found['peak'])}: exponents "
        "of size on a log-log line with Student's 95 % intervals; 1 is linear."
    )


def _stages(
    runs: Sequence[Record], stages: Mapping[str, Mapping[str, float]], growths: Mapping[str, Any]
) -> str:
    columns = [stages[f"{run['engine']} {run['gigabytes']:g}"] for run in runs]
    rows = [
        [name, *(f"{costs.get(name, 0):.2f}" for costs in columns), _exponent(growths.get(name))]
        for name in columns[-1]
    ]
    return table(["stage or phase", *(f"{run['gigabytes']:g} GB" for run in runs), "exponent"], rows)


def _phases(run: Record) -> str:
    rows = [
        [
            name,
            f"{cost['processor_seconds']:.1f}",
            f"{cost['seconds']:.1f}",
            f"{cost['read_bytes'] / 1e6:,.0f}",
            f"{cost['written_bytes'] / 1e6:,.0f}",
            f"{cost['peak_bytes'] / 1e6:,.0f}",
        ]
        for name, cost in run["phases"].items()
    ]
    return table(["phase", "processor s", "wall s", "MB read", "MB written", "peak MB"], rows)


def _plans(plans: Sequence[Record]) -> str:
    if not plans:
        return "Nothing to plan from."
    assumed = plans[0]["assumed"]
    rows = [
        [
            f"{one['terabytes']:g} TB",
            f"{one['documents'] / 1e6:,.0f} M",
            f"{one['nodes']}",
            f"{one['core_hours']:,.0f}",
            f"{one['hours']:.1f} ({one['main_process_hours']:.1f} of them the main process alone)",
            f"{one['shuffle_terabytes']:.2f} TB ({one['shuffle_gigabytes_per_node']:.0f} GB a node)",
            f"{one['shared_disk_terabytes']:.1f} TB",
            f"{one['main_process_gigabytes']:.0f} GB",
            f"{one['parts']:,}",
            f"${one['dollars']:,.0f} + ${one['storage_dollars_a_month']:,.0f} a month",
        ]
        for one in plans
    ]
    header = [
        "text", "documents", "nodes", "core hours", "hours", "shuffled", "shared disk", "main process", "parts",
        "money",
    ]  # fmt: skip
    assumptions = (
        f"Assumed, not measured: nodes of {assumed['cores']} cores and {assumed['memory_gigabytes']} GB at "
        f"${assumed['node_dollars']:.2f} an hour, shared storage at ${assumed['storage_dollars']:.3f} a GB and month, "
        f"{assumed['efficiency']:.0%} of the cores' time useful, {assumed['bytes_per_document']:,} bytes a document, "
        f"{assumed['dropped_share']:.0%} of them dropped as copies, parts of {assumed['block_megabytes']} MB on each "
        f"of which the main process spends {assumed['seconds_a_part'] * 1e3:.0f} ms alone. Core hours are the dearer "
        "engine's processor seconds a gigabyte at its largest size; growth is taken as linear. It is the time of a "
        "first attempt without mistakes, and without moving the input to the store."
    )
    return "\n\n".join([table(header, rows), assumptions])


def _exponent(found: Any) -> str:
    return "" if not found else f"{found['exponent']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"


def _sum(run: Record, name: str) -> int:
    return sum(cost[name] for cost in run["phases"].values())
