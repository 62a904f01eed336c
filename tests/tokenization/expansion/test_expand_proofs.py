"""Every proof can fail: a tokenizer is broken in one way, and the proof that watches for it must see it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tokenization.base import Additions, Evidence
from tokenization.expansion.piece_table import additions_of
from tokenization.load_base import load_base
from tokenization.proofs.agreement import prove_agreement
from tokenization.proofs.reachable import prove_reachable
from tokenization.proofs.round_trip import prove_round_trip
from tokenization.proofs.specials import prove_specials_are_text
from tokenization.proofs.trial import Trial
from tokenization.proofs.unchanged import part, prove_unchanged
from tokenization.sentencepiece_base import claims
from tokenization.sentencepiece_base.model import SentencePieceBase
from tokenization.sentencepiece_base.proto import parse
from tokenization.sentencepiece_base.writing import write_tokenizer

MIXED = ["plain text zz  here", "كتاب zz\nonly  English zz here\nمدرسة", "مُدَرِّسٌ", "<s> كتاب"]


def evidence() -> Evidence:
    def texts() -> Iterator[list[str]]:
        yield MIXED

    return Evidence(texts=texts)


class Subject:
    """A copy of an expansion of the small base, to be broken."""

    def __init__(self, base: SentencePieceBase, directory: Path, additions: Additions, reserve: int) -> None:
        self.base = base
        self.directory = directory
        self.additions = additions
        self.reserve = reserve

    @property
    def proto(self) -> Any:
        return parse((self.directory / "tokenizer.model").read_bytes())

    def failing(self) -> set[str]:
        proofs = self.base.prove(self.additions, self.reserve, self.directory, evidence())
        assert all(proof.detail for proof in proofs if not proof.passed)
        return {proof.name.split()[0] + " " + proof.name.split()[1] for proof in proofs if not proof.passed}

    def rewrite(self, change: Callable[[Any], None]) -> None:
        proto = self.proto
        change(proto)
        write_tokenizer(proto, self.directory)

    def edit(self, name: str, change: Callable[[dict[str, Any]], None]) -> None:
        path = self.directory / name
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture(scope="module")
def small_expansion(
    expand: Any, small_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[SentencePieceBase, Path]:
    output = tmp_path_factory.mktemp("small") / "out"
    expand(output, base=small_base, pieces=80)
    base = load_base(str(small_base))
    assert isinstance(base, SentencePieceBase)
    return base, output


@pytest.fixture
def subject(small_expansion: tuple[SentencePieceBase, Path], tmp_path: Path) -> Subject:
    base, output = small_expansion
    directory = tmp_path / "broken"
    shutil.copytree(output, directory, ignore=shutil.ignore_patterns("work"))
    pieces = pl.read_parquet(directory / "pieces.parquet")
    new = pieces.filter(pl.col("role") != "reserve")
    return Subject(base, directory, additions_of(new), pieces.height - new.height)


def test_an_unbroken_tokenizer_passes(subject: Subject) -> None:
    assert subject.failing() == set()


def first_learned(subject: Subject) -> int:
    return subject.base.size + list(subject.additions.roles).index("learned")


def test_tied_scores(subject: Subject) -> None:
    number = first_learned(subject)

    def tie(proto: Any) -> None:
        proto.pieces[number + 1].score = proto.pieces[number].score

    subject.rewrite(tie)
    assert "new pieces" in subject.failing()


def test_scores_below_the_sentinel_tie_as_float32(subject: Subject) -> None:
    def sink(proto: Any) -> None:
        for position, piece in enumerate(proto.pieces[subject.base.size :][: len(subject.additions)]):
            piece.score = -1e9 - 1 - position

    subject.rewrite(sink)
    assert "new pieces" in subject.failing()


def test_scores_above_the_base(subject: Subject) -> None:
    number = first_learned(subject)

    def raise_it(proto: Any) -> None:
        proto.pieces[number].score = 0.0

    subject.rewrite(raise_it)
    assert "new pieces" in subject.failing()


def test_a_missing_step_between(subject: Subject) -> None:
    pieces = list(subject.additions.pieces)
    needed = {part - subject.base.size for parts in subject.additions.parts for part in parts}
    step = next(n for n in sorted(needed) if n >= 0 and subject.additions.roles[n] == "learned")

    def take_away(proto: Any) -> None:
        proto.pieces[subject.base.size + step].piece = "بلا معنى".replace(" ", "")

    subject.rewrite(take_away)
    assert pieces[step] not in {piece.piece for piece in subject.proto.pieces}
    assert {"new pieces", "every new"} <= subject.failing()


def test_reserve_that_matches_text(subject: Subject) -> None:
    def user_defined(proto: Any) -> None:
        proto.pieces[-1].type = 4

    subject.rewrite(user_defined)
    assert "new pieces" in subject.failing()


def test_an_old_score_changed(subject: Subject) -> None:
    def nudge(proto: Any) -> None:
        proto.pieces[300].score -= 0.5

    subject.rewrite(nudge)
    assert "ids, scores" in subject.failing()


def test_a_piece_that_joins_other_text(subject: Subject) -> None:
    def take_latin(proto: Any) -> None:
        proto.pieces[-1].piece, proto.pieces[-1].type, proto.pieces[-1].score = "zz", 1, -1e6

    subject.rewrite(take_latin)
    assert {"new pieces", "text without"} <= subject.failing()


def test_a_normalizer_that_eats_spaces(subject: Subject) -> None:
    def eat(proto: Any) -> None:
        proto.normalizer_spec.remove_extra_whitespaces = True

    subject.rewrite(eat)
    assert {"ids, scores", "text without", "decoding gives", "same ids"} <= subject.failing()


def metaspace_instead(content: dict[str, Any]) -> None:
    """What stock conversion writes, which loses the space before the first word."""
    content["normalizer"] = None
    content["pre_tokenizer"] = {
        "type": "Metaspace",
        "replacement": "▁",
        "prepend_scheme": "first",
        "split": False,
    }


def no_prefix(content: dict[str, Any]) -> None:
    content["normalizer"]["normalizers"] = content["normalizer"]["normalizers"][1:]


def merge_lost(content: dict[str, Any]) -> None:
    del content["model"]["merges"][-1]


def merges_swapped(content: dict[str, Any]) -> None:
    content["model"]["merges"] = content["model"]["merges"][::-1]


@pytest.mark.parametrize("fault", [metaspace_instead, no_prefix, merge_lost, merges_swapped])
def test_a_fast_twin_that_differs(subject: Subject, fault: Callable[[dict[str, Any]], None]) -> None:
    subject.edit("tokenizer.json", fault)
    assert "same ids" in subject.failing()


def test_specials_found_by_the_fast_tokenizer(subject: Subject) -> None:
    def add(content: dict[str, Any]) -> None:
        flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        content["added_tokens"] = [{"id": 1, "content": "<s>", "special": True} | flags]

    subject.edit("tokenizer.json", add)
    assert {"literal specials", "same ids"} <= subject.failing()


def test_specials_found_by_transformers_alone(subject: Subject) -> None:
    subject.edit("tokenizer_config.json", lambda content: content.pop("split_special_tokens"))
    assert {"literal specials", "same ids"} <= subject.failing()


def test_a_twin_of_another_size(subject: Subject) -> None:
    smaller = subject.additions.first(len(subject.additions) - 1)
    subject.base.write(smaller, subject.reserve, subject.directory)
    assert {"new pieces", "every new"} <= subject.failing()


def test_a_claim_tried_on_nothing_is_not_proven() -> None:
    proof = Trial("something holds", "texts").proof()
    assert not proof.passed
    assert proof.detail == "there were no texts to try it on"


def test_the_first_contradiction_is_named_and_the_others_counted() -> None:
    trial = Trial("something holds", "texts")
    for number in range(5):
        trial.check_text("x" * number, number < 2, "too long")
    proof = trial.proof()
    assert (proof.passed, proof.checked) == (False, "5 texts, 0.0 MB")
    assert proof.detail == "'xx': too long (and 2 more)"


def by_character(texts: Any) -> list[list[int]]:
    """A tokenizer whose ids are code points."""
    return [[ord(character) for character in text] for text in texts]


def test_unchanged_sees_one_line_of_a_mixed_text() -> None:
    def joins_zz(texts: Any) -> list[list[int]]:
        return [[ord(c) for c in text.replace("zz", "Q")] for text in texts]

    assert prove_unchanged(by_character, by_character, [10], evidence()).passed
    only_mixed = Evidence(texts=lambda: iter([["كتاب\nonly zz here"]]))
    proof = prove_unchanged(by_character, joins_zz, [10], only_mixed)
    assert not proof.passed
    assert proof.detail == "'only zz here': a line of a mixed text"
    arabic_line = Evidence(texts=lambda: iter([["كتاب zz\nonly"]]))  # there, new cuts are allowed
    assert prove_unchanged(by_character, joins_zz, [10], arabic_line).passed


def test_lines_are_parted_at_runs_of_newlines() -> None:
    assert [line.tolist() for line in part([10, 10, 1, 10, 2, 3, 10], [10])] == [[], [1], [2, 3], []]


def test_round_trip_keeps_to_its_exceptions() -> None:
    def decode(rows: list[list[int]]) -> list[str]:
        return ["".join(map(chr, row)).replace("▁", " ").replace("\0", "") for row in rows]

    lossy = Evidence(texts=lambda: iter([["a▁b", "a\0b", "c"]]))
    assert prove_round_trip(by_character, decode, lossy).passed
    assert not prove_round_trip(
        by_character, lambda rows: [text.strip() for text in decode(rows)], lossy
    ).passed


def test_reachable_agreement_and_specials_on_a_toy() -> None:
    assert prove_reachable(by_character, ["a", "b"], ord("a")).passed
    assert not prove_reachable(by_character, ["a", "c"], ord("a")).passed
    forms = {"one": by_character, "two": lambda texts: by_character([text.rstrip(" ") for text in texts])}
    assert not prove_agreement(forms, evidence()).passed
    assert prove_specials_are_text({"one": by_character}, ["<s>"], [1]).passed
    assert not prove_specials_are_text({"one": by_character}, ["\1"], [1]).passed


def test_claims_cover_what_is_promised(subject: Subject) -> None:
    names = [
        proof.name
        for proof in subject.base.prove(subject.additions, subject.reserve, subject.directory, evidence())
    ]
    assert len(names) == len(set(names)) == 7
    assert claims.newline_ids(subject.proto) == [3 + 0x0A]
