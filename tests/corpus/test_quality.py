# ruff: noqa: E501 - the tables read better unbroken
"""The quality rules against hand-derived values and a slow obvious twin."""

import subprocess
import sys
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.quality import Quality, Rules, judge, measure
from corpus.quality.rules import RULES

EXACT = 1e-12


def features(text: str, language: str = "en", quality: Quality | None = None) -> dict[str, float]:
    return measure(pl.Series([text]), pl.Series([language]), quality).row(0, named=True)


def verdict(
    text: str, language: str = "en", kind: str = "natural", domain: str = "web", **thresholds: object
) -> tuple:
    lax: dict[str, object] = dict(  # noqa: C408
        min_words=0, min_mean_word_length=0.0, max_mean_word_length=1e9, min_words_with_letter=0.0, min_stop_words=0,
        max_hash_ratio=1e9, max_ellipsis_ratio=1e9, max_bullet_lines=1.0, max_ellipsis_lines=1.0, max_stop_words=1.0,
        max_repeated_lines=1.0, max_repeated_line_characters=1.0, max_repeated_paragraphs=1.0,
        max_repeated_paragraph_characters=1.0, max_top_ngrams=[1.0] * 3, max_repeated_ngrams=[1.0] * 6,
        min_punctuated_lines=0.0, max_short_lines=1.0, max_line_breaks=1e9, max_digits=1.0, max_urls=1e9,
        max_hashtags=1e9, max_long_numbers=1e9, max_top_word=1.0, max_spam_words=1e9, max_notices=1e9,
        allow_lorem_ipsum=True,
    )  # fmt: skip
    rules = Rules(**(lax | thresholds))
    quality = Quality(ar=rules, en=rules, other=rules, min_lines=1)
    frame = judge(pl.Series([text]), pl.Series([language]), pl.Series([kind]), pl.Series([domain]), quality)
    return frame.row(0)


# ---------------------------------------------------------------- hand-derived values


def test_counts_of_a_short_text():
    found = features("The 3 cats (all) sat… on 12.5 #mats\n\n- see www.x.org and http://y.org ...\n")
    # words: The 3 cats all sat on 12.5 mats see www.x.org and http://y.org; "-" and "..." hold no letter
    assert found["words"] == 12
    # 3+1+4+3+3+2+3+4 + 3+7+3+8
    assert found["mean_word_length"] == pytest.approx(44 / 12, abs=EXACT)
    assert found["longest_word"] == 8
    assert found["words_with_letter"] == pytest.approx(10 / 12, abs=EXACT)
    assert found["hash_ratio"] == pytest.approx(1 / 12, abs=EXACT)
    assert found["ellipsis_ratio"] == pytest.approx(2 / 12, abs=EXACT)
    assert found["hashtags"] == pytest.approx(1 / 12, abs=EXACT)
    assert found["urls"] == pytest.approx(2 / 12, abs=EXACT)
    assert found["stop_words"] == 2  # the, and
    assert found["lines"] == 2
    assert found["bullet_lines"] == found["ellipsis_lines"] == found["punctuated_lines"] == 0.5
    assert found["line_breaks"] == pytest.approx(1 / 12, abs=EXACT)
    # visible: The 3, 3 1, cats 4, (all) 5, sat… 4, on 2, 12.5 4, #mats 5 | - 1, see 3, www.x.org 9, and 3, 12 + 3
    assert found["digits"] == pytest.approx(4 / (28 + 1 + 3 + 9 + 3 + 12 + 3), abs=EXACT)


def test_tashkeel_and_tatweel_are_no_letters():
    plain, marked = features("كتب الولد درسه.", "ar"), features("كَـتَبَ الْوَلَدُ دَرْسَـهُ.", "ar")
    assert marked == plain
    assert plain["mean_word_length"] == pytest.approx((3 + 5 + 4) / 3, abs=EXACT)


