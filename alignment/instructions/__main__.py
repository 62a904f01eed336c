"""`python -m alignment.instructions --output DIR`: questions and answers out of installed packages."""

import sys

from alignment.instructions.settings import InstructionsConfig
from corpus.command_line import run


def main(config: InstructionsConfig) -> None:
    """Make them, and say what was made."""
    from alignment.instructions.making import make

    manifest = make(config)
    training, evaluation = (
        sum(manifest["rows"][f"{name}.jsonl"].values()) for name in ("train", "evaluation")
    )
    sys.stdout.write(
        f"{training:,} conversations to learn from, {evaluation:,} questions to be asked; "
        f"{manifest['crossed']:,} answers are in the other language on purpose\n"
        f"open         {config.output}/train.jsonl\n"
        f"             {config.output}/evaluation.jsonl\n"
        f"             {config.output}/manifest.json\n"
    )


if __name__ == "__main__":
    run(main, InstructionsConfig, "alignment.instructions")
