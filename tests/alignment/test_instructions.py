"""Questions by rule: known facts, a clean split, the stated share of crossed answers, and no religious words."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from alignment import instructions
from alignment.conversations import read_conversations
from alignment.errors import AlignmentError
from alignment.instructions.facts import cldr_facts, translations
from alignment.instructions.making import make
from alignment.instructions.messages import LONGEST_MESSAGE, message_translations
from alignment.instructions.questions import ask, chances, read_wordings, religious, without_religion
from alignment.instructions.settings import InstructionsConfig
from corpus.command_line import parse
from corpus.fold import fold_text

COUNTRIES = ["EG", "FR", "JO", "JP", "MA", "US"]

Record = dict[str, Any]


def made(directory: Path, **settings: Any) -> tuple[list[Record], list[Record]]:
    config = {"territories": COUNTRIES, "messages": 20, "evaluation_share": 0.2} | settings
    make(InstructionsConfig(output=str(directory), **config))
    train, evaluation = (
        [json.loads(line) for line in (directory / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in ("train", "evaluation")
    )
    return train, evaluation


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Record], list[Record]]:
    return made(tmp_path_factory.mktemp("instructions"))


@pytest.mark.parametrize(
    ("relation", "entity", "language", "subject", "answer"),
    [
        ("currency", "JO", "en", "Jordan", "Jordanian Dinar"),
        ("currency", "JO", "ar", "الأردن", "دينار أردني"),
        ("official_language", "MA", "en", "Morocco", "Arabic and Central Atlas Tamazight"),
        ("official_language", "EG", "ar", "مصر", "العربية"),
        ("country_of_city", "Africa/Cairo", "ar", "القاهرة", "مصر"),
        ("country_of_city", "America/New_York", "en", "New York", "United States"),
        ("first_day", "EG", "en", "Egypt", "Saturday"),
        ("first_day", "FR", "ar", "فرنسا", "الاثنين"),
        ("script", "ja", "en", "Japanese", "Japanese"),
        ("next_month", "12", "ar", "ديسمبر", "يناير"),
        ("next_day", "Friday", "en", "Friday", "Saturday"),
    ],
)  # fmt: skip
def test_facts_are_cldrs(relation: str, entity: str, language: str, subject: str, answer: str) -> None:
    found = cldr_facts(COUNTRIES).filter(
        pl.col("relation") == relation, pl.col("entity") == entity, pl.col("language") == language
    )
    assert found.select("subject", "answer").rows() == [(subject, answer)]


def test_languages_of_two_scripts_are_named_once() -> None:
    """CLDR has Azerbaijani and Bosnian in both of their scripts, and Serbian too."""
    found = cldr_facts(["AZ", "BA"]).filter(
        pl.col("relation") == "official_language", pl.col("language") == "en"
    )
    assert dict(found.select("entity", "answer").rows()) == {
        "AZ": "Azerbaijani",
        "BA": "Bosnian, Croatian, and Serbian",
    }


def test_currencies_are_asked_for_where_there_is_one_on_a_fixed_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bhutan's first is India's, Namibia's South Africa's."""
    import babel.numbers

    countries = ["BT", "JO", "NA", "PS"]

    def asked() -> list[str]:
        return cldr_facts(countries).filter(pl.col("relation") == "currency")["entity"].unique().to_list()

    assert asked() == ["JO"]
    days = []

    def currencies(territory: str, **when: Any) -> list[str]:
        days.append(when)
        return ["JOD"]

    monkeypatch.setattr(babel.numbers, "get_territory_currencies", currencies)
    asked()
    assert days
    assert all(when["start_date"] == when["end_date"] == date(2026, 1, 1) for when in days)


def test_every_fact_stands_in_both_languages() -> None:
    facts = pl.concat([cldr_facts(COUNTRIES), translations(COUNTRIES), message_translations()])
    counted = facts.group_by("relation", "entity").agg(pl.col("language").sort())
    assert counted["language"].to_list() == [["ar", "en"]] * counted.height


