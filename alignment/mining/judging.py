"""A judge behind an endpoint as a reward function: it reads a question and an answer and gives a mark."""

import re
from pathlib import Path
from typing import Any

import polars as pl

from alignment.errors import AlignmentError
from alignment.mine_config import Judge

BEST = 10

INSTRUCTIONS = (
    "You mark answers. A good answer is in the language of the question, true, to the point and well written. Reply "
    "with one whole number from 1 (useless) to 10 (could not be better), and nothing else."
)

_DIGITS = str.maketrans({chr(zero + value): str(value) for zero in (0x660, 0x6F0) for value in range(10)})
_NUMBER = re.compile(r"\d+")


def mark_of(reply: str) -> float | None:
    """The first whole number of a reply, from 1 to 10, as 0 to 1; None where there is none.

    >>> mark_of("10"), mark_of("Mark: 1/10"), mark_of("good"), mark_of("11")
    (1.0, 0.0, None, None)
    """
    found = _NUMBER.search(reply.translate(_DIGITS))
    if found is None or not 1 <= int(found[0]) <= BEST:
        return None
    return (int(found[0]) - 1) / (BEST - 1)


def judge_answers(
    answers: pl.DataFrame, settings: Judge, cache_dir: Path
) -> tuple[pl.Series, dict[str, Any]]:
    """The mark of each answer from 0 to 1, and what the endpoint was asked and paid.

    A reply without a mark counts 0, so that such an answer is never chosen for it; their number is in the summary.

    Raises:
        DaadError: No endpoint is set, it fails, or not one reply holds a mark.
    """
    from corpus.endpoint import Endpoint, chat

    if not settings.endpoint.url:
        raise AlignmentError(
            "reward.functions names judge, but judge.endpoint.url is empty: say where the judge is"
        )
    requests = [
        chat(
            [
                {"role": "system", "content": settings.instructions or INSTRUCTIONS},
                {
                    "role": "user",
                    "content": f"[Question]\n{question}\n\n[Answer]\n{answer}\n\n[Mark, 1 to 10]",
                },
            ],
            max_tokens=settings.max_tokens,
        )
        for question, answer in answers.select("question", "answer").iter_rows()
    ]
    with Endpoint(settings.endpoint, cache_dir) as endpoint:
        replies = endpoint.ask(requests, desc="judge")
        summary = endpoint.summary()
    marks = [mark_of(reply.text) for reply in replies]
    without = sum(mark is None for mark in marks)
    if without == len(marks):
        raise AlignmentError(
            f"{settings.endpoint.url}: none of {len(marks):,} replies holds a whole number from 1 to 10: mend "
            "judge.instructions"
        )
    return pl.Series([mark or 0.0 for mark in marks], dtype=pl.Float64), summary | {"without_mark": without}
