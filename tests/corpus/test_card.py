"""The data card of a small made-up corpus: what is on the page, what must not be, and how a browser sets it."""

import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpus.card import write_card
from corpus.errors import CorpusError
from corpus.schema import DROPPED_COLUMNS, SHARD_COLUMNS

STAGES = (
    "read", "normalize", "language", "quality", "toxicity", "privacy", "decontamination", "exact", "boilerplate",
    "near",
)  # fmt: skip
EDGES = [0, 10, 20, 50, 100, 200, 500, 1000]

NEWS = (
    "افتتحت البلدية صباح اليوم جسرا جديدا للمشاة يربط الحديقة العامة بمحطة القطار، "
    "وقال المهندسون إن العمل استغرق أحد عشر شهرا."
)
NEWS_COPY = (
    "افتتحت البلدية مساء أمس جسرا جديدا للمشاة يربط الحديقة العامة بمحطة القطار، "
    "وقال المهندسون إن العمل استغرق عشرة أشهر."
)
VOCALIZED = "كَتَبَ الطَّالِبُ رِسَالَةً طَوِيلَةً إِلَى صَدِيقِهِ، ثُمَّ خَرَجَ إِلَى السُّوقِ لِيَشْتَرِيَ خُبْزًا وَفَاكِهَةً."
MIXED = (
    "iPhone 15 Pro متوفر الآن في أسواق الخليج بسعر يبدأ من 4,299 درهما.\n"
    "أصدرت شركة OpenAI نموذجا جديدا.\nVersion 2.1 of the report"
)
EGYPTIAN = "النهارده رحنا السوق واشترينا عيش وجبنة، وبعدين قعدنا على القهوة نستنى المطر يبطل."
ENGLISH = (
    "The library opens at nine. Visitors may borrow up to six books, and the reading room on the second floor "
    "stays open until late."
)
SCRIPT = (
    "<script>document.documentElement.dataset.ran = 'yes'</script><img src=x onerror=\"alert(1)\"> & more"
)
CONTROLS = "مرحبا\u202eabc\u2066 bell\x07 nul\x00 zero\u200bwidth"
SECRET = "Nobody may see this licensed sentence on the card."


def document(
    name: str, text: str, source: str = "news_ar", language: str = "ar", **more: Any
) -> dict[str, Any]:
    return {
        "id": f"{source}-{name}", "text": text, "language": language, "language_confidence": 0.99, "source": source,
        "domain": "news", "kind": "natural", "url": "", "license": "", "characters": len(text),
        "words": len(text.split()), "pair": None, "dialect": "", "vocalized": 0.0,
    } | more  # fmt: skip


KEPT = [
    document("1", NEWS),
    document("2", VOCALIZED, vocalized=0.83),
    document("3", MIXED, domain="web"),
    document("4", EGYPTIAN, dialect="arz"),
    document("5", CONTROLS),
    document("doc-A7", ENGLISH, "books_en", "en", domain="books"),
    document("doc-B1", SCRIPT, "books_en", "en", domain="books"),
    document("1", SECRET, "closed", "en"),
]

DROPPED = [
    document("20", CONTROLS, stage="quality", reason="too_few_words", detail="2 words < 50"),
    document("21", "خبر آخر قصير من someone@example.com", stage="quality", reason="too_few_words",
             detail="5 words < 50"),
    document("31", "یک جمله فارسی برای آزمایش", language="fa", stage="language", reason="foreign_language",
             detail="fa (0.98)"),
    document("40", SCRIPT, "books_en", "en", stage="quality", reason="too_few_words", detail="<script>boo()</script>"),
    document("41", ENGLISH + " What is the capital?", "books_en", "en", stage="decontamination", reason="contamination",
             detail="mmlu_en/test.csv row 12: 3 of 5 n-grams, 'visitors may borrow up to six books'"),
    document("50", NEWS_COPY, stage="near", reason="near_duplicate", detail="news_ar-1 stays (similarity 0.86)"),
    document("51", NEWS.replace("أحد", "احد"), stage="exact", reason="exact_duplicate",
             detail="news_ar-1 stays (similarity 1.0)"),
    document("2", SECRET, "closed", "en", stage="quality", reason="too_few_words", detail=SECRET),
]  # fmt: skip