def test_wordings_fill_both_slots_and_are_as_many_in_both_languages() -> None:
    wordings = read_wordings()
    assert wordings["question"].str.contains("{subject}", literal=True).all()
    assert wordings["reply"].str.contains("{answer}", literal=True).all()
    assert wordings.group_by("relation", "language").len()["len"].unique().to_list() == [4]
    arabic = wordings.filter(pl.col("language") == "ar")["question"]
    assert not arabic.str.replace_all(r"\{\w+\}", "").str.contains("[A-Za-z?]").any()


def test_a_question_is_its_wording_with_the_subject() -> None:
    facts = cldr_facts(COUNTRIES).filter(pl.col("relation") == "currency", pl.col("entity") == "EG")
    asked = ask(facts, read_wordings()).filter(pl.col("wording") == 0)
    assert asked.sort("language").select("question", "reply").rows() == [
        ("ما عملة مصر؟", "العملة هي جنيه مصري."),
        ("What is the currency of Egypt?", "The currency is the Egyptian Pound."),
    ]


def test_messages_are_short_and_plain() -> None:
    messages = message_translations()
    assert messages.height > 200
    assert messages.select(pl.col("subject", "answer").str.len_chars().max()).row(0) <= (LONGEST_MESSAGE,) * 2
    assert not messages["subject"].str.contains("[%{}<>]").any()


def test_no_new_fact_is_in_training(files: tuple[list[Record], list[Record]]) -> None:
    train, evaluation = files
    new = {(row["relation"], row["entity"]) for row in evaluation if row["asks"] == "new_fact"}
    assert new
    assert not new & {(row["relation"], row["entity"]) for row in train}
    # Not even within a follow-up, whose record names the first question alone.
    asked = {turn["content"] for row in train for turn in row["messages"] if turn["role"] == "user"}
    assert not asked & {row["messages"][0]["content"] for row in evaluation}


def test_new_wordings_ask_for_known_facts(files: tuple[list[Record], list[Record]]) -> None:
    train, evaluation = files
    known = {(row["relation"], row["entity"]) for row in train if row["asks"] == "training"}
    reworded = [row for row in evaluation if row["asks"] == "new_wording"]
    assert len(reworded) > 40
    assert sum((row["relation"], row["entity"]) in known for row in reworded) / len(reworded) > 0.95


def test_evaluation_asks_both_languages_alike_and_never_for_a_translation(
    files: tuple[list[Record], list[Record]],
) -> None:
    _, evaluation = files
    asked = Counter(
        (row["relation"], row["entity"], row["asks"], row["id"][-1], row["language"]) for row in evaluation
    )
    assert {key[:-1] for key in asked if key[-1] == "ar"} == {key[:-1] for key in asked if key[-1] == "en"}
    assert set(asked.values()) == {1}
    assert "translate" not in {row["relation"] for row in evaluation}


