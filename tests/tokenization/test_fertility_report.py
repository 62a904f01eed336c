"""The report of small made-up texts: its figures, what must not be in it, and how a browser shows it."""

import csv
import gzip
import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpus.schema import SHARD_COLUMNS
from tokenization.errors import TokenizationError
from tokenization.fertility import main
from tokenization.fertility_config import FertilityConfig
from tokenization.held_out import rest_of
from tokenization.loading.settings import LabelledText, ParallelText, TokenizerSource
from tokenization.loading.texts import read_parallel, read_texts, sample

NEWS = [
    "افتتحت البلدية صباح اليوم جسرا جديدا للمشاة يربط الحديقة العامة بمحطة القطار.",
    "وقال المهندسون إن العمل في الجسر استغرق أحد عشر شهرا.\nوستفتح المحطة غدا.",
    "أصدرت الشركة هاتفا جديدا <b>بسعر</b> منخفض & جودة عالية.",
]
POEMS = ["كَتَبَ الطَّالِبُ رِسَالَةً طَوِيلَةً إِلَى صَدِيقِهِ", "ثُمَّ خَرَجَ إِلَى السُّوقِ لِيَشْتَرِيَ خُبْزًا وَفَاكِهَةً"]
ENGLISH = ["The library opens at nine.", "Visitors may borrow up to six books, and stay until late."]
SECRET = "كلمةسرية"
CONLLU = "".join(
    f"1\tو\t_\tCCONJ\t_\t_\t0\troot\t_\tSpaceAfter=No\n2\t{noun}\t_\tNOUN\t_\t_\t1\tdep\t_\t{after}\n{tail}\n"
    for noun, after, tail in (
        ("كتاب", "SpaceAfter=No", "3\tها\t_\tPRON\t_\t_\t2\tdep\t_\t_\n"),
        ("المدرسة", "_", "3\tفي\t_\tADP\t_\t_\t2\tcase\t_\t_\n"),
        ("الجسر", "SpaceAfter=No", "3\t.\t_\tPUNCT\t_\t_\t2\tpunct\t_\t_\n"),
    )
)


def write_lines(path: Path, **columns: list[str]) -> str:
    rows = zip(*columns.values(), strict=True)
    text = "\n".join(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in rows)
    path.write_text(text + "\n", encoding="utf-8")
    return str(path)