def counts() -> list[dict[str, Any]]:
    """Rows of the manifest that agree with KEPT and DROPPED."""
    rows = []
    every = [(row, None) for row in KEPT] + [(row, row["stage"]) for row in DROPPED]
    for number, stage in enumerate(STAGES):
        groups: dict[tuple[str, ...], list[tuple[dict[str, Any], str | None]]] = {}
        for row, fell in every:
            if fell is None or STAGES.index(fell) >= number:
                key = tuple(row[name] for name in ("source", "language", "domain", "kind"))
                groups.setdefault(key, []).append((row, fell))
        for key, members in groups.items():
            reasons = [row["reason"] for row, fell in members if fell == stage]
            stay = [row for row, fell in members if fell != stage]
            rows.append(
                dict(zip(("source", "language", "domain", "kind"), key, strict=True))
                | {
                    "stage": stage,
                    "documents_in": len(members),
                    "characters_in": sum(row["characters"] for row, _ in members),
                    "documents_out": len(stay),
                    "characters_out": sum(row["characters"] for row in stay),
                    "dropped": {reason: reasons.count(reason) for reason in reasons},
                }
            )
    return rows


def make_corpus(directory: Path, **changes: Any) -> Path:
    """A finished corpus as the build leaves it."""
    sources = ("books_en", "closed", "news_ar")
    shards, dropped = [], []
    for rows, columns, folder, entries in (
        (KEPT, SHARD_COLUMNS, "shards", shards),
        (DROPPED, DROPPED_COLUMNS, "dropped", dropped),
    ):
        (directory / folder).mkdir(parents=True)
        for source in sources:
            own = [row for row in rows if row["source"] == source]
            path = f"{folder}/{source}-00000.parquet"
            pl.DataFrame(own, schema=columns).write_parquet(directory / path)
            sums = {name: sum(row[name] for row in own) for name in ("characters", "words")}
            entries.append(
                {"path": path, "source": source, "documents": len(own), "bytes": 1234, "sha256": "ab" * 32}
                | sums
            )
    pl.DataFrame(
        {
            "stage": ["exact", "near"], "kept": ["news_ar-1"] * 2, "dropped": ["news_ar-51", "news_ar-50"],
            "kept_source": ["news_ar"] * 2, "dropped_source": ["news_ar"] * 2, "similarity": [1.0, 0.86],
        }
    ).write_parquet(directory / "clusters.parquet")  # fmt: skip
    manifest = {
        "format": 1,
        "daad": "0.1.0",
        "config": {
            "sources": [
                {"name": name, "path": f"data/{name}.jsonl", "examples": name != "closed", "license": "CC BY 4.0"}
                for name in sources
            ],
            "near_duplicates": {"bands": 16},
        },
        "versions": {"polars": "2.1.0", "numba": "0.68.1"},
        "inputs": [
            {"source": name, "path": f"data/{name}.jsonl", "bytes": 5_400_000, "sha256": "cd" * 32, "parts": 1,
             "records": 6}
            for name in sources
        ],
        "counts": counts(),
        "changes": [
            {"source": "news_ar", "stage": "normalize", "changes": {"tatweel": 12, "lookalikes": 3}},
            {"source": "news_ar", "stage": "privacy", "changes": {"email": 4321, "phone": 2}},
        ],
        "lengths": [
            {"source": "news_ar", "language": "ar", "edges": EDGES, "documents": [0, 3, 2, 0, 0, 0, 0, 0]},
            {"source": "books_en", "language": "en", "edges": EDGES, "documents": [1, 0, 1, 0, 0, 0, 0, 0]},
        ],
        "duplicates": {
            "exact": {"clusters": 1, "dropped": 1},
            "near": {"clusters": 1, "dropped": 1},
            "largest": [
                {"stage": "exact", "size": 2, "kept": "news_ar-1", "dropped": ["news_ar-51"]},
                {"stage": "near", "size": 2, "kept": "news_ar-1", "dropped": ["news_ar-50"]},
            ],
        },
        "quarantine": {"records": 3, "by_rule": {"invalid_json": 2, "invalid_utf8": 1}},
        "shards": shards,
        "dropped": dropped,
        "run": {"seconds": 12.5, "started": "2026-11-24T02:00:00Z"},
    } | changes  # fmt: skip
    (directory / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_card(make_corpus(tmp_path_factory.mktemp("corpus"))).read_text(encoding="utf-8")


class _Text(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "img", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def row_of(page: str, caption: str, *first: str) -> list[str]:
    """Text of the cells of a table's row that starts with these."""
    body = re.search(rf"<caption>{re.escape(caption)}</caption>.*?<tbody>(.*?)</tbody>", page, re.DOTALL)
    assert body, caption
    for row in body[1].split("</tr>"):
        cells = [_Text(cell).text for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        if cells[: len(first)] == list(first):
            return cells[len(first) :]
    raise AssertionError(f"no row {first} in {caption}")


def test_elements_are_balanced_and_ids_unique(page: str) -> None:
    parsed = _Text(page)
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids)) > 12
    links = [attributes["href"] for tag, attributes in parsed.tags if tag == "a"]
    assert {link.removeprefix("#") for link in links if link} <= set(ids)


def test_figures_by_hand(page: str) -> None:
    assert "A corpus of 8 documents in Arabic and English" in page
    # news_ar has 5 documents in KEPT and 4 Arabic ones in DROPPED, beside the Persian one.
    assert row_of(page, "Sources and their languages", "news_ar", "Arabic")[:3] == ["9", "5", "55.6%"]
    assert row_of(page, "Sources and their languages", "news_ar", "Persian")[:3] == ["1", "0", "0%"]
    assert row_of(page, "By domain", "web")[:3] == ["1", "1", "100%"]
    assert row_of(page, "All reasons", "too few words") == ["quality", "4", "50.0%"]
    assert row_of(page, "Languages and varieties", "Arabic", "Egyptian Arabic")[0] == "1"
    assert row_of(page, "Vocalization of the Arabic documents", "fully vocalized (more than 0.5)")[:2] == [
        "1",
        "20.0%",
    ]
    assert row_of(page, "Personal data masked", "email") == ["4,321"]
    assert row_of(page, "Normalization", "tatweel") == ["12"]
    assert row_of(page, "Unreadable records by rule", "invalid json") == ["2"]
    assert row_of(page, "Benchmark items found most often", "mmlu_en/test.csv row 12") == ["1"]


def test_texts_of_a_closed_source_never_show(page: str) -> None:
    assert SECRET not in page
    assert "closed" in page
    assert "Visitors may borrow" in page


def test_texts_of_a_closed_source_show_when_it_is_open(tmp_path: Path) -> None:
    """The test above would pass on an empty page: opened, the same text is there."""
    config = {"sources": [{"name": name} for name in ("books_en", "closed", "news_ar")]}
    assert SECRET in write_card(make_corpus(tmp_path / "c", config=config)).read_text(encoding="utf-8")


def test_markup_in_documents_stays_text(page: str) -> None:
    parsed = _Text(page)
    assert {"script", "img", "iframe", "link"}.isdisjoint(tag for tag, _ in parsed.tags)
    assert "<script>document.documentElement" in parsed.text
    assert "<script>boo()</script>" in parsed.text
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    assert "default-src 'none'" in page
    assert re.findall(r"(?:src|href)=\"(?!#)", page) == []
    assert "url(" not in page
    assert "@import" not in page


def test_unseen_characters_are_shown(page: str) -> None:
    assert re.findall("[\u202a-\u202e\u2066-\u2069\u200b\x00-\x08\x0b-\x1f]", page) == []
    for point in ("U+202E", "U+2066", "U+0007", "U+0000", "U+200B"):
        assert point in page


def test_personal_data_is_masked_in_dropped_texts(page: str) -> None:
    assert "خبر آخر قصير من" in page
    assert "someone@" not in page


def test_rare_languages_share_a_row(tmp_path: Path) -> None:
    def read(language: str, came: int) -> dict[str, Any]:
        row = next(row for row in counts() if row["stage"] == "read")
        stay = came if came >= 100 else 0
        gone = {"foreign_language": came - stay} if came - stay else {}
        return row | {"language": language, "documents_in": came, "documents_out": stay, "dropped": gone}

    rows = [read("fr", 1), read("en", 100), read("ar", 890), read("de", 2), read("fa", 12)]
    page = write_card(make_corpus(tmp_path / "c", counts=rows)).read_text(encoding="utf-8")
    table = page[page.index("<caption>Sources") :]
    table = table[: table.index("</table>")]
    names = re.findall(r"</th><td><bdi>(.*?)</bdi></td><td class=\"n\">(\d+)</td>", table)
    assert names == [("Arabic", "890"), ("English", "100"), ("Persian", "12"), ("2 other languages", "3")]


def test_examples_are_spread_over_sources(page: str) -> None:
    few = page[page.index("<h4>too few words") :]
    few = few[: few.index("</section>")]
    assert re.findall(r"<code dir=\"ltr\">(.*?)</code>", few) == ["books_en-40", "news_ar-20", "news_ar-21"]


def test_copies_stand_side_by_side_with_differences_marked(page: str) -> None:
    near = page[page.index("<small>near,") :]
    near = near[: near.index("</section>")]
    assert re.findall(r"<mark>(.*?)</mark>", near) == [
        "صباح اليوم",
        "أحد عشر شهرا.",
        "مساء أمس",
        "عشرة أشهر.",
    ]
    assert "5 of 20 words differ. Similarity 0.86." in near


def test_same_corpus_same_bytes_whatever_the_run(tmp_path: Path) -> None:
    one = write_card(make_corpus(tmp_path / "one"))
    two = write_card(make_corpus(tmp_path / "elsewhere" / "two", run={"seconds": 99, "started": "1999"}))
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in one.parent.iterdir()) == [
        "card.html", "clusters.parquet", "dropped", "manifest.json", "shards",
    ]  # fmt: skip


