# ruff: noqa: INP001  a folder of locks, not a package
"""Resolve the locks of requirements/ from pyproject.toml: `make lock`, which asks the package registry."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import Requirement

REQUIREMENTS = Path(__file__).resolve().parent

LOCKS: dict[str, tuple[str, ...]] = {
    "core": (
        "demo",
        "dev",
        "tokenization",
        "nemo",
        "alignment",
        "benchmarks",
        "scale",
        "trackers",
        "translation",
    ),
    "tokenization": ("tokenization",),
    "nemo": ("nemo", "tokenization"),
    "automodel": ("automodel",),
    "alignment": ("alignment", "nemo", "tokenization"),
    "benchmarks": ("benchmarks", "tokenization"),
    "scale": ("scale",),
    "remote": ("remote", "datasets"),
    "trackers": ("trackers",),
    "translation": ("translation", "tokenization"),
}
"""The extras in each lock, next to the base dependencies; core is what `make setup` installs."""

APART = {"automodel"}
"""Locks that need an environment of their own: their pins contradict core's."""

CUDA_PACKAGE = re.compile(r"(nvidia(?!-ml-py)|cuda|triton)\b")
"""Packages that the installed torch brings along, or does without: a lock must not decide for it (NVML is apart)."""

PLATFORMS: list[dict[str, str]] = [
    {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "sys_platform": system,
        "platform_system": {"linux": "Linux", "darwin": "Darwin"}[system],
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "os_name": "posix",
    }
    for python in ("3.11", "3.12")
    for system, machine in (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))
]
"""What Daad runs on, in the words of markers; `environments` in pyproject.toml says the same to uv."""


def main() -> int:
    """Resolve every lock, core first: the others prefer its versions, so that they install over it with few changes."""
    for name, extras in LOCKS.items():
        preferred = (
            [] if name == "core" else (REQUIREMENTS / "core.txt").read_text(encoding="utf-8").splitlines()
        )
        resolved = list(simplified(resolve(extras, preferred)))
        lock_path = REQUIREMENTS / f"{name}.txt"
        lock_path.write_text("\n".join([heading(name, extras), *resolved, ""]), encoding="utf-8")
        sys.stdout.write(f"{lock_path.name}: {len(resolved)} packages\n")
    return 0


def resolve(extras: tuple[str, ...], preferred: list[str]) -> list[str]:
    """Lines `name==version ; marker` that satisfy pyproject.toml with these extras, preferred versions first."""
    with tempfile.TemporaryDirectory() as directory:
        # uv prefers the versions in the file that it is about to write over.
        answer_path = Path(directory, "lock.txt")
        answer_path.write_text("\n".join(preferred), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            "--quiet",
            "--universal",
            "--python-version",
            "3.11",
        ]
        command += ["--no-header", "--no-annotate", "--output-file", str(answer_path)]
        command += ["--constraints", str(REQUIREMENTS / "constraints.in")]
        for extra in extras:
            command += ["--extra", extra]
        command.append(str(REQUIREMENTS.parent / "pyproject.toml"))
        # Not check=True: uv's own message says which pins contradict each other, and a traceback would bury it.
        if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:  # noqa: S603
            sys.exit(f"make_locks: uv could not resolve {', '.join(extras)}: its message above says why")
        return answer_path.read_text(encoding="utf-8").splitlines()


def simplified(lines: Iterable[str]) -> Iterator[str]:
    """Requirements of the platforms that Daad supports, CUDA libraries left out, markers only where they decide.

    >>> list(simplified(["nvidia-cublas==13.4", "numpy==2.3.5 ; python_version < '3.13'", "--index-url https://example.org"]))
    ['numpy==2.3.5']
    >>> list(simplified(["scipy==1.17 ; python_version < '3.12'", "colorama==0.4.6 ; sys_platform == 'win32'"]))
    ["scipy==1.17 ; python_version < '3.12'"]
    """
    for line in lines:
        if not line or line.startswith(("-", "#")) or CUDA_PACKAGE.match(line):
            continue
        requirement = Requirement(line)
        marker = requirement.marker
        holds = {marker is None or marker.evaluate(platform) for platform in PLATFORMS}
        if holds == {True}:
            requirement.marker = None
        if True in holds:
            yield str(requirement).replace("; ", " ; ").replace('"', "'")


def heading(name: str, extras: tuple[str, ...]) -> str:
    """What a reader of a lock must know."""
    where = (
        "an environment of its own" if name in APART else "a new environment, or the one that core.txt makes"
    )
    return (
        f"# Made by `make lock` from pyproject.toml, extras {', '.join(extras)}. Do not edit.\n"
        f"# For {where}: install torch first (docs/cuda.md), then pip install -r requirements/{name}.txt"
    )


if __name__ == "__main__":
    sys.exit(main())
