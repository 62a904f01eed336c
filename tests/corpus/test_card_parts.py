"""The parts that the data card is made of, each by hand-derived values, properties and slow twins."""

import html
import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.card.account import StageTotals, drop_reasons, group_totals, ranked_languages, stage_totals
from corpus.card.documents import choose_examples, look_up, sum_contents
from corpus.card.excerpts import COMPARED_WORDS, EXCERPT_LINES, compare, cut, excerpt
from corpus.card.figures import percent, short
from corpus.card.funnel import funnel
from corpus.card.histogram import histogram, median_bin
from corpus.card.markup import attribute, direction, escape, table
from corpus.schema import SHARD_COLUMNS


def document(text: str, language: str = "ar", name: str = "a-1") -> dict[str, Any]:
    return {"id": name, "source": "a", "text": text, "language": language, "characters": len(text)}


def tagless(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_escaped_text_reads_the_same(text: str) -> None:
    assert tagless(escape(text)) == text
    assert html.unescape(attribute(text)) == text


@given(st.text())
def test_nothing_unseen_is_left(text: str) -> None:
    for shown in (escape(text), attribute(text)):
        shown.encode("utf-8")  # a lone surrogate would stop the card from being written
        assert not re.search(
            "[\\x00-\\x08\\x0e-\\x1f\\x7f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff]", shown
        )
    assert '"' not in attribute(text)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("iPhone متوفر الآن في الأسواق", "rtl"),  # dir="auto" would say ltr
        ("The word كتاب means book", "ltr"),
        ("2026 / 11", "base"),
        ("شكرا abcd", "base"),  # four letters each
        ("שלום", "rtl"),
    ],
)
def test_direction_goes_by_most_letters(line: str, expected: str) -> None:
    assert direction(line, otherwise="base") == expected


@given(st.text(st.sampled_from("ab \nك"), max_size=60), st.integers(1, 40))
def test_cut_keeps_a_beginning_of_whole_words(text: str, length: int) -> None:
    shown = cut(text, length)
    whole = text.strip()
    if len(whole) <= length:
        assert shown == whole
        return
    assert shown.endswith("…")
    head = shown[:-1]
    assert whole.startswith(head)
    assert len(head) <= length
    if re.search(r"\s", whole[: length + 1]):
        assert whole[len(head)].isspace()


def test_excerpt_sets_each_line_in_its_direction() -> None:
    shown = excerpt(document("نص عربي\n\nEnglish line\n12"))
    assert shown == (
        '<blockquote lang="ar" dir="rtl"><p dir="rtl">نص عربي</p><p dir="ltr">English line</p>'
        '<p dir="rtl">12</p></blockquote>'
    )


def test_excerpt_of_many_short_lines_is_cut() -> None:
    shown = tagless(
        excerpt(document("\n".join(f"{year}" for year in range(2001, 2030)))).replace("</p>", "\n")
    )
    assert shown.split() == [*map(str, range(2001, 2001 + EXCERPT_LINES)), "…"]


def test_compare_shortens_what_is_equal() -> None:
    words = [f"w{i}" for i in range(100)]
    other = [*words[:50], "new", *words[51:]]
    left, right, summary = compare(document(" ".join(words), "en"), document(" ".join(other), "en"))
    assert tagless(left) == "… w42 w43 w44 w45 w46 w47 w48 w49 w50 w51 w52 w53 w54 w55 w56 w57 w58 …"
    assert "<mark>new</mark>" in right
    assert summary == "1 of 100 words differs."


def test_compare_says_how_far_it_looked() -> None:
    text = "word " * (COMPARED_WORDS + 50)
    left, _, summary = compare(document(text, "en"), document(text + "end", "en"))
    assert summary == "No word differs in the first 400 words."
    assert tagless(left) == "word " * 40 + "…"


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_unmarked_words_are_common_to_both(left: list[str], right: list[str]) -> None:
    shown = compare(document(" ".join(left), "en"), document(" ".join(right), "en"))[:2]
    marked = [len(" ".join(re.findall(r"<mark>(.*?)</mark>", side)).split()) for side in shown]
    assert len(left) - marked[0] == len(right) - marked[1]
    assert (marked == [0, 0]) == (left == right)


