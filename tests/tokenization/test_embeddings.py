"""Expanded checkpoints, end to end: against transformers, bit for bit, and through faults and kills."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from corpus.command_line import run
from corpus.pipeline.atomic import sha256_of
from tokenization.embeddings import Embeddings
from tokenization.embeddings.__main__ import main
from tokenization.embeddings.apply import apply
from tokenization.errors import TokenizationError

SPECIALS = ["<unk>", "<s>", "</s>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
LETTERS = ["▁", *"abcdehlorstw", *"ابتلكم"]
JOINS = [("▁", "t"), ("h", "e"), ("▁t", "he"), ("o", "r"), ("l", "l")]
BASE = [*SPECIALS, *BYTES, *LETTERS, *("".join(pair) for pair in JOINS)]
LEARNED = ["ال", "كت", "كتا", "كتاب", "▁ال", "▁الكتاب", "لم", "ث"]
ARABIC_JOINS = [("ا", "ل"), ("ك", "ت"), ("كت", "ا"), ("كتا", "ب"), ("▁", "ال"), ("▁ال", "كتاب"), ("ل", "م")]
SIZE = 384  # the base's 283 pieces, 8 new ones, and reserve up to a multiple of 128


def tokenizer_json(pieces: list[str], joins: list[tuple[str, str]]) -> dict[str, Any]:
    """A byte-fallback BPE shaped like Llama-2's."""
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": number, "content": piece, "single_word": False, "lstrip": False, "rstrip": False}
            | {"normalized": False, "special": True}
            for number, piece in enumerate(SPECIALS)
        ],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {"type": "ByteFallback"},
        "model": {
            "type": "BPE",
            "vocab": {piece: number for number, piece in enumerate(pieces)},
            "merges": [list(join) for join in joins],
            "unk_token": "<unk>",
            "byte_fallback": True,
            "fuse_unk": True,
        },
    }


def write_tokenizer(directory: Path, pieces: list[str], joins: list[tuple[str, str]]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "tokenizer.json").write_text(json.dumps(tokenizer_json(pieces, joins)), encoding="utf-8")
    named = {"bos_token": "<s>", "eos_token": "</s>", "tokenizer_class": "PreTrainedTokenizerFast"}
    (directory / "tokenizer_config.json").write_text(json.dumps(named), encoding="utf-8")


def base_ids(piece: str) -> list[int]:
    """The base's own cut: none of its joins is Arabic, so letters, and bytes for letters that it lacks."""
    ids = {name: number for number, name in enumerate(BASE)}
    return [
        number
        for letter in piece
        for number in ([ids[letter]] if letter in ids else [ids[f"<0x{b:02X}>"] for b in letter.encode()])
    ]


def sign(directory: Path) -> None:
    files = {path.name: sha256_of(path) for path in directory.iterdir() if path.name != "manifest.json"}
    (directory / "manifest.json").write_text(json.dumps({"files": files}), encoding="utf-8")


def write_expansion(
    directory: Path, base: list[str] = BASE, size: int = SIZE, learned: list[str] = LEARNED
) -> Path:
    reserve = [f"<|reserve_{number}|>" for number in range(size - len(base) - len(learned))]
    joins = dict(zip(LEARNED, ARABIC_JOINS, strict=False))
    write_tokenizer(
        directory,
        [*base, *learned, *reserve],
        [*JOINS, *(joins[piece] for piece in learned if piece in joins)],
    )
    new = [*learned, *reserve]
    ids = {piece: number for number, piece in enumerate([*base, *learned])}
    parts = [[ids[part] for part in joins[piece]] if piece in joins else base_ids(piece) for piece in learned]
    frame = pl.DataFrame(
        {
            "id": pl.Series(range(len(base), size), dtype=pl.Int32),
            "piece": new,
            "text": [*(piece.replace("▁", " ") for piece in learned), *[None] * len(reserve)],
            "base_ids": pl.Series([*map(base_ids, learned), *[[]] * len(reserve)], dtype=pl.List(pl.Int32)),
            "parts": pl.Series([*parts, *[[]] * len(reserve)], dtype=pl.List(pl.Int32)),
            "role": [*["learned"] * len(learned), *["reserve"] * len(reserve)],
            "count": pl.Series([9] * len(new), dtype=pl.Int64),
        }
    )
    frame.write_parquet(directory / "pieces.parquet")
    sign(directory)
    return directory


