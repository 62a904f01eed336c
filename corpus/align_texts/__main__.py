"""`python -m corpus.align_texts --config FILE.yaml`: comparable documents in, pairs of sentences out."""

import sys

from corpus.align_texts.settings import AlignTexts
from corpus.command_line import run


def main(settings: AlignTexts) -> None:
    """Align, then say how much was found."""
    from corpus.align_texts.aligning import align_texts

    manifest = align_texts(settings)
    beads = ", ".join(f"{kind} {count:,}" for kind, count in manifest["beads"].items())
    sys.stdout.write(
        f"{manifest['documents']:,} documents were matched, {manifest['pairs']:,} pairs of sentences found\n"
        f"beads        {beads}\nopen         {settings.output_dir}/shards/  the pairs, as a corpus\n"
    )


if __name__ == "__main__":
    run(main, AlignTexts, "corpus.align_texts")