def test_histogram_of_known_heights() -> None:
    drawing = histogram("Lengths & more", [0, 10, 20, 50], [1, 4, 2, 0], "red", "h")
    heights = [float(height) for height in re.findall(r'<rect[^>]* height="([\d.]+)"', drawing)]
    assert len(heights) == 3  # the empty last bins are left off
    assert heights[1] == 4 * heights[0] == 2 * heights[2]
    assert "<title>10 to 19 words: 4 (57.1%)</title>" in drawing
    assert "7 documents; the median has 10 to 20 words." in drawing
    assert "Lengths &amp; more" in drawing


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8))
def test_median_bin_against_the_sorted_list(documents: list[int]) -> None:
    spread = [i for i, number in enumerate(documents) for _ in range(number)]
    assert median_bin(documents) == (spread[(len(spread) - 1) // 2] if spread else None)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_percent_is_all_or_nothing_only_where_it_is(part: int, more: int) -> None:
    figure = percent(part, part + more)
    assert figure != "100%"
    assert (figure == "0%") == (part == 0)


@given(st.integers(0, 10**13))
def test_short_stays_short_and_near(number: int) -> None:
    figure, _, unit = short(number).partition(" ")
    value = float(figure.replace(",", "")) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[unit]
    assert len(figure) <= 5
    assert value == pytest.approx(number, rel=0.005)


def row(stage: str, source: str, language: str, came: int, dropped: dict[str, int]) -> dict[str, Any]:
    stay = came - sum(dropped.values())
    return {
        "stage": stage, "source": source, "language": language, "domain": "web", "kind": "natural", "dropped": dropped,
        "documents_in": came, "documents_out": stay, "characters_in": 10 * came, "characters_out": 10 * stay,
    }  # fmt: skip


ACCOUNT = {
    "counts": [
        row("near", "a", "ar", 5, {"near_duplicate": 2}),
        row("read", "a", "ar", 8, {}),
        row("read", "b", "en", 4, {}),
        row("quality", "a", "ar", 8, {"short": 2, "spam": 1}),
        row("quality", "b", "en", 4, {"short": 4}),
    ],
    "changes": [{"source": "a", "stage": "near", "changes": {"x": 3}}],
}


def test_account_by_hand() -> None:
    stages = stage_totals(ACCOUNT)
    assert [stage.name for stage in stages] == ["read", "quality", "near"]
    assert (stages[1].documents_in, stages[1].documents_out) == (12, 5)
    assert stages[1].dropped == {"short": 6, "spam": 1}
    assert stages[2].changes == {"x": 3}
    groups = group_totals(ACCOUNT, "source")
    assert [(key, group.documents_in, group.documents_out) for key, group in groups.items()] == [
        (("a",), 8, 3),
        (("b",), 4, 0),
    ]
    assert drop_reasons(stages) == [
        ("quality", "short", 6),
        ("near", "near_duplicate", 2),
        ("quality", "spam", 1),
    ]
    assert ranked_languages(stages) == ["ar", "en"]


def test_funnel_widths_by_hand() -> None:
    stage = StageTotals("quality", 10, 4, languages_in=Counter(ar=6, en=4), languages_out=Counter(ar=3, en=1))
    stage.dropped = Counter(short=4, a=1, b=1, c=0)
    drawn = funnel([stage], ["ar", "en"], 7)
    # 1000 units are 10 documents: Arabic runs from 0-600 to 0-300, English from 600-1000 to 300-400, 400-1000 falls.
    ribbon = "M{a},0 C{a},50 {c},50 {c},100 L{d},100 C{d},50 {b},50 {b},0 Z"
    assert f'class="l0" d="{ribbon.format(a="0.0", b="600.0", c="0.0", d="300.0")}"' in drawn
    assert f'class="l1" d="{ribbon.format(a="600.0", b="1000.0", c="300.0", d="400.0")}"' in drawn
    assert 'class="lost" d="M400.0,100' in drawn
    assert "<b>7</b> unreadable" in drawn
    assert "<b>4</b> short" in drawn
    assert "c</li>" not in drawn


def test_table_cells_name_their_row_and_column() -> None:
    shown = table("Two & more", ("name", "number"), [("a", "1")], numeric=(1,))
    assert '<th scope="col">name</th><th scope="col" class="n">number</th>' in shown
    assert '<tr><th scope="row">a</th><td class="n">1</td></tr>' in shown
    assert "<caption>Two &amp; more</caption>" in shown


def write_shards(directory: Path, rows: list[tuple[str, str, str]], num_files: int) -> list[Path]:
    """Rows of id, source and language, dealt out to files in turn."""
    paths = []
    for number in range(num_files):
        own = [
            {"id": name, "source": source, "language": language, "text": f"text {name}", "characters": 3, "words": 2,
             "vocalized": 0.1 * (len(name) % 3)}
            for name, source, language in rows[number::num_files]
        ]  # fmt: skip
        paths.append(directory / f"{number}.parquet")
        pl.DataFrame(own, schema=SHARD_COLUMNS).write_parquet(paths[-1])
    return paths


@pytest.mark.parametrize("num_files", [1, 3])
def test_choice_against_a_slow_twin(tmp_path: Path, num_files: int) -> None:
    rows = [
        (f"{source}-{i * 7}", source, "ar" if i % 3 else "en")
        for source in ("s", "t", "u")
        for i in range(40)
    ]
    chosen = choose_examples(write_shards(tmp_path, rows, num_files), {"s", "u"}, ["language"], 5)
    expected = []
    for language in ("ar", "en"):
        queues = [
            sorted(
                (n for n, own, spoken in rows if (own, spoken) == (source, language)), key=lambda n: n[::-1]
            )
            for source in ("s", "u")
        ]
        turns = [name for turn in zip(*queues, strict=True) for name in turn]
        expected += turns[:5]
    assert [example["id"] for example in chosen] == expected


def test_sums_over_files_are_those_of_one(tmp_path: Path) -> None:
    rows = [(f"{i}", "st"[i % 2], "ar") for i in range(250)]
    (tmp_path / "one").mkdir()
    one = sum_contents(write_shards(tmp_path / "one", rows, 1))
    assert one.equals(sum_contents(write_shards(tmp_path, rows, 4)))
    # Ids of three figures have 0.0 marks per letter, those of one 0.1, those of two 0.2.
    by_label = dict(one.group_by("vocalization").agg(pl.sum("documents")).rows())
    assert by_label == {
        "no tashkeel": 150,
        "some (up to 0.1 marks per letter)": 10,
        "partly vocalized (up to 0.5)": 90,
    }


def test_look_up_reads_only_what_was_asked_for(tmp_path: Path) -> None:
    paths = write_shards(tmp_path, [(f"s-{i}", "s", "en") for i in range(10)], 2)
    assert [found["id"] for found in look_up(["s-7", "s-2", "none"], paths)] == ["s-2", "s-7"]
    assert look_up([], [tmp_path / "missing.parquet"]) == []
