"""The output directory: one run at a time, what an earlier one left, and whether all is there already."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus.errors import cause_of
from corpus.pipeline import lock
from corpus.pipeline.atomic import read_json, remove_partials, sha256_of
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
    path = output_dir / MANIFEST
    if not path.exists():
        return None
    try:
        manifest: dict[str, Any] = read_json(path)
        before = _plan_of(manifest)
        files = dict(manifest["files"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TokenizationError(
            f"{path}: not the manifest of a tokenizer that was made here ({cause_of(error)}): choose another output_dir"
        ) from error
    if before == plan:
        whole = all(
            (output_dir / name).is_file() and sha256_of(output_dir / name) == sha
            for name, sha in files.items()
        )
        return manifest if whole else None
    if not update:
        raise TokenizationError(
            f"{output_dir} holds a tokenizer of another config or corpus ({describe_differences(before, plan)}): add "
            "--update true to replace it, or choose another output_dir"
        )
    return None


def _plan_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """How what stands there was made, as `expand` and `train_from_scratch` plan it."""
    plan = {
        "versions": manifest["versions"],
        "config": manifest["config"],
        "shards": manifest["corpus"],
    }
    return plan | ({"base": manifest["base"]["sha256"]} if "base" in manifest else {})
