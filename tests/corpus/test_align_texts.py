"""Alignment against exhaustive search on short texts, planted merges and deletions, and whole runs."""

import json
import math
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from corpus.align_texts.aligning import align_sentences, align_texts
from corpus.align_texts.beads import KINDS, Bead, align, length_cost
from corpus.align_texts.coverage import EmbeddingCoverage, no_coverage
from corpus.align_texts.documents import match_documents
from corpus.align_texts.kept import Arrays, Kept
from corpus.align_texts.settings import AlignTexts, Beads
from corpus.clean_pairs.scoring import EmbeddingScorer
from corpus.errors import CorpusError
from corpus.sources import Source

PRIORS = dict(
    zip(
        map(tuple, KINDS.tolist()),
        np.log([0.89, 0.00495, 0.00495, 0.0445, 0.0445, 0.011]).tolist(),
        strict=True,
    )
)


def test_the_length_cost_by_hand() -> None:
    # Equal lengths at ratio 1: delta 0, probability 1. 100 and 121 at variance 4: 21 / sqrt(110.5 x 4) = .99887.
    assert length_cost(50, 50, 1.0, 4.0) == 0
    assert length_cost(100, 121, 1.0, 4.0) == pytest.approx(
        -math.log(math.erfc(0.998868 / math.sqrt(2))), rel=1e-4
    )


def best_score(left: list[int], right: list[int], beads: Beads) -> float:
    """Slow twin: all ways to cut both sides into beads."""

    @cache
    def best(i: int, j: int) -> float:
        if i == len(left) and j == len(right):
            return 0.0
        found = -math.inf
        for (a, b), prior in PRIORS.items():
            if i + a <= len(left) and j + b <= len(right):
                found = max(
                    found, score(left[i : i + a], right[j : j + b], prior, beads) + best(i + a, j + b)
                )
        return found

    return best(0, 0)


def score(left: list[int], right: list[int], prior: float, beads: Beads) -> float:
    if not left or not right:
        return prior
    return prior - length_cost(sum(left), sum(right), beads.length_ratio, beads.length_variance)


LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=7)


@hypothesis_settings(max_examples=60)
@given(LENGTHS, LENGTHS)
def test_beads_cover_everything_once_and_score_best(left: list[int], right: list[int]) -> None:
    beads = Beads()
    found = align(np.array(left), np.array(right), *no_coverage(), beads)
    assert [i for bead in found for i in range(*bead.left)] == list(range(len(left)))
    assert [j for bead in found for j in range(*bead.right)] == list(range(len(right)))
    total = sum(
        score(
            left[slice(*b.left)],
            right[slice(*b.right)],
            PRIORS[b.left[1] - b.left[0], b.right[1] - b.right[0]],
            beads,
        )
        for b in found
    )
    assert total == pytest.approx(best_score(left, right, beads))


def test_a_side_without_sentences() -> None:
    nothing = np.zeros(0, np.int64)
    assert align(np.array([5, 6]), nothing, *no_coverage(), Beads()) == [
        Bead((0, 1), (0, 0), 0.0),
        Bead((1, 2), (0, 0), 0.0),
    ]
    assert align(nothing, nothing, *no_coverage(), Beads()) == []


@pytest.mark.parametrize(("rows", "columns"), [(1, 130), (2, 300), (300, 2), (3, 1000)])
def test_a_stub_against_a_long_text(rows: int, columns: int) -> None:
    # A straight line so steep leaves a narrow band: there was no path in it.
    found = align(np.full(rows, 50), np.full(columns, 50), *no_coverage(), Beads(band=1))
    assert [i for bead in found for i in range(*bead.left)] == list(range(rows))
    assert [j for bead in found for j in range(*bead.right)] == list(range(columns))


def test_a_model_is_not_asked_about_a_side_without_sentences() -> None:
    class Scorer:
        version = "ones"

        def embed(self, texts: pl.Series) -> np.ndarray:
            return np.ones((len(texts), 3), np.float32) if len(texts) else np.zeros((0, 1), np.float32)

    covers = EmbeddingCoverage(Scorer())  # type: ignore[arg-type]
    none, two = pl.Series([], dtype=pl.String), pl.Series(["a", "b"])
    assert [each.shape for each in (*covers(none, two), *covers(two, none))] == [(0, 2)] * 2 + [(2, 0)] * 2
    found = align_sentences([two, none], [two, two], covers, Beads())
    assert [len(beads) for beads in found] == [2, 2]


