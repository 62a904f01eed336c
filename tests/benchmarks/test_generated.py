"""Generated answers: options named in every way we know, numbers in both scripts, spans as SQuAD scores them."""

import re
import string
from collections import Counter
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.answering import SCHEMA
from benchmarks.generated import (
    EMPTY,
    OUTSIDE,
    UNREADABLE,
    exact_match,
    final_number,
    named_option,
    number_after_hashes,
    numbers_in,
    overlap_f1,
)
from benchmarks.scoring.summary import summarize

CITIES = ("دمشق", "القاهرة", "بغداد", "تونس")
LETTERS = {
    0: ["أ", "ا", "إ", "آ", "A", "a"],
    1: ["ب", "B", "b", "بـ"],
    2: ["ج", "جـ", "C", "c"],
    3: ["د", "D", "d"],
}
AROUND = [
    "{}", " {} ", "{}.", "{})", "({})", "[{}]", "«{}»", "**{}**", "{}:", "\u200f{}\u200f", "{}\n\nلأنها كذلك.",
    "الإجابة: {}", "الإجابة الصحيحة هي: {}", "الاجابة الصحيحة هي ({}).", "الجواب هو {}", "الجواب الصحيح: {}.",
    "الخيار {}", "الخيار الصحيح هو {}.", "الاختيار: {}", "الإجابة هي الخيار ({})", "The answer is {}.", "Answer: {}",
    "Option {}", "the answer is option ({})", "$\\boxed{{{}}}$",
    "لنفكر: قد تظن أنها أخرى.\nالإجابة النهائية: {}", "The answer is not clear at first, but the answer is {}.",
]  # fmt: skip


@given(st.integers(0, 3), st.data())
def test_a_letter_is_read_whatever_stands_around_it(place, data):
    letter = data.draw(st.sampled_from(LETTERS[place]))
    around = data.draw(st.sampled_from(AROUND))
    assert named_option(around.format(letter), CITIES) == place


@given(st.integers(0, 3), st.sampled_from(["{}", "{}.", "الإجابة: {}", "أظن أنها {} بلا شك", "{}\n"]))
def test_the_text_of_an_option_is_read(place, around):
    assert named_option(around.format(CITIES[place]), CITIES) == place


@given(st.text(max_size=60), st.integers(2, 5))
def test_any_text_is_an_option_or_told_why_not(text, size):
    choices = ("one", "two", "three", "four", "five")[:size]
    found = named_option(text, choices)
    assert found in {EMPTY, UNREADABLE, OUTSIDE, *range(size)}
    assert (found == EMPTY) == (
        not re.sub(r"[\u200e\u200f\u061c\u2066\u2067\u2069$*]", "", text).strip()
    ) or found < 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", EMPTY), (" \n\u200f ", EMPTY),
        ("لا أعرف", UNREADABLE), ("دمشق أو القاهرة", UNREADABLE), ("A dog is an animal", UNREADABLE),
        ("(أ) أو (ب)", UNREADABLE), ("وهذا واضح", UNREADABLE),
        ("هـ", OUTSIDE), ("E", OUTSIDE), ("الإجابة: و", OUTSIDE), ("٩", OUTSIDE), ("0", OUTSIDE),
        ("ب القاهرة", 1), ("B القاهرة لأنها العاصمة", 1), ("قاهرة", 1), ("أعتقد أن الجواب: القاهِرة!", 1),
        ("٢", 1), ("۲.", 1), ("2)", 1), ("ب-القاهرة", 1),
        ("I'm not sure, but the answer is B", 1), ("I\u2019d say القاهرة", 1), ("The answer is a city, القاهرة", 1),
        ("The answer is A because it is", 0),
    ],
)  # fmt: skip
def test_answers_that_are_planted(text, expected):
    assert named_option(text, CITIES) == expected


