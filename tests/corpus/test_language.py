"""Which language a text is in, and what is dropped for it."""

import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.language import Identification, cut_foreign_paragraphs, identify, judge
from corpus.language.evidence import weigh
from corpus.language.paragraphs import ARABIC, EXTENDED, LATIN, NO_LETTERS, OTHER, sort_paragraphs
from corpus.language.snippets import take_snippets
from corpus.text_buffers import from_buffers, to_buffers

SENTENCES = [
    ("ar", "أعلنت الحكومة أمس عن خطة جديدة لدعم المدارس في القرى البعيدة"),
    ("ar", "اعلنت الحكومه امس عن خطه جديده لدعم المدارس فى القرى البعيده"),
    ("ar", "أَعْلَنَتِ الحُكُومَةُ أَمْسِ عَنْ خُطَّةٍ جَدِيدَةٍ لِدَعْمِ المَدَارِسِ"),
    ("ar", "أَعلَنَتِ الحُکُومَۃُ أَمسِ عَن خُطَّۃٍ جَدِیدَۃٍ لِدَعمِ المَدَارِسِ فِی القُرَی ہٰذِہٖ"),
    ("ar", "انا مش عارف ليه الناس دي عايزه تروح هناك دلوقتي"),
    ("ar", "شنو رأيك نمشيو للسوق اليوم ونشريو شوية خضرة"),
    ("fa", "دولت دیروز برنامه تازه‌ای برای کمک به مدارس روستایی اعلام کرد"),
    ("fa", "این کتاب را از دوست خود گرفته ام"),
    ("ur", "حکومت نے کل دیہی اسکولوں کی مدد کے لیے ایک نئے منصوبے کا اعلان کیا ہے"),
    ("ckb", "حکومەت دوێنێ پلانێکی نوێی بۆ یارمەتیدانی قوتابخانەکان ڕاگەیاند"),
    ("ps", "حکومت پرون د کليو د ښوونځيو د مرستې لپاره يو نوی پلان اعلان کړ"),
    ("ug", "ھۆكۈمەت تۈنۈگۈن يېزا مەكتەپلىرى ئۈچۈن يېڭى پىلان ئېلان قىلدى"),
    ("sd", "حڪومت ڪالهه ڳوٺن جي اسڪولن جي مدد لاءِ نئين رٿا جو اعلان ڪيو آهي"),
    ("en", "The government announced a new plan for village schools yesterday"),
    ("fr", "Le gouvernement a annoncé hier un nouveau plan pour les écoles"),
    ("ru", "Правительство вчера объявило о новом плане помощи школам"),
]


def found(texts: list[str], claims_: list[str] | None = None, **changes: object) -> pl.DataFrame:
    claims = pl.Series(claims_ or [""] * len(texts), dtype=pl.String)
    return identify(pl.Series(texts, dtype=pl.String), claims, Identification(**changes))


def verdicts(texts: list[str], claims_: list[str], domain: str = "web", **changes: object) -> pl.DataFrame:
    settings_ = Identification(**changes)
    claims = pl.Series(claims_, dtype=pl.String)
    languages = identify(pl.Series(texts), claims, settings_)
    return judge(languages, claims, pl.Series([domain] * len(texts)), settings_)


@pytest.mark.parametrize(("language", "text"), SENTENCES)
def test_sentences(language: str, text: str) -> None:
    row = found([text]).row(0, named=True)
    assert row["language"] == language
    assert row["confidence"] > 0.5
    assert [part["language"] for part in row["paragraphs"]] == [language]


@pytest.mark.parametrize("sign", ["“", "—", "…", "«", "\u00a0", "😀"])
@pytest.mark.parametrize("text", ["the cat", "في البيت", "école"])
def test_a_sign_before_a_word_is_no_part_of_it(sign: str, text: str) -> None:
    both = weigh(to_buffers(pl.Series([text, f"{sign}{text}{sign}"])), np.zeros(2))
    assert all((each[0] == each[1]).all() for each in both)


def test_egyptian_is_arabic_with_a_dialect() -> None:
    egyptian = "انا مش عارف ليه الناس دى عايزه تروح هناك دلوقتى علشان كده احنا لسه هنا"
    assert found([egyptian, SENTENCES[0][1]])["dialect"].to_list() == ["arz", ""]
    assert found([SENTENCES[0][1]], ["ary"])["dialect"].to_list() == ["ary"]