def sentences(count: int, seed: int, fewest_words: int = 4) -> tuple[list[str], list[str]]:
    draw = np.random.default_rng(seed)
    words = draw.integers(0, 300, (count, 9))
    lengths = draw.integers(fewest_words, 10, count)
    left = [" ".join(f"en{w}xx" for w in row[:n]) + "." for row, n in zip(words, lengths, strict=True)]
    right = [" ".join(f"عر{w}" for w in row[:n]) + "." for row, n in zip(words, lengths, strict=True)]
    return left, right


def test_words_find_a_deletion_that_lengths_cannot() -> None:
    lefts, rights = [], []
    for seed in range(30):
        left, right = sentences(14, seed)
        lefts.append(pl.Series(left))
        rights.append(pl.Series(right[:4] + right[5:]))
    wanted = {(i, i - (i > 4)) for i in range(14) if i != 4}

    def found(coverage: object) -> int:
        aligned = align_sentences(lefts, rights, coverage, Beads())  # type: ignore[arg-type]
        return sum(
            len(
                wanted
                & {
                    (b.left[0], b.right[0])
                    for b in beads
                    if b.left[1] - b.left[0] == b.right[1] - b.right[0] == 1
                }
            )
            for beads in aligned
        )

    assert found(None) >= 0.97 * 30 * 13
    assert found(None) > found(no_coverage)


def test_documents_find_one_another_by_numbers_addresses_and_names() -> None:
    left = pl.Series(["In 1998 NASA paid 4,500", "see example.org/page for 77", "nothing here"])
    right = pl.Series(["انظر example.org/page عدد ٧٧", "لا شيء", "في ١٩٩٨ دفعت NASA مبلغ 4,500"])
    assert {(i, j) for i, j, _ in match_documents(left, right)} == {(0, 2), (1, 0)}
    assert match_documents(left.head(0), right) == []


def write(path: Path, texts: dict[str, str]) -> None:
    lines = (json.dumps({"id": name, "text": text}, ensure_ascii=False) for name, text in texts.items())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("match", ["id", "content"])
def test_files_become_a_corpus_of_pairs(match: str, tmp_path: Path) -> None:
    english, arabic = {}, {}
    for number in range(6):
        left, right = sentences(8, number)
        english[f"d{number}"] = (
            " ".join(each.capitalize() for each in left) + f"\nThe number {1000 + number} stands."
        )
        arabic[f"d{number}"] = " ".join(right) + f"\nالعدد {1000 + number} هنا."
    write(tmp_path / "en.jsonl", english)
    write(tmp_path / "ar.jsonl", dict(reversed(arabic.items())))
    given_settings = AlignTexts(
        output_dir=str(tmp_path / "out"), match=match,  # type: ignore[arg-type]
        english=Source(name="book", path=str(tmp_path / "en.jsonl"), language="en"),
        arabic=Source(name="kitab", path=str(tmp_path / "ar.jsonl"), language="ar", examples=False),
    )  # fmt: skip
    manifest = align_texts(given_settings)
    shard = pl.read_parquet(tmp_path / "out/shards/book-00000.parquet")
    assert manifest["documents"] == 6
    assert manifest["beads"]["1-1"] >= 50
    assert shard["language"].to_list() == ["en", "ar"] * manifest["pairs"]
    last = shard.filter(pl.col("text").str.contains("1003"))["text"].to_list()
    assert last == ["The number 1003 stands.", "العدد 1003 هنا."]
    assert manifest["config"]["sources"] == [{"name": "book", "kind": "parallel", "examples": False}]


