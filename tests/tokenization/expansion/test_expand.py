"""The whole command on a small corpus: what it leaves, that it leaves the same again, and what it refuses."""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tokenization.expansion import pipeline
from tokenization.expansion.proven import put_in_place
from tokenization.held_out import is_held_out
from tokenization.load_base import load_base
from tokenization.sentencepiece_base import merge
from tokenization.sentencepiece_base.model import CONTROL, NORMAL
from tokenization.sentencepiece_base.proto import copy, parse

TEXTS = (
    "", " ", "   ", "\n\n", "The  quick\tbrown fox.", "  leading", "كتاب", " كتاب", "  والمدرسة  الجديدة ", "مُدَرِّسٌ",
    "كتـــاب", "ﷺ ﻻ", "\u200fعربي\u200e", "ازاي عايز كده؟", "😀 مصر 🇪🇬", "<s>كتاب</s>", "[INST] ٢٠٢٤ [/INST]",
    "def f():\n    x = 1\n",
)  # fmt: skip


def manifest_of(directory: Path) -> dict[str, Any]:
    return json.loads((directory / "manifest.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def digests(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file() and "work" not in path.parts)
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path != directory / "manifest.json"
    }


def test_leaves_a_tokenizer_of_the_size_asked_for(expanded_dir: Path) -> None:
    manifest = manifest_of(expanded_dir)
    sizes = manifest["sizes"]
    assert sizes["learned"] + sizes["characters"] == 200
    assert sizes["total"] == 32_256 == 32_000 + 200 + sizes["reserve"]
    assert all(proof["passed"] for proof in manifest["proofs"])
    assert len(manifest["proofs"]) == 7
    assert manifest["files"] == digests(expanded_dir)


def test_pieces_are_listed_in_id_order_with_what_the_base_made_of_them(expanded_dir: Path) -> None:
    pieces = pl.read_parquet(expanded_dir / "pieces.parquet")
    proto = parse((expanded_dir / "tokenizer.model").read_bytes())
    assert pieces["id"].to_list() == list(range(32_000, 32_256))
    assert pieces["piece"].to_list() == [piece.piece for piece in proto.pieces[32_000:]]
    assert {piece.type for piece in proto.pieces[32_200:]} == {CONTROL}
    new = pieces.filter(pl.col("role") != "reserve")
    base = load_base("mistral-v1")
    # "\n" keeps the base from putting a space before the piece
    cuts = base.encode(["\n" + text for text in new["text"].to_list()])
    assert [cut[2:] for cut in cuts] == new["base_ids"].to_list()
    names = [piece.piece for piece in proto.pieces]
    learned = new.filter(pl.col("role") == "learned")
    joined = ["".join(names[part] for part in parts) for parts in learned["parts"].to_list()]
    assert joined == learned["piece"].to_list()
    assert (new["count"] > 0).all()
    assert pieces.filter(pl.col("role") == "reserve")["base_ids"].list.len().max() == 0


def test_digits_that_the_base_spells_in_bytes_become_characters(expanded_dir: Path) -> None:
    pieces = pl.read_parquet(expanded_dir / "pieces.parquet")
    characters = pieces.filter(pl.col("role") == "character")
    assert {"٠", "٢", "٤"} <= set(characters["piece"])
    assert set(characters["base_ids"].list.len()) == {2}  # U+0660 takes two bytes


def test_every_size_of_a_series_begins_the_next(expanded_dir: Path) -> None:
    whole = pl.read_parquet(expanded_dir / "pieces.parquet")
    for number in (50, 120):
        directory = expanded_dir / "series" / str(number)
        part = pl.read_parquet(directory / "pieces.parquet").filter(pl.col("role") != "reserve")
        assert part.equals(whole.head(number))
        assert manifest_of(directory)["sizes"]["total"] == 32_128
        old = parse((expanded_dir / "tokenizer.model").read_bytes())
        new = parse((directory / "tokenizer.model").read_bytes())
        assert list(new.pieces[: 32_000 + number]) == list(old.pieces[: 32_000 + number])


def test_auto_tokenizer_gives_the_ids_of_sentencepiece(expanded_dir: Path) -> None:
    from sentencepiece import SentencePieceProcessor
    from transformers import AutoTokenizer

    auto = AutoTokenizer.from_pretrained(str(expanded_dir))
    processor = SentencePieceProcessor(model_file=str(expanded_dir / "tokenizer.model"))
    for text in TEXTS:
        ids = auto(text, add_special_tokens=False)["input_ids"]
        assert ids == processor.encode(text), text
        assert auto.decode(ids) == text
    assert auto("كتاب")["input_ids"][0] == auto.bos_token_id == 1
    assert len(auto) == 32_256


@pytest.mark.filterwarnings("ignore:Transformer Engine and Apex are not installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::DeprecationWarning:megatron")
@pytest.mark.parametrize(("library", "name"), [("sentencepiece", "tokenizer.model"), ("huggingface", "")])
def test_loads_in_megatron_core(expanded_dir: Path, library: str, name: str) -> None:
    if importlib.util.find_spec("megatron") is None:
        pytest.skip("megatron-core is not installed (extra `nemo`)")
    from megatron.core.tokenizers import MegatronTokenizer

    tokenizer = MegatronTokenizer.from_pretrained(
        tokenizer_path=str(expanded_dir / name), metadata_path={"library": library}
    )
    texts = ["في المدرسة", "  two  spaces", "<s>"]
    assert [tokenizer.tokenize(text) for text in texts] == load_base("mistral-v1").load(expanded_dir)(texts)
    assert tokenizer.vocab_size == 32_256


def test_converts_to_gguf_metadata(expanded_dir: Path, tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    vocabulary = gguf.vocab.SentencePieceVocab(expanded_dir)
    tokens, scores, types = zip(*vocabulary.all_tokens(), strict=True)
    writer = gguf.GGUFWriter(tmp_path / "tokenizer.gguf", "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    fields = gguf.GGUFReader(tmp_path / "tokenizer.gguf").fields
    proto = parse((expanded_dir / "tokenizer.model").read_bytes())
    assert fields["tokenizer.ggml.tokens"].contents() == [piece.piece for piece in proto.pieces]
    assert fields["tokenizer.ggml.scores"].contents() == [piece.score for piece in proto.pieces]
    kinds = fields["tokenizer.ggml.token_type"].contents()
    assert kinds[32_000] == gguf.TokenType.NORMAL
    assert kinds[32_255] == gguf.TokenType.CONTROL


def test_same_config_and_corpus_give_the_same_bytes(expand: Any, small_base: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        expand(tmp_path / name, base=small_base, series="[60]")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    one, two = manifest_of(tmp_path / "one"), manifest_of(tmp_path / "two")
    assert one.pop("run") != two.pop("run")
    assert one == two


def test_a_finished_expansion_is_not_made_again(
    expand: Any, expanded_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_learn", None)  # it would be called first
    assert "all 7 hold" in expand(expanded_dir, series="[50, 120]").stdout


def test_goes_on_where_it_was_stopped(
    expand: Any, small_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out"

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "require", stop)
        assert "continues from here" in expand(output, code=130, base=small_base).stderr
    assert [path.name for path in output.iterdir()] == ["work"]
    monkeypatch.setattr(pipeline, "sample_words", None)  # the sample is there
    expand(output, base=small_base)
    monkeypatch.undo()
    expand(tmp_path / "whole", base=small_base)
    assert digests(output) == digests(tmp_path / "whole")


def test_another_config_in_the_same_place_needs_update(expand: Any, small_base: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    expand(output, base=small_base, pieces=40)
    assert "--update true" in one_line(expand(output, code=2, base=small_base, pieces=60).stderr)
    expand(output, base=small_base, pieces=60, update=True)
    assert manifest_of(output)["config"]["pieces"] == 60


def test_an_update_leaves_no_file_of_the_tokenizer_before(
    expand: Any, small_base: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    expand(output, base=small_base, pieces=40, series="[20, 30]")
    (output / "notes.txt").write_text("mine")
    expand(output, base=small_base, pieces=40, series="[20]", update=True)
    names = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    ours = {name for name in names if not name.startswith("work/")} - {"notes.txt", "manifest.json"}
    assert ours == set(manifest_of(output)["files"])
    assert (output / "notes.txt").exists()
    assert [path.name for path in (output / "series").iterdir()] == ["20"]


def test_a_manifest_cannot_have_files_elsewhere_removed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "staged").mkdir()
    (tmp_path / "out" / "manifest.json").write_text('{"files": {"../mine": ""}}')
    with pytest.raises(ValueError, match="does not lie in its directory"):
        put_in_place(tmp_path / "staged", tmp_path / "out")
    assert (tmp_path / "mine").exists()


def test_what_stands_there_is_known_without_the_work_directory(
    expand: Any, small_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out"
    expand(output, base=small_base, pieces=40)
    shutil.rmtree(output / "work")
    assert "pieces 40 -> 60" in one_line(expand(output, code=2, base=small_base, pieces=60).stderr)
    monkeypatch.setattr(pipeline, "_learn", None)  # it would be called first
    expand(output, base=small_base, pieces=40)
    (output / "manifest.json").write_text('{"files": {}}')
    assert "not the manifest of a tokenizer" in one_line(
        expand(output, code=2, base=small_base, pieces=40).stderr
    )


def test_size_is_chosen_from_the_curve(expand: Any, small_base: Path, tmp_path: Path) -> None:
    choice = {"choice__most_pieces": 240, "choice__step": 20, "choice__minimum_gain": 0.05}
    expand(tmp_path / "out", base=small_base, pieces=0, **choice)
    manifest = manifest_of(tmp_path / "out")
    taken = [row["taken"] for row in manifest["curve"] if row["slice"] == "all"]
    sizes = [row["pieces"] for row in manifest["curve"] if row["slice"] == "all"]
    chosen = manifest["sizes"]["learned"] + manifest["sizes"]["characters"]
    position = sizes.index(chosen)
    gains = [1 - after / before for before, after in pairwise(taken)]
    assert all(gain >= 0.05 for gain in gains[1:position])
    assert gains[position] < 0.05
    assert "<polyline" in (tmp_path / "out" / "expansion.html").read_text(encoding="utf-8")


def test_proofs_can_be_kept_to_a_part_of_the_corpus(corpus_dir: Path) -> None:
    from tokenization.expand_config import ExpandConfig
    from tokenization.sample import find_shards

    shards = find_shards(str(corpus_dir))
    whole = ExpandConfig(corpus=str(corpus_dir), output_dir="unused")
    texts = [text for batch in pipeline.evidence_from(shards, whole).texts() for text in batch]
    documents = pl.concat([pl.read_parquet(path) for path in shards])
    assert texts == documents["text"].to_list()
    often = shards * 20
    part = ExpandConfig(corpus=str(corpus_dir), output_dir="unused", prove_megabytes=1)
    tried = sum(len(text) for batch in pipeline.evidence_from(often, part).texts() for text in batch)
    assert sum(map(len, texts)) * 20 > 2_000_000
    assert tried == pytest.approx(1_000_000, rel=0.3)


def test_a_failed_proof_leaves_nothing(
    expand: Any, small_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "new_scores", lambda floor, number: [floor - 1.0] * number)
    monkeypatch.setattr("tokenization.sentencepiece_base.learn.unreachable", lambda *_: [])
    outcome = expand(tmp_path / "out", code=2, base=small_base)
    assert "not written, for it does not hold that" in one_line(outcome.stderr)
    assert "FAILS" in outcome.stdout
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["work"]


def one_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("tokenization.expand:")]
    assert len(lines) == 1
    assert "Traceback" not in text
    return lines[0]


def changed_base(directory: Path, change: Callable[[Any], None]) -> Path:
    proto = copy(load_base("mistral-v1").proto)  # type: ignore[attr-defined]
    change(proto)
    path = directory / "changed.model"
    path.write_bytes(proto.SerializeToString())
    return path


def make_unigram(proto: Any) -> None:
    proto.trainer_spec.model_type = 1


def take_bytes_away(proto: Any) -> None:
    proto.trainer_spec.byte_fallback = False


def add_user_defined(proto: Any) -> None:
    proto.pieces.add(piece="[INST]", score=0, type=4)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (make_unigram, "a unigram model, and only BPE can be expanded"),
        (take_bytes_away, "no byte fallback"),
        (add_user_defined, "user-defined pieces"),
    ],
)
def test_refuses_bases_that_cannot_be_expanded(
    expand: Any, tmp_path: Path, change: Callable[[Any], None], says: str
) -> None:
    said = expand(tmp_path / "out", code=2, base=changed_base(tmp_path, change)).stderr
    assert says in one_line(said)


def test_refuses_damaged_and_foreign_files(expand: Any, tmp_path: Path) -> None:
    whole = load_base("mistral-v1").path.read_bytes()
    for name, content, says in [
        ("cut.model", whole[: len(whole) // 2 + 1], "damaged"),
        ("noise.model", b"\x00noise", "damaged"),
        ("empty.model", b"", "damaged"),
        ("noise.json", b"{", "damaged"),
        ("unigram.json", b'{"model": {"type": "Unigram", "vocab": []}}', "a Unigram model"),
        ("llama.json", b'{"model": {"type": "BPE", "byte_fallback": true}}', "give that tokenizer.model"),
    ]:
        (tmp_path / name).write_bytes(content)
        assert says in one_line(expand(tmp_path / "out", code=2, base=tmp_path / name).stderr), name
    assert "no such base" in one_line(expand(tmp_path / "out", code=2, base=tmp_path / "none").stderr)


def test_refuses_a_base_that_has_the_pieces(expand: Any, expanded_dir: Path, tmp_path: Path) -> None:
    said = expand(tmp_path / "out", code=2, base=expanded_dir).stderr
    assert "expanded already" in one_line(said)


def test_refuses_text_that_cannot_be_learned_from(
    expand: Any, shards_of: Callable[..., Path], tmp_path: Path
) -> None:
    latin = [(f"x/{i}", "no Arabic at all", "ar", "web", "") for i in range(30)]
    english = [(f"x/{i}", "plain English", "en", "web", "") for i in range(30)]
    few = [(f"x/{i}", "كتاب جديد في المدينة", "ar", "web", "") for i in range(60)]
    for name, rows, says in [
        ("latin", latin, "no Arabic in the"),
        ("english", english, "no document in ar to learn from"),
        ("nothing", [], "no document in ar to learn from"),
        ("few", few, "new pieces at most, not 200"),
    ]:
        corpus = shards_of(tmp_path / name, rows)
        assert says in one_line(expand(tmp_path / "out", code=2, corpus=corpus).stderr), name
    (tmp_path / "bare").mkdir()
    assert "no shards there" in one_line(expand(tmp_path / "out", code=2, corpus=tmp_path / "bare").stderr)
    (tmp_path / "bare" / "x.parquet").write_bytes(b"PAR1 not")
    assert "cannot be read as Parquet" in one_line(
        expand(tmp_path / "out", code=2, corpus=tmp_path / "bare").stderr
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"pieces": 0, "size": 32_000}, "size must be above the base's 32,000 pieces, got 32,000"),
        ({"pieces": -1}, "pieces must be at least 0"),
        ({"size": 40_000}, "must not both be set"),
        ({"series": "[120, 50]"}, "series must be rising"),
        ({"sample__exponent": 2}, "sample.exponent must be from 0 to 1"),
        ({"sample__weights": "{dialekt: {arz: 2}}"}, "sample.weights must name labels"),
        ({"scratch": True}, "scratch must not be set together with pieces"),
        ({"piecez": 3}, "did you mean 'pieces'?"),
    ],
)
def test_refuses_settings_that_make_no_sense(
    expand: Any, tmp_path: Path, settings: dict[str, Any], says: str
) -> None:
    assert says in one_line(expand(tmp_path / "out", code=2, **settings).stderr)


def test_says_when_it_may_not_write(expand: Any, small_base: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    assert one_line(expand(tmp_path / "file" / "out", code=2, base=small_base).stderr)


def test_help_answers_at_once_without_heavy_modules() -> None:
    heavy = "torch transformers numba sentencepiece polars"
    code = (
        "import sys\nfrom corpus.command_line import parse\nfrom tokenization.expand_config import ExpandConfig\n"
        "import tokenization.expand\n"
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_was_learned_from_held_out_documents(corpus_dir: Path, expanded_dir: Path) -> None:
    documents = pl.concat(
        [pl.read_parquet(path) for path in sorted((corpus_dir / "shards").glob("*.parquet"))]
    )
    arabic = documents.filter(pl.col("language") == "ar")
    strata = manifest_of(expanded_dir)["sample"]["strata"]
    learned_from = arabic.filter(~is_held_out(arabic))
    assert 0 < learned_from.height < arabic.height
    assert sum(row["documents"] for row in strata) == learned_from.height
    assert sum(row["words"] for row in strata) == learned_from["words"].sum()
    words = manifest_of(expanded_dir)["fertility"][0]["words"]
    assert words == arabic.filter(is_held_out(arabic))["words"].sum()


def test_old_pieces_are_the_base(expanded_dir: Path) -> None:
    base = load_base("mistral-v1").proto  # type: ignore[attr-defined]
    proto = parse((expanded_dir / "tokenizer.model").read_bytes())
    assert list(proto.pieces[:32_000]) == list(base.pieces)
    scores = [piece.score for piece in proto.pieces[32_000:32_200]]
    assert scores == [-31_741.0 - position for position in range(200)]
    assert {piece.type for piece in proto.pieces[32_000:32_200]} == {NORMAL}