@pytest.mark.parametrize(
    "text",
    [
        "A or B", "A and B", "A/B", "A & B", "A, B and C", "(A) or (B)", "A, or B", "A or (B)",
        "The answer is A or B", "Answer: A and B", "Answer: A/B", "The answer is **A** or **B**.",
        "The answer is (A) دمشق or (B) القاهرة",
        "أ أو ب", "أ، ب", "أ و ب", "الإجابة: أ أو ب", "الإجابة هي (أ) و(ب)", "الإجابة: أ دمشق أو ب القاهرة",
        "The answer is A. No, the answer is B or C.",
    ],
)  # fmt: skip
def test_two_options_at_once_name_none(text):
    assert named_option(text, CITIES) == UNREADABLE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The answer is B, a city", 1), ("The answer is B, n = 5", 1), ("The answer is B or E", 1),
        ("B, and it is so", 1), ("الإجابة: ب، وهذا واضح", 1), ("Some say A or C. The answer is B", 1),
    ],
)  # fmt: skip
def test_what_goes_on_after_a_letter_need_not_be_an_option(text, expected):
    assert named_option(text, CITIES) == expected


@pytest.mark.parametrize(
    "text",
    [
        r"\(\boxed{B}\)", r"\[\boxed{B}\]", r"The answer is \(\boxed{B}\).", r"\boxed{\text{B}}",
        r"$\boxed{\textbf{(B)}}$", r"\boxed{\mathrm{B}}", "__B__", "**B** is correct.", "B is the correct answer.",
        "B is the answer", "B because it lies there",
        "ب هي الإجابة الصحيحة", "ب هو الخيار الصحيح.", "ب لأنها العاصمة",
    ],
)  # fmt: skip
def test_a_letter_in_boxes_or_said_to_be_right_is_read(text):
    assert named_option(text, CITIES) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B is wrong. The answer is C", 2),
        ("A city is the correct answer", UNREADABLE),
        ("ب هي مدينة", UNREADABLE),
    ],
)
def test_a_letter_of_which_something_else_is_said_is_not_the_answer(text, expected):
    assert named_option(text, CITIES) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 5", 1), ("The answer is x = 5", 1), ("x or y", 3), ("It (x) is largest where (B) says", 1),
        ("ث", UNREADABLE), ("W", UNREADABLE), ("T", OUTSIDE),
    ],
)  # fmt: skip
def test_a_letter_late_in_the_alphabet_names_no_option_of_few(text, expected):
    assert named_option(text, ("x = 4", "x = 5", "y = 4", "x or y")) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("Z", 25), ("The answer is U.", 20), ("(غ)", OUTSIDE), ("ض", 25)]
)
def test_all_letters_name_options_of_many(text, expected):
    assert named_option(text, [f"city {number}" for number in range(26)]) == expected


def test_numbers_among_the_options_are_texts_first():
    """Of the options 4, 3, 2, 1 the answer "٢" is the third, not the second."""
    assert named_option("٢", ("4", "3", "2", "1")) == 2
    assert named_option("١٢٫٥", ("12.5", "13")) == 0


def test_heh_is_the_fifth_and_yeh_in_both_forms_the_tenth():
    ten = [f"o{number}" for number in range(10)]
    assert [named_option(letter, ten) for letter in ("هـ", "ه", "و", "ز", "ح", "ط", "ي", "ى")] == [
        4, 4, 5, 6, 7, 8, 9, 9,
    ]  # fmt: skip


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False),
    st.sampled_from(["0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"]),
    st.booleans(),
    st.sampled_from(["{}", "المجموع {} ريال.", "x = {}, done", "\u200f{}\u200f"]),
)
def test_numbers_are_read_in_every_writing(number, digits, grouped, around):
    written = f"{number:,.2f}" if grouped else f"{number:.2f}"
    if digits != "0123456789":
        written = written.replace(",", "٬").replace(".", "٫")
    written = written.translate(str.maketrans("0123456789", digits))
    assert numbers_in(around.format(written)) == [number]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#### 1,200", "1200"), ("so 5 and 6\n#### -7\nQuestion 9", "-7"), ("#### $42", "42"),
        ("The answer is 12. There are 30 others.", "12"), ("الإجابة: ٤٥ تفاحة من ٦٠", "45"), ("3 + 4 = 7.", "7"),
        ("Answer: Janet sells 16 - 3 - 4 = 9 duck eggs a day. She makes 9 * 2 = $18.", "18"),
        ("The answer is 3 + 4 = 7.", "7"), ("Answer: 3x4 = 12", "12"),
        ("The answer is 1,500 - 3 = 1,497", "1497"), ("الجواب: لدى جانيت 16 بيضة، تبيع 9، فتكسب 18", "18"),
        ("The answer is **$18** for 9 eggs", "18"), ("The final answer is: -3, not 4", "-3"),
        ("Answer: 1.5 + 2 = 3.5", "3.5"), ("الجواب النهائي هو: ٤٥ من ٦٠", "45"), ("الإجابة الصحيحة: ٤٥ من ٦٠", "45"),
        ("The answer is $12 - not 13", "12"),
        ("1,5", "5"), ("no numbers", None), ("", None), ("−٣", "-3"), ("v2 costs 10%", "10"),
    ],
)  # fmt: skip
def test_the_number_that_a_text_ends_in(text, expected):
    found = final_number(text)
    assert found == (None if expected is None else Decimal(expected))
    if "####" not in text:
        assert number_after_hashes(text) is None