def test_an_empty_corpus_has_a_card(tmp_path: Path) -> None:
    nothing = {"exact": {"clusters": 0, "dropped": 0}, "near": {"clusters": 0, "dropped": 0}, "largest": []}
    quarantine = {"records": 0, "by_rule": {}}
    empty: dict[str, Any] = {
        name: [] for name in ("inputs", "counts", "changes", "lengths", "shards", "dropped")
    }
    directory = make_corpus(tmp_path / "c", duplicates=nothing, quarantine=quarantine, **empty)
    text = _Text(write_card(directory).read_text(encoding="utf-8")).text
    assert "A corpus of 0 documents" in text
    assert "No document was dropped." in text


def test_a_cluster_of_pairs_shows_its_first_side(tmp_path: Path) -> None:
    largest = [{"stage": "near", "size": 2, "kept": "p-1", "dropped": ["p-2"]}]
    found = {
        "exact": {"clusters": 0, "dropped": 0},
        "near": {"clusters": 1, "dropped": 1},
        "largest": largest,
    }
    directory = make_corpus(tmp_path / "c", duplicates=found)
    for name, (number, texts) in {
        "shards": (1, ("good day", "نهارك سعيد")),
        "dropped": (2, ("good night", "ليلة")),
    }.items():
        sides = [
            document(f"{number}-{language}", text, "news_ar", language, pair=f"p-{number}", kind="parallel",
                     stage="near", reason="near_duplicate", detail="")
            for language, text in zip(("en", "ar"), texts, strict=True)
        ]  # fmt: skip
        columns = SHARD_COLUMNS if name == "shards" else DROPPED_COLUMNS
        frame = pl.DataFrame(sides, schema_overrides=DROPPED_COLUMNS).select(*columns)
        frame.write_parquet(directory / name / "news_ar-00000.parquet")
    page = write_card(directory).read_text(encoding="utf-8")
    assert re.findall(r"<mark>(.*?)</mark>", page) == ["day", "night"]