def test_documents_that_do_not_go_together_are_said(tmp_path: Path) -> None:
    write(tmp_path / "en.jsonl", {"a": "One."})
    write(tmp_path / "ar.jsonl", {"b": "واحد."})
    sides = {
        "english": Source(name="e", path=str(tmp_path / "en.jsonl")),
        "arabic": Source(name="a", path=str(tmp_path / "ar.jsonl")),
    }
    with pytest.raises(CorpusError, match="no document of e goes with one of a by id"):
        align_texts(AlignTexts(output_dir=str(tmp_path / "out"), **sides))
    with pytest.raises(ValueError, match="band must be at least 1"):
        Beads(band=0)


class Stopping(Kept):
    """A store that a stop comes to after some pairs."""

    def __init__(self, path: Path, stop_after: int) -> None:
        super().__init__(path)
        self.left = stop_after

    def arrays(self, key: bytes, make: Callable[[], Arrays]) -> Arrays:
        before = self.made
        found = super().arrays(key, make)
        self.left -= self.made - before
        if self.left <= 0:
            raise KeyboardInterrupt
        return found


@pytest.mark.parametrize("stop_after", [1, 5, 6, 11, 17])
def test_a_stopped_alignment_goes_on_at_the_next_pair_of_documents(stop_after: int, tmp_path: Path) -> None:
    texts = [sentences(9, seed) for seed in range(6)]
    lefts, rights = (
        [pl.Series(left) for left, _ in texts],
        [pl.Series(right[:5] + right[6:]) for _, right in texts],
    )
    whole = align_sentences(lefts, rights, None, Beads())
    with closing(Stopping(tmp_path / "kept", stop_after)) as kept, pytest.raises(KeyboardInterrupt):
        align_sentences(lefts, rights, None, Beads(), kept)
    with closing(Kept(tmp_path / "kept")) as kept:
        assert align_sentences(lefts, rights, None, Beads(), kept) == whole
        assert kept.made == 3 * 6 - stop_after  # by lengths, coverage and beads of each, less what was there
        before = kept.made
        align_sentences(
            lefts, rights, None, Beads(coverage_weight=2.0), kept
        )  # other beads, the same coverage
        assert kept.made - before == 2 * 6
    (tmp_path / "bad").write_bytes(b"not a database, certainly not" * 50)
    with pytest.raises(CorpusError, match=r"bad: alignments cannot be kept there .*: move it away"):
        Kept(tmp_path / "bad")


def test_a_store_without_room_says_so(tmp_path: Path) -> None:
    with closing(Kept(tmp_path / "kept")) as kept:
        kept._file.run("PRAGMA max_page_count=3")
        noise = np.random.default_rng(1).integers(0, 1 << 60, 5000)
        with pytest.raises(
            CorpusError,
            match=r"kept: alignments cannot be kept there \(database or disk is full\): make room",
        ):
            kept.arrays(b"key", lambda: (noise,))


KILLED = """
import os, random, signal, sys
from corpus.align_texts import kept
from corpus.align_texts.__main__ import main
from corpus.command_line import run
from corpus.align_texts import AlignTexts
left = random.Random(int(sys.argv.pop(1))).randint(5, 14)
put = kept.Kept.arrays
def arrays(self, key, make):
    if self.made >= left:
        os.kill(os.getpid(), signal.SIGKILL)
    return put(self, key, make)
kept.Kept.arrays = arrays
run(main, AlignTexts, "corpus.align_texts")
"""


