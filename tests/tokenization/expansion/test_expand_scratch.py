"""A bilingual tokenizer from scratch on the small corpus."""

import json
from pathlib import Path
from typing import Any

import pytest

from tokenization.sentencepiece_base.claims import load_forms
from tokenization.sentencepiece_base.proto import parse


@pytest.fixture(scope="module")
def scratch_dir(expand: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("scratch") / "out"
    outcome = expand(output, pieces=0, size=900, scratch=True)
    assert "proofs       all 3 hold" in outcome.stdout
    return output


def test_has_the_size_and_settings_asked_for(scratch_dir: Path) -> None:
    proto = parse((scratch_dir / "tokenizer.model").read_bytes())
    assert len(proto.pieces) == 1024
    assert sum(piece.piece.startswith("<|reserve_") for piece in proto.pieces) == 124
    assert proto.normalizer_spec.name == "identity"
    assert not proto.trainer_spec.split_by_unicode_script


def test_harakat_stay_with_their_letters_and_digits_alone(scratch_dir: Path) -> None:
    pieces = {piece.piece for piece in parse((scratch_dir / "tokenizer.model").read_bytes()).pieces}
    assert "▁مُدَرِّسٌ" in pieces
    assert not any(piece.isdigit() and len(piece) > 1 for piece in pieces)
    forms = load_forms(scratch_dir)
    for text in ("مُدَرِّسٌ", "  two  spaces", "٢٠٢٤", "😀", ""):
        ids = {name: encode([text])[0] for name, encode in forms.items()}
        assert len({tuple(row) for row in ids.values()}) == 1


def test_same_again_and_fertility_of_both_languages(expand: Any, scratch_dir: Path, tmp_path: Path) -> None:
    expand(tmp_path / "again", pieces=0, size=900, scratch=True, workers=1)
    one, two = ((d / "tokenizer.model").read_bytes() for d in (scratch_dir, tmp_path / "again"))
    assert one == two
    manifest = json.loads((scratch_dir / "manifest.json").read_text(encoding="utf-8"))
    assert [row["slice"] for row in manifest["fertility"]] == ["ar", "en"]


def test_more_pieces_than_the_text_holds(expand: Any, tmp_path: Path) -> None:
    said = expand(tmp_path / "out", code=2, pieces=0, size=60_000, scratch=True).stderr
    assert "cannot be trained on this text" in said
    assert "Traceback" not in said
