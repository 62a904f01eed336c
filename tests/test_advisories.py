"""The audit of the locks finds what it should, by hand-derived ranges, and each kept reason still has its package."""

import importlib
import json
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent

ADVISORY = """
id: PYSEC-2000-1
modified: "2000-01-02T00:00:00Z"
aliases: [CVE-2000-1]
summary: It is bad.
affected:
- package: {name: Some.Package, ecosystem: PyPI}
  ranges:
  - type: GIT
    events: [{introduced: "0"}, {fixed: abcdef}]
  - type: ECOSYSTEM
    events: [{introduced: "1.0"}, {fixed: "1.10"}, {introduced: 2.0rc1}, {last_affected: "2.3"}]
  versions: ["0.5"]
"""


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The module, with locks of its own."""
    monkeypatch.syspath_prepend(str(ROOT / "requirements"))
    monkeypatch.delitem(sys.modules, "check_advisories", raising=False)
    module = importlib.import_module("check_advisories")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "advisories.json").write_text("{}")
    monkeypatch.setattr(module, "REQUIREMENTS", tmp_path / "requirements")
    return module


@pytest.mark.parametrize(
    ("version", "expected"),
    [("0.5", True), ("0.9", False), ("1.0", True), ("1.9", True), ("1.10", False), ("2.0rc1", True), ("2.3", True),
     ("2.3.1", False)],
)  # fmt: skip
@pytest.mark.parametrize("form", ["yaml", "zip"])
def test_versions_in_and_out_of_ranges(
    form: str,
    version: str,
    expected: bool,
    audit: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "requirements" / "a.txt").write_text(
        f"# a lock\nsome-package=={version} ; python_version < '4'\nother==1.5\n"
    )
    if form == "yaml":
        snapshot = tmp_path / "vulns"
        (snapshot / "some-package").mkdir(parents=True)
        (snapshot / "some-package" / "PYSEC-2000-1.yaml").write_text(ADVISORY)
    else:
        snapshot = tmp_path / "all.zip"
        with zipfile.ZipFile(snapshot, "w") as archive:
            archive.writestr("PYSEC-2000-1.json", json.dumps(audit.yaml.safe_load(ADVISORY)))
    monkeypatch.setattr(sys, "argv", ["check_advisories", str(snapshot)])
    assert audit.main() == int(expected)
    printed = capsys.readouterr().out
    assert ("PYSEC-2000-1 CVE-2000-1: It is bad.: fixed in 1.10" in printed) == expected
    assert (
        f"2 packages against 1 advisories, the newest changed 2000-01-02: {int(expected)} findings" in printed
    )
    (tmp_path / "requirements" / "advisories.json").write_text(
        '{"some-package PYSEC-2000-1": "not used here"}'
    )
    assert audit.main() == 0


def test_specifiers_of_safety_db(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements" / "a.txt").write_text("some-package==1.5\nother==1.5\n")
    content = {"$meta": {"timestamp": 946771200}, "some-package": ["<1.0", ">=1.4,<1.6"], "other": [">1.5"]}
    (tmp_path / "insecure.json").write_text(json.dumps(content))
    monkeypatch.setattr(sys, "argv", ["check_advisories", str(tmp_path / "insecure.json")])
    assert audit.main() == 1
    assert "some-package 1.5 (a.txt): safety-db >=1.4,<1.6" in capsys.readouterr().out


def test_an_empty_snapshot_is_no_clean_bill(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements" / "a.txt").write_text("some-package==1.5\n")
    monkeypatch.setattr(sys, "argv", ["check_advisories", str(tmp_path)])
    assert audit.main() == 2
    assert "holds no advisories" in capsys.readouterr().err


def test_reasons_are_of_packages_that_are_locked(audit: ModuleType) -> None:
    locked = {
        name for lock in (ROOT / "requirements").glob("*.txt") for name, _ in audit.pins(lock.read_text())
    }
    kept = json.loads((ROOT / "requirements" / "advisories.json").read_text())
    assert {name.split()[0] for name in kept} <= locked
    assert all(kept.values())
