# ruff: noqa: INP001  a folder of locks, not a package
"""Check, without a network, that every lock of requirements/ satisfies pyproject.toml: `make lint` runs this."""

import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from make_locks import CUDA_PACKAGE, LOCKS, PLATFORMS, REQUIREMENTS
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name


def main() -> int:
    """Print every fault; exit code 1 if there is any."""
    project = tomllib.loads((REQUIREMENTS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = list(check(project, REQUIREMENTS))
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(f"{len(LOCKS)} locks, {len(found)} faults\n")
    return int(bool(found))


def check(project: Mapping[str, Any], directory: Path) -> Iterator[str]:
    """Faults of all locks in a directory, one line each; `project` is the table of pyproject.toml."""
    pins = [Requirement(line) for line in _lines((directory / "constraints.in").read_text(encoding="utf-8"))]
    for name, extras in LOCKS.items():
        wanted = [*project["dependencies"]]
        for extra in extras:
            wanted += project["optional-dependencies"][extra]
        path = directory / f"{name}.txt"
        if not path.is_file():
            yield f"{path.name}: is missing: run make lock"
            continue
        text = path.read_text(encoding="utf-8")
        for fault in faults(text, [*map(Requirement, wanted), *pins]):
            yield f"{path.name}: {fault}: run make lock"
    listed = json.loads((directory / "core.cdx.json").read_text(encoding="utf-8"))["components"]
    locked_pins = {
        line.split(" ;")[0] for line in _lines((directory / "core.txt").read_text(encoding="utf-8"))
    }
    for pin in sorted({f"{each['name']}=={each['version']}" for each in listed} - locked_pins):
        yield f"core.cdx.json: {pin} is not in core.txt: run make sbom"
    locked = {extra for extras in LOCKS.values() for extra in extras}
    for extra in sorted(project["optional-dependencies"].keys() - locked):
        yield f"make_locks.py: no lock has the extra {extra}: add it to LOCKS"


def faults(text: str, wanted: Iterable[Requirement]) -> Iterator[str]:
    """What is wrong with one lock: lines that are no pins, and requirements that it does not satisfy.

    >>> list(faults("numpy==2.3.5", [Requirement("numpy>=2"), Requirement("polars==2.1.0")]))
    ['polars==2.1.0 is not locked']
    """
    pins: list[Requirement] = []
    for line in _lines(text):
        try:
            pin = Requirement(line)
        except InvalidRequirement:
            yield f"{line!r} is no requirement (options and addresses have no place in a lock)"
            continue
        if pin.url or not re.fullmatch(r"==[^*,]+", str(pin.specifier)):
            yield f"{line!r} does not name one version"
        elif CUDA_PACKAGE.match(pin.name):
            yield f"{line!r} is for the installed torch to decide"
        else:
            pins.append(pin)
    unmet = dict[str, None]()
    for platform in PLATFORMS:
        versions: dict[str, str] = {}
        for pin in pins:
            if pin.marker is None or pin.marker.evaluate(platform):
                name = canonicalize_name(pin.name)
                if name in versions:
                    yield f"{name} is locked twice for {_where(platform)}"
                versions[name] = str(pin.specifier).removeprefix("==")
        for requirement in wanted:
            if requirement.marker is not None and not requirement.marker.evaluate(platform):
                continue
            version = versions.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                unmet[f"{requirement} is not locked" + (f" but {version}" if version else "")] = None
    yield from unmet


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        content = line.partition("#")[0].strip()
        if content:
            yield content


def _where(platform: Mapping[str, str]) -> str:
    return f"Python {platform['python_version']}, {platform['sys_platform']} {platform['platform_machine']}"


if __name__ == "__main__":
    sys.exit(main())