def squad_v1(text, answer):
    """SQuAD's rule, written down on its own: lower, punctuation away, articles away, white space joined."""

    def normalize(each):
        each = "".join(letter for letter in each.lower() if letter not in set(string.punctuation))
        return " ".join(re.sub(r"\b(a|an|the)\b", " ", each).split())

    found, wanted = normalize(text).split(), normalize(answer).split()
    same = sum((Counter(found) & Counter(wanted)).values())
    f1 = 0.0 if same == 0 else 2 * same / (len(found) + len(wanted))
    return float(normalize(text) == normalize(answer)), f1


@given(st.text("aنthe. ,ال القاهرة1", max_size=25), st.text("aنthe. ,ال القاهرة1", max_size=25))
def test_spans_are_scored_as_squad_does(text, answer):
    exact, f1 = squad_v1(text, answer)
    assert exact_match(text, [answer]) == exact
    assert overlap_f1(text, [answer]) == pytest.approx(f1)


def test_spans_after_arabic_normalization():
    """Two of three tokens are common: precision 2/3, recall 1, F1 4/5."""
    assert exact_match("القاهِرة.", ["قاهره"], arabic=True) == 1.0
    assert exact_match("القاهِرة", ["قاهره"]) == 0.0
    assert exact_match("عام ١٩٨٨", ["عام 1988"], arabic=True) == 1.0
    assert overlap_f1("في مدينة القاهرة", ["المدينة، القاهره"], arabic=True) == pytest.approx(0.8)
    assert overlap_f1("", ["x"]) == 0.0
    assert exact_match("b", ["a b c", "b"]) == 1.0


def frame(texts, choices, answers):
    size = len(texts)
    rows = dict.fromkeys(("id", "subject", "country", "passage", "question", "ending"), [""] * size)
    none = [[] for _ in range(size)]
    rows |= {"choices": choices, "answer": answers, "also_right": none, "letters": none, "continuation": none}
    return pl.DataFrame(rows | {"generated": texts, "mark": [None] * len(texts)}, schema=SCHEMA)


def test_what_is_no_answer_is_counted_and_earns_nothing():
    texts = ["ب", "", "هـ", "لا أدري", "أ", None]
    found = summarize(
        frame(texts, [list(CITIES)] * 6, [1, 1, 1, 1, 1, 0]), "generated", resamples=100, seed=0
    )
    assert found["micro"]["value"] == pytest.approx(1 / 6)
    assert found["unanswered"] == {"empty": 2, "unreadable": 1, "outside": 1}
    assert found["chance"] == pytest.approx(1 / 4)
    numbers = frame(["#### 10", "it is 10", "no", ""], [["10"]] * 4, [0] * 4)
    loose, strict = (summarize(numbers, rule, resamples=100, seed=0) for rule in ("number", "number_strict"))
    assert (loose["micro"]["value"], strict["micro"]["value"]) == (0.5, 0.25)
    assert (loose["unanswered"], strict["unanswered"]["unreadable"]) == ({"empty": 1, "unreadable": 1}, 2)
    assert loose["chance"] == 0.0


@given(st.integers(-(10**6), 10**6), st.booleans(), st.sampled_from(["", "\nQuestion: 5", " tons", "."]))
def test_the_strict_number_is_lm_evals(number, grouped, after):
    """The pattern of lm-eval's gsm8k, strict match; its trailing full stop is no part of the number."""
    from lm_eval.filters.extraction import RegexFilter

    written = f"{number:,}" if grouped else str(number)
    text = f"First 3, then 4.\n#### {written}{after}"
    ((found,),) = RegexFilter(regex_pattern=r"#### (\-?[0-9\.\,]+)").apply([[text]], [{}])
    assert number_after_hashes(text) == Decimal(found.replace(",", "").rstrip(".")) == number
