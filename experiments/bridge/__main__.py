"""`python -m experiments.bridge --config FILE.yaml`: what parallel and translated text do across the languages."""

import sys
from typing import Any

from corpus.command_line import run as run_command
from experiments.bridge.settings import Bridge
from experiments.plan_text import opened, plan_text


def main(settings: Bridge) -> None:
    """Run what is not finished, and say what came of it and where to look."""
    from experiments.bridge.run import run

    outcome = run(settings)
    sys.stdout.write(plan_text(outcome) if settings.dry_run else summary(outcome))


def summary(results: dict[str, Any]) -> str:
    """What each comparison says in one line, and the paths worth opening."""
    from experiments.bridge.wording import findings

    lines = [f"{len(results['seeds'])} seeds, {results['tokens']:,} tokens for each leg:"]
    lines += [f"  {finding}" for finding in findings(results)]
    return (
        "\n".join([*lines, *opened(results["paths"], "each measure of each leg, and the differences")]) + "\n"
    )


if __name__ == "__main__":
    run_command(main, Bridge, "experiments.bridge")
