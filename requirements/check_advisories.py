# ruff: noqa: INP001  a folder of locks, not a package
"""Which locked packages have a known vulnerability: `make audit DATABASE=PATH`, without a network.

PATH is a snapshot of advisories in the OSV schema (https://ossf.github.io/osv-schema/), a checkout of
https://github.com/pypa/advisory-database or osv.dev's PyPI file `all.zip`; or the file `data/insecure.json` of
https://github.com/pyupio/safety-db (CC BY-NC-SA 4.0), which names versions only. Findings that were looked into stand
in `advisories.json`, each with why it does not concern the project; any other ends with exit code 1.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

REQUIREMENTS = Path(__file__).resolve().parent


class Finding(NamedTuple):
    """A locked version that an advisory names."""

    package: str
    version: str
    advisory: str
    aliases: tuple[str, ...]
    fixed: tuple[str, ...]
    summary: str


def main() -> int:
    """Print each finding; exit code 1 where one was not looked into, 2 where the snapshot cannot be used."""
    if len(sys.argv) != 2:
        sys.stderr.write("give the path of a snapshot: make audit DATABASE=PATH\n")
        return 2
    locked: dict[str, dict[str, list[str]]] = {}
    for lock in sorted(REQUIREMENTS.glob("*.txt")):
        for name, version in pins(lock.read_text(encoding="utf-8")):
            locked.setdefault(name, {}).setdefault(version, []).append(lock.name)
    number, newest, found = 0, "", []
    for advisory in advisories(Path(sys.argv[1])):
        number, newest = number + 1, max(newest, str(advisory.get("modified", "")))
        found += findings(advisory, {name: list(versions) for name, versions in locked.items()})
    if not number:
        sys.stderr.write(f"{sys.argv[1]}: holds no advisories: give a checkout of pypa/advisory-database\n")
        return 2
    known = json.loads((REQUIREMENTS / "advisories.json").read_text(encoding="utf-8"))
    new = 0
    for each in sorted(set(found)):
        reason = known.get(f"{each.package} {each.advisory}")
        new += reason is None
        fixed = f"fixed in {', '.join(each.fixed)}" if each.fixed else "no version fixes it"
        files = ", ".join(locked[each.package][each.version])
        names = " ".join((each.advisory, *each.aliases))
        sys.stdout.write(f"{each.package} {each.version} ({files}): {names}: {each.summary}: {fixed}\n")
        sys.stdout.write(f"    {reason or 'not looked into: upgrade, or say in advisories.json why not'}\n")
    sys.stdout.write(
        f"{len(locked)} packages against {number:,} advisories, the newest changed {newest[:10]}: "
        f"{len(set(found))} findings, {new} not looked into\n"
    )
    return 1 if new else 0


def pins(lock: str) -> Iterator[tuple[str, str]]:
    """Normalized name and version of each line of a lock."""
    for line in lock.splitlines():
        text = line.split(" #")[0].strip()
        if text and not text.startswith(("#", "-")):
            pin = Requirement(text)
            (specifier,) = pin.specifier
            yield normalized(pin.name), specifier.version


def normalized(name: str) -> str:
    """A package's name as PyPI compares names.

    >>> normalized("Foo.Bar_baz")
    'foo-bar-baz'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def advisories(snapshot: Path) -> Iterator[dict[str, Any]]:
    """All advisories of a directory of YAML or JSON files, of a zip of JSON files, or of safety-db's one file."""
    if snapshot.suffix == ".json" and snapshot.is_file():
        yield from _of_safety_db(json.loads(snapshot.read_text(encoding="utf-8")))
        return
    if snapshot.is_file():
        with zipfile.ZipFile(snapshot) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield json.loads(archive.read(name))
        return
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast, and as safe
    for path in sorted([*snapshot.rglob("*.yaml"), *snapshot.rglob("*.json")]):
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else loader(text).get_single_data()
        if isinstance(content, dict) and "affected" in content:
            yield content


def _of_safety_db(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Entries of safety-db in the words of OSV, with specifiers in the place of ranges."""
    when = datetime.fromtimestamp(content["$meta"]["timestamp"], UTC).date().isoformat()
    for name, specifiers in content.items():
        for each in specifiers if name != "$meta" else ():
            affected = {"package": {"ecosystem": "PyPI", "name": name}, "specifiers": [each]}
            yield {"id": f"safety-db {each}", "modified": when, "affected": [affected]}


def findings(advisory: Mapping[str, Any], locked: Mapping[str, Iterable[str]]) -> Iterator[Finding]:
    """The locked versions that an advisory affects; none if it was withdrawn."""
    if advisory.get("withdrawn"):
        return
    for affected in advisory["affected"]:
        package = affected.get("package", {})
        name = normalized(package.get("name", ""))
        if package.get("ecosystem") != "PyPI" or name not in locked:
            continue
        text = advisory.get("summary") or advisory.get("details") or "no summary"
        for version in locked[name]:
            if is_affected(version, affected):
                yield Finding(
                    name,
                    version,
                    advisory["id"],
                    tuple(advisory.get("aliases") or ()),
                    tuple(
                        fix for events in _events(affected) for event in events if (fix := event.get("fixed"))
                    ),
                    " ".join(text.split())[:160],
                )


def is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    """Whether a version is listed, meets a specifier, or lies between two events of a range."""
    if any(SpecifierSet(each).contains(version, prereleases=True) for each in affected.get("specifiers", ())):
        return True
    if version in (affected.get("versions") or ()):
        return True
    return any(_in_range(Version(version), events) for events in _events(affected))


def _events(affected: Mapping[str, Any]) -> Iterator[list[Mapping[str, str]]]:
    yield from (each["events"] for each in affected.get("ranges") or () if each.get("type") == "ECOSYSTEM")


def _in_range(version: Version, events: Iterable[Mapping[str, str]]) -> bool:
    inside = False
    for event in sorted(events, key=lambda event: _version(next(iter(event.values())))):
        if "introduced" in event and version >= _version(event["introduced"]):
            inside = True
        if "fixed" in event and version >= _version(event["fixed"]):
            inside = False
        if "last_affected" in event and version > _version(event["last_affected"]):
            inside = False
    return inside


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


if __name__ == "__main__":
    sys.exit(main())
