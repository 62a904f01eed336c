"""What CLDR knows, as one row for each fact and language."""

import calendar
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import polars as pl

from alignment.errors import AlignmentError

LANGUAGES = ("en", "ar")

FACT_COLUMNS: dict[str, pl.DataType] = {
    "relation": pl.String(),
    "entity": pl.String(),  # CLDR's key of what is asked about: JO, Africa/Cairo, 3
    "language": pl.String(),  # of the question
    "subject": pl.String(),
    "answer": pl.String(),
}

_AS_OF = date(2026, 1, 1)
"""The day of the currencies, so that the same CLDR always makes the same questions."""

OFFICIAL_LANGUAGES_NAMED = 3
"""A state with more official languages than this is not asked about."""


class _Fact(NamedTuple):
    relation: str
    entity: str
    subject: Callable[[Any], str | None]  # from a locale to the words in its language
    answer: Callable[[Any], str | None]


def cldr_facts(territories: Sequence[str] = ()) -> pl.DataFrame:
    """FACT_COLUMNS, both languages of every fact that CLDR names in both; of these territories alone, if any are given.

    Raises:
        AlignmentError: The package babel is missing, or CLDR knows no such territory.
    """
    locales = {code: _locale(code) for code in LANGUAGES}
    known = [key for key in locales["en"].territories if len(key) == 2 and key not in _NO_TERRITORY]
    for key in territories:
        if key not in known:
            raise AlignmentError(f"territories: CLDR has no {key!r}: give ISO 3166 codes in capitals, as EG")
    rows = []
    for fact in _all_facts(locales["en"], sorted(territories or known)):
        spoken = [(code, fact.subject(locale), fact.answer(locale)) for code, locale in locales.items()]
        if all(subject and answer for _, subject, answer in spoken):
            rows += [(fact.relation, fact.entity, *words) for words in spoken]
    return pl.DataFrame(rows, schema=FACT_COLUMNS, orient="row")


def translations(territories: Sequence[str] = ()) -> pl.DataFrame:
    """FACT_COLUMNS of relation `translate`: names that CLDR has in both languages, asked for in the other one.

    With `territories`, of countries, languages and currencies only these and theirs.
    """
    english, arabic = (_locale(code) for code in LANGUAGES)
    rows = []
    for kind, names in _names(english).items():
        others = _names(arabic)[kind]
        wanted = _belonging(kind, territories) if territories else names.keys()
        for key in sorted(names.keys() & others.keys() & wanted, key=str):
            entity = f"{kind}/{key}"
            rows.append(("translate", entity, "en", names[key], others[key]))
            rows.append(("translate", entity, "ar", others[key], names[key]))
    return pl.DataFrame(rows, schema=FACT_COLUMNS, orient="row")


def _belonging(kind: str, territories: Sequence[str]) -> set[str]:
    """Keys of a kind of names that have to do with these territories; months and days have to do with all."""
    belonging = {
        "territories": set(territories),
        "languages": {code for territory in territories for code in _official_languages(territory)},
        "currencies": {code for territory in territories for code in _currencies(territory)},
        "scripts": set[str](),
        "months": {str(month) for month in range(1, 13)},
        "days": {str(day) for day in range(7)},
    }
    return belonging[kind]


def _official_languages(territory: str) -> list[str]:
    from babel.languages import get_official_languages

    # One that is written in two scripts stands there twice.
    return list(dict.fromkeys(code.split("_")[0] for code in get_official_languages(territory)))


def _currencies(territory: str) -> list[str]:
    from babel.numbers import get_territory_currencies

    codes: list[str] = get_territory_currencies(territory, start_date=_AS_OF, end_date=_AS_OF)
    return codes


def _locale(code: str) -> Any:
    try:
        import babel
    except ImportError as error:
        raise AlignmentError(
            "package babel is missing: the instructions are made from its CLDR names; pip install babel"
        ) from error
    return babel.Locale(code)


def _all_facts(english: Any, territories: Sequence[str]) -> Iterator[_Fact]:
    for territory in territories:
        yield from _of_territory(territory)
    yield from _cities(set(territories))
    spoken = {code for territory in territories for code in _official_languages(territory)}
    yield from _scripts(english, spoken)
    for month in range(1, 13):
        yield _Fact("next_month", str(month), _month(month), _month(month % 12 + 1))
    for day in range(7):
        yield _Fact("next_day", calendar.day_name[day], _day(day), _day((day + 1) % 7))