def is_arabic(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return sum("\u0600" <= letter <= "\u06ff" for letter in letters) > len(letters) / 2


def crossed(rows: list[Record]) -> list[bool]:
    return [
        is_arabic(answer["content"]) != is_arabic(question["content"])
        for row in rows
        if row["relation"] != "translate"
        for question, answer in [row["messages"][:2]]
    ]


def test_the_stated_share_of_training_is_crossed_and_none_of_evaluation(tmp_path: Path) -> None:
    train, evaluation = made(tmp_path / "some", crossed_share=0.4, two_turn_share=0.0)
    share = sum(crossed(train)) / len(crossed(train))
    assert abs(share - 0.4) < 0.08  # four standard deviations of some 500 draws are 0.09
    assert not any(crossed(evaluation))
    none, _ = made(tmp_path / "none", crossed_share=0.0, two_turn_share=0.0)
    assert not any(crossed(none))


def test_follow_ups_hold_two_questions_of_one_language_and_nothing_is_lost(tmp_path: Path) -> None:
    together, _ = made(tmp_path / "together", two_turn_share=0.3)
    alone, _ = made(tmp_path / "alone", two_turn_share=0.0)
    follow_ups = [row for row in together if row["asks"] == "follow_up"]
    assert follow_ups
    assert {len(row["messages"]) for row in follow_ups} == {4}
    requests = {row["messages"][0]["content"] for row in alone if row["relation"] == "translate"}
    for row in follow_ups:
        asked = {message["content"] in requests for message in row["messages"][::2]}
        assert asked == {row["relation"] == "translate"}
    turns = [
        sorted(json.dumps(turn) for row in rows for turn in row["messages"]) for rows in (together, alone)
    ]
    assert turns[0] == turns[1]
    for row in follow_ups:
        spoken = [turn["content"] for turn in row["messages"] if turn["role"] == "user"]
        assert {fold_text(text).isascii() for text in spoken} == {row["language"] == "en"}


def test_no_religious_word_is_left_in_anything() -> None:
    facts = without_religion(pl.concat([cldr_facts(), translations(), message_translations()]))
    texts = [
        fold_text(f"{subject} . {answer}") for subject, answer in facts.select("subject", "answer").rows()
    ]
    bad = (
        "islam allah quran koran bible church mosque christ christmas muslim jewish hindu holy prophet hijri ramadan "
        "الله الاسلام اسلامي القران كنيسه مسجد المسيح مسيحي هجري رمضان مقدس كريسماس عيد الميلاد"
    ).split()
    found = [(word, text) for text in texts for word in bad if f" {word} " in f" {text} "]
    assert found == []
    everything = translations()
    assert without_religion(everything).height < everything.height


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        ("Church Slavic", True), ("Christmas Island", True), ("Islamic calendar", True), ("السلافية الكنسية", True),
        ("Churchill", True), ("Algeria", False), ("goddess", False), ("دينار أردني", False), ("مدينة", False),
    ],
)  # fmt: skip
def test_listed_words_are_found_as_words(text: str, speaks: bool) -> None:
    found = pl.Series([fold_text(text)]).str.contains(religious())
    assert found.to_list() == [speaks]


def test_the_same_settings_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        made(tmp_path / name, seed=seed)
    first, second, third = ((tmp_path / name / "train.jsonl").read_bytes() for name in "abc")
    assert first == second != third


def test_the_reader_of_instructions_takes_every_line(tmp_path: Path) -> None:
    train, _ = made(tmp_path)
    read = read_conversations(str(tmp_path / "train.jsonl"), language_column="language")
    assert read.rejects.is_empty()
    assert read.frame.height == len(train)
    assert read.frame["language"].to_list() == [row["language"] for row in train]


def test_chances_are_even_and_hang_on_their_key_alone() -> None:
    rows = pl.DataFrame({"key": [str(number) for number in range(4000)]})
    drawn = chances(rows, "salt", "key")
    assert abs(float(drawn.mean()) - 0.5) < 0.02  # type: ignore[arg-type]  # a column of floats has a mean
    assert chances(rows.reverse(), "salt", "key").to_list() == drawn.reverse().to_list()
    assert chances(rows, "other", "key").to_list() != drawn.to_list()


def test_an_unknown_country_is_one_clear_line() -> None:
    with pytest.raises(AlignmentError, match="CLDR has no 'XX'"):
        cldr_facts(["XX"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"output": ""}, "output must name a directory"),
        ({"output": "x", "crossed_share": 1.0}, "crossed_share must be at least 0 and below 1, got 1.0"),
        ({"output": "x", "wordings": 0}, "wordings must be at least 1, got 0"),
        ({"output": "x", "evaluation_rows": 1}, "evaluation_rows must be at least 2, got 1"),
    ],
)  # fmt: skip
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InstructionsConfig(**settings)


def test_the_demos_settings_are_known() -> None:
    path = Path(instructions.__file__).parents[1] / "configs" / "demo-instructions.yaml"
    config = parse(InstructionsConfig, "alignment.instructions", ["--config", str(path)])
    assert cldr_facts(config.territories).height > 200
