"""Token files: the same bytes whoever makes them and however often it is killed; nothing lost, nothing leaked."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sentencepiece import SentencePieceProcessor

from corpus.command_line import run
from corpus.pipeline.lock import held
from nemo_recipes.data import part as part_module
from nemo_recipes.data import token_files
from nemo_recipes.data.__main__ import main
from nemo_recipes.data.megatron_files import read_ids
from nemo_recipes.data.settings import Tokens
from nemo_recipes.data.split import validation_mask
from nemo_recipes.data.token_directory import check_no_leak, open_token_directory
from nemo_recipes.data.token_files import encode
from nemo_recipes.errors import PretrainingError

PLANTED = "the same text stands in two sources under two names"
SHARE = 0.2


def settings(corpus_dir: Path, tokenizer: Path, output: Path, **others: Any) -> Tokens:
    given = {"validation_share": SHARE, "workers": 1} | others
    return Tokens(corpus=str(corpus_dir), tokenizer=str(tokenizer), output_dir=str(output), **given)


def contents(directory: Path) -> dict[str, bytes]:
    """All files by name; of the manifest, what may not vary."""
    files = {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name not in (".lock", "manifest.json")
    }
    manifest = json.loads((directory / "manifest.json").read_text())
    del manifest["run"]
    return files | {"manifest.json": json.dumps(manifest).encode()}


@pytest.fixture(scope="module")
def small_parts() -> Any:
    """Many small parts, as a large corpus has many large ones."""
    patch = pytest.MonkeyPatch()
    patch.setattr(token_files, "_PART_BYTES", 30_000)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def made(
    small_parts: None, corpus_dir: Path, model_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    output = tmp_path_factory.mktemp("tokens")
    return output, encode(settings(corpus_dir, model_file, output))


def documents(corpus_dir: Path) -> pl.DataFrame:
    """All of the corpus, in the order of shards."""
    return pl.concat(pl.read_parquet(path) for path in sorted((corpus_dir / "shards").glob("*.parquet")))


def test_every_document_is_there_once_with_its_ids(
    made: tuple[Path, dict[str, Any]], corpus_dir: Path, model_file: Path
) -> None:
    output, manifest = made
    processor = SentencePieceProcessor(model_file=str(model_file))
    rows = documents(corpus_dir)
    seen = 0
    for part in manifest["parts"]:
        own = rows.filter(
            (pl.col("source") == part["source"])
            & (pl.col("language") == part["language"])
            & (pl.col("domain") == part["domain"])
        )
        for split in ("train", "validation"):
            listed = pl.read_parquet(output / split / f"{part['name']}.documents.parquet")
            ids, lengths = read_ids(output / split / part["name"])
            texts = dict(own.select("id", "text").iter_rows())
            expected = [[*processor.encode(texts[name]), processor.eos_id()] for name in listed["id"]]
            assert [list(piece) for piece in np.split(ids, np.cumsum(lengths)[:-1])][
                : len(expected)
            ] == expected
            assert listed["tokens"].to_list() == lengths.tolist()
            assert listed["bytes"].to_list() == [len(texts[name].encode()) for name in listed["id"]]
            assert listed["id"].to_list() == [
                name for name in own["id"] if name in set(listed["id"])
            ]  # shard order
            assert part[split]["tokens"] == int(lengths.sum())
            seen += listed.height + part[split]["left_out_as_trained_on"]
    assert seen == rows.height


def test_no_text_is_on_both_sides(made: tuple[Path, dict[str, Any]], corpus_dir: Path) -> None:
    output, manifest = made
    rows = documents(corpus_dir)
    texts = dict(rows.select("id", "text").iter_rows())
    sides: dict[str, set[str]] = {}
    for split in ("train", "validation"):
        listed = pl.concat(pl.read_parquet(path) for path in (output / split).glob("*.documents.parquet"))
        sides[split] = {texts[name] for name in listed["id"]}
    assert not sides["train"] & sides["validation"]
    # The copies that the hash put on the validation side were left out, and only those.
    mask = validation_mask(rows["id"], rows["pair"], SHARE)
    planted = int((pl.Series(mask) & (rows["text"] == PLANTED)).sum())
    assert PLANTED in sides["train"]
    assert sum(part["validation"]["left_out_as_trained_on"] for part in manifest["parts"]) == planted > 0


def test_the_split_is_by_document_and_by_pair(corpus_dir: Path) -> None:
    rows = documents(corpus_dir)
    mask = validation_mask(rows["id"], rows["pair"], SHARE)
    assert abs(mask.mean() - SHARE) < 0.03
    sides = rows.with_columns(validation=pl.Series(mask)).filter(pl.col("pair").is_not_null())
    assert sides.group_by("pair").agg(pl.col("validation").n_unique())["validation"].to_list() == [1] * (
        sides.height // 2
    )
    # More documents, or another order, change nobody's side.
    again = validation_mask(rows["id"].reverse()[:500], rows["pair"].reverse()[:500], SHARE)
    assert (again == mask[::-1][:500]).all()


def test_any_number_of_workers_gives_the_same_bytes(
    made: tuple[Path, dict[str, Any]], corpus_dir: Path, model_file: Path, tmp_path: Path
) -> None:
    encode(settings(corpus_dir, model_file, tmp_path / "two", workers=2))
    assert contents(tmp_path / "two") == contents(made[0])


KILLED = """
import os, signal, sys
from nemo_recipes.data import part, token_files
from nemo_recipes.data.settings import Tokens