def test_killed_at_random_it_ends_with_the_same_bytes(through_kills, tmp_path: Path) -> None:
    english, arabic = {}, {}
    for number in range(8):
        left, right = sentences(8, number)
        english[f"d{number}"] = " ".join(each.capitalize() for each in left)
        arabic[f"d{number}"] = " ".join(right[:3] + right[4:])
    write(tmp_path / "en.jsonl", english)
    write(tmp_path / "ar.jsonl", arabic)
    sides = {
        "english": Source(name="book", path=str(tmp_path / "en.jsonl"), language="en"),
        "arabic": Source(name="kitab", path=str(tmp_path / "ar.jsonl"), language="ar"),
    }
    manifest = align_texts(AlignTexts(output_dir=str(tmp_path / "whole"), **sides))
    given_sides = {
        name: {"name": side.name, "path": side.path, "language": side.language}
        for name, side in sides.items()
    }
    given_text = json.dumps(given_sides | {"output_dir": str(tmp_path / "killed")})
    (tmp_path / "align.yaml").write_text(given_text)
    through_kills(KILLED, tmp_path / "align.yaml")
    again = json.loads((tmp_path / "killed/manifest.json").read_text())
    assert again["shards"] == manifest["shards"]
    assert not list((tmp_path / "killed/work").glob("aligned*"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that maps a word and its translation, two tokens of its vocabulary, to the same vector.

    Words have random vectors of their own and nothing else, so that sentences without a word in common are nearly
    orthogonal: the layer above passes them on, and the period and all that tokens share is nothing.
    """
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    directory = tmp_path_factory.mktemp("encoder")
    names = [
        "[PAD]",
        "[UNK]",
        ".",
        *(f"en{word}xx" for word in range(300)),
        *(f"عر{word}" for word in range(300)),
    ]
    tokenizer = Tokenizer(models.WordLevel({name: at for at, name in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(
        directory
    )
    torch.manual_seed(0)
    shape = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    network = BertModel(BertConfig(vocab_size=len(names), initializer_range=0.5, **shape))
    with torch.no_grad():
        words = network.embeddings.word_embeddings.weight
        words[303:603] = words[3:303]
        (layer,) = network.encoder.layer
        for shared in (
            words[2],
            network.embeddings.position_embeddings.weight,
            network.embeddings.token_type_embeddings.weight,
            layer.attention.output.dense.weight,
            layer.output.dense.weight,
        ):
            shared.zero_()
    network.save_pretrained(directory)
    return directory


def test_a_model_that_knows_meanings_finds_what_lengths_cannot(encoder: Path) -> None:
    lefts, rights = [], []
    for seed in range(12):
        # Of about one length, so that none is so short that it goes with its neighbor as well as alone.
        left, right = sentences(14, seed, fewest_words=8)
        lefts.append(pl.Series(left))
        # One is left out, and two are one sentence.
        rights.append(pl.Series([*right[:4], *right[5:9], f"{right[9]} {right[10]}", *right[11:]]))
    wanted = {*(((i, i + 1), (i - (i > 4), i - (i > 4) + 1)) for i in range(9) if i != 4), ((9, 11), (8, 9)),
              *(((i, i + 1), (i - 2, i - 1)) for i in range(11, 14))}  # fmt: skip
    covers = EmbeddingCoverage(EmbeddingScorer(str(encoder), batch_size=8, device="cpu"))
    found = {}
    for name, coverage in (("model", covers), ("lengths", no_coverage)):
        aligned = align_sentences(lefts, rights, coverage, Beads())
        found[name] = sum(len(wanted & {(bead.left, bead.right) for bead in beads}) for beads in aligned)
    assert found["model"] == 12 * len(wanted)
    assert found["model"] > found["lengths"]
    forward, backward = covers(lefts[0], rights[0])
    assert np.allclose(forward[0, 0], 1, atol=0.02)  # word for word the same, but for the order of words
    assert forward is backward


def test_a_model_by_path_aligns_files(encoder: Path, tmp_path: Path) -> None:
    left, right = sentences(12, 3)
    write(tmp_path / "en.jsonl", {"a": "\n".join(left)})
    write(tmp_path / "ar.jsonl", {"a": "\n".join(right[:5] + right[6:])})
    sides = {
        "english": Source(name="e", path=str(tmp_path / "en.jsonl")),
        "arabic": Source(name="a", path=str(tmp_path / "ar.jsonl")),
    }
    manifest = align_texts(AlignTexts(output_dir=str(tmp_path / "out"), scorer=str(encoder), **sides))
    assert manifest["beads"] == {"1-0": 1, "1-1": 11}
    shard = pl.read_parquet(tmp_path / "out/shards/e-00000.parquet")
    assert shard.filter(pl.col("language") == "en")["text"].to_list() == left[:5] + left[6:]
    assert shard["alignment"].min() > 0.9
    with pytest.raises(CorpusError, match="no Hugging Face model is there"):
        align_texts(AlignTexts(output_dir=str(tmp_path / "no"), scorer=str(tmp_path), **sides))
