import errno
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from corpus.command_line import explain_os_error, parse, run
from corpus.errors import CorpusError


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Inner settings.

    Attributes:
        size: How big.
    """

    size: int = 3

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size must be at least 1, got {self.size}")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Do the thing.

    Attributes:
        output_dir: Where to.
        inner: The inside.
        items: More insides.
        dry_run: Only say what would be done.
    """

    output_dir: str
    inner: Inner = field(default_factory=Inner)
    items: list[Inner] = field(default_factory=list)
    dry_run: bool = False


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_file_and_overrides(tmp_path: Path) -> None:
    config = write(tmp_path / "c.yaml", "output_dir: x\nitems: [{size: 5}]\n")
    parsed = parse(Settings, "thing", ["--config", config, "--inner.size=7"])
    assert parsed == Settings(output_dir="x", inner=Inner(size=7), items=[Inner(size=5)])


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        ([], False),
        (["--dry_run"], True),
        (["--dry_run", "--inner.size=7"], True),
        (["--dry_run", "false"], False),
        (["--dry_run=false"], False),
        (["--dry_run", "true"], True),
    ],
)
def test_a_switch_alone_is_on(switch: list[str], expected: bool) -> None:
    assert parse(Settings, "thing", ["--output_dir", "x", *switch]).dry_run is expected


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        ("output_dri: x\n", [], "did you mean 'output_dir'?"),
        ("output_dir: x\ninner: {sise: 4}\n", [], "did you mean 'size'?"),
        ("output_dir: x\nitems: [{sze: 4}]\n", [], "did you mean 'size'?"),
        ("output_dir: x\n", ["--inner.siz=4"], "did you mean 'size'?"),
        ("output_dir: x\n", ["--inner.size=0"], "size must be at least 1, got 0"),
        ("output_dir: x\n", ["--inner.size=big"], "inner.size"),
        ("inner: {size: 4}\n", [], "output_dir"),
        ("output_dir: [x\n", [], "line 2"),
    ],
)
def test_mistakes_become_one_line(tmp_path: Path, text: str, arguments: list[str], expected: str) -> None:
    config = write(tmp_path / "c.yaml", text)
    with pytest.raises(CorpusError) as caught:
        parse(Settings, "thing", ["--config", config, *arguments])
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_config_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no\.yaml"):
        parse(Settings, "thing", ["--config", str(tmp_path / "no.yaml")])


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (CorpusError("a.jsonl, line 3: broken;\n mend it"), 2, "thing: a.jsonl, line 3: broken; mend it\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "out/x"),
            2,
            "thing: out/x: No space left on device: free some",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "out"),
            2,
            "thing: out: Permission denied: the permissions",
        ),
        (KeyboardInterrupt(), 130, "the same command continues"),
    ],
)
def test_errors_end_in_one_line_and_their_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def main(_: Settings) -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        run(main, Settings, "thing", ["--output_dir=x"])
    assert caught.value.code == code
    printed = capsys.readouterr().err
    assert line in printed
    assert printed.count("\n") == 1


def test_a_signal_within_compiled_code_is_a_stop(capsys: pytest.CaptureFixture[str]) -> None:
    """Where a handler raises while compiled code returns a result, Python makes a SystemError of it."""

    def main(_: Settings) -> None:
        raise SystemError("a kernel returned a result with an exception set") from KeyboardInterrupt()

    with pytest.raises(SystemExit) as caught:
        run(main, Settings, "thing", ["--output_dir=x"])
    assert caught.value.code == 130
    assert capsys.readouterr().err == "thing: stopped; the same command continues from here\n"


def test_any_other_system_error_is_a_bug() -> None:
    def main(_: Settings) -> None:
        raise SystemError("null argument to internal routine")

    with pytest.raises(SystemError, match="null argument"):
        run(main, Settings, "thing", ["--output_dir=x"])


def test_bugs_keep_their_traceback() -> None:
    def main(_: Settings) -> None:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        run(main, Settings, "thing", ["--output_dir=x"])


def test_unknown_os_error_is_still_explained() -> None:
    assert explain_os_error(OSError("strange")) == "strange: see the message"


@pytest.mark.parametrize("module", ["corpus.build", "corpus.mixture", "corpus.doctor"])
def test_help_answers_within_a_second_and_loads_nothing_heavy(module: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", module, "--help"]
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        result = subprocess.run(
            [sys.executable, "-m", module, "--help"], capture_output=True, check=True, text=True
        )
        seconds.append(time.perf_counter() - start)
        assert "usage:" in result.stdout
    imported = subprocess.run(command, capture_output=True, check=True, text=True).stderr
    loaded = {line.rsplit("|", 1)[-1].strip() for line in imported.splitlines()}
    assert not loaded & {
        "torch",
        "numba",
        "camel_tools",
        "datasketch",
        "nemo",
        "transformers",
        "ftfy",
        "fasttext",
        "pyarrow",
    }
    assert min(seconds) < float(os.environ.get("DAAD_HELP_SECONDS", "1.0"))


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in pairwise("abcdefgh"))
        + "output_dir: *h\n",
        "output_dir: &a [*a]\n",
        f"output_dir: {'[' * 3000}{']' * 3000}\n",
        f"output_dir: {'{a: ' * 2000}1{'}' * 2000}\n",
    ],
    ids=["a billion laughs", "within itself", "deep list", "deep map"],
)
def test_a_config_that_grows_without_end_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text)
    for arguments in (["--config", str(tmp_path / "config.yaml")], [f"--config={tmp_path}/config.yaml"]):
        with pytest.raises(CorpusError, match="grows without end"):
            parse(Settings, "room.stage", arguments)


def test_few_anchors_are_welcome(tmp_path: Path) -> None:
    config = write(tmp_path / "c.yaml", "output_dir: x\nitems: [&a {size: 5}, *a]\n")
    assert parse(Settings, "thing", ["--config", config]).items == [Inner(size=5)] * 2


def test_what_is_said_is_short_and_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for value in ("\x1b[31m\u202eevil\ud800", "a" * 100_000):
        with pytest.raises(SystemExit) as ended:
            run(lambda _: None, Settings, "room.stage", [f"--nothing={value}"])
        said = capsys.readouterr().err
        assert ended.value.code == 2
        assert said.removesuffix("\n").isprintable()
        assert len(said) < 1200


def test_a_config_runs_no_code(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f'output_dir: !!python/object/apply:os.mkdir ["{tmp_path / "made"}"]\n')
    with pytest.raises(CorpusError):
        parse(Settings, "room.stage", ["--config", str(path)])
    assert not (tmp_path / "made").exists()
