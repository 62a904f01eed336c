"""What is learned from: turns that fit, sequences that are full, each conversation as often as its weight says."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignment.chat_template import encode_conversation, load_chat_tokenizer
from alignment.conversations import read_conversations
from alignment.errors import AlignmentError
from alignment.sft_config import Instructions, InstructionSource, Samples, SftConfig
from alignment.supervised.examples import cut_at_turn, is_validation, make_examples
from alignment.supervised.noise import lengths_of, noise
from alignment.supervised.packing import Packs, copies, make_packs, pack
from alignment.supervised.preparing import digest, prepare, read_prepared
from alignment.supervised.sequences import Sequences, collate
from nemo_recipes.pretrain_config import Model


def turns(*texts: str) -> list[dict[str, str]]:
    """Questions and answers in turn."""
    roles = itertools.cycle(("user", "assistant"))
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]


@pytest.fixture(scope="module")
def tokenizer(chat_dir: Path) -> Any:
    return load_chat_tokenizer(chat_dir)


def read(tmp_path: Path, conversations: list[list[dict[str, str]]]) -> pl.DataFrame:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"messages": messages}) + "\n" for messages in conversations))
    return read_conversations(str(path), language="en").frame


def test_turns_are_left_out_whole_and_counted_by_line(tokenizer: Any, tmp_path: Path) -> None:
    """Sizes are chosen by the ids of each beginning of the conversation."""
    long = "x" * 40
    conversations = [
        turns("a", "b"),
        turns("a", "b", "c", "d", "e", long),
        turns("a", long),
        turns(long, "b"),
        turns("a", "b", long, "c"),
    ]

    def whole(messages: list[dict[str, str]]) -> int:
        return len(encode_conversation(tokenizer, messages)[0])

    room = whole(turns("a", "b", "c", "d"))
    found = make_examples(tokenizer, read(tmp_path, conversations), room - 1, 0.0)
    kept = {line: tokenizer.decode(ids) for line, ids in found.frame.select("line", "ids").iter_rows()}
    assert kept == {
        1: "<s>[INST]a[/INST]b</s>",
        2: "<s>[INST]a[/INST]b</s><s>[INST]c[/INST]d</s>",
        5: "<s>[INST]a[/INST]b</s>",
    }
    assert found.frame["bytes"].to_list() == [1, 2, 1]
    assert [row[1:3] for row in found.skipped.rows()] == [
        (3, "answer_longer_than_context"),
        (4, "prompt_longer_than_context"),
    ]
    assert [row[1:] for row in found.shortened.rows()] == [
        (2, "turns_left_out", f"1 of 3 answers left out: {whole(conversations[1])} tokens, {room} fit"),
        (5, "turns_left_out", f"1 of 2 answers left out: {whole(conversations[4])} tokens, {room} fit"),
    ]


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 31))
def test_a_cut_ends_at_an_answer(learned: list[bool], most: int) -> None:
    """Twin: the longest beginning that fits and whose next token is not learned while its last one is."""
    mask = np.array(learned)
    length, answers = cut_at_turn(np.arange(len(mask), dtype=np.int32), mask, most)
    ends = [n for n in range(1, len(mask) + 1) if learned[n - 1] and not (n < len(mask) and learned[n])]
    if len(mask) <= most:
        assert (length, answers) == (len(mask), len(ends))
    elif fitting := [end for end in ends if end <= most]:
        assert (length, answers) == (fitting[-1], len(fitting))
    else:
        assert answers == 0


def test_copies_go_to_the_same_side() -> None:
    frame = pl.DataFrame({"messages": [turns(f"q{number % 500}", "a") for number in range(1000)]})
    kept = is_validation(frame["messages"], 0.1)
    assert kept[:500].equals(kept[500:])
    assert 20 <= kept[:500].sum() <= 80  # mean 50, deviation 6.7


def first_fit(lengths: list[int], capacity: int) -> int:
    """Sequences that first fit, the longest first, takes: the slow twin's count."""
    rooms: list[int] = []
    for length in sorted(lengths, reverse=True):
        place = next((at for at, room in enumerate(rooms) if room >= length), None)
        if place is None:
            rooms.append(capacity - length)
        else:
            rooms[place] -= length
    return len(rooms)