def write_model(
    directory: Path, rows: int = len(BASE), seed: int = 0, shard: str = "1GB", **config: Any
) -> Path:
    """A tiny random Llama with the tokenizer of the base."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    dtype = config.pop("dtype", torch.float32)
    settings = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    settings |= {"bos_token_id": 1, "eos_token_id": 2, "vocab_size": rows, "max_position_embeddings": 64}
    model = LlamaForCausalLM(LlamaConfig(**(settings | config))).to(dtype)
    model.save_pretrained(directory, max_shard_size=shard)
    write_tokenizer(directory, BASE, JOINS)
    return directory


@pytest.fixture(scope="module")
def expansion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_expansion(tmp_path_factory.mktemp("expansion"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"), shard="20KB")


def settings(checkpoint: Path, tokenizer: Path, output: Path, **given: Any) -> Embeddings:
    return Embeddings(checkpoint=str(checkpoint), tokenizer=str(tokenizer), output_dir=str(output), **given)


def tensors(directory: Path) -> dict[str, Any]:
    return {
        name: array
        for path in sorted(directory.glob("*.safetensors"))
        for name, array in load_file(path).items()
    }


def load(directory: Path) -> Any:
    from transformers import LlamaForCausalLM

    return LlamaForCausalLM.from_pretrained(directory, dtype="auto").eval()


def slow_mean(matrix: Any) -> Any:
    """Rows of the new pieces one by one, in torch and float64; reserve rows are the mean of all."""
    import torch

    wide = matrix.double()
    rows = [wide[base_ids(piece)].mean(0) for piece in LEARNED]
    rows += [wide.mean(0)] * (SIZE - len(BASE) - len(LEARNED))
    return torch.stack(rows)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("shard", ["1GB", "20KB"])
def test_is_what_resizing_and_setting_rows_in_transformers_gives(
    tied: bool, shard: str, expansion: Path, tmp_path: Path
) -> None:
    import torch

    base = write_model(tmp_path / "base", shard=shard, tie_word_embeddings=tied, num_hidden_layers=1)
    apply(settings(base, expansion, tmp_path / "out"))
    assert (len(list(base.glob("*.safetensors"))) > 1) == (shard == "20KB")
    theirs = load(base)
    theirs.resize_token_embeddings(SIZE, mean_resizing=False)
    with torch.no_grad():
        for matrix in (theirs.get_input_embeddings().weight, theirs.get_output_embeddings().weight):
            matrix[len(BASE) :] = slow_mean(matrix[: len(BASE)]).float()
    ours = load(tmp_path / "out")
    assert ours.config.vocab_size == SIZE
    assert ours.config.to_dict() == theirs.config.to_dict() | {"_name_or_path": str(tmp_path / "out")}
    assert (ours.lm_head.weight is ours.model.embed_tokens.weight) == tied
    states = ours.state_dict(), theirs.state_dict()
    assert states[0].keys() == states[1].keys()
    for name, tensor in states[0].items():
        grown = tensor.shape[0] == SIZE
        assert torch.equal(
            tensor[: len(BASE)] if grown else tensor, states[1][name][: len(BASE) if grown else None]
        )
        torch.testing.assert_close(tensor, states[1][name], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_old_rows_and_logits_of_old_ids_keep_their_bits(dtype: str, expansion: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoTokenizer

    base = write_model(tmp_path / "base", dtype=getattr(torch, dtype))
    apply(settings(base, expansion, tmp_path / "out", norms="parts"))
    before, after = load(base), load(tmp_path / "out")
    assert after.dtype == getattr(torch, dtype)
    for name, old in before.state_dict().items():
        assert torch.equal(old, after.state_dict()[name][: len(old)]), name
    text = "the world or the letters, the rolls"
    tokenizers = [AutoTokenizer.from_pretrained(path) for path in (base, tmp_path / "out")]
    ids = [
        tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
        for tokenizer in tokenizers
    ]
    assert torch.equal(*ids)
    with torch.no_grad():
        states = [model.model(ids[0]).last_hidden_state for model in (before, after)]
        assert torch.equal(*states)
        # The kernel of a wider matrix may add in another order, so the same rows are multiplied in the same shape.
        old = [states[0] @ model.lm_head.weight[: len(BASE)].T for model in (before, after)]
        assert torch.equal(*old)
        assert torch.equal(old[0], before(ids[0]).logits)
        torch.testing.assert_close(after(ids[0]).logits[..., : len(BASE)], old[0])


def test_rows_are_stored_as_the_nearest_value_of_the_type(expansion: Path, tmp_path: Path) -> None:
    import torch

    base = write_model(tmp_path / "base", dtype=torch.bfloat16)
    apply(settings(base, expansion, tmp_path / "out"))
    matrix = load(base).model.embed_tokens.weight.detach()
    rows = load(tmp_path / "out").model.embed_tokens.weight.detach()[len(BASE) :]
    # float32 sums may round to the other neighbor where the exact mean lies halfway.
    torch.testing.assert_close(rows.double(), slow_mean(matrix), rtol=2**-8, atol=1e-9)
    assert (rows == slow_mean(matrix).bfloat16()).float().mean() > 0.99


@pytest.mark.parametrize(
    "given_settings",
    [
        {"method": "length_weighted"},
        {"method": "random"},
        {"method": "random", "statistics": "dimensions"},
        {"method": "mean", "norms": "base"},
    ],
)
def test_every_method_sets_every_row(
    given_settings: dict[str, Any], model: Path, expansion: Path, tmp_path: Path
) -> None:
    manifest = apply(settings(model, expansion, tmp_path / "one", **given_settings))
    apply(settings(model, expansion, tmp_path / "two", **given_settings))
    one, two = tensors(tmp_path / "one"), tensors(tmp_path / "two")
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        np.testing.assert_array_equal(one[name], two[name])
        assert one[name].shape == (SIZE, 32)
        learned = one[name][len(BASE) : len(BASE) + len(LEARNED)]
        assert len(np.unique(learned, axis=0)) == len(LEARNED)
        center = one[name][: len(BASE)].mean(axis=0, dtype=np.float64)
        np.testing.assert_allclose(one[name][len(BASE) + len(LEARNED) :], [center] * 93, rtol=1e-5, atol=1e-8)
    assert [matrix["name"] for matrix in manifest["matrices"]] == [
        "model.embed_tokens.weight",
        "lm_head.weight",
    ]
    if given_settings["method"] == "random":
        assert not np.array_equal(one["lm_head.weight"][-101:-93], one["model.embed_tokens.weight"][-101:-93])


def test_similarity_learns_from_a_corpus(model: Path, expansion: Path, tmp_path: Path) -> None:
    shards = tmp_path / "corpus" / "shards"
    shards.mkdir(parents=True)
    texts = ["the الكتاب كتاب the لم كتا", "world letter ث ث"] * 40
    pl.DataFrame({"id": [str(number) for number in range(80)], "text": texts}).write_parquet(
        shards / "a.parquet"
    )
    manifest = apply(
        settings(
            model, expansion, tmp_path / "out", method="similarity", corpus=str(tmp_path / "corpus"),
        )
    )  # fmt: skip
    account = manifest["weights"]
    assert account["new_pieces_compared"] == 5  # ال, كت and ▁ال stand only inside of longer pieces
    assert account["new_pieces_by_mean"] == 3
    rows = tensors(tmp_path / "out")["lm_head.weight"]
    old = rows[: len(BASE)]
    for piece in ("ال", "كت", "▁ال"):
        mean = old[base_ids(piece)].mean(axis=0)
        np.testing.assert_allclose(rows[len(BASE) + LEARNED.index(piece)], mean, rtol=1e-5, atol=1e-7)


def test_index_config_and_files(model: Path, expansion: Path, tmp_path: Path) -> None:
    base = shutil.copytree(model, tmp_path / "base")
    (base / "LICENSE").write_text("free", encoding="utf-8")
    (base / "pytorch_model.bin").write_bytes(b"old weights")
    (base / "original").mkdir()
    (base / "special_tokens_map.json").write_text("{}", encoding="utf-8")
    template = json.loads((base / "tokenizer_config.json").read_text()) | {"chat_template": "{{ messages }}"}
    (base / "tokenizer_config.json").write_text(json.dumps(template), encoding="utf-8")
    apply(settings(base, expansion, tmp_path / "out"))
    out = tmp_path / "out"
    index = json.loads((out / "model.safetensors.index.json").read_text())
    old = json.loads((base / "model.safetensors.index.json").read_text())
    found = tensors(out)
    assert index["metadata"]["total_size"] == sum(array.nbytes for array in found.values())
    assert index["metadata"]["total_parameters"] == sum(array.size for array in found.values())
    assert index["weight_map"] == old["weight_map"]
    for name, file in index["weight_map"].items():
        with safe_open(out / file, framework="np") as opened:
            assert name in opened.keys()  # noqa: SIM118
    changed = {
        file for name, file in old["weight_map"].items() if name.startswith(("lm_head", "model.embed"))
    }
    for path in base.glob("*.safetensors"):
        assert ((out / path.name).read_bytes() == path.read_bytes()) == (path.name not in changed)
    configs = [json.loads((path / "config.json").read_text()) for path in (base, out)]
    assert configs[1] == configs[0] | {"vocab_size": SIZE}
    assert (out / "tokenizer.json").read_bytes() == (expansion / "tokenizer.json").read_bytes()
    assert (out / "tokenizer_config.json").read_bytes() == (expansion / "tokenizer_config.json").read_bytes()
    assert (out / "chat_template.jinja").read_text() == "{{ messages }}"
    assert (out / "LICENSE").read_text() == "free"
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["left_out"] == ["original", "pytorch_model.bin", "special_tokens_map.json"]
    assert {path.name for path in out.iterdir()} == {file["name"] for file in manifest["files"]} | {
        "manifest.json"
    }
    assert manifest["sizes"] == {
        "base": len(BASE), "pieces": len(LEARNED), "reserve": 93, "rows_before": len(BASE), "rows": SIZE, "tied": False,
    }  # fmt: skip


def test_padding_of_the_base_makes_room(expansion: Path, tmp_path: Path) -> None:
    base = write_model(tmp_path / "base", rows=512)  # more than the expansion needs, as Qwen's has
    manifest = apply(settings(base, expansion, tmp_path / "out"))
    before, after = tensors(base)["lm_head.weight"], tensors(tmp_path / "out")["lm_head.weight"]
    assert after.shape == (SIZE, 32)
    np.testing.assert_array_equal(after[: len(BASE)], before[: len(BASE)])
    np.testing.assert_allclose(after[-1], before[: len(BASE)].mean(axis=0), rtol=1e-5, atol=1e-8)
    assert "229 rows beyond its 283 pieces" in manifest["notes"][0]
    assert load(tmp_path / "out").config.vocab_size == SIZE


def test_stages_keep_the_rows_that_an_earlier_stage_trained(
    model: Path, expansion: Path, tmp_path: Path
) -> None:
    first = write_expansion(tmp_path / "first", learned=LEARNED[:4])
    apply(settings(model, first, tmp_path / "one"))
    name = "model-00001-of-00006.safetensors"
    trained = {key: array + np.float32(1) for key, array in load_file(tmp_path / "one" / name).items()}
    save_file(trained, tmp_path / "one" / name)
    manifest = apply(settings(tmp_path / "one", expansion, tmp_path / "two"))
    assert manifest["notes"][0] == "note: 4 pieces of an earlier stage keep their rows"
    assert (manifest["sizes"]["pieces"], manifest["sizes"]["reserve"]) == (4, 93)
    before, after = load_file(tmp_path / "one" / name), load_file(tmp_path / "two" / name)
    ((key, rows),) = after.items()
    np.testing.assert_array_equal(rows[: len(BASE) + 4], before[key][: len(BASE) + 4])
    ids = {piece: number for number, piece in enumerate([*BASE, *LEARNED])}
    # The first stage cuts ▁الكتاب into ▁, ال and كتاب, whose rows it has trained.
    mean = rows[[ids["▁"], ids["ال"], ids["كتاب"]]].mean(axis=0)
    np.testing.assert_allclose(rows[ids["▁الكتاب"]], mean, rtol=1e-5)


def test_a_tied_matrix_that_is_stored_twice_stays_one(model: Path, expansion: Path, tmp_path: Path) -> None:
    base = write_model(tmp_path / "base", tie_word_embeddings=True)
    held = load_file(base / "model.safetensors")
    held["lm_head.weight"] = held["model.embed_tokens.weight"].copy()
    save_file(held, base / "model.safetensors", metadata={"format": "pt"})
    manifest = apply(settings(base, expansion, tmp_path / "out", method="random"))
    assert manifest["sizes"]["tied"]
    found = tensors(tmp_path / "out")
    np.testing.assert_array_equal(found["lm_head.weight"], found["model.embed_tokens.weight"])
    held["lm_head.weight"][3, 3] += 1
    save_file(held, base / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(TokenizationError, match=r"tie_word_embeddings is true, but .* differ"):
        apply(settings(base, expansion, tmp_path / "other"))


def test_tensors_of_any_type_pass_through(expansion: Path, tmp_path: Path) -> None:
    """numpy knows no float8 and no bfloat16: what is not grown is copied as bytes."""
    import torch
    from safetensors.torch import load_file as load_torch
    from safetensors.torch import save_file as save_torch

    base = write_model(tmp_path / "base")
    held = load_torch(base / "model.safetensors")
    held["model.extra.scale"] = torch.arange(7).to(torch.float8_e4m3fn)
    held["model.extra.bits"] = torch.tensor([True, False, True])
    held["model.extra.half"] = torch.rand(3, 5).bfloat16()
    held["model.extra.one"] = torch.tensor(3.0)
    held["model.extra.none"] = torch.zeros(0, 4)
    save_torch(held, base / "model.safetensors", metadata={"format": "pt"})
    apply(settings(base, expansion, tmp_path / "out"))
    found = load_torch(tmp_path / "out" / "model.safetensors")
    assert found.keys() == held.keys()
    for name, tensor in held.items():
        part = found[name][: len(tensor)] if found[name].shape[:1] == (SIZE,) else found[name]
        assert part.dtype == tensor.dtype
        assert torch.equal(part.reshape(-1).view(torch.uint8), tensor.reshape(-1).view(torch.uint8)), name
    with safe_open(tmp_path / "out" / "model.safetensors", framework="np") as opened:
        assert opened.metadata() == {"format": "pt"}


PEAK = """
import resource, sys
from tokenization.embeddings import Embeddings
from tokenization.embeddings.apply import apply
checkpoint, tokenizer, one, two = sys.argv[1:]
import numpy, polars, scipy.sparse
apply(Embeddings(checkpoint=one, tokenizer=tokenizer, output_dir=two + "/small"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
apply(Embeddings(checkpoint=checkpoint, tokenizer=tokenizer, output_dir=two + "/large"))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_memory_does_not_grow_with_the_checkpoint(model: Path, expansion: Path, tmp_path: Path) -> None:
    """A shard with the matrix and 100 MB besides, and another 40 MB shard: the peak rises by less than 32 MB."""
    base = shutil.copytree(model, tmp_path / "base")
    index = json.loads((base / "model.safetensors.index.json").read_text())
    name = index["weight_map"]["model.embed_tokens.weight"]
    held = load_file(base / name) | {"model.large": np.ones((25, 1_000_000), np.float32)}
    save_file(held, base / name)
    save_file({"model.other": np.ones(10_000_000, np.float32)}, base / "other.safetensors")
    index["weight_map"] |= {"model.large": name, "model.other": "other.safetensors"}
    (base / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    del held
    done = subprocess.run(
        [sys.executable, "-c", PEAK, base, expansion, model, tmp_path / "out"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert (tmp_path / "out" / "large" / name).stat().st_size > 100_000_000
    assert int(done.stdout) < 32_000_000
    with safe_open(tmp_path / "out" / "large" / name, framework="np") as opened:
        assert opened.get_slice("model.large")[24:].sum() == 1_000_000
    shutil.rmtree(tmp_path / "out")
    shutil.rmtree(base)


def everything(directory: Path) -> dict[str, bytes]:
    """All files, and the manifest but for what varies by run."""
    found = {path.name: path.read_bytes() for path in directory.iterdir()}
    manifest = json.loads(found.pop("manifest.json"))
    manifest.pop("run")
    return found | {"manifest.json": json.dumps(manifest, sort_keys=True).encode()}


KILLED = """
import os, signal, sys
from pathlib import Path
from tokenization.embeddings import output_files, tensor_file, Embeddings
from tokenization.embeddings.apply import apply
checkpoint, tokenizer, output, file_number = sys.argv[1:]
copy, done = tensor_file.copy_bytes, []
def dying(source, target, count, progress):
    done.append(source.name)
    if len(set(done)) > int(file_number):
        target.write(source.read(count // 2))
        target.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    copy(source, target, count, progress)
tensor_file.copy_bytes = dying
apply(Embeddings(checkpoint=checkpoint, tokenizer=tokenizer, output_dir=output))
"""


@pytest.mark.parametrize("file_number", [0, 3])
def test_a_kill_leaves_no_output_and_the_same_command_goes_on(
    file_number: int, model: Path, expansion: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, model, expansion, output, str(file_number)],
        check=False, capture_output=True,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL
    assert not output.exists()
    staging = tmp_path / ".out.unfinished"
    kept = {path.name: path.stat().st_ino for path in staging.glob("model-*")}
    assert len(kept) == file_number
    apply(settings(model, expansion, output))
    assert not staging.exists()
    assert {name: (output / name).stat().st_ino for name in kept} == kept  # not copied again
    apply(settings(model, expansion, tmp_path / "whole"))
    assert everything(output) == everything(tmp_path / "whole")


def test_what_another_run_left_is_not_used(model: Path, expansion: Path, tmp_path: Path) -> None:
    staging = tmp_path / ".out.unfinished"
    staging.mkdir()
    (staging / "plan.json").write_text('{"format": 0}', encoding="utf-8")
    (staging / "model-00001-of-00006.safetensors").write_bytes(b"of another model")
    (staging / "more").mkdir()
    apply(settings(model, expansion, tmp_path / "out"))
    assert load(tmp_path / "out").config.vocab_size == SIZE
    assert not (tmp_path / "out" / "more").exists()


def test_the_same_command_again_finds_it_done_and_another_is_refused(
    model: Path, expansion: Path, tmp_path: Path
) -> None:
    first = apply(settings(model, expansion, tmp_path / "out"))
    inode = (tmp_path / "out").stat().st_ino
    assert apply(settings(model, expansion, tmp_path / "out")) == first
    assert (tmp_path / "out").stat().st_ino == inode
    with pytest.raises(TokenizationError, match="is there already"):
        apply(settings(model, expansion, tmp_path / "out", method="random"))


def test_a_full_disk_is_one_line_and_leaves_no_output(
    model: Path,
    expansion: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import errno

    from tokenization.embeddings import tensor_file

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tensor_file, "copy_bytes", full)
    arguments = [
        "--checkpoint",
        str(model),
        "--tokenizer",
        str(expansion),
        "--output_dir",
        str(tmp_path / "out"),
    ]
    assert command(arguments) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("it continues from here")
    assert not (tmp_path / "out").exists()


def command(arguments: list[str]) -> int:
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        run(main, Embeddings, "tokenization.embeddings", arguments)
    signal.signal(signal.SIGTERM, handler)
    return int(ended.value.code or 0)


def test_the_command_says_what_it_made(
    model: Path, expansion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--checkpoint", str(model), "--tokenizer", str(expansion), "--output_dir", str(out)]
    assert command(arguments) == 0
    printed = capsys.readouterr().out
    assert "283 rows became 384" in printed
    assert "new pieces    8, by mean" in printed
    assert str(out / "manifest.json") in printed


def drop(name: str) -> Callable[[Path, Path], None]:
    return lambda base, _: (base / name).unlink()


def write(name: str, content: str) -> Callable[[Path, Path], None]:
    return lambda base, _: (base / name).write_text(content, encoding="utf-8")


def edit(name: str, **values: Any) -> Callable[[Path, Path], None]:
    def change(base: Path, _: Path) -> None:
        content = json.loads((base / name).read_text(encoding="utf-8"))
        (base / name).write_text(json.dumps(content | values), encoding="utf-8")

    return change


def cut_short(base: Path, _: Path) -> None:
    path = base / "model-00003-of-00006.safetensors"
    path.write_bytes(path.read_bytes()[:-9])


def pickled(base: Path, _: Path) -> None:
    for path in [*base.glob("*.safetensors"), base / "model.safetensors.index.json"]:
        path.unlink()
    (base / "pytorch_model.bin").write_bytes(b"\x80\x04.")


def of_other_base(base: Path, _: Path) -> None:
    write_tokenizer(base, [*BASE[:-2], "xx", BASE[-1]], [])


def with_more_pieces(base: Path, _: Path) -> None:
    write_tokenizer(base, [*BASE, "<pad>"], [])


def unsigned(_: Path, expansion: Path) -> None:
    (expansion / "tokenizer_config.json").write_text("{}", encoding="utf-8")


def unfinished(_: Path, expansion: Path) -> None:
    (expansion / "manifest.json").unlink()


def larger_base(_: Path, expansion: Path) -> None:
    write_expansion(expansion, base=[*BASE, "extra"])


def infinite(base: Path, _: Path) -> None:
    path = base / "model-00005-of-00006.safetensors"
    held = {name: array.copy() for name, array in load_file(path).items()}
    held["model.embed_tokens.weight" if "model.embed_tokens.weight" in held else "lm_head.weight"][0, 0] = (
        np.inf
    )
    save_file(held, path)


def with_bias(base: Path, _: Path) -> None:
    path = base / "model-00002-of-00006.safetensors"
    save_file(load_file(path) | {"lm_head.bias": np.zeros(len(BASE), np.float32)}, path)
    index = json.loads((base / "model.safetensors.index.json").read_text())
    index["weight_map"]["lm_head.bias"] = path.name
    (base / "model.safetensors.index.json").write_text(json.dumps(index))


def no_parquet(_: Path, expansion: Path) -> None:
    (expansion / "pieces.parquet").write_bytes(b"PAR1 no")
    sign(expansion)


def unsorted_ids(_: Path, expansion: Path) -> None:
    pl.read_parquet(expansion / "pieces.parquet").reverse().write_parquet(expansion / "pieces.parquet")
    sign(expansion)


def grown_before(base: Path, expansion: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(expansion / name, base / name)


def without_parts(_: Path, expansion: Path) -> None:
    frame = pl.read_parquet(expansion / "pieces.parquet").with_columns(role=pl.lit("learned"))
    frame.write_parquet(expansion / "pieces.parquet")
    sign(expansion)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (drop("config.json"), "config.json: not there: give a Hugging Face checkpoint"),
        (write("config.json", "{"), "config.json: not JSON"),
        (
            edit("config.json", vocab_size=999),
            "vocab_size is 999, but model.embed_tokens.weight has 283 rows",
        ),
        (edit("config.json", eos_token_id=7), "eos_token_id is 7, but the tokenizer's is 2"),
        (edit("config.json", pad_token_id=384), "pad_token_id is 384, but ids end at 383"),
        (edit("generation_config.json", bos_token_id=2), "generation_config.json: bos_token_id is 2"),
        (drop("model-00004-of-00006.safetensors"), "model-00004-of-00006.safetensors: not there"),
        (cut_short, "not a whole safetensors file"),
        (edit("model.safetensors.index.json", weight_map={}), "has no weight_map"),
        (
            edit("model.safetensors.index.json", weight_map={"a": "../config.json"}),
            "must lie in the checkpoint's own directory",
        ),
        (pickled, "pickled weights are not opened"),
        (of_other_base, "which is not what"),
        (with_more_pieces, "piece 283 of its tokenizer is '<pad>', which is not what"),
        (unsigned, "tokenizer_config.json: not as the expansion wrote it"),
        (unfinished, "give the output_dir of a `python -m tokenization.expand` that has finished"),
        (larger_base, "has 283 rows, but the base of"),
        (infinite, "no finite numbers"),
        (with_bias, "lm_head.bias has 283 entries too"),
        (no_parquet, "pieces.parquet: cannot be read"),
        (unsorted_ids, "its ids are not consecutive"),
        (without_parts, "must have base_ids unless its role is reserve"),
        (grown_before, "has all pieces of"),
    ],
)
def test_unusable_input_is_one_line_and_nothing_is_written(
    break_it: Callable[[Path, Path], None], message: str, model: Path, expansion: Path, tmp_path: Path
) -> None:
    base = shutil.copytree(model, tmp_path / "base")
    pieces = shutil.copytree(expansion, tmp_path / "pieces")
    break_it(base, pieces)
    with pytest.raises(TokenizationError) as found:
        apply(settings(base, pieces, tmp_path / "out"))
    assert message in str(found.value)
    assert "\n" not in str(found.value)
    assert not (tmp_path / "out").exists()


def test_special_ids_follow_the_policy(model: Path, expansion: Path, tmp_path: Path) -> None:
    base = shutil.copytree(model, tmp_path / "base")
    edit("config.json", eos_token_id=7, bos_token_id=[9, 1])(base, base)
    apply(settings(base, expansion, tmp_path / "taken", special_ids="from_tokenizer"))
    apply(settings(base, expansion, tmp_path / "kept", special_ids="keep"))
    taken, kept = (json.loads((tmp_path / name / "config.json").read_text()) for name in ("taken", "kept"))
    assert (taken["eos_token_id"], taken["bos_token_id"]) == (2, [9, 1])  # a list agrees if it holds the id
    assert (kept["eos_token_id"], kept["bos_token_id"]) == (7, [9, 1])


def test_importing_and_applying_load_no_torch(model: Path, expansion: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from tokenization.embeddings import Embeddings; assert 'numpy' not in sys.modules; "
        "from tokenization.embeddings.apply import apply; apply(Embeddings(checkpoint=sys.argv[1], "
        "tokenizer=sys.argv[2], output_dir=sys.argv[3])); assert 'torch' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code, model, expansion, tmp_path / "out"], check=True, capture_output=True
    )
