"""The output directory: one run at a time, what an earlier one left, and whether all is there already."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus.pipeline import lock
from corpus.pipeline.atomic import read_json, remove_partials, sha256_of, write_json
from corpus.pipeline.differences import describe_differences
from tokenization.errors import TokenizationError
from tokenization.expansion.proven import MANIFEST


@contextmanager
def held(output_dir: Path) -> Iterator[None]:
    """Hold the directory: two runs in one place would undo each other's work.

    Raises:
        TokenizationError: Another run holds it.
    """
    work = output_dir / "work"
    busy = TokenizationError(
        f"{output_dir}: another expansion is running here; wait for it or choose another output_dir"
    )
    with lock.held(work / "lock", busy):
        remove_partials(work)
        yield


def directory_for(output_dir: Path, key: str) -> Path:
    """Where a run with this config and input leaves what it can go on from."""
    directory = output_dir / "work" / key
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def finished(output_dir: Path, plan: dict[str, Any], *, update: bool) -> dict[str, Any] | None:
    """The manifest of the same plan, if it was carried out and every file is whole.

    Raises:
        TokenizationError: The directory holds what another plan made, and `update` was not asked for.
    """
    if not (output_dir / MANIFEST).exists():
        return None
    path = _plan_path(output_dir)
    before = read_json(path) if path.exists() else None
    if before == plan:
        manifest: dict[str, Any] = read_json(output_dir / MANIFEST)
        files = manifest["files"].items()
        whole = all(
            (output_dir / name).is_file() and sha256_of(output_dir / name) == sha for name, sha in files
        )
        return manifest if whole else None
    if not update:
        what = describe_differences(before, plan) if before else "work/plan.json is missing"
        raise TokenizationError(
            f"{output_dir} holds a tokenizer of another config or corpus ({what}): add --update true to replace it, or "
            "choose another output_dir"
        )
    return None


def mark_finished(output_dir: Path, plan: dict[str, Any]) -> None:
    """Note how what stands here was made."""
    write_json(_plan_path(output_dir), plan)


def _plan_path(output_dir: Path) -> Path:
    return output_dir / "work" / "plan.json"
