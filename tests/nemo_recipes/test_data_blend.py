"""The blend is what the plan says, to the sequence, and the same each time; weights and their mistakes."""

from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from corpus.mixture.plan import plan as plan_mixture
from corpus.mixture.settings import Mixture
from nemo_recipes.data.megatron_files import read_ids
from nemo_recipes.data.preparation import prepare
from nemo_recipes.data.settings import Data, Tokens
from nemo_recipes.data.token_directory import TokenDirectory, open_token_directory
from nemo_recipes.data.token_files import encode
from nemo_recipes.data.weights import read_plan, weights_of, with_replay
from nemo_recipes.errors import PretrainingError

needs_megatron = pytest.mark.skipif(
    find_spec("megatron") is None, reason="needs megatron-core (requirements/nemo.txt)"
)


@pytest.fixture(scope="module")
def mixture(corpus_dir: Path) -> dict[str, Any]:
    return plan_mixture(Mixture(corpus=str(corpus_dir), total_tokens=1_000_000))


@pytest.fixture(scope="module")
def directory(corpus_dir: Path, model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> TokenDirectory:
    output = tmp_path_factory.mktemp("tokens")
    encode(
        Tokens(
            corpus=str(corpus_dir),
            tokenizer=str(model_file),
            output_dir=str(output),
            validation_share=0.1,
            workers=1,
        )
    )
    return open_token_directory(output)


def test_weights_are_the_plans(mixture: dict[str, Any], directory: TokenDirectory) -> None:
    weights = weights_of(mixture, directory)
    assert sum(weights.values()) == pytest.approx(1)
    for row in mixture["components"]:
        assert weights[f"{row['source']}-{row['language']}-{row['domain']}"] == pytest.approx(
            row["probability"]
        )
    english = sum(weight for name, weight in weights.items() if "-en-" in name)
    assert english == pytest.approx(0.55)  # ALLaM's share


def test_replay_gives_a_language_its_share_and_keeps_proportions(
    mixture: dict[str, Any], directory: TokenDirectory
) -> None:
    plain, replayed = weights_of(mixture, directory), weights_of(mixture, directory, 0.2, "en")
    for language, share, before in (("en", 0.2, 0.55), ("ar", 0.8, 0.45)):
        names = [name for name in plain if f"-{language}-" in name]
        assert sum(replayed[name] for name in names) == pytest.approx(share)
        assert all(replayed[name] / plain[name] == pytest.approx(share / before) for name in names)
    assert all("-en-" not in name for name in weights_of(mixture, directory, 0.0, "en"))
    assert all("-en-" in name for name in weights_of(mixture, directory, 1.0, "en"))
    with pytest.raises(PretrainingError, match="no text of language 'fr'"):
        with_replay(plain, directory.parts, 0.1, "fr")
    with pytest.raises(PretrainingError, match="no text of languages other than 'en'"):
        with_replay({"wiki-en-encyclopedia": 1.0}, directory.parts, 0.1, "en")


def test_plans_that_do_not_fit_are_refused(mixture: dict[str, Any], directory: TokenDirectory) -> None:
    with pytest.raises(PretrainingError, match="of another corpus than the plan's"):
        weights_of(mixture | {"corpus_manifest_sha256": "0" * 64}, directory)
    other = {"source": "books", "language": "ar", "domain": "books", "probability": 0.5}
    with pytest.raises(
        PretrainingError, match=r"gives books \(ar, books\) a share of 0.5000, but there are no training"
    ):
        weights_of(mixture | {"components": [*mixture["components"], other]}, directory)


@pytest.mark.parametrize(
    "content", ["", "[1]", "components: [{source: a}]", "components: {", "components: 3"]
)
def test_what_is_no_plan_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.yaml").write_text(content)
    with pytest.raises(PretrainingError, match="not the plan of a mixture"):
        read_plan(tmp_path / "plan.yaml")
    with pytest.raises(PretrainingError, match="no plan of a mixture is there"):
        read_plan(tmp_path / "other.yaml")


def test_preparing_makes_what_is_missing(
    corpus_dir: Path, model_file: Path, mixture: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(mixture))
    data = Data(corpus=str(corpus_dir), plan=str(tmp_path / "plan.yaml"), validation_share=0.1, workers=1)
    with pytest.raises(PretrainingError, match=r"no token files here, and data\.tokenizer is empty"):
        prepare(data, tmp_path)
    first = prepare(data, tmp_path, str(model_file))
    assert first.directory.path == tmp_path / "tokens"
    used = Data(tokens=str(tmp_path / "tokens"), plan=str(tmp_path / "plan.yaml"))
    assert prepare(used, tmp_path / "elsewhere") == first
    with pytest.raises(PretrainingError, match=r"data\.plan is empty"):
        prepare(Data(tokens=str(tmp_path / "tokens")), tmp_path)


@needs_megatron
def test_the_blend_is_the_plan_within_half_a_percent(
    mixture: dict[str, Any], directory: TokenDirectory, tmp_path: Path
) -> None:
    weights = weights_of(mixture, directory)
    blend = make(directory, weights, tmp_path, num_sequences=4000)
    tokens: dict[str, int] = dict.fromkeys(blend.names, 0)
    for number in range(len(blend.sequences)):
        sample = blend.sequences[number]
        tokens[blend.names[int(sample["part"])]] += len(sample["labels"])
    assert sum(tokens.values()) == 4000 * 32  # the exact budget
    for name, weight in weights.items():
        assert abs(tokens[name] / (4000 * 32) - weight) < 0.005 * weight
    assert {row["part"]: row["tokens"] for row in blend.rows()} == tokens


@needs_megatron
def test_sequences_are_consecutive_tokens_of_their_part(
    mixture: dict[str, Any], directory: TokenDirectory, tmp_path: Path
) -> None:
    blend = make(directory, weights_of(mixture, directory), tmp_path, num_sequences=300)
    texts: dict[str, set[tuple[int, ...]]] = {}
    for part in directory.parts:
        ids, lengths = read_ids(directory.prefix(part, "train"))
        texts[part.name] = {tuple(piece[:-1]) for piece in np.split(ids, np.cumsum(lengths)[:-1])}
    whole = 0
    for number in range(300):
        sample = blend.sequences[number]
        assert torch.equal(sample["tokens"][1:], sample["labels"][:-1])
        assert sample["position_ids"].tolist() == list(range(32))
        assert sample["loss_mask"].tolist() == [1.0] * 32
        ends = (sample["tokens"] == directory.end_id).nonzero().flatten().tolist()
        for start, stop in pairwise(ends):  # documents that lie wholly inside
            assert (
                tuple(sample["tokens"][start + 1 : stop].tolist()) in texts[blend.names[int(sample["part"])]]
            )
            whole += 1
    assert whole > 20


@needs_megatron
def test_the_order_hangs_on_the_seed_and_the_files_alone(
    mixture: dict[str, Any], directory: TokenDirectory, tmp_path: Path
) -> None:
    weights = weights_of(mixture, directory)

    def order(cache: str, **others: Any) -> list[list[int]]:
        blend = make(directory, weights, tmp_path / cache, num_sequences=64, **others)
        return [blend.sequences[number]["tokens"].tolist() for number in range(64)]

    first = order("one")
    assert order("one") == first  # from the cache
    assert order("two") == first  # built anew
    assert order("one", seed=2) != first
    assert not torch.distributed.is_initialized()  # the borrowed process group is gone


@needs_megatron
def test_one_part_alone_and_a_text_read_many_times(directory: TokenDirectory, tmp_path: Path) -> None:
    (sports,) = [part for part in directory.parts if part.domain == "sports"]
    blend = make(directory, {sports.name: 1.0}, tmp_path, num_sequences=sports.train_tokens // 32 * 5)
    assert blend.rows() == [
        {"part": sports.name, "planned": 1.0, "sampled": 1.0, "tokens": len(blend.sequences) * 32}
    ]
    assert len({tuple(blend.sequences[n]["tokens"].tolist()) for n in range(len(blend.sequences))}) > 100


@needs_megatron
def test_resetting_keeps_documents_apart(
    mixture: dict[str, Any], directory: TokenDirectory, tmp_path: Path
) -> None:
    """A model gives each document of a packed sequence the scores that it gives the document alone."""
    from transformers import LlamaConfig, LlamaForCausalLM

    blend = make(
        directory, weights_of(mixture, directory), tmp_path, num_sequences=40, reset_at_documents=True
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=directory.vocab_size, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    checked = 0
    for number in range(40):
        sample = blend.sequences[number]
        ends = (sample["tokens"] == directory.end_id).nonzero().flatten().tolist()
        starts = [0, *(end + 1 for end in ends)]
        expected = torch.cat([torch.arange(b - a) for a, b in zip(starts, [*starts[1:], 32], strict=True)])
        assert torch.equal(sample["position_ids"], expected)
        assert torch.equal(sample["loss_mask"] == 0, sample["tokens"] == directory.end_id)
        if not ends or checked == 3:
            continue
        with torch.no_grad():
            packed = model(
                sample["tokens"][None], position_ids=sample["position_ids"][None], use_cache=False
            ).logits[0]
            for a, b in zip(starts, [*starts[1:], 32], strict=True):
                if b > a:
                    alone = model(sample["tokens"][None, a:b], use_cache=False).logits[0]
                    torch.testing.assert_close(packed[a:b], alone, rtol=1e-4, atol=1e-5)
        checked += 1
    assert checked == 3


def make(directory: TokenDirectory, weights: dict[str, float], cache: Path, **others: Any) -> Any:
    from nemo_recipes.data.blend import make_blend

    given = {"num_sequences": 100, "sequence_length": 32, "seed": 1, "cache": cache} | others
    return make_blend(directory, weights, **given)
