"""What the README shows is true: its quick parts are run, its configs parsed, its links followed."""

import re
import subprocess
from pathlib import Path

import pytest

from corpus.build_config import BuildConfig
from corpus.command_line import parse

ROOT = Path(__file__).resolve().parent.parent
READMES = ["README.md", "README.ar.md"]


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("name", READMES)
def test_configs_are_accepted(name: str, tmp_path: Path) -> None:
    (block,) = blocks(name, "yaml")
    config = tmp_path / "my_corpus.yaml"
    config.write_text(block, encoding="utf-8")
    parsed = parse(BuildConfig, "corpus.build", ["--config", str(config)])
    assert [source.name for source in parsed.sources][-1] == "ntrex"


def test_build_commands_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (config,) = blocks("README.md", "yaml")
    Path("my_corpus.yaml").write_text(config, encoding="utf-8")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"python -m corpus\.build (--config [^#`\n]+)", text)
    assert len(commands) == 2
    shown = re.findall(r"`(--[\w.]+ (?:true|\d+))`", text)
    assert "--quality.ar.min_words 30" in shown
    for command in [*commands, *(f"--config my_corpus.yaml {flag}" for flag in shown)]:
        parse(BuildConfig, "corpus.build", command.split())


def test_python_gives_what_stands_beside_it() -> None:
    (block,) = blocks("README.md", "python")
    names: dict[str, object] = {}
    checked = 0
    for line in block.splitlines():
        code, _, comment = line.partition("#")
        expected = re.match(r"\s*('[^']*')", comment)
        if expected:
            assert repr(eval(code, names)) == expected[1]
            checked += 1
        else:
            exec(code, names)
    assert checked == 2


@pytest.mark.parametrize("name", [*READMES, *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    missing = [target for target in targets if not (ROOT / name).parent.joinpath(target).exists()]
    assert not missing


@pytest.mark.parametrize(
    "target", ["demo", "experiment-forgetting", "test", "lint", "doctor", "lock", "sbom"]
)
def test_make_knows_what_is_named(target: str) -> None:
    subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)