@pytest.mark.parametrize(
    "word", ["على", "عَلَى", "على،", "إلى", "الى", "وإلى", "ومن", "التي", "التى", "اللي", "فِي"]
)
def test_stop_words_in_every_spelling(word):
    assert features(f"كتاب {word} كتاب", "ar")["stop_words"] == 1


@pytest.mark.parametrize("word", ["علىه", "فيل", "ال", "و", "منه"])
def test_words_that_only_look_like_stop_words(word):
    assert features(f"كتاب {word} كتاب", "ar")["stop_words"] == 0


@pytest.mark.parametrize("ending", [".", "!", "؟", "؛", "،", "…", "»", '"', "۔", " ."])
def test_line_ends_in_punctuation(ending):
    assert features(f"جملة تامة{ending}  \nعنوان", "ar")["punctuated_lines"] == 0.5


def test_repeated_lines_and_paragraphs():
    found = features("ab\ncd\n\nab\ncd\n\nab\nxyz")
    assert found["repeated_lines"] == 3 / 6
    assert found["repeated_line_characters"] == pytest.approx(6 / 13, abs=EXACT)
    assert found["repeated_paragraphs"] == pytest.approx(1 / 3, abs=EXACT)
    assert found["repeated_paragraph_characters"] == pytest.approx(4 / 13, abs=EXACT)


def test_ngrams():
    # a b c d e twice, then f: 2-grams ab bc cd de twice; 5-gram abcde repeats once
    found = features("aa b c d e aa b c d e f")
    assert found["top_2gram"] == pytest.approx(2 * 3 / 13, abs=EXACT)  # "aa b", longest of the frequent
    assert found["top_4gram"] == pytest.approx(2 * 5 / 13, abs=EXACT)
    assert found["repeated_5gram"] == pytest.approx(6 / 13, abs=EXACT)
    assert found["repeated_6gram"] == 0


def test_an_ngram_that_stands_once_is_no_top_ngram():
    assert features("one two three")["top_2gram"] == 0


def test_spam_and_notices_are_phrases_of_whole_words():
    quality = Quality(en=Rules(spam_words=["buy now", "wow"]))
    found = features("Buy now, wow! Buynow. Please enable JavaScript\nof our Terms of Use", "en", quality)
    assert found["spam_words"] == pytest.approx(3 / 12, abs=EXACT)
    assert found["notices"] == 2 / 2


@pytest.mark.parametrize("text", ["", " \n\t ", "...", "🙂🙂", "\ufeff\u200f", "-", "\n", "a"])
def test_texts_of_nothing_are_counted(text):
    found = features(text)
    assert found["words"] == (text == "a")
    assert all(value >= 0 for value in found.values())


# ---------------------------------------------------------------- the twin


