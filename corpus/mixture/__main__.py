"""`python -m corpus.mixture --corpus DIR --total_tokens N`: ALLaM's language and domain mix as a plan file."""

import sys
from pathlib import Path

from corpus.command_line import run
from corpus.mixture.settings import Mixture


def main(settings: Mixture) -> None:
    """Plan, write the plan, and print it."""
    import yaml

    from corpus.mixture.plan import plan, table
    from corpus.pipeline.atomic import atomic_path, write_json

    content = plan(settings)
    output = Path(settings.output) if settings.output else Path(settings.corpus, "mixture.yaml")
    if output.suffix == ".json":
        write_json(output, content)
    else:
        with atomic_path(output) as partial:
            text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
            partial.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{table(content)}\nwritten to {output}\n")


if __name__ == "__main__":
    run(main, Mixture, "corpus.mixture")
