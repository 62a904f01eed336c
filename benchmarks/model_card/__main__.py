"""`python -m benchmarks.model_card --model DIR --output_dir DIR`: model_card.md for a checkpoint."""

import sys

from benchmarks.model_card.settings import CardConfig
from corpus.command_line import run


def main(config: CardConfig) -> None:
    """Write the card, and say where it is."""
    from benchmarks.model_card.writing import write_card

    sys.stdout.write(f"open  {write_card(config)}    what the model is, was made of, and is worth\n")


if __name__ == "__main__":
    run(main, CardConfig, "benchmarks.model_card")
