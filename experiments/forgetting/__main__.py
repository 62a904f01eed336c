"""`python -m experiments.forgetting --config FILE.yaml`: what a model forgets of English while it learns Arabic."""

import sys
from typing import Any

from corpus.command_line import run as run_command
from experiments.forgetting.settings import Forgetting
from experiments.plan_text import opened, plan_text


def main(settings: Forgetting) -> None:
    """Run what is not finished, and say what came of it and where to look."""
    from experiments.forgetting.run import run

    outcome = run(settings)
    sys.stdout.write(plan_text(outcome) if settings.dry_run else summary(outcome))


def summary(results: dict[str, Any]) -> str:
    """Each leg at equal bytes in one line, and the paths worth opening."""
    rows = results["tables"]["bytes"]
    lines = [
        f"{len(results['seeds'])} seeds, at {results['points']['bytes'] / 1e6:g} MB of text seen, bits per byte:",
        *(
            f"  {leg}  {results['legs'][leg]:<46} Arabic {_figure(row['ar']['end'])}   "
            f"English forgotten {_figure(row['forgetting']['end'], '+')}"
            for leg, row in rows.items()
        ),
    ]
    lines += opened(results["paths"], "tables, curves and what they can and cannot show")
    return "\n".join(lines) + "\n"


def _figure(value: dict[str, Any], sign: str = "") -> str:
    half = "" if value["half_width"] is None else f" ± {value['half_width']:.3f}"
    return f"{value['mean']:{sign}.3f}{half}"


if __name__ == "__main__":
    run_command(main, Forgetting, "experiments.forgetting")
