"""Write a tokenizer where nobody looks, prove it, and only then move it to its place."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tokenization.errors import TokenizationError
from tokenization.proofs.proof import Proof

MANIFEST = "manifest.json"


@contextmanager
def staged(output_dir: Path) -> Iterator[Path]:
    """An empty directory inside `output_dir`, gone when the block ends."""
    output_dir.mkdir(parents=True, exist_ok=True)
    for left_over in output_dir.glob(".staged-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    directory = output_dir / f".staged-{os.getpid()}"
    directory.mkdir()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def put_in_place(directory: Path, output_dir: Path) -> None:
    """Move all files of a staged directory; the manifest goes last, so that it never stands beside older files."""
    (output_dir / MANIFEST).unlink(missing_ok=True)
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda path: (path == directory / MANIFEST, path)):
        target = output_dir / path.relative_to(directory)
        target.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.replace(target)


def require(proofs: Sequence[Proof], what: str) -> None:
    """Print what each proof came to, and refuse the tokenizer if one failed.

    Raises:
        TokenizationError: Naming the first that failed.
    """
    sys.stdout.write("".join(line + "\n" for line in report(proofs, what)))
    sys.stdout.flush()
    failed = [proof for proof in proofs if not proof.passed]
    if failed:
        raise TokenizationError(
            f"{what}: not written, for it does not hold that {failed[0].name}: {failed[0].detail}; "
            "please report this with your config"
        )


def report(proofs: Sequence[Proof], what: str) -> list[str]:
    """Lines to print."""
    lines = [f"proofs of {what}"]
    for proof in proofs:
        lines.append(
            f"  {'holds' if proof.passed else 'FAILS'}  {proof.name}: {proof.checked} ({proof.seconds:.1f} s)"
        )
        if proof.detail:
            lines.append(f"         {proof.detail}")
    return lines
