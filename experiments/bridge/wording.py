"""What the figures say in words, each sentence by rule, and what they cannot say."""

from collections.abc import Iterator, Mapping
from typing import Any

from experiments.bridge.facts import UNSEEN
from experiments.bridge.legs import START
from experiments.bridge.recall import CHANCE
from experiments.report import figure

SIGNIFICANT = 0.05
_LANGUAGES = {"en": "English", "ar": "Arabic"}


def title_of(measure: str, news: str) -> str:
    """A measure's name for people.

    >>> title_of("facts en ar", "NTREX"), title_of("retrieval news ar-en", "NTREX")
    ('facts told in English, asked in Arabic', 'retrieval, NTREX, ar to en')
    """
    group, kind, direction = measure.split()
    if group == "facts":
        told = "never told" if kind == UNSEEN else f"told in {_LANGUAGES[kind]}"
        return f"facts {told}, asked in {_LANGUAGES[direction]}"
    what = {"translation": "chrF++", "reading": "reading", "retrieval": "retrieval"}[group]
    kinds = {"pairs": "held-out pairs", "news": news}
    return f"{what}, {kinds[kind]}, {direction.replace('-', ' to ')}"


def findings(results: Mapping[str, Any]) -> Iterator[str]:
    """For each comparison what is told apart, what leans one way, and what does not."""
    news = results["settings"]["measures"]["news_name"]
    for pair in dict.fromkeys((row["first"], row["second"], row["what"]) for row in results["comparisons"]):
        rows = [row for row in results["comparisons"] if (row["first"], row["second"], row["what"]) == pair]
        sorted_out: dict[str, list[str]] = {"better": [], "worse": [], "leans": [], "not told apart": []}
        for row in rows:
            if is_control(row["measure"]):
                continue
            sense = verdict(row)
            said = f"{title_of(row['measure'], news)} {figure(row, '+')}"
            sorted_out["leans" if sense.startswith("leans") else sense].append(
                said + (f" ({sense})" if sense.startswith("leans") else "")
            )
        first, second, what = pair
        parts = [
            f"{sense}: {'; '.join(said)}"
            for sense, said in sorted_out.items()
            if said and sense != "not told apart"
        ]
        left = len(sorted_out["not told apart"])
        parts.append(f"not told apart: {left} of {sum(map(len, sorted_out.values()))} measures")
        yield f"{what[0].upper()}{what[1:]} ({first} less {second}): {'. '.join(parts)}."
    yield from _retrieved(results)
    yield from _controls(results)


def _retrieved(results: Mapping[str, Any]) -> Iterator[str]:
    """How far any leg is from what needs no model."""
    news = results["settings"]["measures"]["news_name"]
    for name, measure in results["measures"].items():
        if not name.startswith("retrieval"):
            continue
        _, kind, direction = name.split()
        without = results["baselines"][kind]
        legs = ", ".join(f"{leg} {measure['legs'][leg]['mean']:.3f}" for leg in (START, *results["legs"]))
        yield (
            f"{title_of(name, news)}: {legs}; numbers and Latin words alone find {without[direction]:.3f}, chance "
            f"{without['chance']:.3f}."
        )


def verdict(difference: Mapping[str, Any]) -> str:
    """What a difference is called; every measure is better the higher.

    Told apart is what seeds tell (Holm's p below .05) and items do not contradict; a lean is what has one sign in all
    seeds, at least two, and keeps it in the interval over items.

    >>> verdict({"mean": 0.5, "p_holm": 0.01, "low": 0.1, "high": 0.9, "differences": [0.4, 0.6]})
    'better'
    >>> verdict({"mean": -0.5, "p_holm": 0.2, "low": -0.9, "high": -0.1, "differences": [-0.4, -0.6]})
    'leans to worse'
    >>> verdict({"mean": 0.5, "p_holm": 0.2, "low": -0.1, "high": 0.9, "differences": [0.4, 0.6]})
    'not told apart'
    """
    sense = "better" if difference["mean"] > 0 else "worse"
    surely = difference["low"] > 0 or difference["high"] < 0
    if not surely or len(difference["differences"]) < 2:
        return "not told apart"
    if difference.get("p_holm", 1.0) < SIGNIFICANT:
        return sense
    signs = {value > 0 for value in difference["differences"]}
    return f"leans to {sense}" if len(signs) == 1 else "not told apart"


def is_control(measure: str) -> bool:
    """Whether a measure is of facts that need no crossing: asked where they were told, or never told."""
    group, told, language = measure.split()
    return group == "facts" and (told in (UNSEEN, language))


def _controls(results: Mapping[str, Any]) -> Iterator[str]:
    found = results["measures"]
    told = [
        f"asked in {_LANGUAGES[language]}, where they were told, "
        + ", ".join(
            f"{leg} {figure(found[f'facts {language} {language}']['legs'][leg])}" for leg in results["legs"]
        )
        for language in _LANGUAGES
        if f"facts {language} {language}" in found
    ]
    never = [
        figure(found[name]["legs"][leg])
        for name in found
        if name.startswith(f"facts {UNSEEN}")
        for leg in results["legs"]
    ]
    if told:
        yield (
            f"Controls for the facts (chance {CHANCE:g}): {'; '.join(told)}; never told, {', '.join(never)}. Where a "
            "leg does not know what it was told in the language itself, nothing can cross."
        )


def limits(results: Mapping[str, Any]) -> Iterator[str]:
    """What the experiment cannot show."""
    seeds, parameters = len(results["seeds"]), results["parameters"]
    if parameters < 100_000_000:
        yield (
            f"A model of {parameters / 1e6:.1f} million parameters after {results['tokens']:,} tokens does not "
            "translate: chrF++ is that of words which look alike. What it reads from the source, in bits, moves first, "
            "and says that something was carried across, not that a translation would be right."
        )
    yield (
        "ALLaM credits parallel data at 7 to 70 billion parameters and hundreds of billions of tokens. Nothing here "
        "says whether that is so there: an effect that is missing here may come with size, and one that is here may go."
    )
    yield (
        "Leg f sees each text and its translation in one sequence, under instructions like the one that translations "
        "are asked with; part of its gain in reading and translation is knowing the form. Retrieval and facts know no "
        "such form."
    )
    yield (
        "Legs d and the others differ in content: d reads more of the corpus's other text in place of the pairs. Only "
        "f against g has the same texts on both sides; of code-switched documents, f reads each sentence in one of the "
        "languages only."
    )
    yield (
        "Retrieval takes the mean of a layer, each language's mean taken off, and the layer that did best on the other "
        "half of the texts. Another way to make a vector may order the legs otherwise; numbers and Latin words in both "
        "texts help any model, as the lexical baseline shows."
    )
    values = results["values_in_pairs"]
    yield (
        "Companies have the same Latin name in both languages, so what is to be carried across is a value: "
        + ", ".join(f"{count} of the {relation} values" for relation, count in values.items())
        + " stand in a training pair in both languages. Transfer of facts whose subject is spelled differently is not "
        "measured."
    )
    yield (
        f"Intervals over {seeds} seeds are over bases and orders of the text, on one corpus, one set of held-out "
        "texts, one set of facts and one learning rate; those over items are for these seeds. With so few seeds, "
        "little that is true is told apart after Holm's correction."
    )
