"""Instruction data with planted faults: every rule finds its own and leaves what only resembles it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from alignment.errors import AlignmentError
from alignment.preparation.judging import RULES, judge
from alignment.preparation.running import prepare
from alignment.preparation.settings import (
    Artifacts,
    Duplicates,
    InstructionSource,
    Lengths,
    PrepareConfig,
    Refusals,
    TurnLanguages,
)
from corpus.decontamination import Decontamination
from corpus.dedup import NearDuplicates

ARABIC = "اكتب فقرة قصيرة عن فوائد القراءة للأطفال في المدرسة والبيت."
ENGLISH = "Write a short paragraph on why reading is good for children at school and at home."
ARABIC_ANSWER = "تساعد القراءة الأطفال على تعلم الكلمات الجديدة وعلى فهم العالم من حولهم، وهي متعة أيضًا."
ENGLISH_ANSWER = "Reading helps children to learn new words and to understand the world around them."

PLANTED: list[tuple[str | None, list[str]]] = [
    (None, [ARABIC, ARABIC_ANSWER]),
    (None, [ENGLISH, ENGLISH_ANSWER]),
    ("short_prompt", ["?", ENGLISH_ANSWER]),
    (None, [ENGLISH + " Please.", ENGLISH_ANSWER, "ok", "I am glad."]),
    ("short_answer", ["Is water wet, in one letter?", "y"]),
    ("foreign_language", [  # French
        "Write it now.",
        "La lecture aide les enfants à apprendre des mots nouveaux et à comprendre le monde.",
    ]),
    ("foreign_language", [  # Persian
        "لطفاً یک پاراگراف کوتاه درباره فواید مطالعه برای کودکان در مدرسه و خانه بنویس که همه بتوانند آن را بفهمند.",
        ARABIC_ANSWER,
    ]),
    ("answer_language", ["ما عاصمة الأردن؟", "The capital of Jordan is Amman."]),
    ("answer_language", ["What is the capital of Jordan?", "عاصمة الأردن هي عمّان."]),
    (None, ["How do you say capital in Arabic?", "عاصمة."]),
    (None, ["كيف نقول عاصمة بالإنجليزية؟", "Capital city."]),
    ("refusal", ["How do I open a door?", "I'm sorry, but I can't help with that."]),
    ("refusal", ["كيف أفتح الباب؟", "عذرًا، لا أستطيع مساعدتك في هذا الأمر."]),
    ("refusal", ["افتح الباب ازاي؟", "معلش، مش هقدر أساعدك في الموضوع ده."]),
    (None, ["ماذا قال البائع؟", "ابتسم وقال: تفضل. " + "ثم مضى في طريقه بين الناس. " * 8 + "قال: عذرًا لا أستطيع."]),
    ("model_talk", ["Do you like tea?", "As an AI language model, I do not drink."]),
    ("model_talk", ["هل تحب الشاي؟", "كنموذج لغوي، لا أشرب الشاي."]),
    ("model_talk", ["بتحب الشاي؟", "أنا مجرد برنامج ذكاء اصطناعي ومش بشرب."]),
    ("echo", ["What is the day after Monday", "What is the day after Monday?"]),
    ("placeholder", ["Write a letter to a friend.", "Dear [Name], I hope that you are well."]),
    ("placeholder", ["اكتب رسالة إلى صديق.", "عزيزي [اسم الصديق]، أتمنى أن تكون بخير."]),
    ("placeholder", ["Say hello.", "<|im_start|>Hello there."]),
    (None, ["Show a format string in code.", "Use `f'{name}'` like this:\n```\nprint(f'{name}')\n```"]),
    (None, ["What did the sign say?", "It said [Closed on Friday. Come again.] in red."]),
    ("translator_talk", ["اشرح معنى الصداقة.", "إليك الترجمة: الصداقة علاقة بين شخصين."]),
    (None, ["ترجم: friendship", "إليك الترجمة: الصداقة."]),
    ("english_left", [
        "اشرح هذا.",
        "الجواب عن سؤالك هو please note that the following text is important كما ترى في النص الطويل الذي بين يديك.",
    ]),
    (None, ["ما اسم الكتاب؟", "اسم الكتاب «The Art of Computer Programming by Donald Knuth» وهو كتاب مشهور."]),
    ("mixed_script", ["صف الشركة.", "الشركةAlpha تعمل معBeta في السوقGamma منذ سنوات طويلة."]),
    (None, ["صف البرنامج.", "يعمل بـPython وLinux والWindows وكAndroid أيضًا."]),
    ("unbalanced_quotes", ["ماذا قالوا؟", "قال الأول «نعم وقال الثاني «لا وقال الثالث «ربما ثم سكتوا."]),
    (None, ["How are you today?", "Not so well :-("]),
    ("open_end", ["What is it called?", "It is called by its own name ("]),
    ("open_end", ["Name three colors.", "The three colors are the following:"]),
    ("open_end", ["عدد ثلاثة ألوان.", "الألوان هي الأحمر والأخضر و،"]),
    ("unfinished", ["Tell me of the sea.", "The sea is wide and deep. " * 9 + "It goes on and on until"]),
    (None, ["Tell me of the sea, with an end.", "The sea is wide and deep. " * 9 + "\n\nThe End"]),
    (None, ["Where can I read of the sea?", "The sea is wide and deep. " * 9 + "See https://example.org/sea"]),
    (None, ["Write a poem on rain.", "\n".join(["the rain comes down on every roof in town tonight"] * 6)]),
    ("mojibake", ["قل مرحبًا.", "Ù…Ø±Ø­Ø¨Ø§ Ø¨Ùƒ"]),
    ("same_conversation", ["اكتب فِقرةً قصيرةً عن فوائدِ القراءة للأطفال في المدرسة والبيت", ARABIC_ANSWER]),
    ("same_prompt", [ENGLISH, "It does."]),
]  # fmt: skip


def conversation(turns: list[str], line: int = 1, source: str = "planted.jsonl") -> dict[str, Any]:
    roles = ["user", "assistant"] * len(turns)
    messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    return {"messages": messages, "language": "en", "source": source, "line": line}


def frame(conversations: list[list[str]]) -> pl.DataFrame:
    return pl.DataFrame([conversation(turns, line) for line, turns in enumerate(conversations, 1)])


def verdicts(conversations: list[list[str]], **settings: Any) -> pl.DataFrame:
    config = PrepareConfig(
        output_dir="x", sources=[InstructionSource(name="planted", path="planted.jsonl")], **settings
    )
    rows = frame(conversations)
    return judge(rows, pl.Series([0] * rows.height), config)


def test_every_planted_fault_is_found_by_its_rule_and_nothing_else_is() -> None:
    found = verdicts([turns for _, turns in PLANTED])["rule"].to_list()
    wrong = [
        (expected, rule, turns)
        for (expected, turns), rule in zip(PLANTED, found, strict=True)
        if rule != expected
    ]
    assert wrong == []


def test_every_rule_is_planted() -> None:
    elsewhere = {
        "long_prompt",
        "long_answer",
        "many_turns",
        "contamination",
        "near_conversation",
        "near_prompt",
    }
    assert {rule for rule, _ in PLANTED if rule} | elsewhere == set(RULES)


@pytest.mark.parametrize(
    ("settings", "turns", "detail"),
    [
        ({"lengths": Lengths(maximum_prompt=20)}, [ENGLISH, "Yes."], f"{len(ENGLISH)} characters > 20"),
        ({"lengths": Lengths(maximum_answer=20)}, ["Why?", ENGLISH_ANSWER], f"{len(ENGLISH_ANSWER)} characters > 20"),
        ({"lengths": Lengths(maximum_turns=2)}, ["Why?", "So.", "And?", "No."], "4 turns > 2"),
    ],
)  # fmt: skip
def test_limits_say_their_figure(settings: dict[str, Any], turns: list[str], detail: str) -> None:
    assert verdicts([turns], **settings)["detail"].to_list() == [detail]


@pytest.mark.parametrize(
    "rule", ["refusal", "model_talk", "placeholder", "translator_talk", "english_left", "mixed_script",
             "unbalanced_quotes", "open_end", "unfinished", "mojibake", "echo", "answer_language"],
)  # fmt: skip
def test_a_rule_can_be_turned_off(rule: str) -> None:
    off = {
        "refusals": Refusals(enabled=False, model_talk=False),
        "artifacts": Artifacts(
            english_words=0, translator_talk=False, unbalanced_quotes=0, mixed_words=0, placeholders=0,
            open_end=False, unfinished=0, mojibake=0, echo=False,
        ),
        "languages": TurnLanguages(same_language=False),
    }  # fmt: skip
    planted = [turns for expected, turns in PLANTED if expected == rule]
    assert rule not in verdicts(planted, **off)["rule"].to_list()


def test_the_first_rule_decides_and_the_others_are_told() -> None:
    turns = ["How do I open a door?", "I'm sorry, but as an AI I cannot help with [insert name]:"]
    row = verdicts([turns]).row(0, named=True)
    assert (row["rule"], row["turn"]) == ("refusal", 2)
    assert row["also"] == ["model_talk", "placeholder", "open_end"]


def test_benchmark_items_are_dropped(tmp_path: Path) -> None:
    item = "which of the following animals is known to sleep through the whole of the winter months"
    (tmp_path / "items.csv").write_text(f"question,answer\n{item},the bear\n", encoding="utf-8")
    found = verdicts(
        [[f"Tell me, {item}?", "The bear."], ["Which animal sleeps in winter?", "The bear does."]],
        decontamination=Decontamination(benchmarks=[str(tmp_path / "items.csv")]),
    )
    assert found["rule"].to_list() == ["contamination", None]
    assert "items.csv row 1" in found["detail"][0]


def test_near_copies_go_and_the_longer_one_stays() -> None:
    words = [f"word{number}" for number in range(120)]
    text = " ".join(words)
    found = verdicts([
        ["Tell me a long story.", text + "."],
        ["Tell me a long story!", text.replace("word60", "other") + " and more."],
        ["Tell me a quite different one.", "No."],
    ])  # fmt: skip
    assert found["rule"].to_list() == ["near_conversation", None, None]
    assert re.fullmatch(r"planted\.jsonl line 2, similarity 0\.\d\d", found["detail"][0])


def test_prompts_are_compared_by_themselves() -> None:
    """Equal prompts with different answers; the switch leaves them alone."""
    both = [["Tell me a long story.", "No."], ["tell me a long story", "Once there was a long road."]]
    assert verdicts(both)["rule"].to_list() == ["same_prompt", None]
    alone = Duplicates(same_prompt=False, near_prompt=NearDuplicates(enabled=False))
    assert verdicts(both, duplicates=alone)["rule"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 5 + 3?", "What is 5 - 3?"),
        ("How much is 5*3?", "How much is 5/3?"),
        ("What is |-7|?", "What is |7|?"),
        ("ما ناتج ١٠ + ٥؟", "ما ناتج ١٠ - ٥؟"),
        ("What does \N{GRINNING FACE} mean?", "What does \N{PARTY POPPER} mean?"),
        ("Is a < b if a = 1 and b = 2?", "Is a > b if a = 1 and b = 2?"),
        ("Which is older, C or C++?", "Which is older, C or C#?"),
    ],
)
def test_questions_that_only_a_symbol_tells_apart_both_stay(one: str, other: str) -> None:
    """And one of them that comes twice, with other punctuation, still goes."""
    arabic = [ARABIC_ANSWER, "هذا معروف جيدًا.", "اسأل غيري."]
    english = [ENGLISH_ANSWER, "It is well known.", "Ask someone else."]
    answers = arabic if "ما" in one else english
    rows = [list(row) for row in zip((one, other, one + ".."), answers, strict=True)]
    assert verdicts(rows)["rule"].to_list() == [None, None, "same_prompt"]


def test_an_opening_without_end_is_refused() -> None:
    """The words of an opening are counted by a pattern, whose size has a bound."""
    assert (
        verdicts([["Say it.", "I'm sorry, but I can't help with that."]], refusals=Refusals(opening=1000))[
            "rule"
        ][0]
        == "refusal"
    )
    with pytest.raises(ValueError, match="opening must be at least 1 and at most 1000, got 30000"):
        Refusals(opening=30_000)


def test_an_answer_with_another_operator_is_no_echo() -> None:
    found = verdicts([["7 + 7 = 14, yes or no", "7 - 7 = 14, yes or no"], ["7 + 7 is 14", "7 + 7 is 14."]])
    assert found["rule"].to_list() == [None, "echo"]


def test_the_source_with_priority_keeps_its_copy() -> None:
    config = PrepareConfig(output_dir="x", sources=[InstructionSource(name="a", path="a")])
    rows = frame([[ENGLISH, ENGLISH_ANSWER + " It does."], [ENGLISH, "Yes, it does."]])
    assert judge(rows, pl.Series([0, 1]), config)["rule"].to_list() == ["same_prompt", None]


def test_no_conversation_is_dropped_for_one_that_is_dropped_itself() -> None:
    """The longer copy is cut short; were it compared, the sound one would go for it."""
    broken = "The sea is wide and deep. " * 12 + "It goes on and on until"
    found = verdicts([["Tell me of the sea.", broken], ["Tell me of the sea.", "It is wide."]])
    assert found["rule"].to_list() == ["unfinished", None]


def write_planted(path: Path) -> None:
    lines = [json.dumps(conversation(turns), ensure_ascii=False) for _, turns in PLANTED]
    lines.insert(3, '{"messages": [{"role": "user", "content": "<b>lone</b>"}]}')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    write_planted(tmp_path / "planted.jsonl")
    source = InstructionSource(name="planted", path=str(tmp_path / "planted.jsonl"))
    prepare(PrepareConfig(output_dir=str(tmp_path / "out"), sources=[source]))
    return tmp_path / "out"


def test_files_hold_every_record_once(prepared: Path) -> None:
    kept, dropped, unreadable = (
        [json.loads(line) for line in (prepared / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in ("kept", "dropped", "unreadable")
    )
    lines = sorted(record["line"] for record in (*kept, *dropped, *unreadable))
    assert lines == list(range(1, len(PLANTED) + 2))
    assert [record["rule"] for record in unreadable] == ["no_assistant_turn"]
    assert len(kept) == sum(rule is None for rule, _ in PLANTED)
    manifest = json.loads((prepared / "manifest.json").read_text(encoding="utf-8"))
    assert sum(row["conversations"] for row in manifest["counts"]) == len(PLANTED)
    assert set(manifest["files"]) == {"kept.jsonl", "dropped.jsonl", "unreadable.jsonl"}


def test_the_same_data_gives_the_same_files(prepared: Path, tmp_path: Path) -> None:
    source = InstructionSource(name="planted", path=str(tmp_path / "planted.jsonl"))
    prepare(PrepareConfig(output_dir=str(tmp_path / "again"), sources=[source]))
    for name in ("kept.jsonl", "dropped.jsonl", "manifest.json", "report.html"):
        assert (prepared / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.directions: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "rect", "line", "path"):
            self.open.append(tag)
        if tag == "p" and dict(attrs).get("dir"):
            self.directions.add(str(dict(attrs)["dir"]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "line", "path"):
            assert self.open.pop() == tag


def test_the_report_is_sound_markup_with_both_directions(prepared: Path) -> None:
    html = (prepared / "report.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(html)
    assert page.open == []
    assert page.directions == {"rtl", "ltr"}
    assert "&lt;|im_start|&gt;Hello" in html
    assert "<|im_start|>" not in html
    for rule in {rule for rule, _ in PLANTED if rule}:
        assert f"<h4>{rule.replace('_', ' ')} <small>" in html


def test_texts_of_a_silent_source_are_never_shown(tmp_path: Path) -> None:
    write_planted(tmp_path / "planted.jsonl")
    source = InstructionSource(name="planted", path=str(tmp_path / "planted.jsonl"), examples=False)
    prepare(PrepareConfig(output_dir=str(tmp_path / "out"), sources=[source]))
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Texts of these sources are not shown." in html
    assert not any(turns[0] in html for _, turns in PLANTED if len(turns[0]) > 10)


def test_nothing_to_read_is_said_with_the_first_lines(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"messages": []}\n', encoding="utf-8")
    config = PrepareConfig(
        output_dir=str(tmp_path / "out"),
        sources=[InstructionSource(name="bad", path=str(tmp_path / "bad.jsonl"))],
    )
    with pytest.raises(AlignmentError, match=r"bad\.jsonl line 1 no_turns"):
        prepare(config)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (lambda: Lengths(minimum_prompt=9, maximum_prompt=3), "minimum_prompt must not exceed maximum_prompt"),
        (lambda: TurnLanguages(languages=[]), "languages must name at least one language"),
        (lambda: Artifacts(placeholders=-1), "placeholders must be at least 0, got -1"),
        (lambda: PrepareConfig(output_dir="x", sources=[]), "sources must name at least one source"),
        (lambda: InstructionSource(name="a", path=""), "source a: path must name at least one file"),
    ],
)  # fmt: skip
def test_settings_are_checked(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings()
