"""Cleaning of pairs: every rule by hand, planted wrong pairs, the lexicon against its slow twin, and whole runs."""

import gzip
import json
import random
import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from corpus import readers
from corpus.clean_pairs.cleaning import clean
from corpus.clean_pairs.judging import REASONS, judge, numbers_in_common, same_urls
from corpus.clean_pairs.lexicon import learn, stems
from corpus.clean_pairs.report import MEANINGS
from corpus.clean_pairs.scoring import EmbeddingScorer
from corpus.clean_pairs.settings import Alignment, CleanPairs, PairRules
from corpus.errors import CorpusError
from corpus.sources import Source

GOOD = (
    "The city council opened a new public library near the river this morning.",
    "افتتح مجلس المدينة مكتبة عامة جديدة قرب النهر صباح هذا اليوم.",
)


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        (*GOOD, None),
        ("", GOOD[1], "empty"),
        (GOOD[0], None, "empty"),
        (GOOD[0], GOOD[0].upper(), "identical"),
        (GOOD[0], GOOD[0].replace("library", "مكتبة"), "copied"),
        (GOOD[0] * 3, "مكتبة عامة جديدة.", "character_ratio"),
        (GOOD[0], GOOD[1].replace(" ", ""), "word_ratio"),
        (GOOD[0], "the very same кot и other словa здесь", "script"),
        (GOOD[0], "شہر کی کونسل نے آج صبح دریا کے قریب ایک نئی عوامی لائبریری کھولی ہے۔", "language"),
        (GOOD[0] + " In 1998.", GOOD[1] + " في ١٩٨٩.", "numbers"),
        (GOOD[0] + " In 1,998.", GOOD[1] + " في ١٬٩٩٨.", None),
        (GOOD[0] + " See https://a.org/x.", GOOD[1] + " انظر https://a.org/y.", "urls"),
        (GOOD[0] + " See https://a.org/x.", GOOD[1] + " انظر (https://a.org/x)", None),
        ("42", "٤٢", "identical"),
        ("Write to http://example.org/help/en.", "اكتب إلى http://example.org/help/en", None),
    ],
)
def test_each_rule_names_its_reason(left: str, right: str | None, reason: str | None) -> None:
    verdicts = judge(pl.DataFrame({"en": [left], "ar": [right]}), PairRules())
    assert verdicts["reason"].to_list() == [reason], verdicts.rows()
    assert verdicts["detail"].is_null().item() == (reason is None)


def test_rules_can_be_turned_off() -> None:
    off = PairRules(
        maximum_character_ratio=0, maximum_word_ratio=0, minimum_script=0, identify_language=False,
        maximum_copied=1, minimum_numbers=0, match_urls=False,
    )  # fmt: skip
    pairs = pl.DataFrame(
        {"en": ["one two three 1234 https://a.org"], "ar": ["one two three four 99 кот " * 9]}
    )
    assert judge(pairs, off)["reason"].to_list() == [None]


def test_numbers_by_hand() -> None:
    cases = [
        ("300,000 people", "300 ألف شخص", 1.0),
        ("30,000 people", "300 ألف شخص", 0.0),
        ("the 1980s", "ثمانينيات القرن العشرين", 1.0),
        ("7 days", "سبعة أيام", 1.0),
        ("1990 to 1995", "من ١٩٩٠ إلى ١٩٩٤", 0.5),
    ]
    left, right, wanted = (list(column) for column in zip(*cases, strict=True))
    assert numbers_in_common(pl.Series(left), pl.Series(right)).to_list() == wanted
    assert same_urls(pl.Series(["http://x.org/"]), pl.Series(["HTTP"])).to_list() == [False]


def test_every_reason_has_its_meaning() -> None:
    assert set(MEANINGS) == set(REASONS)


def slow_model_1(pairs: list[tuple[list[str], list[str]]], iterations: int) -> dict[tuple[str, str], float]:
    """p(right | left) as in Brown et al. 1993, with dictionaries."""
    table = {(left, right): 1.0 for lefts, rights in pairs for left in lefts for right in rights}
    for _ in range(iterations):
        counts = dict.fromkeys(table, 0.0)
        for lefts, rights in pairs:
            for right in rights:
                total = sum(table[left, right] for left in lefts)
                for left in lefts:
                    counts[left, right] += table[left, right] / total
        sums: dict[str, float] = {}
        for (left, _), count in counts.items():
            sums[left] = sums.get(left, 0.0) + count
        table = {key: count / sums[key[0]] for key, count in counts.items()}
    return table


