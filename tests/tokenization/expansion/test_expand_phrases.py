"""Phrases in the whole command: words are cut as without them, and everything that is proven still holds."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tokenization.base import Evidence
from tokenization.expand_config import Sampling
from tokenization.expansion import pipeline
from tokenization.expansion.curve import ALL, measure_curve
from tokenization.expansion.page import render
from tokenization.expansion.piece_table import additions_of
from tokenization.held_out import rest_of
from tokenization.load_base import load_base
from tokenization.proofs.agreement import prove_agreement
from tokenization.sample import find_shards, held_out_documents, sample_words, sampled_documents
from tokenization.sentencepiece_base.claims import load_forms, prove_new_in_order
from tokenization.sentencepiece_base.model import SPACE
from tokenization.sentencepiece_base.proto import parse
from tokenization.sentencepiece_base.writing import write_tokenizer

AR = ["ar"]
WITHIN, PHRASES = 220, 30
Row = tuple[str, str, str, str, str]


@pytest.fixture(scope="module")
def phrased(expand: Any, small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("phrased") / "out"
    expand(output, base=small_base, pieces=WITHIN + PHRASES, phrases=PHRASES, series=f"[{WITHIN + 9}]")
    return output


@pytest.fixture(scope="module")
def plain(expand: Any, small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("plain") / "out"
    expand(output, base=small_base, pieces=WITHIN)
    return output


def new_pieces(directory: Path) -> pl.DataFrame:
    return pl.read_parquet(directory / "pieces.parquet").filter(pl.col("role") != "reserve")


def proto_of(directory: Path) -> Any:
    return parse((directory / "tokenizer.model").read_bytes())


def running(shards: Sequence[Path], strata: pl.DataFrame) -> Callable[[], Iterator[pl.Series]]:
    return lambda: (
        documents["text"] for documents in sampled_documents(shards, Sampling(), strata, "phrases")
    )


def test_phrases_end_the_pieces_that_there_are_without_them(
    phrased: Path, plain: Path, small_base: Path
) -> None:
    manifest = json.loads((phrased / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["sizes"]["learned"] + manifest["sizes"]["characters"] == WITHIN + PHRASES
    assert [proof["passed"] for proof in manifest["proofs"]] == [True] * 7
    table = new_pieces(phrased)
    assert table.head(WITHIN).equals(new_pieces(plain))
    assert new_pieces(phrased / "series" / str(WITHIN + 9)).equals(table.head(WITHIN + 9))
    phrases = table.tail(PHRASES)
    assert phrases["text"].str.contains("^ [^ ]+ [^ ]").all()
    assert phrases["role"].unique().to_list() == ["learned"]
    assert (phrases["count"] > 1).all()
    names = [piece.piece for piece in proto_of(phrased).pieces]
    joined = ["".join(names[part] for part in parts) for parts in phrases["parts"].to_list()]
    assert joined == phrases["piece"].to_list()
    assert all(names[part].startswith(SPACE) for parts in phrases["parts"].to_list() for part in parts)
    cuts = load_base(str(small_base)).encode(["\n" + text for text in phrases["text"].to_list()])
    assert [
        cut[len(cut) - len(ids) :] for cut, ids in zip(cuts, phrases["base_ids"].to_list(), strict=True)
    ] == (phrases["base_ids"].to_list())


def test_words_are_cut_as_without_when_phrases_are_undone(
    phrased: Path, plain: Path, corpus_dir: Path
) -> None:
    parts = dict(new_pieces(phrased).tail(PHRASES).select("id", "parts").iter_rows())

    def undone(ids: Sequence[int]) -> list[int]:
        return [inner for number in ids for inner in (undone(parts[number]) if number in parts else [number])]

    texts = [
        text for path in find_shards(str(corpus_dir)) for text in pl.read_parquet(path)["text"].to_list()
    ]
    together = load_forms(phrased)["sentencepiece"](texts)
    apart = load_forms(plain)["sentencepiece"](texts)
    assert [undone(ids) for ids in together] == apart
    assert sum(map(len, apart)) - sum(map(len, together)) > 150
    assert {number for ids in together for number in ids} >= set(list(parts)[:9])


def test_a_phrase_is_one_piece_from_the_beginning_of_a_text_and_never_two_lines(phrased: Path) -> None:
    phrases = new_pieces(phrased).tail(PHRASES)
    for form in load_forms(phrased).values():
        texts = phrases["text"].to_list()
        assert form([text[1:] for text in texts]) == [[number] for number in phrases["id"].to_list()]
        for gap in ("\n", "  ", "\n "):
            made = {number for ids in form([text[1:].replace(" ", gap) for text in texts]) for number in ids}
            assert made.isdisjoint(phrases["id"].to_list())


def test_the_curve_is_what_every_size_gives(small_base: Path, corpus_dir: Path, tmp_path: Path) -> None:
    base: Any = load_base(str(small_base))
    shards = find_shards(str(corpus_dir))
    sample = sample_words(shards, Sampling(), AR, starts_with_space=True)
    within = base.learn(sample.words, 150)
    additions = base.add_phrases(within, sample.words, running(shards, sample.strata), 25)
    assert len(additions) == 175
    documents = held_out_documents(shards, Sampling(), AR)

    def taken(number: int) -> int:
        directory = tmp_path / str(number)
        directory.mkdir()
        base.write(additions.first(number), 0, directory)
        return sum(map(len, base.load(directory)(documents["text"].to_list())))

    everything = tmp_path / "all"
    everything.mkdir()
    base.write(additions, 0, everything)
    curve = measure_curve(base.load(everything), additions, base.size, documents, 15)
    for number, pieces in curve.filter(pl.col("slice") == ALL, pl.col("pieces") >= 120)[
        "pieces", "taken"
    ].iter_rows():
        assert taken(number) == pieces, number


def test_phrases_of_held_out_documents_are_never_read(
    shards_of: Callable[..., Path], small_base: Path, tmp_path: Path
) -> None:
    """There every second word follows the other way round; a phrase is made once in each document read."""
    held = [rest_of(f"n/{i}") < 5 for i in range(300)]
    texts = ["في قبل، من عام" * 50 if out else "في عام، من قبل" for out in held]
    rows = [(f"n/{i}", text, "ar", "news", "") for i, text in enumerate(texts)]
    base: Any = load_base(str(small_base))
    shards = find_shards(str(shards_of(tmp_path / "corpus", rows)))
    sample = sample_words(shards, Sampling(), AR, starts_with_space=True)
    within = base.learn(sample.words, 60)
    additions = base.add_phrases(within, sample.words, running(shards, sample.strata), 9)
    assert any(held)
    assert set(additions.texts[len(within) :]) == {" في عام", " من قبل"}
    assert list(additions.counts[len(within) :]) == [held.count(False)] * 2


def test_goes_on_where_it_was_stopped_and_leaves_the_same_bytes(
    expand: Any, small_base: Path, phrased: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "base": small_base,
        "pieces": WITHIN + PHRASES,
        "phrases": PHRASES,
        "series": f"[{WITHIN + 9}]",
    }

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "require", stop)
        expand(tmp_path / "out", code=130, **settings)
    monkeypatch.setattr(pipeline, "sample_words", None)
    monkeypatch.setattr(pipeline, "_additions", None)  # both are there
    expand(tmp_path / "out", **settings)
    assert digests(tmp_path / "out") == digests(phrased)


def digests(directory: Path) -> dict[str, str]:
    files = [path for path in directory.rglob("*") if path.is_file() and "work" not in path.parts]
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path != directory / "manifest.json"
    }


def without_first_space(pieces: Any) -> None:
    pieces[-1].piece = pieces[-1].piece.removeprefix(SPACE)


def with_two_spaces(pieces: Any) -> None:
    pieces[-1].piece = pieces[-1].piece[::-1].replace(SPACE, SPACE * 2, 1)[::-1]


def with_a_part_that_is_no_piece(pieces: Any) -> None:
    pieces[-1].piece += "ظظظ"


def with_a_word_after_it(pieces: Any) -> None:
    word, phrase = pieces[WITHIN - 1], pieces[WITHIN]
    word.piece, phrase.piece = phrase.piece, word.piece


@pytest.mark.parametrize(
    "fault", [without_first_space, with_two_spaces, with_a_part_that_is_no_piece, with_a_word_after_it]
)
def test_a_phrase_that_is_not_in_order_is_found(
    phrased: Path, small_base: Path, fault: Callable[[Any], None]
) -> None:
    base: Any = load_base(str(small_base))
    additions, proto = additions_of(new_pieces(phrased)), proto_of(phrased)
    reserve = len(proto.pieces) - base.size - len(additions)
    assert prove_new_in_order(base, proto, additions, reserve).passed
    fault(proto.pieces[base.size : base.size + len(additions)])
    assert not prove_new_in_order(base, proto, additions, reserve).passed


def test_a_twin_without_one_way_to_make_a_phrase_is_found(phrased: Path, tmp_path: Path) -> None:
    write_tokenizer(proto_of(phrased), tmp_path)
    texts = new_pieces(phrased)["text"].to_list()
    nothing = Evidence(texts=lambda: iter([["كتاب"]]))
    assert prove_agreement(load_forms(tmp_path), nothing, texts).passed
    path = tmp_path / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["model"]["merges"][-1]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert not prove_agreement(load_forms(tmp_path), nothing, texts).passed


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"phrases": -1}, "phrases must be at least 0, got -1"),
        ({"phrases": 3, "pieces": 0}, "phrases must come with pieces or a size"),
        ({"phrases": 200}, "phrases must be fewer than pieces, 200, got 200"),
        (
            {"phrases": 90, "pieces": 0, "size": 32_090},
            "phrases must be fewer than the 90 new pieces, got 90",
        ),
        ({"phrases": 3, "series": "[50, 300]"}, "series must not go beyond the 200 new pieces"),
        (
            {"phrases": 3, "pieces": 0, "size": 64_000, "scratch": True},
            "scratch must not be set together with",
        ),
    ],
)
def test_refuses_phrases_that_make_no_sense(
    expand: Any, tmp_path: Path, settings: dict[str, Any], says: str
) -> None:
    said = expand(tmp_path / "out", code=2, **settings).stderr
    lines = [line for line in said.splitlines() if line.startswith("tokenization.expand:")]
    assert len(lines) == 1
    assert says in lines[0]


def test_the_page_shows_no_phrase_of_three_words(phrased: Path) -> None:
    manifest = json.loads((phrased / "manifest.json").read_text(encoding="utf-8"))
    table, curve = pl.read_parquet(phrased / "pieces.parquet"), pl.DataFrame(manifest["curve"])
    last = new_pieces(phrased)["piece"][-1]
    assert last in render(manifest, curve, table)
    longer = table.with_columns(pl.col("piece").replace({last: f"{last}▁كتاب"}))
    assert last not in render(manifest, curve, longer)
