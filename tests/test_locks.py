"""The locks satisfy pyproject.toml, and the check that says so can say no."""

import importlib
import json
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def check_lock(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "requirements"))
    for name in ("check_lock", "make_locks"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("check_lock")


@pytest.fixture
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_every_lock_satisfies_pyproject(check_lock: ModuleType, project: dict) -> None:
    assert list(check_lock.check(project, ROOT / "requirements")) == []


def test_a_pin_that_moved_on_is_noticed(check_lock: ModuleType, project: dict) -> None:
    project["dependencies"] = ["polars==9.9.9", *project["dependencies"]]
    found = list(check_lock.check(project, ROOT / "requirements"))
    assert len(found) == len(check_lock.LOCKS)
    assert found[0] == "core.txt: polars==9.9.9 is not locked but 2.1.0: run make lock"


def test_an_extra_without_a_lock_is_noticed(check_lock: ModuleType, project: dict) -> None:
    project["optional-dependencies"]["new"] = ["six"]
    assert list(check_lock.check(project, ROOT / "requirements")) == [
        "make_locks.py: no lock has the extra new: add it to LOCKS"
    ]


@pytest.mark.parametrize(
    ("lock", "fault"),
    [
        ("numpy>=2", "'numpy>=2' does not name one version"),
        ("numpy==2.*", "'numpy==2.*' does not name one version"),
        ("numpy @ https://example.org/numpy.whl", "does not name one version"),
        ("--index-url https://example.org", "is no requirement"),
        ("numpy==2.3.5\nnvidia-cublas==13.4", "'nvidia-cublas==13.4' is for the installed torch to decide"),
        ("numpy==2.3.5\nNumPy==2.3.4", "numpy is locked twice for Python 3.11, linux x86_64"),
        ("# only a comment", "numpy>=2.3 is not locked"),
        ("numpy==2.2.0", "numpy>=2.3 is not locked but 2.2.0"),
        ("numpy==2.3.5 ; python_version < '3.12'", "numpy>=2.3 is not locked"),
    ],
)
def test_faults_of_a_lock(check_lock: ModuleType, lock: str, fault: str) -> None:
    found = list(check_lock.faults(lock, [Requirement("numpy>=2.3")]))
    assert any(fault in line for line in found), found


def test_a_sound_lock_has_no_faults(check_lock: ModuleType) -> None:
    lock = "# heading\nnumpy==2.3.5 ; python_version < '3.12'\nnumpy==2.4.0 ; python_version >= '3.12'\n"
    assert (
        list(
            check_lock.faults(
                lock, [Requirement("NumPy>=2.3"), Requirement("pywin32; sys_platform == 'win32'")]
            )
        )
        == []
    )


def test_a_bill_of_materials_that_fell_behind_is_noticed(
    check_lock: ModuleType, project: dict, tmp_path: Path
) -> None:
    for path in (ROOT / "requirements").iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    bill = json.loads((tmp_path / "core.cdx.json").read_text())
    bill["components"][0]["version"] = "0.0.1"
    (tmp_path / "core.cdx.json").write_text(json.dumps(bill))
    name = bill["components"][0]["name"]
    assert list(check_lock.check(project, tmp_path)) == [
        f"core.cdx.json: {name}==0.0.1 is not in core.txt: run make sbom"
    ]
