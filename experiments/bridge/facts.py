"""Made-up facts: companies with invented names, each of which one language alone tells of, or none.

A name is the same Latin word in both languages, as brands are in Arabic text. What it is to carry across is the value:
a country, a month, a day of the week, whose name in the other language the model must know.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl

SOURCE = DOMAIN = "facts"
LANGUAGES = ("en", "ar")
UNSEEN = "never"
TOLD = (*LANGUAGES, UNSEEN)
"""Groups of companies: told of in English alone, in Arabic alone, never."""

_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "dr", "kr", "tr")
_VOWELS = ("a", "e", "i", "o", "u")
_CODAS = ("k", "l", "n", "r", "x", "m", "")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """What a company is like.

    Attributes:
        name: The company.
        relation: What is told of it.
        value: Number of the value among those of the relation.
        told: Language that tells it, or never.
    """

    name: str
    relation: str
    value: int
    told: str


@lru_cache(maxsize=1)
def relations() -> dict[str, dict[str, Any]]:
    """For each relation its values in both languages, and sentences that end in a value, by language."""
    content: dict[str, dict[str, Any]] = json.loads(
        files("experiments.bridge").joinpath("facts.json").read_text(encoding="utf-8")
    )
    return content


def values(relation: str, language: str) -> list[str]:
    """Names of a relation's values in a language."""
    return [pair[LANGUAGES.index(language)] for pair in relations()[relation]["values"]]


def sentence(fact: Fact, language: str, wording: int = 0) -> str:
    """A fact in words.

    >>> sentence(Fact(name="Zorvek", relation="country", value=0, told="en"), "en")
    'Zorvek has its head office in Norway.'
    """
    text: str = relations()[fact.relation][language][wording]
    return text.format(name=fact.name, value=values(fact.relation, language)[fact.value])


def opening(fact: Fact, language: str) -> str:
    """The first wording up to its value, to be gone on with."""
    return str(relations()[fact.relation][language][0]).split(" {value}")[0].format(name=fact.name)


def make_facts(companies: int, seed: int) -> list[Fact]:
    """So many companies for each way of telling, each with one fact of each relation.

    A relation takes as many values as there are companies (at most all), the same in every group, and within a group
    all of them come about as often: knowing which are frequent in a language helps nowhere.
    """
    rng = np.random.default_rng(seed)
    names = _names(companies * len(TOLD), rng)
    found = []
    taken = {
        relation: rng.permutation(len(content["values"]))[:companies]
        for relation, content in relations().items()
    }
    for number, told in enumerate(TOLD):
        own = names[number * companies : (number + 1) * companies]
        for relation, possible in taken.items():
            turns = rng.permutation(possible)
            found += [
                Fact(name=name, relation=relation, value=int(turns[place % len(turns)]), told=told)
                for place, name in enumerate(own)
            ]
    return found


def _names(count: int, rng: np.random.Generator) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        first, second = (str(rng.choice(_ONSETS)) + str(rng.choice(_VOWELS)) for _ in range(2))
        found[(first + str(rng.choice(_CODAS)) + second + str(rng.choice(_CODAS))).capitalize()] = None
    return list(found)


def fact_documents(facts: Sequence[Fact], times: int, seed: int) -> pl.DataFrame:
    """Columns id, text and language: each company so many times, its facts in changing order and wording."""
    rng = np.random.default_rng([seed, 1])
    by_name: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.told != UNSEEN:
            by_name.setdefault(fact.name, []).append(fact)
    rows: list[Mapping[str, str]] = []
    for name, own in by_name.items():
        language = own[0].told
        for number in range(times):
            told = [
                sentence(
                    own[place], language, int(rng.integers(len(relations()[own[place].relation][language])))
                )
                for place in rng.permutation(len(own))
            ]
            rows.append({"id": f"{name}/{number}", "text": " ".join(told), "language": language})
    return pl.DataFrame(rows, schema={"id": pl.String, "text": pl.String, "language": pl.String})