token_files._PART_BYTES = 30_000
module, name, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
module = {"part": part, "token_files": token_files}[module]
real = getattr(module, name)

def deadly(*arguments):
    global calls
    calls -= 1
    if calls < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)

setattr(module, name, deadly)
corpus, tokenizer, output = sys.argv[4:]
token_files.encode(Tokens(corpus=corpus, tokenizer=tokenizer, output_dir=output, validation_share=0.2, workers=1))
"""


@pytest.mark.parametrize(
    ("module", "name", "calls"),
    [
        ("token_files", "encode_part", 3),
        ("part", "write_parquet", 5),  # between a part's tokens and its list of documents
        ("token_files", "merge", 4),
        ("token_files", "_totals", 0),  # all merged, no manifest yet
    ],
)
def test_a_killed_run_goes_on_to_the_same_bytes(
    made: tuple[Path, dict[str, Any]],
    corpus_dir: Path,
    model_file: Path,
    tmp_path: Path,
    module: str,
    name: str,
    calls: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = [
        sys.executable,
        "-c",
        KILLED,
        module,
        name,
        str(calls),
        str(corpus_dir),
        str(model_file),
        str(tmp_path),
    ]
    killed = subprocess.run(command, capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    assert not (tmp_path / "manifest.json").exists()
    there = list(tmp_path.glob("work/*/*.json"))
    assert len(there) >= calls or module != "token_files"
    encoded: list[int] = []
    real = part_module._encode

    def counted(task: part_module.PartTask) -> dict[str, Any]:
        encoded.append(task.number)
        return real(task)

    monkeypatch.setattr(part_module, "_encode", counted)
    encode(settings(corpus_dir, model_file, tmp_path))
    assert not set(encoded) & {int(path.stem) for path in there}  # what was whole is not made again
    assert contents(tmp_path) == contents(made[0])


@pytest.mark.skipif(find_spec("megatron") is None, reason="needs megatron-core (requirements/nemo.txt)")
@pytest.mark.filterwarnings("ignore")
def test_megatron_reads_what_was_written(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    import torch
    from megatron.core.datasets.indexed_dataset import IndexedDataset, IndexedDatasetBuilder

    output, manifest = made
    for part in manifest["parts"]:
        prefix = output / "train" / part["name"]
        ids, lengths = read_ids(prefix)
        theirs = IndexedDataset(str(prefix))
        assert (theirs.index.dtype, len(theirs)) == (ids.dtype.type, len(lengths))
        assert theirs.document_indices.tolist() == list(range(len(lengths) + 1))
        pieces = np.split(ids, np.cumsum(lengths)[:-1])
        assert all(np.array_equal(theirs[number], piece) for number, piece in enumerate(pieces))
        # Megatron's own builder writes the same bytes.
        builder = IndexedDatasetBuilder(str(tmp_path / "theirs.bin"), dtype=ids.dtype.type)
        for piece in pieces:
            builder.add_document(torch.from_numpy(piece.astype(np.int64)), [len(piece)])
        builder.finalize(str(tmp_path / "theirs.idx"))
        assert (tmp_path / "theirs.bin").read_bytes() == prefix.with_name(f"{prefix.name}.bin").read_bytes()
        assert (tmp_path / "theirs.idx").read_bytes() == prefix.with_name(f"{prefix.name}.idx").read_bytes()


def test_a_finished_directory_is_used_again_and_never_mixed(
    made: tuple[Path, dict[str, Any]], corpus_dir: Path, model_file: Path, fast_dir: Path
) -> None:
    output, manifest = made
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*.bin")}
    assert encode(settings(corpus_dir, model_file, output)) == manifest
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*.bin")} == before
    with pytest.raises(PretrainingError, match="token files of another tokenizer"):
        encode(settings(corpus_dir, fast_dir, output))
    with pytest.raises(PretrainingError, match="token files of another config"):
        encode(settings(corpus_dir, model_file, output, validation_share=0.1))


def test_missing_short_and_leaking_files_are_named(
    made: tuple[Path, dict[str, Any]], corpus_dir: Path, model_file: Path, tmp_path: Path
) -> None:
    encode(settings(corpus_dir, model_file, tmp_path))
    directory = open_token_directory(tmp_path)
    assert check_no_leak(directory) > 0
    victim = tmp_path / "train" / f"{directory.parts[0].name}.bin"
    content = victim.read_bytes()
    victim.write_bytes(content[:-2])
    with pytest.raises(PretrainingError, match=r"\.bin: [\d,]+ bytes where the manifest says"):
        open_token_directory(tmp_path)
    victim.unlink()
    with pytest.raises(PretrainingError, match="the file is missing"):
        open_token_directory(tmp_path)
    victim.write_bytes(content)
    index = victim.with_suffix(".idx")
    whole = index.read_bytes()
    index.write_bytes(whole[:-8])
    with pytest.raises(PretrainingError, match=r"\.idx: [\d,]+ bytes where the manifest says"):
        open_token_directory(tmp_path)
    index.write_bytes(whole)
    listed = tmp_path / "train" / f"{directory.parts[0].name}.documents.parquet"
    theirs = tmp_path / "validation" / f"{directory.parts[-1].name}.documents.parquet"
    pl.concat([pl.read_parquet(listed), pl.read_parquet(theirs).head(2)]).write_parquet(listed)
    with pytest.raises(PretrainingError, match="2 of its documents are validation texts too"):
        check_no_leak(open_token_directory(tmp_path))
    # A directory with a missing file is made whole by the same command.
    victim.unlink()
    encode(settings(corpus_dir, model_file, tmp_path))
    assert contents(tmp_path) == contents(made[0])


def test_begin_of_document_and_a_byte_level_tokenizer(
    corpus_dir: Path, fast_dir: Path, tmp_path: Path
) -> None:
    manifest = encode(settings(corpus_dir, fast_dir, tmp_path, begin_of_document=True))
    assert manifest["encoder"] == "fast"
    ids, lengths = read_ids(tmp_path / "train" / manifest["parts"][0]["name"])
    starts = np.cumsum(lengths) - lengths
    assert set(ids[starts]) == {1}
    assert set(ids[starts + lengths - 1]) == {0}
    assert np.isin(ids, [0, 1]).sum() == 2 * len(lengths)


def test_an_end_that_stands_inside_documents_is_refused(
    corpus_dir: Path, model_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(PretrainingError, match=r"stands \d+ times inside documents"):
        encode(settings(corpus_dir, model_file, tmp_path, end_piece="▁the"))


def test_two_at_a_time_are_refused(corpus_dir: Path, model_file: Path, tmp_path: Path) -> None:
    with (
        held(tmp_path / ".lock", AssertionError("free")),
        pytest.raises(PretrainingError, match="being made here already"),
    ):
        encode(settings(corpus_dir, model_file, tmp_path))


def test_the_command_says_what_it_made(
    corpus_dir: Path, model_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    arguments = [
        f"--corpus={corpus_dir}",
        f"--tokenizer={model_file}",
        f"--output_dir={tmp_path / 'out'}",
        "--workers=1",
    ]
    with pytest.raises(SystemExit) as stopped:
        run(main, Tokens, "nemo_recipes.data", arguments)
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert "validation en" in printed.replace("  ", " ")
    assert "encoder: sentencepiece words, uint16" in printed
    with pytest.raises(SystemExit) as stopped:
        run(main, Tokens, "nemo_recipes.data", [*arguments[:1], "--tokenizer=nowhere", arguments[2]])
    assert stopped.value.code == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("nemo_recipes.data")]
    assert "nowhere: no tokenizer.json" in line
