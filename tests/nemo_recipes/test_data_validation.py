"""Validation: the same text under every tokenizer, each token predicted once."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from nemo_recipes.data.settings import Tokens
from nemo_recipes.data.token_directory import TokenDirectory, open_token_directory
from nemo_recipes.data.token_files import encode
from nemo_recipes.data.validation import EvenBatches, ValidationSet, validation_sets


@pytest.fixture(scope="module")
def directories(
    corpus_dir: Path, model_file: Path, fast_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[TokenDirectory]:
    """The same corpus under two tokenizers."""
    made = []
    for tokenizer in (model_file, fast_dir):
        output = tmp_path_factory.mktemp("tokens")
        encode(
            Tokens(
                corpus=str(corpus_dir),
                tokenizer=str(tokenizer),
                output_dir=str(output),
                validation_share=0.3,
                workers=1,
            )
        )
        made.append(open_token_directory(output))
    return made


def ids_of(one: ValidationSet) -> list[int]:
    """Labels that a loss is taken of, in order."""
    return [
        int(label)
        for number in range(len(one.sequences))
        for label, counts in zip(
            one.sequences[number]["labels"], one.sequences[number]["loss_mask"], strict=True
        )
        if counts
    ]


@pytest.mark.parametrize("megabytes", [0, 0.004])
def test_both_tokenizers_are_measured_on_the_same_documents(
    directories: list[TokenDirectory], megabytes: float
) -> None:
    ours, theirs = [validation_sets(each, sequence_length=50, megabytes=megabytes) for each in directories]
    assert [one.name for one in ours] == [
        "ar-encyclopedia",
        "ar-news",
        "en-encyclopedia",
        "en-news",
        "en-sports",
    ]
    for one, other in zip(ours, theirs, strict=True):
        assert (one.name, one.documents, one.bytes) == (other.name, other.documents, other.bytes)
        assert one.tokens != other.tokens
        if megabytes:
            assert 4000 <= one.bytes < 5000  # up to the document that reaches the limit


def test_each_token_of_each_document_is_predicted_once(
    directories: list[TokenDirectory], corpus_dir: Path, model_file: Path
) -> None:
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(model_file))
    directory = directories[0]
    rows = pl.concat(pl.read_parquet(path) for path in sorted((corpus_dir / "shards").glob("*.parquet")))
    texts = dict(rows.select("id", "text").iter_rows())
    for one in validation_sets(directory, sequence_length=50):
        parts = [
            part for part in directory.parts if (part.language, part.domain) == (one.language, one.domain)
        ]
        listed = pl.concat(directory.documents(part, "validation") for part in parts).sort("key")
        expected = [
            id_ for name in listed["id"] for id_ in (*processor.encode(texts[name]), processor.eos_id())
        ]
        assert ids_of(one) == expected
        assert one.tokens == len(expected)
        assert one.bytes == sum(len(texts[name].encode()) for name in listed["id"])
        first = one.sequences[0]
        assert int(first["tokens"][0]) == directory.end_id  # the first token is predicted too
        assert torch.equal(first["tokens"][1:], first["labels"][:-1])


def test_positions_start_again_at_documents_if_asked(directories: list[TokenDirectory]) -> None:
    plain, reset = (
        validation_sets(directories[0], sequence_length=50, reset_at_documents=wish)[0]
        for wish in (False, True)
    )
    assert ids_of(plain) == ids_of(reset)
    for number in range(len(reset.sequences)):
        tokens = reset.sequences[number]["tokens"].tolist()
        place, expected = 0, []
        for token in tokens:
            expected.append(place)
            place = 0 if token == directories[0].end_id else place + 1
        assert reset.sequences[number]["position_ids"].tolist() == expected
        assert plain.sequences[number]["position_ids"].tolist() == list(range(50))


@pytest.mark.parametrize(
    ("sequences", "micro_batch", "replicas"), [(7, 2, 3), (6, 2, 3), (1, 4, 2), (12, 1, 1)]
)
def test_replicas_share_the_sequences_evenly(sequences: int, micro_batch: int, replicas: int) -> None:
    batches = [
        list(
            EvenBatches(num_sequences=sequences, micro_batch=micro_batch, replica=replica, replicas=replicas)
        )
        for replica in range(replicas)
    ]
    assert len({len(each) for each in batches}) == 1  # or replicas would wait for one another
    numbers = sorted(number for each in batches for batch in each for number in batch if number < sequences)
    assert numbers == list(range(sequences))


def test_sequences_beyond_the_last_are_masked(directories: list[TokenDirectory]) -> None:
    one = validation_sets(directories[0], sequence_length=50)[0]
    last, beyond = one.sequences[len(one.sequences) - 1], one.sequences[len(one.sequences)]
    assert int(last["loss_mask"].sum()) == (one.tokens - 1) % 50 + 1
    assert float(beyond["loss_mask"].sum()) == 0
    assert np.unique(beyond["tokens"]).tolist() == [directories[0].end_id]