_NO_TERRITORY = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ"})
"""Unions, test data and the unknown: no country to ask about."""


def _of_territory(territory: str) -> Iterator[_Fact]:
    from babel.lists import format_list

    name = _territory(territory)
    currencies = _currencies(territory)
    if len(currencies) == 1:  # where there are several, CLDR does not say which of them is the country's own
        yield _Fact("currency", territory, name, lambda locale: locale.currencies.get(currencies[0]))
    languages = _official_languages(territory)

    def official(locale: Any) -> str | None:
        named = [locale.languages.get(code) for code in languages]
        return str(format_list(named, locale=locale)) if all(named) else None

    if 1 <= len(languages) <= OFFICIAL_LANGUAGES_NAMED:
        yield _Fact("official_language", territory, name, official)
    if territory in _locales_by_territory():
        yield _Fact("first_day", territory, name, _day(_first_day(territory)))


def _cities(territories: AbstractSet[str]) -> Iterator[_Fact]:
    """CLDR names a city for each time zone; those called as their country are no question."""
    from babel.core import get_global

    for zone, territory in sorted(get_global("zone_territories").items()):
        if "/" in zone and territory in territories - {"AQ"} and zone not in _DISPUTED:
            yield _Fact("country_of_city", zone, _city(zone, territory), _territory(territory))


_DISPUTED = frozenset({"Africa/El_Aaiun", "Asia/Jerusalem", "Europe/Simferopol"})
"""A table of time zones is no place to settle whose these cities are."""


def _scripts(english: Any, spoken: AbstractSet[str]) -> Iterator[_Fact]:
    from babel.core import get_global
    from babel.localedata import locale_identifiers

    likely = get_global("likely_subtags")
    written = {name.split("_")[0] for name in locale_identifiers()}  # languages that CLDR has texts in
    for language in sorted(written & spoken & set(english.languages)):
        parts = likely.get(language, "").split("_")
        if len(parts) >= 2 and len(parts[1]) == 4:
            yield _Fact("script", language, _language(language), _script(parts[1]))


def _territory(key: str) -> Callable[[Any], str | None]:
    return lambda locale: locale.territories.get(key)


def _language(key: str) -> Callable[[Any], str | None]:
    return lambda locale: locale.languages.get(key)


def _script(key: str) -> Callable[[Any], str | None]:
    return lambda locale: locale.scripts.get(key)


def _month(number: int) -> Callable[[Any], str | None]:
    return lambda locale: locale.months["stand-alone"]["wide"].get(number)


def _day(number: int) -> Callable[[Any], str | None]:
    return lambda locale: locale.days["stand-alone"]["wide"].get(number)


def _city(zone: str, territory: str) -> Callable[[Any], str | None]:
    def name(locale: Any) -> str | None:
        city = dict(locale.time_zones.get(zone, {})).get("city")
        if not city and locale.language == "en":
            city = zone.rsplit("/", 1)[1].replace("_", " ")
        return None if city == locale.territories.get(territory) else city

    return name


def _first_day(territory: str) -> int:
    """CLDR's first day of the week, 0 for Monday; babel tells it by locale, and any locale of the territory will do."""
    import babel

    return int(babel.Locale.parse(_locales_by_territory()[territory]).first_week_day)


@cache
def _locales_by_territory() -> dict[str, str]:
    from babel.localedata import locale_identifiers

    return {
        name.rsplit("_", 1)[1]: name for name in sorted(locale_identifiers(), reverse=True) if "_" in name
    }


def _names(locale: Any) -> dict[str, dict[str, str]]:
    months, days = locale.months["stand-alone"]["wide"], locale.days["stand-alone"]["wide"]
    return {
        "territories": {key: name for key, name in locale.territories.items() if key not in _NO_TERRITORY},
        "languages": {key: name for key, name in locale.languages.items() if "_" not in key},
        "currencies": dict(locale.currencies.items()),
        "scripts": dict(locale.scripts.items()),
        "months": {str(key): name for key, name in months.items()},
        "days": {str(key): name for key, name in days.items()},
    }
