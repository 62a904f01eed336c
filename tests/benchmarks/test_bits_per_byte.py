"""Bits per byte: by hand, the same however text is cut, and each piece scored once with the context it was promised."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import information as measure


def uniform_over_bytes(lengths: dict[int, int]) -> Any:
    """A model that takes every byte for as likely as any other: a piece of n bytes has 256^-n."""
    return lambda ids: np.array([-8 * lengths[int(number)] * math.log(2) for number in ids[1:]])


def test_by_hand() -> None:
    # Two pieces with p = 1/2 and 1/16 are 1 + 4 bits; "كتاب" has four letters of two bytes: 5/8 bits a byte.
    bits = measure.information([0, 1, 2], lambda ids: np.log([0.5, 0.0625])[: len(ids) - 1], 8, 4)
    assert bits == pytest.approx(5)
    assert measure.bits_per_byte([bits], ["كتاب"]) == pytest.approx(0.625)
    # Of two texts the long one weighs more: (5 + 1) bits over (8 + 2) bytes.
    assert measure.bits_per_byte([5, 1], ["كتاب", "ab"]) == pytest.approx(0.6)


@given(st.text(min_size=1, max_size=60), st.integers(2, 20), st.data())
def test_a_uniform_model_needs_eight_bits_a_byte_however_text_is_cut(
    text: str, window: int, data: Any
) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw)), max_size=len(raw))) | {len(raw)})
    lengths = dict(enumerate(np.diff([0, *cuts]).tolist(), start=1)) | {0: 0}
    stride = data.draw(st.integers(1, window - 1))
    bits = measure.information(range(len(cuts) + 1), uniform_over_bytes(lengths), window, stride)
    assert bits / len(raw) == pytest.approx(8)


@given(st.integers(0, 200), st.integers(2, 40), st.data())
def test_each_piece_is_scored_once_with_enough_context(count: int, window: int, data: Any) -> None:
    stride = data.draw(st.integers(1, window - 1))
    found = measure.windows(count, window, stride)
    assert [number for part in found for number in range(part.scored, part.end)] == list(range(1, count))
    for number, part in enumerate(found):
        assert 0 <= part.start < part.scored < part.end <= count
        assert part.end - part.start <= window
        if number:
            assert part.scored - part.start >= min(part.scored, window - stride)


def test_a_model_that_sees_all_needs_no_windows() -> None:
    """With a window as long as the text one call scores it, and its calls are the model's own words."""
    seen = []

    def model(ids: Any) -> Any:
        seen.append(ids.tolist())
        return -np.arange(1, len(ids))

    assert measure.information([5, 6, 7, 8], model, 4, 1) == pytest.approx((1 + 2 + 3) / math.log(2))
    assert seen == [[5, 6, 7, 8]]


@pytest.mark.parametrize(("window", "stride"), [(4, 0), (4, 4), (1, 1)])
def test_strides_that_leave_no_context_are_refused(window: int, stride: int) -> None:
    with pytest.raises(
        ValueError, match=f"stride must be at least 1 and below the window of {window}, got {stride}"
    ):
        measure.windows(10, window, stride)


def test_no_text_has_no_score() -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        measure.bits_per_byte([0.0], [""])
