import os
import subprocess
import sys
from pathlib import Path

CALLER = "import numba\nfrom {name}.inner import value\n\n@numba.njit(cache=True)\ndef outer():\n    return value()\n"
INNER = "import numba\n\n@numba.njit(cache=True)\ndef value():\n    return {}\n"


def run(root: Path, code: str, **environment: str) -> str:
    inherited = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, cwd=root, env=inherited | environment, capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def test_a_changed_inner_kernel_is_seen(tmp_path: Path) -> None:
    """With numba alone the second call answers 1: the trap that this module closes."""
    package = tmp_path / "pack"
    package.mkdir()
    source = Path(__file__).resolve().parents[2] / "corpus" / "kernel_cache.py"
    (package / "kernel_cache.py").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (package / "outer.py").write_text(CALLER.format(name="pack"), encoding="utf-8")
    home = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    call = "from pack.outer import outer; print(outer())"
    use = "from pack.kernel_cache import use_cache_of_this_source\nuse_cache_of_this_source()\n"
    for init, answers in (("", ["1", "1"]), (use, ["1", "2"])):
        (package / "__init__.py").write_text(init, encoding="utf-8")
        for value, answer in zip((1, 2), answers, strict=True):
            (package / "inner.py").write_text(INNER.format(value), encoding="utf-8")
            assert run(tmp_path, call, **home) == answer


def test_workers_share_the_cache_of_their_build(tmp_path: Path) -> None:
    show = "import corpus, os; print(os.environ['NUMBA_CACHE_DIR'])"
    call = f"subprocess.check_output([sys.executable, '-c', {show!r}], text=True)"
    nested = f"import corpus, subprocess, sys; print({call})"
    home = {"XDG_CACHE_HOME": str(tmp_path)}
    assert run(tmp_path, nested, **home) == run(tmp_path, show, **home)
    assert run(tmp_path, show, **home).startswith(str(tmp_path / "daad" / "kernels-"))


def test_no_writable_place_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    show = "import corpus, os; print(os.environ.get('NUMBA_CACHE_DIR'))"
    assert run(tmp_path, show, XDG_CACHE_HOME=str(tmp_path / "file")) == "None"