def twin(text: str) -> dict[str, float]:
    """The repetition measures of texts of lower-case letters, as one would first write them."""
    lines = [line.split() for line in text.split("\n")]
    words = text.split()
    letters = max(1, sum(map(len, words)))
    found: dict[str, float] = {"words": len(words)}
    kept = [tuple(line) for line in lines if line]
    again = [line for index, line in enumerate(kept) if line in kept[:index]]
    found["repeated_lines"] = len(again) / max(1, len(kept))
    found["repeated_line_characters"] = sum(len("".join(line)) for line in again) / letters
    paragraphs: list[tuple] = [()]
    for line in lines:
        if line:
            paragraphs[-1] += (tuple(line),)
        elif paragraphs[-1]:
            paragraphs.append(())
    paragraphs = [paragraph for paragraph in paragraphs if paragraph]
    twice = [paragraph for index, paragraph in enumerate(paragraphs) if paragraph in paragraphs[:index]]
    found["repeated_paragraphs"] = len(twice) / max(1, len(paragraphs))
    for size in range(2, 5):
        grams = Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
        best = max(((count, len("".join(gram))) for gram, count in grams.items()), default=(0, 0))
        found[f"top_{size}gram"] = best[0] * best[1] / letters if best[0] > 1 else 0.0
    for size in range(5, 11):
        seen, index, repeated = set(), 0, 0
        while index <= len(words) - size:
            gram = tuple(words[index : index + size])
            if gram in seen:
                repeated += len("".join(gram))
                index += size
            else:
                seen.add(gram)
                index += 1
        found[f"repeated_{size}gram"] = repeated / letters
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["a", "bb", "ccc", "\n", "\n\n"]), max_size=80))
def test_equals_the_twin(pieces):
    text = " ".join(pieces)
    found, expected = features(text), twin(text)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=EXACT)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_a_text_is_measured_alike_alone_and_among_others(texts):
    languages = pl.Series([("ar", "en", "fr")[index % 3] for index in range(len(texts))])
    together = measure(pl.Series(texts), languages)
    alone = [
        measure(pl.Series([text]), pl.Series([language]))
        for text, language in zip(texts, languages, strict=True)
    ]
    assert together.equals(pl.concat(alone))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_words_of_any_text(text):
    blanks = "".join(character for character in map(chr, range(0x3001)) if character.isspace())
    tokens = text.translate(dict.fromkeys(map(ord, blanks), " ")).split(" ")
    alphanumeric = [
        t for t in tokens if any(c.isalpha() or c.isdecimal() for c in t if not c >= "\U00010000")
    ]
    assert features(text)["words"] >= len(alphanumeric)
    if text.isascii():
        assert features(text)["words"] == len(alphanumeric)


# ---------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("reason", "detail", "text", "thresholds"),
    [
        ("too_few_words", "2 words < 50", "two words", {"min_words": 50}),
        ("too_many_words", "3 words > 2", "a b c", {"max_words": 2}),
        ("words_too_short", "1.5 letters a word < 2", "aa b", {"min_mean_word_length": 2.0}),
        ("words_too_long", "4 letters a word > 3", "abcd", {"max_mean_word_length": 3.0}),
        ("overlong_word", "6 letters in one word > 5", "abcdef a", {"max_word_length": 5}),
        ("too_few_letters", "0.5 of words with a letter < 0.8", "a 1", {"min_words_with_letter": 0.8}),
        ("too_many_hashes", "0.5 hashes a word > 0.1", "# a b", {"max_hash_ratio": 0.1}),
        ("too_many_ellipses", "1 ellipses a word > 0.1", "a...", {"max_ellipsis_ratio": 0.1}),
        ("too_many_bullets", "1 of lines with a bullet > 0.9", "• a\n* b", {"max_bullet_lines": 0.9}),
        ("too_many_ellipsis_lines", "0.5 of lines cut by an ellipsis > 0.3", "a…\nb", {"max_ellipsis_lines": 0.3}),
        ("too_few_stop_words", "1 stop words < 2", "the cat", {"min_stop_words": 2}),
        ("too_many_stop_words", "0.75 of words are stop words > 0.6", "the of and x", {"max_stop_words": 0.6}),
        ("repeated_lines", "0.3333 of lines repeated > 0.3", "a\na\nb", {"max_repeated_lines": 0.3}),
        ("repeated_line_characters", "0.5 of characters in repeated lines > 0.1", "a\na", {"max_repeated_line_characters": 0.1}),
        ("repeated_paragraphs", "0.5 of paragraphs repeated > 0.3", "a\n\na", {"max_repeated_paragraphs": 0.3}),
        ("repeated_paragraph_characters", "0.5 of characters in repeated paragraphs > 0.2", "a\n\na", {"max_repeated_paragraph_characters": 0.2}),
        ("top_2grams", "0.8 letters in the top 2-gram > 0.2", "a b a b c", {"max_top_ngrams": [0.2, 1, 1]}),
        ("repeated_5grams", "0.5 letters in repeated 5-grams > 0.15", "a b c d e a b c d e", {"max_repeated_ngrams": [0.15, 1, 1, 1, 1, 1]}),
        ("unpunctuated_lines", "0 of lines end in punctuation < 0.12", "a\nb", {"min_punctuated_lines": 0.12}),
        ("short_lines", "1 of lines short > 0.67", "a", {"max_short_lines": 0.67}),
        ("too_many_line_breaks", "0.5 line breaks a word > 0.3", "a\nb", {"max_line_breaks": 0.3}),
        ("too_few_sentences", "1 sentences < 2", "a b.", {"min_sentences": 2}),
        ("too_many_digits", "0.5 of characters are digits > 0.25", "ab ١2", {"max_digits": 0.25}),
        ("too_many_urls", "1 web addresses a word > 0.1", "https://x.y", {"max_urls": 0.1}),
        ("too_many_hashtags", "1 hashtags a word > 0.1", "#مصر", {"max_hashtags": 0.1}),
        ("too_many_long_numbers", "1 long numbers a word > 0.05", "+966501234567", {"max_long_numbers": 0.05}),
        ("keyword_stuffing", "0.5 of words are one word > 0.2", "car x Car y CAR z", {"max_top_word": 0.2}),
        ("spam_words", "1 spam words a word > 0.05", "Win!", {"spam_words": ["win"], "max_spam_words": 0.05}),
        ("notices", "1 notices a line > 0.2", "Privacy policy", {"max_notices": 0.2}),
        ("lorem_ipsum", "1 lorem ipsum > 0", "Lorem ipsum dolor", {"allow_lorem_ipsum": False}),
        ("curly_brackets", "1 curly brackets > 0", "a { b", {"allow_curly_brackets": False}),
    ],
)  # fmt: skip
def test_each_rule_gives_its_reason_and_figure(reason, detail, text, thresholds):
    assert verdict(text, **thresholds) == (reason, detail)
    assert verdict(text) == (None, None)