def test_the_lexicon_is_ibm_model_1() -> None:
    left = ["the house", "the book", "a book", "a green house"]
    right = ["das haus", "das buch", "ein buch", "ein grunes haus"]
    lexicon = learn(pl.Series(left), pl.Series(right), iterations=6)
    pairs = [
        (lefts, rights) for lefts, rights in zip(stems(pl.Series(left)), stems(pl.Series(right)), strict=True)
    ]
    slow = slow_model_1([(a.to_list(), b.to_list()) for a, b in pairs], 6)
    width = len(lexicon.right)
    for key, probability in zip(lexicon.keys.tolist(), lexicon.forward.tolist(), strict=True):
        assert probability == pytest.approx(slow[lexicon.left[key // width], lexicon.right[key % width]])
    assert lexicon.translations("house")[0][0] == "haus"
    backward = slow_model_1([(b.to_list(), a.to_list()) for a, b in pairs], 6)
    key = int(lexicon.keys[0])
    assert lexicon.backward[0] == pytest.approx(
        backward[lexicon.right[key % width], lexicon.left[key // width]]
    )


def test_words_of_texts_that_taught_nothing_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = pl.Series(["one two", "three four", "five six"]), pl.Series(["wahid", "thalatha", "khamsa"])
    monkeypatch.setattr("corpus.clean_pairs.lexicon.MOST_COMBINATIONS", 3)  # each pair has two
    lexicon = learn(left, right)
    assert lexicon.left.to_list() == ["four", "one", "three", "two"]
    assert lexicon.score(left, right).tolist()[2] == 0
    assert lexicon.score(left, right)[0] > 0


def test_arabic_words_lose_their_article_and_are_cut() -> None:
    assert stems(pl.Series(["والكتاب بالمدرسة للطالب في الآن", None]))[0].to_list() == [
        "كتاب", "مدرسه", "طالب", "في", "ان",
    ]  # fmt: skip


LEFT = [
    f"{a}{b}"
    for a in ("ba", "ke", "lo", "mu", "ti", "ra", "so", "ne")
    for b in ("dan", "fir", "gol", "pex", "wum")
]
RIGHT = [f"{a}{b}" for a in "بتثجحخدذ" for b in ("سرن", "طمي", "عقل", "فوك", "كهف")]


def made_pairs(count: int, seed: int = 5) -> list[dict[str, str]]:
    """Sentences of a made-up language that translates word by word."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        words = [draw.randrange(len(LEFT)) for _ in range(draw.randint(6, 12))]
        left, right = " ".join(LEFT[w] for w in words), " ".join(RIGHT[w] for w in reversed(words))
        rows.append({"id": str(number), "en": left.capitalize() + ".", "ar": right + "."})
    return rows


def settings(tmp_path: Path, rows: list[dict[str, str]], **given: object) -> CleanPairs:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    source = Source(name="made", path=str(path), kind="parallel", text_columns={"en": "en", "ar": "ar"})
    rules = PairRules(identify_language=False)
    defaults = {"sources": [source], "rules": rules, "output_dir": str(tmp_path / "out"),
                "alignment": Alignment(least_pairs=100)}  # fmt: skip
    return CleanPairs(**(defaults | given))  # type: ignore[arg-type]


def test_planted_wrong_pairs_and_copies_are_found_and_can_be_read(tmp_path: Path) -> None:
    rows = made_pairs(600)
    wrong = {str(n) for n in range(0, 600, 12)}
    texts = [row["ar"] for row in rows if row["id"] in wrong]
    for row, text in zip([row for row in rows if row["id"] in wrong], texts[1:] + texts[:1], strict=True):
        row["ar"] = text
    copies = [row | {"id": f"c{row['id']}", "ar": row["ar"].replace("ب", "بَ")} for row in rows[1:40:4]]
    rows.append({"id": "x", "en": "<script>alert(1)</script> & nothing else here", "ar": "كلمة"})
    manifest = clean(settings(tmp_path, rows + copies))
    dropped = pl.read_parquet(tmp_path / "out/dropped/made-00000.parquet")
    reasons = dict(dropped.select("pair", "reason").rows())
    found = {name.removeprefix("made/") for name, reason in reasons.items() if reason == "alignment"}
    # Forty words make up all sentences, so that a wrong one can be right by chance.
    assert len(wrong - {each.removeprefix("made/") for each in reasons}) <= 3
    assert len(found - wrong) <= 6  # of 550 right pairs
    assert {f"made/c{row['id']}" for row in rows[1:40:4]} <= {
        n for n, r in reasons.items() if r == "duplicate"
    }
    assert manifest["pairs_in"] == manifest["pairs_out"] + sum(manifest["dropped_by_reason"].values())
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    kept = pl.read_parquet(tmp_path / "out/shards/made-00000.parquet")
    assert kept["language"].to_list() == ["en", "ar"] * (kept.height // 2)
    assert all(left == right for left, right in list(pairwise(kept["pair"]))[::2])


def test_a_stopped_run_goes_on_and_ends_alike(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    first = clean(settings(tmp_path, made_pairs(200)))
    again = settings(tmp_path / "b", made_pairs(200))
    clean(again)
    (tmp_path / "b/out/manifest.json").unlink()
    second = clean(again)
    assert [each["sha256"] for each in first["shards"]] == [each["sha256"] for each in second["shards"]]


def test_what_an_older_run_left_is_no_part_of_the_corpus(tmp_path: Path) -> None:
    given = settings(
        tmp_path, [*made_pairs(20), {"id": "x", "en": "Only English here.", "ar": "only English here"}]
    )
    other = replace(given.sources[0], name="other")
    both = clean(replace(given, sources=[*given.sources, other], minimum_similarity=0))
    assert [each["source"] for each in both["shards"]] == ["made", "other"]
    clean(given)
    for kind in ("shards", "dropped"):
        assert [path.name for path in (tmp_path / "out" / kind).iterdir()] == ["made-00000.parquet"]


def test_closed_sources_are_counted_but_never_shown(tmp_path: Path) -> None:
    rows = [{"id": "1", "en": "SECRETWORD here", "ar": "SECRETWORD here"}, *made_pairs(5)]
    given = settings(tmp_path, rows)
    closed = Source(**(vars(given.sources[0]) | {"examples": False}))
    clean(CleanPairs(**(vars(given) | {"sources": [closed]})))
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "SECRETWORD" not in page
    assert "identical" in page


def test_mistakes_are_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="text_columns must be"):
        CleanPairs(output_dir="x", sources=[Source(name="a", path="p", text_columns={"en": "e", "fr": "f"})])
    with pytest.raises(ValueError, match="give sources, or a corpus"):
        CleanPairs(output_dir="x")
    with pytest.raises(CorpusError, match="no Hugging Face model is there"):
        EmbeddingScorer(str(tmp_path), batch_size=2, device="cpu")
    with pytest.raises(CorpusError, match="the sources hold no pairs"):
        clean(settings(tmp_path, []))


def test_opus_alignments_in_directories_and_zips(tmp_path: Path) -> None:
    english = '<text><s id="1">Hello <i>there</i>.</s><s id="2"><w>How</w><w>are</w><w>you</w></s></text>'
    arabic = '<text><s id="1">مرحبا.</s><s id="2">كيف حالك</s><s id="3">زائد</s></text>'
    (tmp_path / "xml/en").mkdir(parents=True)
    (tmp_path / "xml/en/a.xml.gz").write_bytes(gzip.compress(english.encode()))
    with zipfile.ZipFile(tmp_path / "ar.zip", "w") as archive:
        archive.writestr("Books/xml/ar/a.xml", arabic)
    (tmp_path / "ar-en.xml").write_text(
        '<cesAlign><linkGrp fromDoc="ar/a.xml.gz" toDoc="en/a.xml.gz">'
        '<link xtargets="1;1"/><link xtargets="2;2"/><link xtargets="3;"/><link xtargets="9;1"/></linkGrp></cesAlign>',
        encoding="utf-8",
    )
    source = Source(
        name="books", path=str(tmp_path / "ar-en.xml"), format="opus", kind="parallel",
        text_columns={"en": "en", "ar": "ar"},
    )  # fmt: skip
    manifest = clean(CleanPairs(output_dir=str(tmp_path / "out"), sources=[source]))
    kept = pl.read_parquet(tmp_path / "out/shards/books-00000.parquet")
    assert kept["text"].to_list() == ["Hello there.", "مرحبا.", "How are you", "كيف حالك"]
    assert kept["pair"].unique(maintain_order=True).to_list() == ["books/ar/a.xml:1", "books/ar/a.xml:2"]
    assert manifest["unreadable"] == 1
    assert manifest["notes"] == ["2 pairs are too few to learn a lexicon from: least_pairs is 1,000"]
    assert "missing_sentence" in (tmp_path / "out/quarantine.jsonl").read_text()


def test_a_zip_of_documents_that_comes_later_makes_another_input(tmp_path: Path) -> None:
    path = tmp_path / "ar-en.xml"
    path.write_text("<cesAlign></cesAlign>", encoding="utf-8")
    source = Source(
        name="books", path=str(path), format="opus", kind="parallel", text_columns={"en": "en", "ar": "ar"}
    )
    seen = []
    for content in ("", "one", "two"):
        if content:
            with zipfile.ZipFile(tmp_path / "ar.zip", "w") as archive:
                archive.writestr("xml/ar/a.xml", content)
        (file,) = readers.resolve(source)
        seen.append((file.stamp, readers.checksum(file)))
        assert file.bytes == path.stat().st_size
    assert len(set(seen)) == len({checksum for _, checksum in seen}) == 3


def test_an_embedding_model_by_path_scores_pairs(tmp_path: Path) -> None:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(0)
    words = {"[PAD]": 0, "[UNK]": 1, "cat": 2, "dog": 3, "قط": 4}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(
        tmp_path
    )
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    BertModel(BertConfig(vocab_size=5, **shape)).save_pretrained(tmp_path)
    scorer = EmbeddingScorer(str(tmp_path), batch_size=2, device="cpu")
    texts = pl.Series(["cat", "dog dog cat", "قط"])
    assert scorer.score(texts, texts).tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    # Padding must not change a vector: alone and in a batch with a longer text are the same.
    assert np.allclose(scorer.embed(texts)[0], scorer.embed(texts.head(1))[0], atol=1e-5)