def write_lossy(path: Path) -> str:
    """A tokenizer of a few letters that loses all others."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {letter: i for i, letter in enumerate(["<unk>", "▁", *"الوتبكجسر"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.save(str(path))
    return str(path)


def write_corpus(directory: Path) -> str:
    """A corpus with one source that may be shown and one that may not."""
    (directory / "shards").mkdir(parents=True)
    shards = []
    for source, texts in (("news", NEWS), ("closed", [f"{SECRET} {SECRET} {SECRET} في الكتاب"])):
        rows = [
            {"id": f"{source}-{i}", "text": text, "language": "ar", "source": source, "domain": source,
             "vocalized": 0.0, "dialect": "arz" if i else ""}
            for i, text in enumerate(texts)
        ]  # fmt: skip
        pl.DataFrame(rows, schema=SHARD_COLUMNS).write_parquet(directory / "shards" / f"{source}.parquet")
        shards.append({"path": f"shards/{source}.parquet"})
    sources = [{"name": "news", "examples": True}, {"name": "closed", "examples": False}]
    manifest = {"config": {"sources": sources}, "shards": shards}
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return str(directory)


def make_config(directory: Path, **changes: Any) -> FertilityConfig:
    with gzip.open(directory / "gold.conllu.gz", "wt", encoding="utf-8") as file:
        file.write(CONLLU)
    manifest = {
        "sizes": {"base": 10},
        "curve": [{"slice": "all", "pieces": n, "fertility": 4 - n / 9} for n in (0, 9)],
    }
    (directory / "expansion").mkdir(exist_ok=True)
    (directory / "expansion" / "manifest.json").write_text(json.dumps(manifest))
    if not (directory / "corpus").exists():
        write_corpus(directory / "corpus")
    texts = [
        LabelledText(name="corpus", corpus=str(directory / "corpus"), held_out=False),
        LabelledText(
            name="poems",
            path=write_lines(directory / "poems.jsonl", text=POEMS),
            language="ar",
            genre="poetry",
        ),
        LabelledText(name="english", path=write_lines(directory / "en.jsonl", text=ENGLISH), language="en"),
    ]
    settings: dict[str, Any] = {
        "output_dir": str(directory / "out"),
        "tokenizers": [
            TokenizerSource(path="mistral-v1", name="v1"),
            TokenizerSource(path=write_lossy(directory / "lossy.json"), name='<i>"lossy"</i>'),
        ],
        "texts": texts,
        "parallel": [
            ParallelText(name="pairs", path=write_lines(directory / "pairs.jsonl", ar=NEWS[:2], en=ENGLISH)),
        ],
        "morphology": [str(directory / "gold.conllu.gz")],
        "expansions": [str(directory / "expansion")],
        "resamples": 200,
        "words": ["وسيكتبونها"],
    }  # fmt: skip
    return FertilityConfig(**settings | changes)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report")
    main(make_config(path))
    return path / "out"


@pytest.fixture(scope="module")
def page(directory: Path) -> str:
    return (directory / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def data(page: str) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    content: dict[str, Any] = json.loads(found[1])
    return content


@pytest.fixture(scope="module")
def figures(directory: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    with (directory / "fertility.csv").open(encoding="utf-8") as file:
        return {(row["tokenizer"], row["slice"], row["measure"]): row for row in csv.DictReader(file)}


def test_figures_against_the_library(figures: dict[tuple[str, str, str], dict[str, str]]) -> None:
    """Whole documents straight through sentencepiece, words counted by str.split."""
    from sentencepiece import SentencePieceProcessor

    from tokenization.loading.places import find_file

    processor = SentencePieceProcessor(model_file=str(find_file("v1", "mistral-v1")))

    def pieces(texts: list[str]) -> int:
        return sum(len(processor.encode(text)) for text in texts)

    for name, texts in (("en", ENGLISH), ("ar/genre=poetry", POEMS), ("ar/genre=news", NEWS)):
        words = sum(len(text.split()) for text in texts)
        row = figures["v1", name, "fertility"]
        assert float(row["value"]) == pytest.approx(pieces(texts) / words)
        assert int(row["words"]) == words
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
        size = sum(len(text.encode()) for text in texts)
        assert float(figures["v1", name, "bytes_per_piece"]["value"]) == pytest.approx(size / pieces(texts))
        assert float(figures["v1", name, "words_per_window"]["value"]) == pytest.approx(
            4096 * words / pieces(texts)
        )
    parity = figures["v1", "ar:en/parallel=pairs", "parity"]
    assert float(parity["value"]) == pytest.approx(pieces(NEWS[:2]) / pieces(ENGLISH))
    assert float(figures["v1", "all", "round_trip"]["value"]) == 1
    assert float(figures['<i>"lossy"</i>', "all", "round_trip"]["value"]) == 0
    assert float(figures['<i>"lossy"</i>', "en", "unknown_pieces"]["value"]) > 0.5


def test_signature_says_what_a_figure_depends_on(figures: dict[tuple[str, str, str], dict[str, str]]) -> None:
    signed = figures["v1", "en", "fertility"]["signature"]
    assert re.fullmatch(
        r"tok:v1\|sha:[0-9a-f]{12}\|text:[0-9a-f]{12}\|slice:en\|words:whitespace\|boot:200\|seed:0\|version:[\d.]+",
        signed,
    )
    assert "|alpha:2.5|" in figures["v1", "en", "renyi_efficiency"]["signature"]


def test_same_config_same_bytes(directory: Path) -> None:
    twin = directory.parent / "twin"
    main(make_config(directory.parent, output_dir=str(twin)))
    for name in ("report.html", "fertility.json", "fertility.csv"):
        assert (twin / name).read_bytes() == (directory / name).read_bytes(), name
    one, two = (json.loads((path / "manifest.json").read_text()) for path in (directory, twin))
    assert set(one) >= {"config", "versions", "files", "inputs", "run"}
    assert one | {"run": 0} == two | {"run": 0}


def test_words_of_closed_sources_are_counted_but_never_shown(
    page: str, directory: Path, figures: dict[tuple[str, str, str], dict[str, str]]
) -> None:
    assert int(figures["v1", "ar/genre=closed", "fertility"]["words"]) == 5
    assert SECRET not in page
    assert SECRET not in (directory / "fertility.json").read_text(encoding="utf-8")


def test_shown_words_come_with_their_counts_and_cuts(data: dict[str, Any]) -> None:
    words = {word: (counts, cuts) for word, counts, cuts in data["words"]}
    assert data["words"][0][0] == "وسيكتبونها"
    assert data["slices"][0] == "Arabic, all"
    counts, cuts = words["الجسر"]
    assert counts["0"] == 1
    # v1: ▁ and then pieces of الجسر, lossy: ▁ and each letter, all known.
    assert cuts[1] == "0 2 4 6 8"
    assert "المحطة" in words
    assert "بسعر" not in words  # <b>بسعر</b> is no word of letters only
    gold = {word: borders for word, borders, _ in data["clitics"]}
    assert gold == {"وكتابها": [1, 5], "والمدرسة": [1], "والجسر": [1]}


def test_morphology_by_hand(directory: Path, figures: dict[tuple[str, str, str], dict[str, str]]) -> None:
    """The lossy tokenizer cuts after every letter: all places are cut, and few cuts are right."""
    found = json.loads((directory / "fertility.json").read_text(encoding="utf-8"))["tokenizers"][1]["clitics"]
    inside = sum(len(word) - 1 for word in ("وكتابها", "والمدرسة", "والجسر", "في"))
    assert found["all_words"]["words"] == 4
    assert found["all_words"]["recall"]["value"] == 1
    assert found["all_words"]["precision"]["value"] == pytest.approx(4 / inside)
    row = figures['<i>"lossy"</i>', "gold/with_clitic", "clitic_precision"]
    assert float(row["value"]) == pytest.approx(4 / (inside - 1))
    assert (row["words"], row["documents"]) == ("3", "3")
    assert "|slice:gold/with_clitic|" in row["signature"]


def test_markup_in_names_and_texts_stays_text(page: str) -> None:
    assert "<i>&quot;lossy" not in page
    assert "&lt;i&gt;&quot;lossy&quot;&lt;/i&gt;" in page
    assert page.count("<script") == 2
    assert not re.search(r"<(img|iframe|link|object)\b", page)
    assert re.findall(r"(?:src|href)=\"(?!#)", page) == []
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_of_a_corpus_only_documents_are_measured_that_none_learns_from(tmp_path: Path) -> None:
    rows = [
        {
            "id": f"news-{i}",
            "text": f"كتاب رقم {i}",
            "language": "ar",
            "source": "news",
            "domain": "news",
            "dialect": "",
        }
        for i in range(200)
    ]
    (tmp_path / "shards").mkdir()
    shards = []
    for number, part in enumerate((rows[:90], rows[90:])):
        pl.DataFrame(part, schema=SHARD_COLUMNS).write_parquet(tmp_path / "shards" / f"{number}.parquet")
        shards.append({"path": f"shards/{number}.parquet"})
    manifest = {"config": {"sources": [{"name": "news"}]}, "shards": shards}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    def numbers(**given: Any) -> list[int]:
        texts = read_texts([LabelledText(name="c", corpus=str(tmp_path), **given)], 0, 0)["text"]
        return [int(text.split()[-1]) for text in texts]

    held = [i for i in range(200) if rest_of(f"news-{i}") < 5]
    assert 4 < len(held) < 20
    assert numbers() == held
    assert numbers(max_documents=4) == held[:4]
    assert numbers(held_out=False) == list(range(200))
    assert numbers(held_out=False, max_documents=95) == list(range(95))


def test_one_tokenizer_and_one_text_are_enough(tmp_path: Path) -> None:
    text = LabelledText(
        name="english", path=write_lines(tmp_path / "en.jsonl", text=ENGLISH[:1]), language="en"
    )
    main(
        FertilityConfig(
            output_dir=str(tmp_path / "out"), tokenizers=[TokenizerSource(path="mistral-v1")], texts=[text],
            resamples=100,
        )
    )  # fmt: skip
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "How 1 tokenizer cuts English" in page
    for section in ("varieties", "parity", "morphology"):
        assert f'id="{section}"' not in page
    assert "Infinity" not in (tmp_path / "out" / "fertility.json").read_text(encoding="utf-8")


# Bad input: one line each.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"tokenizers": [TokenizerSource(path="/no/such.model")]},
            "tokenizer such: /no/such.model is not there",
        ),
        ({"morphology": ["/no/such.conllu"]}, "morphology /no/such.conllu: cannot be read"),
        ({"expansions": ["/no/such"]}, "expansion /no/such: no curve"),
        ({"texts": [LabelledText(name="t", corpus="/no/such")]}, "text t: /no/such holds no finished corpus"),
    ],
)
def test_missing_files_are_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TokenizationError, match=re.escape(message)):
        main(make_config(tmp_path, **changes))
    assert not (tmp_path / "out").exists()


def test_wrong_script_and_empty_texts_are_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", text=ENGLISH)
    with pytest.raises(
        TokenizationError, match="text t: language is 'ar', but 0% of its letters are in that script"
    ):
        read_texts([LabelledText(name="t", path=path, language="ar")], 0, 0)
    path = write_lines(tmp_path / "b.jsonl", text=["  ", ""])
    with pytest.raises(TokenizationError, match=r"text t: .* holds no text"):
        read_texts([LabelledText(name="t", path=path, language="ar")], 0, 0)
    path = write_lines(tmp_path / "c.jsonl", ar=ENGLISH, en=NEWS[:2])
    with pytest.raises(TokenizationError, match="parallel text p: language is 'ar'"):
        read_parallel(ParallelText(name="p", path=path))


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("tokenizers", [], "tokenizers must not be empty"),
        ("resamples", 5, "resamples must be at least 100, got 5"),
        ("words", ["كلمة", "كلمة أخرى"], "words must be single words without white space, got 'كلمة أخرى'"),
        ("renyi_alpha", 1.0, "renyi_alpha must be above 0 and not 1"),
        (
            "texts",
            [LabelledText(name="a", path="x", language="ar")] * 2,
            "texts must have names of their own",
        ),
    ],
)
def test_settings_are_checked(tmp_path: Path, setting: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_config(tmp_path, **{setting: value})


def test_labels_of_texts_are_checked() -> None:
    for settings, message in (
        ({}, "give either corpus or path"),
        ({"path": "x"}, "language must say"),
        ({"path": "x", "language": "ar", "vocalization": "much"}, "vocalization must be one of none, some"),
    ):
        with pytest.raises(ValueError, match=message):
            LabelledText(name="t", **settings)  # type: ignore[arg-type]


def test_command_line_ends_with_one_line_and_exit_code_2(tmp_path: Path) -> None:
    settings = {"output_dir": str(tmp_path / "out"), "tokenizers": [{"path": str(tmp_path / "none.model")}],
                "texts": [{"name": "t", "path": "x.txt", "language": "ar"}]}  # fmt: skip
    (tmp_path / "c.yaml").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "tokenization.fertility", "--config", str(tmp_path / "c.yaml")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("tokenization.fertility: tokenizer none: ")


# Reading.


def test_csv_and_plain_text_are_read_with_their_labels(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("body,id\nنص أول,1\nنَصٌّ ثَانٍ,2\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("فقرة أولى\n\nفقرة ثانية\n", encoding="utf-8")
    texts = [
        LabelledText(
            name="a",
            path=str(tmp_path / "a.csv"),
            text_column="body",
            language="ar",
            genre="web",
            dialect="arz",
        ),
        LabelledText(
            name="b", path=str(tmp_path / "b.txt"), language="ar", vocalization="fully", examples=False
        ),
    ]
    found = read_texts(texts, 0, 0)
    assert found.rows() == [
        ("نص أول", "ar", "arz", "web", "a", "none", True),
        ("نَصٌّ ثَانٍ", "ar", "arz", "web", "a", "fully", True),
        ("فقرة أولى", "ar", "", "unlabelled", "b", "fully", False),
        ("فقرة ثانية", "ar", "", "unlabelled", "b", "fully", False),
    ]


def test_sample_takes_of_every_label_and_goes_by_the_seed() -> None:
    rows = [{"text": "x" * 100, "source": "ab"[i % 2], "language": "en"} for i in range(200)]
    labels = {"dialect": "", "genre": "", "vocalization": "", "showable": True}
    frame = pl.DataFrame(rows).with_columns(
        number=pl.int_range(pl.len()), **{k: pl.lit(v) for k, v in labels.items()}
    )
    frame = frame.with_columns(text=pl.col("text") + pl.col("number").cast(pl.String).str.zfill(3)).drop(
        "number"
    )
    one = sample(frame, 0.001, 0)
    assert one["source"].value_counts().sort("source").rows() == [("a", 10), ("b", 10)]
    assert one["text"].to_list() == sorted(one["text"].to_list())
    assert one.equals(sample(frame, 0.001, 0))
    assert not one.equals(sample(frame, 0.001, 1))
    assert sample(frame, 0, 0).equals(frame)


# What a browser makes of the page: it stands unaltered in frames of several widths, a script outside uses it.

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

USE = """
const rows = (page, name) => [...page.getElementById(name + "-table").tBodies[0].rows];
const set = (page, name, value) => {
  const control = page.getElementById(name);
  control.value = value;
  control.dispatchEvent(new Event("input"));
};
const words = (page) => rows(page, "word").map((row) => row.cells[0].textContent);
function use(frame) {
  const page = frame.contentDocument, window = frame.contentWindow, root = page.documentElement, seen = {};
  seen.width = root.clientWidth; seen.scroll = root.scrollWidth;
  seen.outside = [...page.body.querySelectorAll("*")].filter((one) => !one.closest(".scroll, pre, svg")
    && one.getBoundingClientRect().right > root.clientWidth + 0.5).map((one) => one.outerHTML.slice(0, 80));
  seen.requests = window.performance.getEntriesByType("resource").map((one) => one.name);
  seen.first = words(page);
  const cell = rows(page, "word")[0].cells[2];
  const piece = cell.querySelector(".seg");
  seen.direction = window.getComputedStyle(piece).direction;
  seen.isolated = window.getComputedStyle(piece).unicodeBidi;
  const places = [...piece.querySelectorAll("i")].map((one) => one.getBoundingClientRect().right);
  seen.rightToLeft = places.every((place, i) => i === 0 || place < places[i - 1]);
  seen.text = piece.textContent.replaceAll("\\u200d", "");
  const plain = page.querySelector("#word-table .word"), style = window.getComputedStyle(plain);
  const range = page.createRange(); range.selectNodeContents(plain);
  const letters = [...piece.querySelectorAll("i:not(.space)")].map((one) => one.getBoundingClientRect());
  seen.widths = [range.getBoundingClientRect().width / parseFloat(style.fontSize),
    (Math.max(...letters.map((r) => r.right)) - Math.min(...letters.map((r) => r.left)))
      / parseFloat(window.getComputedStyle(piece).fontSize)];
  set(page, "word-search", "الى"); seen.search = words(page); set(page, "word-search", "");
  const english = [...page.getElementById("word-slice").options].find((one) => one.text === "English, all").value;
  set(page, "word-slice", english); seen.slice = words(page); set(page, "word-slice", "");
  set(page, "word-order", "split"); seen.split = rows(page, "word").map((row) =>
    [...row.querySelectorAll(".pieces")].reduce((sum, one) => sum + Number(one.textContent), 0));
  page.getElementById("word-next").click(); seen.next = page.getElementById("word-page").textContent;
  set(page, "piece-tokenizer", "1"); seen.pieces = rows(page, "piece").map((row) => row.cells[0].textContent);
  set(page, "piece-search", "ب"); seen.found = rows(page, "piece").map((row) => row.cells[0].textContent);
  set(page, "clitic-tokenizer", "1"); set(page, "clitic-kind", "cross"); seen.crossed = rows(page, "clitic").length;
  set(page, "clitic-kind", "respect"); seen.respected = rows(page, "clitic").length;
  const table = page.getElementById("league-table");
  const shown = () => [...table.tBodies].find((body) => !body.hidden);
  const names = () => [...shown().rows].filter((row) => row.className !== "note")
    .map((row) => row.cells[0].textContent);
  const heading = [...table.tHead.rows[0].cells].findIndex((one) => one.textContent === "vocabulary");
  table.tHead.rows[0].cells[heading].querySelector("button").click(); seen.up = names();
  table.tHead.rows[0].cells[heading].querySelector("button").click(); seen.down = names();
  seen.sorted = table.tHead.rows[0].cells[heading].getAttribute("aria-sort");
  const before = shown().dataset.slice;
  set(page, "league-slice", english); seen.changed = shown().dataset.slice !== before;
  return seen;
}
addEventListener("load", () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    try { found[frame.id] = use(frame); } catch (error) { found[frame.id] = {error: String(error.stack)}; }
  }
  document.body.innerHTML = "<pre id=found></pre>";
  document.getElementById("found").textContent = JSON.stringify(found);
});
"""


@pytest.fixture(scope="module")
def seen(page: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if BROWSER is None:
        pytest.skip(
            "no Chromium here (Debian: apt-get install chromium): the report is not used in a browser"
        )
    directory = tmp_path_factory.mktemp("browser")
    frames = "".join(
        f'<iframe id="{name}" srcdoc="{html.escape(page)}" style="border:0;width:{width}px;height:3000px"></iframe>'
        for name, width in (("phone", 390), ("desktop", 1200))
    )
    harness = directory / "harness.html"
    harness.write_text(
        f"<!DOCTYPE html><meta charset=utf-8><body>{frames}<script>{USE}</script>", encoding="utf-8"
    )
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
        f"--user-data-dir={directory / 'profile'}", "--window-size=1400,3000", "--dump-dom", harness.as_uri(),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, timeout=120, check=False)
    found = re.search(r'<pre id="found">(.*?)</pre>', result.stdout.decode("utf-8"), re.DOTALL)
    assert found, result.stderr.decode("utf-8", "replace")[-2000:]
    content: dict[str, Any] = json.loads(html.unescape(found[1]))
    for used in content.values():
        assert "error" not in used, used
    return content


@pytest.mark.parametrize("frame", ["phone", "desktop"])
def test_page_fits_and_loads_nothing(seen: dict[str, Any], frame: str) -> None:
    own = seen[frame]
    assert own["width"] == {"phone": 390, "desktop": 1200}[frame]
    assert own["scroll"] <= own["width"]
    assert own["outside"] == []
    assert own["requests"] == []


@pytest.mark.parametrize("frame", ["phone", "desktop"])
def test_arabic_runs_from_right_to_left_with_joined_letters(seen: dict[str, Any], frame: str) -> None:
    own = seen[frame]
    assert (own["direction"], own["isolated"]) == ("rtl", "isolate")
    assert own["rightToLeft"]
    assert own["text"].lstrip("▁") == own["first"][0] == "وسيكتبونها"
    whole, cut = own[
        "widths"
    ]  # in letters' sizes: unjoined letters would be far wider; the pieces' edges add a little
    assert cut == pytest.approx(whole, abs=0.5)


def test_search_filter_order_and_pages(seen: dict[str, Any]) -> None:
    own = seen["desktop"]
    assert own["search"] == ["إِلَى", "اليوم", "عالية"]  # with marks, whatever alef, yeh and teh marbuta
    assert {"library", "Visitors"} <= set(own["slice"])
    assert all(re.fullmatch("[A-Za-z]+", word) for word in own["slice"])
    assert own["split"] == sorted(own["split"], reverse=True)
    assert own["next"].startswith("2 of ")
    assert "ا" in own["pieces"]
    assert own["found"] == ["ب"]
    assert (own["crossed"], own["respected"]) == (0, 3)


def test_league_table_sorts_and_changes_its_text(seen: dict[str, Any]) -> None:
    own = seen["desktop"]
    assert own["up"] == ['<i>"lossy"</i>', "v1"]
    assert own["down"] == ["v1", '<i>"lossy"</i>']
    assert own["sorted"] == "descending"
    assert own["changed"]
