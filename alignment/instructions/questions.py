"""From facts and wordings to conversations, and the split between training and evaluation."""

import json
from importlib.resources import files

import polars as pl
import xxhash

from alignment.instructions.settings import InstructionsConfig
from corpus.fold import fold
from corpus.text_buffers import from_buffers

OTHER = {"en": "ar", "ar": "en"}

RECORD_COLUMNS = ("id", "language", "relation", "entity", "asks", "messages")
"""`language` is that of the question; `asks`: training, new_fact, new_wording, or follow_up."""


def read_wordings() -> pl.DataFrame:
    """Columns `relation`, `language`, `wording` (its number), `last`, `question` and `reply`, from wordings.json."""
    text = files("alignment.instructions").joinpath("wordings.json").read_text(encoding="utf-8")
    rows = [
        (relation, language, number, number == len(pairs) - 1, *pair)
        for relation, languages in json.loads(text).items()
        for language, pairs in languages.items()
        for number, pair in enumerate(pairs)
    ]
    schema = ["relation", "language", "wording", "last", "question", "reply"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def religious() -> str:
    """A regular expression that finds the listed words in folded text."""
    text = files("alignment.instructions").joinpath("religious_words.txt").read_text(encoding="utf-8")
    words = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    folded = from_buffers(fold(pl.Series([word.rstrip("*") for word in words]))).to_list()
    endings = [r"\w*" if word.endswith("*") else "" for word in words]
    return rf"(?:^| )(?:{'|'.join(map(str.__add__, folded, endings))})(?: |$)"


def without_religion(facts: pl.DataFrame) -> pl.DataFrame:
    """Leave out what has a listed word in any language, in all languages."""
    words = religious()
    texts = facts.select(pl.concat_str("subject", "answer", separator=" \n ")).to_series()
    speaks = from_buffers(fold(texts)).str.contains(words)
    found = facts.filter(speaks).select("relation", "entity").unique()
    return facts.join(found, on=["relation", "entity"], how="anti", maintain_order="left")


def chances(rows: pl.DataFrame, salt: str, *columns: str) -> pl.Series:
    """A number in [0, 1) for each row that depends on these columns alone: the same on every machine, in any order."""
    keys = rows.select(pl.concat_str(pl.lit(salt), *columns, separator="\N{UNIT SEPARATOR}")).to_series()
    # polars' own hash may change with its version.
    return pl.Series([xxhash.xxh3_64_intdigest(key.encode()) / 2**64 for key in keys], dtype=pl.Float64)


def ask(facts: pl.DataFrame, wordings: pl.DataFrame) -> pl.DataFrame:
    """Every fact in every wording of its language: the columns of `facts` with `wording`, `last`, `question`, `reply`.

    Facts of relation `translate` have one wording in training, chosen by the entity, for they are many.
    """
    filled = [
        pl.col(name)
        .str.replace("{subject}", pl.col("subject"), literal=True)
        .str.replace("{answer}", pl.col("answer"), literal=True)
        for name in ("question", "reply")
    ]
    return (
        facts.join(wordings, on=["relation", "language"], how="inner", maintain_order="left_right")
        .with_columns(filled)
        .with_columns(pl.col("reply").str.replace(r"\.\.$", "."))
        .sort("relation", "entity", "language", "wording")
    )


def split(asked: pl.DataFrame, config: InstructionsConfig) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Training and evaluation rows.

    A held-out fact stands in evaluation only, in both languages and in every wording; the last wording of each
    relation does so for every fact. Both languages are asked the same questions. Translations are trained on, but they
    are not evaluated: what language their answer should be in is not that of the question.
    """
    held = chances(asked, f"held {config.seed}", "relation", "entity") < config.evaluation_share
    translate = pl.col("relation") == "translate"
    asked = asked.with_columns(held=held & (asked["relation"] != "translate"))
    known = asked.filter(~pl.col("held"), ~pl.col("last"))
    chosen = (chances(known, f"wording {config.seed}", "entity", "language") * 3).cast(pl.Int64)
    training = known.filter(
        pl.when(translate).then(pl.col("wording") == chosen).otherwise(pl.col("wording") < config.wordings)
    )
    evaluation = [
        rows.with_columns(order=chances(rows, f"order {config.seed}", "relation", "entity"))
        .sort("order", "relation", "entity", "wording")
        .group_by("language", maintain_order=True)
        .head(config.evaluation_rows // 2)
        .with_columns(asks=pl.lit(name))
        for name, rows in (
            ("new_fact", asked.filter("held")),
            ("new_wording", asked.filter(~pl.col("held"), "last", ~translate)),
        )
    ]
    return training, pl.concat([rows.select(*asked.columns, "asks") for rows in evaluation])


def cross(training: pl.DataFrame, config: InstructionsConfig) -> pl.DataFrame:
    """Give `crossed_share` of the questions, translations apart, the reply of the other language; column `crossed`."""
    keys = ["relation", "entity", "wording"]
    others = training.select(*keys, pl.col("language").replace_strict(OTHER), other="reply")
    training = training.join(others, on=[*keys, "language"], how="left", maintain_order="left")
    salt = f"crossed {config.seed}"
    keyed = training.with_columns(pl.col("wording").cast(pl.String))
    drawn = chances(keyed, salt, *keys, "language") < config.crossed_share
    return (
        training.with_columns(
            crossed=drawn & (training["relation"] != "translate") & training["other"].is_not_null()
        )
        .with_columns(reply=pl.when("crossed").then("other").otherwise("reply"))
        .drop("other")
    )
