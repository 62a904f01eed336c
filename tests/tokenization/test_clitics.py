"""Clitic cuts: a table of words with the evidence that the corpus gives for them."""

import polars as pl
import pytest

from tokenization.clitics import clitic_cuts

EVIDENCE = {
    "البيت": 90, "بيت": 80, "كتاب": 70, "يكون": 60, "مدينة": 50, "إلى": 95, "من": 99, "بناء": 40, "كتبوا": 30,
    "سلطة": 5, "السلطة": 45, "قد": 85, "أن": 88, "مصر": 60, "لد": 1, "ماء": 20,
}  # fmt: skip


def marked(word: str, cuts: list[int]) -> str:
    return "+".join(word[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True))


def cut(*words: str, count: int = 10) -> dict[str, str]:
    lexicon = {**EVIDENCE, **dict.fromkeys(words, count)}
    found = clitic_cuts(pl.DataFrame({"word": list(lexicon), "count": list(lexicon.values())}))
    return {word: marked(word, cuts) for word, cuts in found.iter_rows() if word in words}


@pytest.mark.parametrize(
    "expected",
    [
        "و+البيت", "ف+قد", "ب+البيت", "ك+كتاب", "س+يكون", "ل+بيت", "ل+لسلطة", "ب+أن",
        "كتاب+ها", "كتاب+هما", "كتاب+ه", "كتاب+كم", "كتاب+نا", "من+ها",
        "مدينت+ه", "إلي+هم", "بنائ+ها", "كتبو+ه",
    ],
)  # fmt: skip
def test_cuts_what_leaves_a_word(expected: str) -> None:
    word = expected.replace("+", "")
    assert cut(word) == {word: expected}


def test_cuts_add_up() -> None:
    assert cut("بكتاب", "وبكتاب")["وبكتاب"] == "و+ب+كتاب"
    assert cut("كتابها", "وكتابها")["وكتابها"] == "و+كتاب+ها"
    assert cut("مدينته", "بمدينته", "وبمدينته")["وبمدينته"] == "و+ب+مدينت+ه"


@pytest.mark.parametrize(
    "word",
    [
        "ولد",  # "and" + a word that is rarer than this one
        "سبيت",  # the future mark stands before verbs only
        "مصري",  # no pronoun: endings of adjectives
        "وجه", "بعد", "كبير",  # nothing is left that the corpus has
        "وَالبيت", "والبيـت",  # a mark or tatweel: not looked at
    ],
)  # fmt: skip
def test_leaves_the_rest_whole(word: str) -> None:
    assert cut(word) == {}


def test_evidence_must_be_at_least_as_frequent() -> None:
    assert cut("والبيت", count=90) == {"والبيت": "و+البيت"}
    assert cut("والبيت", count=91) == {}


def test_forms_with_and_without_a_space_are_one_word() -> None:
    words = pl.DataFrame({"word": [" بيت", "بيت", " وبيت", "123", "house"], "count": [2, 1, 3, 9, 9]})
    found = clitic_cuts(words)
    assert found.rows() == [("وبيت", [1])]
    assert clitic_cuts(words.head(0)).is_empty()
    assert clitic_cuts(words.sample(fraction=1.0, shuffle=True, seed=1)).equals(found)