@pytest.mark.parametrize("damage", ["no manifest", "no json", "no counts", "no shard", "broken shard"])
def test_damage_is_one_clear_line(tmp_path: Path, damage: str) -> None:
    directory = make_corpus(tmp_path / "c")
    manifest = directory / "manifest.json"
    shard = directory / "shards" / "news_ar-00000.parquet"
    if damage == "no manifest":
        manifest.unlink()
    elif damage == "no json":
        manifest.write_text("{")
    elif damage == "no counts":
        manifest.write_text(json.dumps({"config": {}, "versions": {}, "inputs": []}))
    elif damage == "no shard":
        shard.unlink()
    else:
        shard.write_bytes(b"PAR1 no PAR1")
    with pytest.raises(CorpusError, match="build") as caught:
        write_card(directory)
    assert str(directory) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(directory.glob("*card.html*"))


# What a browser makes of the page: the card stands unaltered in frames of several widths, a script outside measures.

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

MEASURE = """
function measure(frame) {
  const page = frame.contentDocument, root = page.documentElement, lines = [];
  for (const line of page.querySelectorAll("blockquote p")) {
    const node = page.createTreeWalker(line, NodeFilter.SHOW_TEXT).nextNode();
    const range = page.createRange(), at = (i) => {
      range.setStart(node, i); range.setEnd(node, i + 1); return range.getBoundingClientRect().left; };
    lines.push({text: line.textContent, direction: frame.contentWindow.getComputedStyle(line).direction,
                advance: at(1) - at(0)});
  }
  const outside = [...page.body.querySelectorAll("*")].filter((element) => !element.closest(".scroll, pre")
    && element.getBoundingClientRect().right > root.clientWidth + 0.5).map((element) => element.outerHTML.slice(0, 80));
  return {width: root.clientWidth, scroll: root.scrollWidth, outside, lines, ran: root.dataset.ran || "",
          scripts: page.scripts.length, images: page.images.length,
          background: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
          stream: page.querySelector(".stream svg")?.getBoundingClientRect().width ?? 0};
}
addEventListener("load", () => {
  const found = Object.fromEntries([...document.querySelectorAll("iframe")].map((frame) => [frame.id, measure(frame)]));
  document.body.innerHTML = "<pre id=found></pre>";
  document.getElementById("found").textContent = JSON.stringify(found);
});
"""

