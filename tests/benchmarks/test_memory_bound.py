"""Memory of scoring: batches stay within what they may take, and what grows with items is small."""

import tracemalloc

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_benchmarks import MCQ

from benchmarks import answering
from benchmarks.answering import ask
from benchmarks.items import Item
from benchmarks.model.grouping import Branching, branchings
from benchmarks.model.memory import GIB, Sizes, batches, read_places, rows_within
from benchmarks.model.packing import pack
from benchmarks.prompts import wording
from benchmarks.run_config import RunConfig
from benchmarks.tasks.suites import TASKS

torch = pytest.importorskip("torch")

SIZES = Sizes(vocabulary=100, layers=2, key_values=8, width=50, heads=4, number=4)


def test_the_bytes_of_a_batch_by_hand():
    """Two rows of 3 tokens after 5 shared ones, logits at 2 places, in float32.

    Logits 2*2*100*(4+8) = 4,800; keys and values 2*(10+3)*2*8*4 = 1,664; masks 2*3*8*6 = 288; weights
    2*4*3*8*4 = 768; a layer's numbers 2*3*50*4 = 1,200.
    """
    assert SIZES.batch(2, 3, 5, 2) == 4_800 + 1_664 + 288 + 768 + 1_200
    everywhere = Sizes(vocabulary=100, layers=2, key_values=8, width=50, heads=4, number=4, all_logits=True)
    assert everywhere.batch(2, 3, 5, 2) - SIZES.batch(2, 3, 5, 2) == 2 * 1 * 100 * 12


def members_of(lengths):
    found = [
        Branching(
            tuple(range(context)), tuple((number,) * size for number, size in enumerate(branches)), ((0,),)
        )
        for context, branches in lengths
    ]
    return sorted(found, key=lambda member: -member.length)


SHAPES = st.lists(
    st.tuples(st.integers(4, 40), st.lists(st.integers(1, 6), min_size=1, max_size=4)),
    min_size=1,
    max_size=20,
)


@given(SHAPES, st.integers(0, 3), st.integers(1, 8), st.integers(0, 400_000))
def test_batches_stay_within_their_bound_and_lose_nobody(lengths, shared, most, memory):
    members = members_of(lengths)
    found = list(batches(members, shared, SIZES, most=most, memory=memory))
    assert [member for batch in found for member in batch] == members
    for batch in found:
        width = max(member.length for member in batch) - shared
        places = set().union(*(read_places(member, shared) for member in batch))
        taken = SIZES.batch(len(batch), width, shared, len(places))
        assert len(batch) == 1 or (len(batch) <= most and taken <= memory)


@given(SHAPES, st.integers(0, 3))
def test_places_are_those_that_packing_reads(lengths, shared):
    members = members_of(lengths)
    packed = pack(members, shared, torch.float32, torch.device("cpu"))
    for member, rows in zip(members, packed.read, strict=True):
        assert {place for row in rows for place in row} == read_places(member, shared)


def test_rows_are_at_least_one_and_at_most_asked_for():
    one = SIZES.batch(1, 20, 0, 20)
    found = [rows_within(SIZES, 20, places=20, most=4, memory=m) for m in (0, one, 2 * one + 1, 99 * one)]
    assert found == [1, 1, 2, 4]


def test_logits_of_a_real_model_are_held_to_the_setting(tiny_model, tmp_path, monkeypatch):
    """With room for few rows the model reads few at a time, in either way; the answers are the same."""
    from benchmarks.model import open_model

    items = [numbered(number) for number in range(12)]
    seen = {}
    for shares in (True, False):
        for memory_gib in (2.0, 200_000 / GIB):
            settings = {"batch_size": 8, "device": "cpu", "dtype": "float32", "memory_gib": memory_gib}
            lm = open_model(tiny_model, tmp_path, share_prefixes=shares, **settings).lm
            rows = []
            forward = lm.model.forward
            monkeypatch.setattr(
                lm.model,
                "forward",
                lambda *a, _f=forward, _r=rows, **k: _r.append(rows_in(a, k)) or _f(*a, **k),
            )
            # inspect looks at the signature of what stands in for it
            monkeypatch.setattr(lm, "keeps_logits", lambda: True)
            answers = ask(lm, TASKS["arc_easy"], items, [], wording("en"))
            seen[shares, memory_gib < 1] = (max(rows), answers)
    assert seen[True, False][0] == seen[False, False][0] == 8
    assert 1 <= seen[True, True][0] < 8
    assert 1 <= seen[False, True][0] < 8
    for column in ("letters", "continuation"):
        values = [frame[column].explode().to_list() for _, frame in seen.values()]
        for other in values[1:]:
            assert other == pytest.approx(values[0], abs=1e-3)


def rows_in(arguments, keywords):
    ids = arguments[0] if arguments else keywords["input_ids"]
    return ids.shape[0]


def numbered(number):
    question, choices, answer = MCQ[number % len(MCQ)]
    return Item(id=str(number), question=f"{number}. {question}", choices=tuple(choices), answer=answer,
                subject=f"subject {number % 5}")  # fmt: skip


class Reader:
    """What a model holds of its requests: their texts, and their tokens as numbers; it answers with their lengths."""

    most = 0

    def loglikelihood(self, requests):
        encoded = [(tuple(request.args[0].encode()), tuple(request.args[1].encode())) for request in requests]
        branchings(encoded)
        self.most = max(self.most, len(requests))
        return [(-float(len(context)), False) for context, _ in encoded]


def peak_of(number, examples):
    """Bytes that Python holds at most while so many items are asked with five examples, and the responses."""
    items = [numbered(n) for n in range(number)]
    reader = Reader()
    tracemalloc.start()
    frame = ask(reader, TASKS["mmlu_en"], items, examples, wording("en"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, frame, reader


@pytest.mark.parametrize("streamed", [True, False])
def test_what_grows_with_items_is_small(monkeypatch, streamed):
    """From N to 4N items memory grows by less than 1,000 bytes an item; all at once, by many times that."""
    monkeypatch.setattr(answering, "ITEMS_AT_A_TIME", 32 if streamed else 10**9)
    monkeypatch.setitem(TASKS, "mmlu_en", with_shots(TASKS["mmlu_en"]))
    examples = [numbered(10_000 + n) for n in range(5)]
    small, _, _ = peak_of(64, examples)
    large, frame, reader = peak_of(256, examples)
    growth = (large - small) / 192
    assert frame["id"].to_list() == [str(n) for n in range(256)]
    assert (growth < 1_000) is streamed
    assert (reader.most <= 32 * 8) is streamed
    assert frame.estimated_size() / 256 < 1_000


def with_shots(task):
    from dataclasses import replace

    return replace(task, shots=5)


def test_answers_stand_in_the_order_of_the_items_whatever_is_held_at_a_time(monkeypatch):
    items = [numbered(n) for n in range(23)]
    frames = []
    for held in (1, 4, 100):
        monkeypatch.setattr(answering, "ITEMS_AT_A_TIME", held)
        frames.append(ask(Reader(), TASKS["mmlu_en"], items, [], wording("en")))
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])
    assert ask(Reader(), TASKS["mmlu_en"], [], [], wording("en")).equals(
        pl.DataFrame(schema=answering.SCHEMA)
    )


@pytest.mark.parametrize("memory_gib", [0.0, -1.0, float("inf"), float("nan")])
def test_the_setting_is_checked(memory_gib):
    with pytest.raises(ValueError, match="memory_gib must be above 0"):
        RunConfig(model="m", tasks="piqa", output_dir="o", memory_gib=memory_gib)
