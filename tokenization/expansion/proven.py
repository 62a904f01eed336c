"""Write a tokenizer where nobody looks, prove it, and only then move it to its place."""

import os
import shutil
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from corpus.pipeline.atomic import read_json
from corpus.pipeline.finished import within
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
    """Move all files of a staged directory in place of those that the manifest there lists.

    What is no longer part of the tokenizer goes first, and the old manifest after it; the new one comes last. So no
    manifest ever stands beside another tokenizer's files, and a stopped move is begun anew by the same command.
    """
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    _remove_old(output_dir, {path.relative_to(directory).as_posix() for path in files})
    (output_dir / MANIFEST).unlink(missing_ok=True)
    for path in sorted(files, key=lambda path: (path == directory / MANIFEST, path)):
        target = output_dir / path.relative_to(directory)
        target.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.replace(target)


def _remove_old(output_dir: Path, names: Collection[str]) -> None:
    """Remove the files of an earlier tokenizer that this one does not have, and directories that are empty then."""
    if not (output_dir / MANIFEST).exists():
        return
    for name in read_json(output_dir / MANIFEST).get("files", {}):
        if name in names:
            continue
        path = within(output_dir, name)
        path.unlink(missing_ok=True)
        for parent in path.relative_to(output_dir).parents[:-1]:
            if (output_dir / parent).is_dir() and not any((output_dir / parent).iterdir()):
                (output_dir / parent).rmdir()


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
