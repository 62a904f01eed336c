"""From installed packages to train.jsonl and evaluation.jsonl."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from alignment.instructions.facts import cldr_facts, translations
from alignment.instructions.messages import message_translations
from alignment.instructions.questions import (
    RECORD_COLUMNS,
    ask,
    chances,
    cross,
    read_wordings,
    split,
    without_religion,
)
from alignment.instructions.settings import InstructionsConfig
from corpus.pipeline.atomic import atomic_path, sha256_of, write_json

PACKAGES = ("babel", "daad", "django", "polars")


def make(config: InstructionsConfig) -> dict[str, Any]:
    """Write both files and the manifest, which is returned.

    Raises:
        AlignmentError: A package is missing.
    """
    messages = message_translations()
    chosen = messages["entity"].unique(maintain_order=True).head(config.messages)
    made = [
        cldr_facts(config.territories),
        translations(config.territories),
        messages.filter(pl.col("entity").is_in(chosen.implode())),
    ]
    facts = without_religion(pl.concat(made))
    training, evaluation = split(ask(facts, read_wordings()), config)
    training = cross(training, config)
    output = Path(config.output)
    files = {
        "train.jsonl": training_records(training, config),
        "evaluation.jsonl": single_turns(evaluation),
    }
    for name, records in files.items():
        with atomic_path(output / name) as partial:
            records.write_ndjson(partial)
    manifest = {
        "config": {name: value for name, value in vars(config).items() if name != "output"},
        "versions": {name: version(name) for name in PACKAGES},
        "facts": counted(facts.filter(pl.col("language") == "en"), "relation"),
        "rows": {name: counted(records, "language", "asks") for name, records in files.items()},
        "crossed": int(training["crossed"].sum()),
        "sha256": {name: sha256_of(output / name) for name in files},
    }
    write_json(output / "manifest.json", manifest)
    return manifest


def single_turns(asked: pl.DataFrame) -> pl.DataFrame:
    """RECORD_COLUMNS with one question and its reply in each record."""
    asked = asked.with_columns(
        id=pl.concat_str("relation", "entity", "language", pl.col("wording").cast(pl.String), separator=":"),
        messages=pl.concat_list(_turn("user", "question"), _turn("assistant", "reply")),
    )
    return asked.select(RECORD_COLUMNS)


def training_records(training: pl.DataFrame, config: InstructionsConfig) -> pl.DataFrame:
    """RECORD_COLUMNS in a fixed random order; some conversations go on with the next question in their language.

    A request to translate is answered in the other language, so it never stands in one conversation with a question
    that is not: `relation` then tells of the whole conversation whether its answers keep to the language.
    """
    asked = training.with_columns(asks=pl.lit("training"))
    records = single_turns(asked)
    records = records.with_columns(order=chances(records, f"rows {config.seed}", "id")).sort("order", "id")
    joins = chances(records, f"joins {config.seed}", "id") < config.two_turn_share
    kin = ["language", pl.col("relation") == "translate"]
    records = records.with_columns(joins=joins).with_columns(
        follows=pl.col("joins").shift(1).over(kin).fill_null(value=False) & ~pl.col("joins"),
        next=pl.col("messages").shift(-1).over(kin),
    )
    # A record that joins takes in the one after it, which then does not stand alone.
    takes = pl.col("joins") & ~pl.col("joins").shift(-1).over(kin).fill_null(value=True)
    return (
        records.with_columns(
            messages=pl.when(takes)
            .then(pl.concat_list("messages", pl.col("next").fill_null([])))
            .otherwise("messages"),
            asks=pl.when(takes).then(pl.lit("follow_up")).otherwise("asks"),
        )
        .filter(~pl.col("follows"))
        .select(RECORD_COLUMNS)
    )


def counted(records: pl.DataFrame, *labels: str) -> dict[str, int]:
    """Rows by labels, sorted."""
    totals = records.group_by(labels).len().sort(labels)
    return {" ".join(row[:-1]): row[-1] for row in totals.iter_rows()}


def _turn(role: str, column: str) -> pl.Expr:
    return pl.struct(role=pl.lit(role), content=column)
