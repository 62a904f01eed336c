# ruff: noqa: INP001  a folder of locks, not a package
"""What an installation consists of, and under which licenses: `make sbom`, from the lock and the installed packages.

Writes `core.cdx.json` (CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/) and `licenses.md` next to the lock.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

REQUIREMENTS = Path(__file__).resolve().parent

UNKNOWN = "not declared"


def main() -> int:
    """Write both files; exit code 1 where a locked package is not installed."""
    components = list(describe((REQUIREMENTS / "core.txt").read_text(encoding="utf-8")))
    missing = [component["name"] for component in components if "licenses" not in component]
    if missing:
        sys.stderr.write(f"not installed: {', '.join(missing)}: run make setup first\n")
        return 1
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}
    text = json.dumps(bill, indent=1, ensure_ascii=False, sort_keys=True)
    (REQUIREMENTS / "core.cdx.json").write_text(f"{text}\n", encoding="utf-8")
    (REQUIREMENTS / "licenses.md").write_text(table(components), encoding="utf-8")
    sys.stdout.write(f"{len(components)} packages: requirements/core.cdx.json, requirements/licenses.md\n")
    return 0


def describe(lock: str) -> Iterator[dict[str, Any]]:
    """A CycloneDX component for each line of a lock that applies to this platform."""
    for line in lock.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pin = Requirement(line)
        if pin.marker is not None and not pin.marker.evaluate():
            continue
        (specifier,) = pin.specifier
        component: dict[str, Any] = {
            "type": "library",
            "name": pin.name,
            "version": specifier.version,
            "purl": f"pkg:pypi/{re.sub(r'[-_.]+', '-', pin.name).lower()}@{specifier.version}",
        }
        with suppress(PackageNotFoundError):
            component["licenses"] = [{"license": {"name": license_of(distribution(pin.name))}}]
        yield component


def license_of(package: Distribution) -> str:
    """The license that a package declares: the SPDX expression, else the classifiers, else a line of the field."""
    fields = package.metadata
    if expression := fields.get("License-Expression"):
        return expression
    classified = [
        line.rsplit(" :: ", 1)[1]
        for line in fields.get_all("Classifier") or ()
        if line.startswith("License ::")
    ]
    if named := [name for name in classified if name != "OSI Approved"]:
        return " or ".join(named)
    first = (fields.get("License") or "").strip().split("\n")[0]
    return first[:60] or UNKNOWN


def table(components: list[dict[str, Any]]) -> str:
    """The packages by license, as Markdown."""
    groups: dict[str, list[str]] = {}
    for component in components:
        name = component["licenses"][0]["license"]["name"]
        groups.setdefault(name, []).append(f"{component['name']} {component['version']}")
    rows = [
        f"| {name} | {', '.join(sorted(packages))} |"
        for name, packages in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    ]
    heading = (
        "# Licenses of what `make setup` installs\n\nMade by `make sbom`, as the packages declare them.\n"
    )
    return "\n".join([heading, "| license | packages |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.exit(main())