@given(st.lists(st.integers(1, 50), max_size=60))
def test_packs_hold_everything_once_and_are_as_few_as_first_fit_needs(lengths: list[int]) -> None:
    places = pack(np.array(lengths, np.int64), 50)
    filled = np.bincount(places, weights=lengths) if lengths else np.zeros(0)
    assert (filled <= 50).all()
    assert (filled > 0).all()
    # Best fit and first fit, both the longest first, obey the same bound: 11/9 of the least, and some.
    assert len(filled) <= 11 / 9 * max(1, first_fit(lengths, 50)) + 1


def test_packing_reaches_the_sum_where_lengths_allow_it() -> None:
    lengths = np.array([7, 3, 5, 5, 9, 1, 6, 4] * 25)
    assert pack(lengths, 10).max() + 1 == lengths.sum() // 10


@given(st.lists(st.floats(0, 3), min_size=1, max_size=12), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_each_is_read_as_often_as_its_weight_says(weights: list[float], epochs: int, seed: int) -> None:
    given_weights = np.array(weights)
    chance = np.random.default_rng(seed).random(len(weights))
    read_times = sum(
        np.bincount(copies(given_weights, chance, epoch), minlength=len(weights)) for epoch in range(epochs)
    )
    assert (np.abs(read_times - given_weights * epochs) < 1 + 1e-9).all()


def test_packs_are_the_same_for_the_same_seed_and_epochs_differ() -> None:
    lengths, weights = np.random.default_rng(1).integers(3, 40, 200), np.ones(200)
    settings: dict[str, Any] = {"capacity": 64, "epochs": 2, "packing": True}
    one, two = (make_packs(lengths, weights, seed=5, **settings) for _ in range(2))
    assert one.members.tolist() == two.members.tolist()
    assert one.starts.tolist() == two.starts.tolist()
    first, second = one.members[:200], one.members[200:]
    assert sorted(first) == sorted(second) == list(range(200))
    assert first.tolist() != second.tolist()
    assert make_packs(lengths, weights, seed=6, **settings).members.tolist() != one.members.tolist()
    alone = make_packs(lengths, weights, capacity=64, epochs=1, seed=5, packing=False)
    assert len(alone) == 200


def frame_of(*examples: tuple[list[int], list[int]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ids": [ids for ids, _ in examples],
            "learned": [[bool(flag) for flag in learned] for _, learned in examples],
            "bytes": [len(ids) for ids, _ in examples],
        },
        schema={"ids": pl.List(pl.Int32()), "learned": pl.List(pl.Boolean()), "bytes": pl.Int64()},
    )


TWO = frame_of(([1, 5, 6, 2], [0, 0, 1, 1]), ([1, 7, 8, 9, 2], [0, 0, 0, 1, 1]))


def test_a_sequence_by_hand() -> None:
    """Each conversation predicts its own tokens only: none is asked what the next one begins with."""
    packs = Packs(np.array([1, 0]), np.array([0, 2]))
    sequences = Sequences(TWO, packs, length=9, num_sequences=2, padding=0)
    sample = sequences[0]
    assert sample["tokens"].tolist() == [1, 7, 8, 9, 1, 5, 6, 0, 0]
    assert sample["labels"].tolist() == [-100, -100, 9, 2, -100, 6, 2, -100, -100]
    assert sample["position_ids"].tolist() == [0, 1, 2, 3, 0, 1, 2, 0, 1]
    assert (sample["num_bytes"], sample["used"]) == (9, 7)
    beyond = sequences[1]
    assert (beyond["labels"] == -100).all()
    assert beyond["used"] == 0


def test_micro_batches_are_as_long_as_their_longest() -> None:
    packs = Packs(np.array([0, 1, 0]), np.array([0, 1, 2, 3]))
    sequences = Sequences(TWO, packs, length=9, num_sequences=4, padding=0)
    batch = collate([sequences[number] for number in range(4)], 2, positions=False)
    assert [tuple(tokens.shape) for tokens in batch["tokens_ABS"]] == [(2, 4), (2, 3)]
    assert batch["tokens_ABS"][0].tolist() == [[1, 5, 6, 0], [1, 7, 8, 9]]
    assert batch["labels_ABS"][0].tolist() == [[-100, 6, 2, -100], [-100, -100, 9, 2]]
    assert (batch["num_labels"], batch["num_bytes"]) == (6, 13)
    assert batch["positions_ABS"] is None
    assert batch["numbers_AB"] == [[0, 1], [2, 3]]


def test_noise_follows_from_the_sequence_and_its_size_from_the_conversation() -> None:
    positions = torch.tensor([[0, 1, 2, 3, 0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8]])
    drawn = noise(positions, [4, 7], 1000, alpha=5.0, seed=1)
    again = noise(positions[1:], [7], 1000, alpha=5.0, seed=1)
    assert torch.equal(drawn[1], again[0])
    assert not torch.equal(drawn[0], drawn[1])
    assert not torch.equal(again, noise(positions[1:], [7], 1000, alpha=5.0, seed=2))
    for row, place, length in ((0, slice(0, 4), 4), (0, slice(4, 9), 5), (1, slice(0, 9), 9)):
        most = 5.0 / (length * 1000) ** 0.5
        assert drawn[row, place].abs().max() <= most
        # Uniform between -m and m: mean 0, mean square m^2 / 3.
        assert drawn[row, place].square().mean().item() == pytest.approx(most**2 / 3, rel=0.05)
    assert lengths_of(torch.tensor([0])).tolist() == [1.0]


def test_questions_of_samples_are_held_out_though_two_files_are_called_alike(
    base_model_dir: Path, chat_dir: Path, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        rows = [json.dumps({"messages": turns(f"{name} {number}", "a")}) + "\n" for number in range(40)]
        (tmp_path / name / "train.jsonl").write_text("".join(rows))
    paths = [str(tmp_path / name / "train.jsonl") for name in ("one", "two")]
    data = Instructions(
        sources=[InstructionSource(name="a", path=paths, language="en")],
        tokenizer=str(chat_dir),
        sequence_length=64,
        validation_share=0.3,
    )
    config = SftConfig(
        output_dir=str(tmp_path / "out"),
        data=data,
        model=Model(checkpoint=str(base_model_dir)),
        samples=Samples(per_language=80),
    )
    shown = [prompt["messages"][0]["content"] for prompt in prepare(config)["prompts"]]
    every = [f"{name} {number}" for name in ("one", "two") for number in range(40)]
    held = is_validation(pl.Series([turns(text, "a") for text in every]), 0.3)
    assert shown == pl.Series(every).filter(held).to_list()


def test_a_failed_start_leaves_no_examples_that_the_next_one_takes_for_its_own(
    base_model_dir: Path, chat_dir: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"messages": turns(f"q{n}", "a")}) + "\n" for n in range(3)))

    def config(sequence_length: int) -> SftConfig:
        data = Instructions(
            sources=[InstructionSource(name="a", path=str(path), language="en")],
            tokenizer=str(chat_dir),
            sequence_length=sequence_length,
            validation_share=0.0,
        )
        return SftConfig(
            output_dir=str(tmp_path / "out"), data=data, model=Model(checkpoint=str(base_model_dir))
        )

    first = prepare(config(64))
    with pytest.raises(AlignmentError, match="no conversation is left"):
        prepare(config(2))
    again = read_prepared(config(64), prepare(config(64)))
    assert again.described == first["described"]
    assert digest(again.frame) == again.described["digest"]
    assert again.frame.height == 3
