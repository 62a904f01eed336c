"""Measurements as a Markdown table."""

import statistics
from typing import Any

from trial import PEAK_TERAFLOPS

_SETTINGS = ("micro_batch", "sharded", "loss_chunk", "attention", "compile")


_FORMULA = (
    f"MFU = tokens per second x (6 N + 12 L d s) / {PEAK_TERAFLOPS:g} TFLOP/s, the dense bf16 peak: N parameters of "
    "matrices that are multiplied (head, not embedding), L layers, d width of all query heads, s sequence length. What "
    "is computed again does not count. Joules are NVML's, of the GPU alone."
)


def written(content: dict[str, Any]) -> str:
    """What was chosen for each size, how it compares, and all that was tried."""
    machine = content.get("machine", {})
    versions = ", ".join(f"{name} {value}" for name, value in machine.get("versions", {}).items() if value)
    gpu = machine.get("cuda") is not None and machine.get("memory_gib") is not None
    lines = [
        "# Training speed on one device",
        "",
        f"{machine.get('device')}, Python {machine.get('python')}, {versions}. Engine: {machine.get('engine')}.",
    ]
    if gpu:
        lines += [
            "",
            _FORMULA,
        ]
    lines += ["", "## The way that was chosen, beside plain loops", "", *_compared(content, gpu)]
    lines += ["", "## What was tried", "", *_tried(content)]
    return "\n".join(lines) + "\n"


def _compared(content: dict[str, Any], gpu: bool) -> list[str]:
    heads = ["size", "way", "n", "tokens/s, median", "least to most", "settings"]
    heads += ["MFU", "GiB", "mJ per token"] if gpu else []
    rows = [heads, ["---"] * len(heads)]
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in content["measured"].values():
        if one["repeat"]:
            groups.setdefault(str(one["trial"]), []).append(one)
    rows += [_row(group[0]["trial"], group, gpu) for group in groups.values()]
    return [f"| {' | '.join(row)} |" for row in rows]


def _row(trial: dict[str, Any], group: list[dict[str, Any]], gpu: bool) -> list[str]:
    """Median and range of what was measured; why, where nothing was."""
    measured = [one for one in group if "tokens_per_second" in one]
    what = [trial["size"], trial["way"], str(len(measured))]
    if not measured:
        return [*what, group[0]["error"], "", _settings(trial)] + 3 * gpu * [""]
    speeds = [one["tokens_per_second"] for one in measured]
    row = [
        *what,
        f"{statistics.median(speeds):,.0f}",
        f"{min(speeds):,.0f} to {max(speeds):,.0f}",
        _settings(trial),
    ]
    if gpu:
        joules = [one["joules_per_token"] for one in measured if one.get("joules_per_token")]
        row += [
            f"{statistics.median(one['mfu'] for one in measured):.1%}",
            f"{max(one['memory_gib'] for one in measured):.1f}",
            f"{1000 * statistics.median(joules):.2f}" if joules else "not told",
        ]
    return row


def _tried(content: dict[str, Any]) -> list[str]:
    rows = [["size", "settings", "tokens/s (n = 1)"], ["---"] * 3]
    for one in content["measured"].values():
        if not one["repeat"]:
            speed = f"{one['tokens_per_second']:,.0f}" if "tokens_per_second" in one else one["error"]
            rows.append([one["trial"]["size"], _settings(one["trial"]), speed])
    return [f"| {' | '.join(row)} |" for row in rows]


def _settings(trial: dict[str, Any]) -> str:
    return ", ".join(f"{name} {trial[name]}" for name in _SETTINGS)