def test_every_rule_has_a_reason_of_its_own():
    assert len({rule.reason for rule in RULES}) == len(RULES)


def test_line_rules_wait_for_lines():
    sentences = [
        "many cats sleep",
        "some birds fly high",
        "old ships sail",
        "young trees grow",
        "rivers run east",
    ]
    rules = Rules(min_words=0, min_stop_words=0, max_short_lines=1.0, max_line_breaks=1.0)
    for lines, reason in ((4, None), (5, "unpunctuated_lines")):
        one = pl.Series(["x"])
        judged = judge(
            pl.Series(["\n".join(sentences[:lines])]), pl.Series(["en"]), one, one, Quality(en=rules)
        )
        assert judged["reason"][0] == reason


def test_exempt_kinds_and_domains_stay_and_rows_keep_their_order():
    languages = pl.Series(["en", "ar", None, "en"])
    kinds, domains = (
        pl.Series(["natural", "parallel", "natural", "natural"]),
        pl.Series(["web", "web", "web", "code"]),
    )
    judged = judge(pl.Series(["a", "b", "c d", "e"]), languages, kinds, domains, Quality())
    assert judged.rows() == [
        ("too_few_words", "1 words < 50"),
        (None, None),
        ("too_few_words", "2 words < 50"),
        (None, None),
    ]


def test_nothing_to_judge_and_switched_off():
    none = pl.Series([], dtype=pl.String)
    assert judge(none, none, none, none, Quality()).shape == (0, 2)
    one = pl.Series(["a"])
    assert judge(one, one, one, one, Quality(enabled=False)).rows() == [(None, None)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("min_words", -1), ("max_digits", 1.5), ("max_top_ngrams", [0.1]), ("max_repeated_ngrams", [2.0] * 6), ("max_words", 10),
     ("stop_words", ["the", " "]), ("notices", [""])],
)  # fmt: skip
def test_settings_that_cannot_be(field, value):
    with pytest.raises(ValueError, match=field):
        Rules(**{field: value})


def test_settings_load_nothing_heavy():
    code = "import sys, corpus.quality.settings, corpus.decontamination.settings; print({'numba', 'polars', 'numpy'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "set()\n"
    )