@pytest.mark.parametrize("text", ["", "2024", "ok", "؟!", "نعم", "\n\n"])
def test_too_short_to_tell(text: str) -> None:
    assert found([text])["language"].to_list() == ["und"]
    assert found([text], ["ar"]).row(0) == ("ar", 0.0, "", [])
    assert verdicts([text], [""])["reason"].to_list() == ["unknown_language"]
    assert verdicts([text], ["ar"])["reason"].to_list() == [None]


def test_paragraphs_in_two_languages_by_letters() -> None:
    arabic, english = SENTENCES[0][1], SENTENCES[13][1]
    row = found([f"{arabic}\n{english}\n{arabic}"]).row(0, named=True)
    letters = [sum(c.isalpha() for c in text) for text in (arabic, english)]
    share = 2 * letters[0] / (2 * letters[0] + letters[1])
    assert row["language"] == "ar"
    assert [part["language"] for part in row["paragraphs"]] == ["ar", "en"]
    assert row["paragraphs"][0]["share"] == pytest.approx(share)


def test_a_persian_paragraph_in_an_arabic_text_is_seen_and_cut() -> None:
    arabic, persian = SENTENCES[0][1], SENTENCES[6][1]
    text = f"{arabic}\n{persian}\n{arabic}"
    assert [part["language"] for part in found([text])["paragraphs"][0]] == ["ar", "fa"]
    kept = cut_foreign_paragraphs(pl.Series([text, arabic, None, ""]), Identification())
    assert kept.texts.to_list() == [f"{arabic}\n{arabic}", arabic, None, ""]
    assert kept.counts == {"foreign_paragraphs": 1, "foreign_characters": len(persian) + 1}


def test_reasons_and_figures() -> None:
    persian, english, arabic = SENTENCES[6][1], SENTENCES[13][1], SENTENCES[0][1]
    frame = verdicts([persian, english, arabic, persian], ["", "ar", "ar", "ar"])
    assert frame["reason"].to_list() == ["foreign_language", "declared_mismatch", None, "foreign_language"]
    assert frame["detail"][0].startswith("fa ")
    assert frame["detail"][1].startswith("en ")
    assert frame["detail"][1].endswith(", declared ar")


def test_exempt_domains_and_switches() -> None:
    persian, english = SENTENCES[6][1], SENTENCES[13][1]
    assert verdicts([persian], [""], domain="code")["reason"].to_list() == [None]
    assert verdicts([persian], [""], enabled=False)["reason"].to_list() == [None]
    assert verdicts([english], ["ar"], declared="trust")["reason"].to_list() == [None]
    assert found([english], ["ar"], declared="trust")["language"].to_list() == ["ar"]
    assert verdicts([english], ["ar"], declared="replace")["reason"].to_list() == [None]
    assert found([english], ["ar"], declared="replace")["language"].to_list() == ["en"]
    assert verdicts([persian], [""], languages=["fa"])["reason"].to_list() == [None]


@pytest.mark.parametrize(
    ("row", "claim", "expected"),
    [
        (("ar", 0.70, ""), "", ("low_confidence", "ar 0.7 < 0.711")),
        (("ar", 0.72, ""), "", (None, None)),
        (("ar", 0.70, ""), "ar", (None, None)),
        (("ar", 0.70, "arz"), "", (None, None)),
        (("ar", 0.33, "arz"), "", ("low_confidence", "ar 0.33 < 0.339")),
    ],
)
def test_least_confidence(
    row: tuple[str, float, str], claim: str, expected: tuple[str | None, str | None]
) -> None:
    languages = pl.DataFrame(
        [row], schema={"language": pl.String, "confidence": pl.Float32, "dialect": pl.String}, orient="row"
    )
    languages = languages.with_columns(paragraphs=pl.lit([{"language": "ar", "share": 1.0}]))
    assert judge(languages, pl.Series([claim]), pl.Series(["web"]), Identification()).row(0) == expected


def test_mostly_foreign() -> None:
    languages = pl.DataFrame(
        {
            "language": ["ar"],
            "confidence": [0.99],
            "dialect": [""],
            "paragraphs": [[{"language": "ar", "share": 0.4}, {"language": "fa", "share": 0.3}]],
        }
    )
    verdict = judge(languages, pl.Series([""]), pl.Series(["web"]), Identification()).row(0)
    assert verdict == ("mostly_foreign", "0.4 of letters in languages that stay < 0.5")


