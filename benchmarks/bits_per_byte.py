"""How well a model predicts text, whatever pieces its tokenizer cuts it into: bits per byte of raw UTF-8.

`python -m benchmarks.bits_per_byte --model DIR --text CORPUS --output_dir DIR` measures a model on held-out text.
"""

import sys

from benchmarks.bits_config import BitsConfig
from corpus.command_line import run


def main(config: BitsConfig) -> None:
    """Measure, and print one line for each group of texts."""
    from benchmarks.text_bits import as_text, measure

    sys.stdout.write(f"{as_text(measure(config))}\n{config.output_dir}/bits.json holds every figure\n")


if __name__ == "__main__":
    run(main, BitsConfig, "benchmarks.bits_per_byte")
