"""Forgetting is measured against the base with its own tokenizer, on the same bytes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nemo_recipes.errors import PretrainingError
from nemo_recipes.pretrain import summary


def replaced(recipe: dict[str, Any], **parts: dict[str, Any]) -> dict[str, Any]:
    """The recipe with some settings of its parts replaced."""
    return recipe | {part: recipe[part] | settings for part, settings in parts.items()}


def validations(output: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == "validation"]


@pytest.fixture(scope="module")
def base(recipe: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, pretrain: Any) -> Path:
    """A model that learned for four steps, with a tokenizer of all merges."""
    output = tmp_path_factory.mktemp("base") / "run"
    pretrain(replaced(recipe, training={"token_budget": 4 * 4 * 32}), output)
    return output


@pytest.fixture(scope="module")
def other(recipe: dict[str, Any], corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another tokenizer, with 20 merges only, and its token files of the same corpus beside it."""
    from nemo_recipes.data.settings import Tokens
    from nemo_recipes.data.token_files import encode

    small = tmp_path_factory.mktemp("other") / "tokenizer"
    shutil.copytree(recipe["data"]["tokenizer"], small)
    content = json.loads((small / "tokenizer.json").read_text())
    content["model"]["merges"] = content["model"]["merges"][:20]
    content["model"]["vocab"] = {
        piece: number for piece, number in content["model"]["vocab"].items() if number < 278
    }
    (small / "tokenizer.json").write_text(json.dumps(content))
    tokens = str(small.parent / "tokens")
    encode(
        Tokens(
            corpus=str(corpus_dir), tokenizer=str(small), output_dir=tokens, validation_share=0.1, workers=1
        )
    )
    return small


@pytest.mark.parametrize("route", ["corpus", "token files"])
def test_the_bases_figures_are_those_of_its_own_run(
    recipe: dict[str, Any],
    base: Path,
    other: Path,
    corpus_dir: Path,
    tmp_path: Path,
    route: str,
    pretrain: Any,
) -> None:
    """What the base scored at the end of its run is what it scores here, where another tokenizer cuts the texts."""
    model: dict[str, Any] = {"base": str(base / "model")}
    data: dict[str, Any] = {"tokenizer": str(other), "tokens": str(other.parent / "tokens")}
    if route == "corpus":
        data["corpus"] = str(corpus_dir)
    else:
        model["base_tokens"] = recipe["data"]["tokens"]
    output = tmp_path / "run"
    manifest = pretrain(
        replaced(recipe, model=model, data=data, training={"token_budget": 2 * 4 * 32}), output
    )
    last = validations(base)[-1]
    for part in ("sets", "languages", "domains"):
        assert manifest["base"][part] == last[part]
    first, *_, end = validations(output)
    assert first["languages"]["en"]["bytes"] == last["languages"]["en"]["bytes"]
    assert first["languages"]["en"]["labels"] != last["languages"]["en"]["labels"]
    before = last["languages"]["en"]["bits_per_byte"]
    assert first["forgetting"] == first["languages"]["en"]["bits_per_byte"] - before != 0
    assert manifest["result"]["forgetting"] == end["languages"]["en"]["bits_per_byte"] - before
    assert manifest["result"]["forgetting_against"] == "base"
    assert f"(the base {before:.3f})" in summary(manifest, "out")
    page = (output / "report.html").read_text()
    assert "bits per byte of the base" in page
    assert "against the base" in page


def test_a_run_that_goes_on_does_not_measure_again(
    recipe: dict[str, Any],
    base: Path,
    corpus_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    pretrain: Any,
) -> None:
    output = tmp_path / "run"
    settings: dict[str, Any] = {
        "model": {"base": str(base / "model")},
        "data": {"corpus": str(corpus_dir)},
        "training": {"token_budget": 2 * 4 * 32},
    }
    before = pretrain(replaced(recipe, **settings), output)
    assert "measuring the base" in capsys.readouterr().err
    again = pretrain(replaced(recipe, **settings), output)
    assert "measuring the base" not in capsys.readouterr().err
    assert again["base"] == before["base"]


def test_a_base_without_its_texts_is_refused(
    recipe: dict[str, Any], base: Path, tmp_path: Path, pretrain: Any
) -> None:
    with pytest.raises(PretrainingError, match=r"data.corpus, where the texts are, is empty"):
        pretrain(replaced(recipe, model={"base": str(base / "model")}), tmp_path / "run")


def test_token_files_of_another_tokenizer_are_refused(
    recipe: dict[str, Any], base: Path, other: Path, tmp_path: Path, pretrain: Any
) -> None:
    model = {"base": str(base / "model"), "base_tokens": str(other.parent / "tokens")}
    message = r"has 400 ids .* were made with 278 and 0: give token files of the tokenizer of model.base"
    with pytest.raises(PretrainingError, match=message):
        pretrain(replaced(recipe, model=model), tmp_path / "run")