def test_sure_contradiction_only() -> None:
    text = SENTENCES[6][1]
    confidence = found([text])["confidence"][0]
    assert found([text], ["ar"], contradiction=confidence - 0.01)["language"].to_list() == ["fa"]
    assert found([text], ["ar"], contradiction=1.0)["language"].to_list() == [
        "ar" if confidence < 1 else "fa"
    ]


def test_rows_do_not_depend_on_their_neighbours() -> None:
    texts = [text for _, text in SENTENCES] + ["", "\n".join(text for _, text in SENTENCES)]
    together = found(texts)
    alone = pl.concat([found([text]) for text in texts])
    assert together.equals(alone)
    assert found([]).height == 0


@pytest.mark.parametrize(
    ("line", "script"),
    [
        ("abc", LATIN),
        ("كتاب", ARABIC),
        ("گفت چه", EXTENDED),
        ("книга", OTHER),
        ("漢字", OTHER),
        ("12 — ؟", NO_LETTERS),
        ("%(name)s و {x}", ARABIC),
    ],
)
def test_script_of_a_line(line: str, script: int) -> None:
    assert sort_paragraphs(to_buffers(pl.Series([line]))).scripts.tolist() == [script]


def test_letters_are_counted_as_unicode_counts_them() -> None:
    """Slow twin over the scripts that matter: letters and not marks or digits."""
    arabic = [chr(code) for code in range(0x620, 0x6D4) if unicodedata.category(chr(code)) == "Lo"]
    for letter in arabic:
        assert sort_paragraphs(to_buffers(pl.Series([letter]))).letters.sum() == 1, hex(ord(letter))
    for code in [
        *range(0x64B, 0x660),
        *range(0x660, 0x66A),
        0x640,
        0x60C,
        0x61F,
        0x6D4,
        *range(0x6F0, 0x6FA),
    ]:
        assert sort_paragraphs(to_buffers(pl.Series([chr(code)]))).letters.sum() == 0, hex(code)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet="ab \nابگپَـ\u200f漢😀é", max_size=300), max_size=4), st.integers(32, 64))
def test_lines_and_snippets_cover_any_text(texts: list[str], snippet_bytes: int) -> None:
    buffers = to_buffers(pl.Series(texts, dtype=pl.String))
    paragraphs = sort_paragraphs(buffers)
    assert np.diff(paragraphs.first).tolist() == [text.count("\n") + 1 for text in texts]
    members, scripts = np.nonzero(paragraphs.letters)
    samples = from_buffers(
        take_snippets(buffers, paragraphs, members, scripts, snippet_bytes).texts
    ).to_list()
    for sample, member in zip(samples, members.tolist(), strict=True):
        assert sample.endswith("\n")
        assert sample.count("\n") == 1
        assert len(sample.encode()) <= 3 * snippet_bytes + 4
        assert set(sample) <= set(texts[member]) | {" ", "\n"}
        assert not set(sample) & set("َـ\u200f")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("languages", [], "languages must name"),
        ("languages", ["arabic"], "languages must be ISO 639"),
        ("minimum_confidence", {"ar": 2.0}, "minimum_confidence of ar must be from 0 to 1, got 2.0"),
        ("declared", "maybe", "declared must be check, trust or replace"),
        ("minimum_letters", 0, "minimum_letters must be at least 1, got 0"),
        ("minimum_share", -0.1, "minimum_share must be from 0 to 1"),
        ("snippet_bytes", 8, "snippet_bytes must be from 32"),
    ],
)
def test_settings_are_checked(field: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Identification(**{field: value})


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        ("Jacksonville", "en", "en"),  # lid.176 alone says another language
        ("Šiauliai Kaunas Vilnius", "en", "en"),
        ("قال المدير إن العمل يبدأ غدا", "en", "ar"),  # the script contradicts, however short
        ("The meeting begins at nine in the morning", "ar", "en"),
    ],
)
def test_a_name_contradicts_its_declared_language_only_by_script(
    text: str, declared: str, expected: str
) -> None:
    found = identify(pl.Series([text]), pl.Series([declared]), Identification())
    assert found["language"].to_list() == [expected]
