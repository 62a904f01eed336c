"""Small corpora of modern, made-up text."""

import gzip
import hashlib
import io
import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from corpus.build import main
from corpus.build_config import BuildConfig
from corpus.command_line import run

ARABIC = """
في من على إلى عن مع هذا هذه التي الذي كان قد بعد قبل كل أن لا ما هو هي بين حتى ثم أو لم
المدينة الشركة الجامعة الطبيب المهندس الكتاب السوق البحر الطريق القطار المطار المصنع الحديقة المدرسة المكتبة
جديدة كبيرة سريعة قديمة مفيدة واضحة حديثة طويلة عميقة مشرقة افتتحت أعلنت درست كتبت وصلت بدأت عملت شاركت نظمت طورت
الباحثون الطلاب العمال السكان الزوار المعلمون المشروع البرنامج المؤتمر التقرير
الخطة النتائج الأسعار الصادرات الطاقة المياه
الزراعة الصناعة التجارة السياحة الرياضة الصحة التعليم البيئة التقنية الاقتصاد يوم شهر سنة صباح مساء أسبوع
""".split()
ENGLISH = """
the of and to in that with have be for on it as by this from at which are was were has not they will
city company school doctor engineer book market ocean road train airport factory garden library project
new large fast old useful clear modern long deep bright opened announced studied wrote reached started worked joined
built improved
researchers students workers people visitors teachers program conference report plan results prices exports
energy water
agriculture industry trade tourism sports health education environment technology economy day
month year morning evening week
""".split()


class Writer:
    """Makes up documents: the same seed gives the same ones, two of them share hardly any phrase."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def text(self, language: str = "ar", sentences: int = 10) -> str:
        words = ARABIC if language == "ar" else ENGLISH
        made = []
        for _ in range(sentences):
            sentence = " ".join(self._random.choices(words, k=self._random.randint(9, 15)))
            made.append(sentence[0].upper() + sentence[1:] + ".")
        lines = [" ".join(made[start : start + 3]) for start in range(0, sentences, 3)]
        return "\n".join(lines)

    def edit(self, text: str, words: int) -> str:
        """The text with so many words replaced, at places spread over it."""
        parts = text.split(" ")
        for number in range(words):
            parts[(number + 1) * len(parts) // (words + 1)] = f"تعديل{number}"
        return " ".join(parts)


@pytest.fixture(scope="module")
def writer() -> Writer:
    return Writer(7)


def write_jsonl(path: Path, records: Iterable[dict[str, Any] | str]) -> Path:
    """Records as JSON lines; a string stands in the file as it is, broken or not."""
    lines = [
        record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records
    ]
    data = "".join(f"{line}\n" for line in lines).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


class Outcome(NamedTuple):
    """How a build ended."""

    code: int
    stdout: str
    stderr: str


class Builder:
    """Runs `python -m corpus.build` on a config, in this process to spare the imports."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def config(self, **settings: Any) -> Path:
        path = self.directory / "config.yaml"
        path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        return path

    def command(self, config: Path, *arguments: str) -> list[str]:
        """The same as a command line, for tests that kill it."""
        return [sys.executable, "-m", "corpus.build", "--config", str(config), *arguments]

    def __call__(self, config: Path, *arguments: str, code: int = 0) -> Outcome:
        printed, said = io.StringIO(), io.StringIO()
        handler = signal.getsignal(signal.SIGTERM)
        with redirect_stdout(printed), redirect_stderr(said), pytest.raises(SystemExit) as ended:
            run(main, BuildConfig, "corpus.build", ["--config", str(config), *arguments])
        signal.signal(signal.SIGTERM, handler)
        assert ended.value.code == code, said.getvalue()
        return Outcome(code, printed.getvalue(), said.getvalue())


@pytest.fixture
def build(tmp_path: Path) -> Builder:
    return Builder(tmp_path)


@pytest.fixture(scope="module")
def shared_build(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return Builder(tmp_path_factory.mktemp("shared"))


def everything(output: Path) -> dict[str, Any]:
    """All that a build leaves, by path: digests of the files, and the manifest but for what varies by run."""
    found: dict[str, Any] = {}
    for path in sorted(output.rglob("*")):
        name = path.relative_to(output).as_posix()
        if path.is_file() and not name.startswith("work/") and name != "manifest.json":
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
    manifest.pop("run")
    return Contents(found | {"manifest.json": manifest})


class Contents(dict[str, Any]):
    """What a build leaves, by path; when two differ, the error names where."""

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, dict)
        found = list(_differences(self, other, ""))
        assert not found, found[:10]
        return True

    __hash__ = None  # type: ignore[assignment]


def _differences(left: Any, right: Any, path: str) -> Iterator[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            yield from _differences(left.get(key), right.get(key), f"{path}/{key}")
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, pair in enumerate(zip(left, right, strict=True)):
            yield from _differences(*pair, f"{path}[{number}]")
    elif left != right:
        yield f"{path}: {left!r} != {right!r}"


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, Any]]:
    return everything


@pytest.fixture(scope="session")
def jsonl() -> Callable[[Path, Iterable[dict[str, Any] | str]], Path]:
    return write_jsonl


def run_through_kills(program: str, config: Path) -> None:
    """Run a program that kills itself at a point its first argument decides, until it once ends on its own."""
    codes = []
    for seed in range(12):
        command = [sys.executable, "-c", program, str(seed), "--config", str(config)]
        codes.append(subprocess.run(command, capture_output=True, check=False).returncode)
        if codes[-1] != -signal.SIGKILL:
            break
    assert codes[-1] == 0
    assert len(codes) > 1


@pytest.fixture(scope="session")
def through_kills() -> Callable[[str, Path], None]:
    return run_through_kills


@pytest.fixture(autouse=True)
def no_leftovers(tmp_path: Path) -> Iterator[None]:
    """No build leaves an unfinished file behind where a test ends."""
    yield
    assert not list(tmp_path.rglob("*.partial"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 300 kilobytes."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)
