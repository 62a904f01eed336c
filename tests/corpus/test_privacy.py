"""Personal data: what is masked, what is not, and that masking is done once."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.privacy import Privacy, mask
from corpus.privacy.addresses import IBAN_LENGTHS, has_iban_checksum
from corpus.privacy.masking import _FINDERS, KINDS, _suspect_lines, _with_ascii_digits
from corpus.text_buffers import to_buffers


def masked(text: str, **changes: object) -> str:
    return mask(pl.Series([text]), Privacy(**changes)).texts[0]


PHONES = [
    "+966 50 123 4567",
    "+966501234567",
    "00966501234567",
    "+966 (0)50 123 4567",
    "0501234567",
    "050-123-4567",
    "٠٥٠١٢٣٤٥٦٧",
    "٠٥٠ ١٢٣ ٤٥٦٧",
    "۰۵۰۱۲۳۴۵۶۷",
    "+\u200e966501234567",
    "966501234567",
    "٩٦٦٥٠١٢٣٤٥٦٧+",
    "01012345678",
    "010 1234 5678",
    "+20 10 1234 5678",
    "+20 2 2574 1234",
    "02 25741234",
    "+971 4 123 4567",
    "+962 7 9123 4567",
    "0791234567",
    "0770 123 4567",
    "+964 770 123 4567",
    "+212 6 12 34 56 78",
    "06 12 34 56 78",
    "+213 555 12 34 56",
    "+216 20 123 456",
    "+961 3 123 456",
    "03/123 456",
    "+965 2241 2345",
    "+974-4412-3456",
    "+44 20 7946 0958",
    "+1 (212) 555-0143",
    "(212) 555-2143",
    "212-555-2143",
]


@pytest.mark.parametrize("number", PHONES)
@pytest.mark.parametrize("frame", ["{}", "اتصل على {} الآن", "الهاتف: {}.", "call {}, please", "({})"])
def test_phone_numbers_are_masked(number: str, frame: str) -> None:
    found = masked(frame.format(number))
    assert found.count("<PHONE>") == 1
    assert not any(character.isdigit() for character in found)


@pytest.mark.parametrize(
    "text", ["هاتف: 24567890", "تلفون ٢٤٥٦٧٨٩٠", "Tel. 2456 7890", "واتساب 24567890", "Fax: 2456-7890"]
)
def test_local_numbers_are_masked_after_a_label(text: str) -> None:
    assert masked(text).endswith("<PHONE>")


NOT_PERSONAL = [
    "من 1990-1995 ثم 2001 2002 2003",
    "1990 1995 2001 2004",
    "ISBN 978-3-16-148410-0",
    "ISBN 0-306-40615-2",
    "ردمك 0521431085",
    "ISBN: 0521431085",
    "12/05/1990 - 13/06/1991",
    "2024-05-12 10:15:30",
    "٢٠٢٤/٠٥/١٢",
    "3.14159265358979",
    "0.0512345678",
    "1,234,567,890",
    "الإصدار 10.15.7.12",
    "Version 115.0.5790.110",
    "kernel 2.6.18.6",
    "1.2.3.4",
    "3.3.1.45",
    "127.0.0.1 192.168.1.10 10.0.0.1",
    "256.300.1.2",
    "::1 fe80::1 2001:db8::1 12:30:45",
    "std::string a::b",
    "@property def f(self): pass",
    "5 @-@ year",
    "x = a @ b",
    "user@localhost git@github.com",
    "order 20240512123456789",
    "id=0501234567 #0501234567",
    "https://example.org/0501234567/x",
    "SA0380000000608010167510",
    "ID 12345678",
    "population 12 345 678",
    "phone 1990-1995",
    "30° 02' 40\" 31.23571",
    "0x7fffffff 1234567890123",
    "1+2+3+4+5+6+7+8",
]


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_other_numbers_stay(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ali.hassan+news@mail.example.com.sa.", "write to <EMAIL>."),
        ("البريد:info@شركة.السعودية ثم", "البريد:<EMAIL> ثم"),
        ("<a@b.org>", "<<EMAIL>>"),
        ("0501234567@example.com", "<EMAIL>"),
        ("user@xn--mgberp4a5d4ar.xn--mgberp4a5d4a87g", "<EMAIL>"),
        ("a@b.org,c@d.org", "<EMAIL>,<EMAIL>"),
        ("['ali@gmail.com', 'sara@yahoo.com']", "['<EMAIL>', '<EMAIL>']"),
        ("Email:-j.doe@example.com ...x@y.org", "Email:-<EMAIL> ...<EMAIL>"),
        ("git@github.com:a/b -git@github.com:a/b", "git@github.com:a/b -git@github.com:a/b"),
        ("from 212.26.64.10:80 to 84.235.6.55/24", "from <IP>:80 to <IP>/24"),
        ("host 2a00:1450:4009:81a::200e.", "host <IP>."),
        ("IBAN SA03 8000 0000 6080 1016 7519 AND MORE", "IBAN <IBAN> AND MORE"),
        ("AE070331234567890123456", "<IBAN>"),
        ("EG380019000500000000263180002", "<IBAN>"),
        ("JO94CBJO0010000000000131000302", "<IBAN>"),
        ("GB29-NWBK-6016-1331-9268-19", "<IBAN>"),
    ],
)
def test_addresses_and_accounts(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_iban_checksum_by_hand() -> None:
    # GB82 WEST 1234 5698 7654 32: W E S T are 32 14 28 29 and G B 16 11, so the number is
    # 3214282912345698765432161182; its remainder by 97 is 1
    assert 3214282912345698765432161182 % 97 == 1
    assert has_iban_checksum("GB82WEST12345698765432")
    assert not has_iban_checksum("GB82WEST12345698765423")


def test_every_single_wrong_digit_of_an_iban_is_noticed() -> None:
    account = "SA0380000000608010167519"
    for place in range(4, len(account)):
        for digit in "0123456789":
            if digit != account[place]:
                assert not has_iban_checksum(account[:place] + digit + account[place + 1 :])


def test_iban_lengths_are_possible() -> None:
    assert all(15 <= length <= 34 for length in IBAN_LENGTHS.values())


def test_counts_by_kind_and_document() -> None:
    texts = pl.Series(["a@b.org and 0501234567\n+966501234567", None, "nothing", "8.8.4.40 212.26.64.10"])
    result = mask(texts, Privacy())
    assert result.counts == {"emails_masked": 1, "ibans_masked": 0, "ips_masked": 1, "phones_masked": 2}
    assert result.documents["phones_masked"].to_list() == [2, 0, 0, 0]
    assert result.texts.to_list() == ["<EMAIL> and <PHONE>\n<PHONE>", None, "nothing", "8.8.4.40 <IP>"]


@pytest.mark.parametrize("kind", KINDS)
def test_switches_and_tokens(kind: str) -> None:
    text = "a@b.org 0501234567 212.26.64.10 SA0380000000608010167519"
    assert f"<{kind.upper()}>" not in masked(text, **{kind: False})
    assert "[gone]" in masked(text, **{f"{kind}_token": "[gone]"})
    with pytest.raises(ValueError, match=f"{kind}_token must hold no digit"):
        Privacy(**{f"{kind}_token": "x@y"})


def test_all_off_changes_nothing() -> None:
    off = dict.fromkeys(KINDS, False)
    assert masked("a@b.org", **off) == "a@b.org"
    assert mask(pl.Series([], dtype=pl.String), Privacy()).texts.len() == 0


pieces = st.sampled_from(
    [
        *PHONES,
        *NOT_PERSONAL,
        "a@b.org",
        "<PHONE>",
        "هاتف",
        "Tel:",
        "+",
        "0",
        "05",
        "٥٦",
        " ",
        "-",
        "\n",
        ".",
        "@",
        ":",
        "2a00:",
        "SA03",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(pieces | st.text(max_size=6), max_size=12).map("".join))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = masked(text)
    assert masked(once) == once


@settings(max_examples=150, deadline=None)
@given(st.lists(pieces, max_size=6).map(" ".join))
def test_the_scan_misses_nothing(text: str) -> None:
    """Slow twin: every finder on every line, without the compiled scan."""
    buffers = to_buffers(pl.Series([text]))
    _, starts, _ = _suspect_lines(buffers.data, buffers.offsets)
    found = set(starts.tolist())
    position = 0
    for line in text.split("\n"):
        if any(True for finder in _FINDERS.values() for _ in finder(_with_ascii_digits(line))):
            assert position in found
        position += len(line.encode()) + 1
