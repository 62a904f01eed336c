"""The page of results says what the records say, and everything runs in an order that can be taken up again."""

import argparse
import importlib
import json
import sys
from pathlib import Path

import pytest

SPEED_DIR = Path(__file__).parents[2] / "benchmarks" / "speed"
MACHINE = {"cpu": "a CPU", "cores_available": 2, "memory_gib": 8.0, "load_average": 0.1}


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(SPEED_DIR))
    names = ("report", "run_all")
    yield type("Scripts", (), {name: importlib.import_module(name) for name in names})
    for name in names:
        sys.modules.pop(name, None)


def share(successes, trials):
    return {"value": successes / trials, "low": 0.1, "high": 0.9, "successes": successes, "trials": trials}


def row_of(page, start):
    """Cells of the first table row that starts with this."""
    line = next(line for line in page.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def written(scripts, record, tmp_path):
    (tmp_path / "one.json").write_text(json.dumps({"machine": MACHINE, "command": "python x.py"} | record))
    scripts.report.main([str(tmp_path / "one.json"), "--output", str(tmp_path / "page.md")])
    return (tmp_path / "page.md").read_text()


def test_near_dedup_table_has_the_like_for_like_figures(scripts, tmp_path):
    quality = {
        "like_for_like": {"recall": share(1, 2), "precision": share(3, 4), "unrelated": share(0, 4)},
        "precision": share(1, 8),
        "spelling_recall": share(5, 5),
        "purity": 0.75,
    }
    results = {
        name: {"n": 3, "seconds": seconds, "peak_bytes": 5e8, "quality": quality, "version": "1"}
        for name, seconds in (("daad", 2.0), ("gaoya", 7.0))
    } | {"rensa": {"n": 0, "version": "1"}}
    record = {
        "benchmark": "near_dedup",
        "settings": {"runs": 3},
        "seconds_with_compilation": 30.0,
        "corpus": {"plan": {"documents": 100}, "text_bytes": 2e6},
        "contenders": results,
    }
    page = written(scripts, record, tmp_path)
    cells = row_of(page, "gaoya")
    assert cells[1:4] == ["7.00", "3.5x", "500"]
    assert [cells[place][:5] for place in (4, 5, 7)] == ["0.500", "0.750", "1.000"]
    assert row_of(page, "rensa")[1] == "failed"
    assert len(row_of(page, "rensa")) == len(row_of(page, "tool"))


def test_whole_build_section_has_speed_scaling_memory_and_stages(scripts, tmp_path):
    common = {"corpus": "50", "documents": 1000, "text_bytes": 5e7, "n": 1}
    peaks = {"peak_bytes": 4e8, "largest_process_bytes": 3e8}
    rows = [
        common | peaks | {"cores": 1, "seconds": 20.0, "megabytes_per_second_per_core": 2.5}
        | {"seconds_by_stage": {"language": 15.0, "start": 5.0}},
        common | peaks | {"cores": 2, "seconds": 11.0, "megabytes_per_second_per_core": 2.27},
        common | {"cores": 4, "failure": "no memory", "n": 0},
    ]  # fmt: skip
    line = {"cores": 1, "sizes": 4, "constant_bytes": 3e8, "bytes_per_document": 650.0}
    record = {
        "benchmark": "whole_build",
        "settings": {"runs": 3},
        "rows": rows,
        "scaling": [{"corpus": "50", "cores": 2, "n": 1, "ratio": 20 / 11}],
        "memory": [line | {"measure": "peak_bytes", "largest_residual_bytes": 1e6}],
    }
    page = written(scripts, record, tmp_path)
    assert row_of(page, "50 MB, 1,000 | 2")[2:7] == ["11.0", "2.27", "1.82x", "300", "400"]
    assert row_of(page, "language")[1:] == ["15.00", "75.0%", "3"]
    assert "300 MB + 650 bytes a document" in page
    assert len(row_of(page, "50 MB, 1,000 | 4")) == len(row_of(page, "text, documents"))


def test_datatrove_section_compares_documents_kept(scripts, tmp_path):
    counts = {"daad": {"read": 10, "language": 9, "near": 6}, "datatrove": {"read": 10, "near": 5}}
    contenders = {
        name: {"n": 1, "seconds": seconds, "megabytes_per_second_per_core": 1, "peak_bytes": 1e8}
        | {"documents_after_stage": counts[name]}
        for name, seconds in (("daad", 2.0), ("datatrove", 50.0))
    }
    given = {"documents": 10, "text_bytes": 1e6}
    settings = {"files": 2}
    record = {"benchmark": "datatrove_build", "settings": settings, "input": given, "contenders": contenders}
    page = written(scripts, record, tmp_path)
    assert row_of(page, "datatrove")[2] == "25.0x"
    assert row_of(page, "near") == ["near", "6 (60.0%)", "5 (50.0%)"]
    assert "| language |" not in page


def test_all_steps_have_results_of_their_own_and_finished_ones_are_left_out(scripts, tmp_path, capsys):
    given = ["--corpora", str(tmp_path / "c"), "--results", str(tmp_path / "r"), "--peers_python", "python"]
    options = argparse.Namespace(
        corpora=tmp_path / "c", results=tmp_path / "r", peers_python=Path("p"), cores="0,1"
    )
    steps = list(scripts.run_all.steps(options))
    assert len({step.result for step in steps}) == len(steps) == 10
    assert all((SPEED_DIR / step.script).exists() for step in steps)
    scripts.run_all.main([*given, "--dry"])
    assert "whole_build.py --corpora" in capsys.readouterr().out
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "whole_build.json").write_text("{}")
    scripts.run_all.main([*given, "--dry"])
    printed = capsys.readouterr().out
    assert "whole_build.py --corpora" not in printed
    assert "report.py" in printed
