"""How good an answer is, as a number for each row of a frame of `messages`, `question`, `language` and `answer`."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import polars as pl

from alignment.conversations.languages import languages_of
from alignment.errors import AlignmentError
from alignment.mine_config import Reward

Function = Callable[[pl.DataFrame], pl.Series]


def rewards_of(answers: pl.DataFrame, settings: Reward, judge: Function | None = None) -> pl.DataFrame:
    """A column for each reward function, and `reward`, their weighted sum; float64.

    Raises:
        AlignmentError: A function is not known, cannot be loaded, or does not give one finite number for each row.
    """
    functions = {name: _function(name, settings, judge) for name in settings.functions}
    columns = {
        name: _checked(name, function(answers), answers.height) for name, function in functions.items()
    }
    frame = pl.DataFrame([column.rename(name) for name, column in columns.items()])
    total = sum((pl.col(name) * weight for name, weight in settings.functions.items()), pl.lit(0.0))
    return frame.with_columns(reward=total)


def language(answers: pl.DataFrame) -> pl.Series:
    """1 where the answer is in the language of the question, else 0.

    >>> language(pl.DataFrame({"language": ["en", "en"], "answer": ["The capital of France is Paris.", ""]})).to_list()
    [1.0, 0.0]
    """
    found = languages_of(answers["answer"], pl.Series([""] * answers.height, dtype=pl.String))
    return (found == answers["language"]).cast(pl.Float64)


def length(answers: pl.DataFrame, shortest: int, longest: int) -> pl.Series:
    """0 for answers of `shortest` to `longest` characters; below, minus how many times too short or too long, less one.

    >>> length(pl.DataFrame({"answer": ["abcd", "ab", "a" * 30]}), 4, 10).to_list()
    [0.0, -1.0, -2.0]
    """
    size = pl.col("answer").str.strip_chars().str.len_chars()
    short = 1 - shortest / size.clip(lower_bound=1)
    long = 1 - size / longest
    return answers.select(pl.min_horizontal(short, long, pl.lit(0.0)).cast(pl.Float64)).to_series()


def no_refusal(answers: pl.DataFrame) -> pl.Series:
    """0 for an answer that opens with a refusal or speaks as a language model, by preparation's phrases; else 1."""
    from alignment.preparation import refusals
    from alignment.preparation.settings import Refusals
    from alignment.preparation.turns import turns_of

    turn = pl.concat_list(pl.struct(role=pl.lit("assistant"), content="answer"))
    hits = refusals.find(turns_of(answers.select(messages=turn)), Refusals())
    refused = set(hits["conversation"].to_list())
    return pl.Series([0.0 if row in refused else 1.0 for row in range(answers.height)], dtype=pl.Float64)


def _function(name: str, settings: Reward, judge: Function | None) -> Function:
    built_in: Mapping[str, Function] = {
        "language": language,
        "length": lambda answers: length(answers, settings.shortest, settings.longest),
        "no_refusal": no_refusal,
    }
    if name == "judge":
        assert judge is not None
        return judge
    if name in built_in:
        return built_in[name]
    module, _, function = name.partition(":")
    if not function:
        known = ", ".join([*built_in, "judge"])
        raise AlignmentError(
            f"reward.functions {name!r}: no such function: give one of {known}, or package.module:function"
        )
    try:
        found = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise AlignmentError(f"reward.functions {name!r}: cannot be loaded ({error})") from error
    loaded: Function = found
    return loaded


def _checked(name: str, column: Any, height: int) -> pl.Series:
    series = (
        pl.Series(column, dtype=pl.Float64, strict=False) if not isinstance(column, pl.Series) else column
    )
    series = series.cast(pl.Float64)
    if len(series) != height or not bool(series.is_finite().fill_null(False).all()):
        raise AlignmentError(
            f"reward.functions {name!r}: must give one finite number for each of {height:,} answers"
        )
    return series
