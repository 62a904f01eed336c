"""`python -m corpus.pair_documents --corpus DIR --output_dir DIR`: shards of pairs become shards of documents."""

import sys
from collections.abc import Mapping
from typing import Any

from corpus.command_line import run
from corpus.pair_documents.settings import PairDocuments


def main(settings: PairDocuments) -> None:
    """Make the documents, then say how many there are of each format and where."""
    from corpus.pair_documents.making import make_documents

    sys.stdout.write(summary(make_documents(settings), settings.output_dir))


def summary(manifest: Mapping[str, Any], output_dir: str) -> str:
    """The counts of each format as aligned lines."""
    rows = [
        (row["source"], row["format"], f"{row['documents']:,}", f"{row['words']:,}")
        for row in manifest["formats"]
    ]
    lines = [("source", "format", "documents", "words"), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    shown = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    notes = [f"note: {note}" for note in manifest["notes"]]
    return "\n".join([*shown, *notes, f"open {output_dir}/shards/ and {output_dir}/manifest.json"]) + "\n"


if __name__ == "__main__":
    run(main, PairDocuments, "corpus.pair_documents")