FAULTY = (
    "<!DOCTYPE html><body><blockquote><p>مرحبا بكم</p></blockquote><div style='width:700px'>wide</div>"
    "<script>document.documentElement.dataset.ran = 'yes'</script>"
)
"""A page with every fault that the tests look for."""


def browse(pages: dict[str, tuple[str, int]], directory: Path, *flags: str) -> dict[str, Any]:
    """Measures of each page, given as HTML and width in pixels."""
    if BROWSER is None:
        pytest.skip(
            "no Chromium here (Debian: apt-get install chromium): the card is not looked at in a browser"
        )
    frames = "".join(
        f'<iframe id="{name}" srcdoc="{html.escape(text)}" style="border:0;width:{width}px;height:2000px"></iframe>'
        for name, (text, width) in pages.items()
    )
    harness = directory / "harness.html"
    harness.write_text(
        f"<!DOCTYPE html><meta charset=utf-8><body>{frames}<script>{MEASURE}</script>", encoding="utf-8"
    )
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={directory / 'profile'}", "--window-size=1400,2000", *flags, "--dump-dom", harness.as_uri(),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, timeout=120, check=False)
    found = re.search(r'<pre id="found">(.*?)</pre>', result.stdout.decode("utf-8"), re.DOTALL)
    assert found, result.stderr.decode("utf-8", "replace")[-2000:]
    measures: dict[str, Any] = json.loads(html.unescape(found[1]))
    return measures


@pytest.fixture(scope="module")
def seen(page: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    unprotected = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert unprotected != page
    pages = {
        "phone": (page, 360),
        "desktop": (page, 1200),
        "unprotected": (unprotected, 800),
        "faulty": (FAULTY, 360),
    }
    return browse(pages, tmp_path_factory.mktemp("browser"))


def test_the_measures_see_faults(seen: dict[str, Any]) -> None:
    faulty = seen["faulty"]
    assert (faulty["ran"], faulty["scripts"]) == ("yes", 1)
    assert faulty["scroll"] > faulty["width"]
    assert faulty["outside"]
    assert faulty["lines"][0]["direction"] == "ltr"


@pytest.mark.parametrize("frame", ["phone", "desktop"])
def test_the_page_never_scrolls_sideways(seen: dict[str, Any], frame: str) -> None:
    assert seen[frame]["outside"] == []
    assert seen[frame]["scroll"] == seen[frame]["width"]


def test_no_script_runs_even_without_the_policy(seen: dict[str, Any]) -> None:
    for frame in ("phone", "unprotected"):
        assert (seen[frame]["ran"], seen[frame]["scripts"], seen[frame]["images"]) == ("", 0, 0)


def test_lines_run_the_way_their_letters_do(seen: dict[str, Any]) -> None:
    lines = {line["text"]: line for line in seen["phone"]["lines"]}
    for text in (NEWS, VOCALIZED, NEWS_COPY):
        assert lines[text]["direction"] == "rtl"
        assert lines[text]["advance"] <= 0  # the second character stands left of the first
    assert lines[ENGLISH]["direction"] == "ltr"
    assert lines[ENGLISH]["advance"] > 0
    mixed = [lines[line]["direction"] for line in MIXED.split("\n")]
    assert mixed == ["rtl", "rtl", "ltr"]


def test_the_flow_is_wide_enough_to_read(seen: dict[str, Any]) -> None:
    assert seen["phone"]["stream"] >= 100
    assert seen["desktop"]["stream"] >= 400


def test_dark_where_the_reader_wants_it(page: str, seen: dict[str, Any], tmp_path: Path) -> None:
    dark = browse({"page": (page, 800)}, tmp_path, "--blink-settings=preferredColorScheme=0")["page"][
        "background"
    ]
    light = seen["desktop"]["background"]
    brightness = [sum(map(int, re.findall(r"\d+", color)[:3])) for color in (light, dark)]
    assert brightness[0] > 700
    assert brightness[1] < 120
