"""What an experiment says on the terminal: the runs of a dry run, and the files worth opening."""

from collections.abc import Mapping
from typing import Any


def plan_text(plan: Mapping[str, Any]) -> str:
    """The runs of a dry run, one line each."""
    lines = [
        f"seed {run['seed']:<3} {run['leg']:<5}{run['steps']:>8,} steps {run['tokens']:>14,} tokens "
        f"{run['flops']:>10.3g} FLOPs"
        for run in plan["runs"]
    ]
    return "\n".join([*lines, f"{len(lines)} runs, {plan['flops']:.3g} FLOPs; nothing was trained"]) + "\n"


def opened(paths: Mapping[str, str], page: str) -> list[str]:
    """A line for each file of the results; `page` says what the HTML page holds."""
    what = {
        "html": page,
        "md": "the same as text",
        "svg": "the picture",
        "json": "all figures, by seed too",
    }
    return [f"open  {paths[ending]:<40} {told}" for ending, told in what.items()]
