"""Numbers as people read them."""

from collections.abc import Sequence


def count(number: float) -> str:
    """A whole number with its thousands apart.

    >>> count(1234567)
    '1,234,567'
    """
    return f"{number:,.0f}"


def short(number: float) -> str:
    """A number of at most four figures and a unit, for tiles and axes.

    >>> [short(n) for n in (0, 950, 9_999, 12_345, 999_999, 2_000_000)]
    ['0', '950', '9,999', '12.3 k', '1 M', '2 M']
    """
    return count(number) if number < 10_000 else _scaled(number, (" k", " M", " G", " T"))


def size(num_bytes: float) -> str:
    """A number of bytes in decimal units.

    >>> [size(n) for n in (999, 12_345, 1_500_000)]
    ['999 B', '12.3 kB', '1.5 MB']
    """
    return f"{num_bytes:.0f} B" if num_bytes < 1000 else _scaled(num_bytes, (" kB", " MB", " GB", " TB"))


def _scaled(number: float, units: Sequence[str]) -> str:
    """Three figures and the first unit in which they stay below 1,000; the units go by thousands."""
    for unit in units:
        number /= 1000
        if float(f"{number:.3g}") < 1000:
            return f"{float(f'{number:.3g}'):g}{unit}"
    return f"{number:,.0f}{units[-1]}"


def percent(part: float, whole: float) -> str:
    """A share that is never rounded to none or all of it.

    >>> percent(1, 3), percent(1, 10**6), percent(999_999, 10**6), percent(0, 5), percent(0, 0)
    ('33.3%', '<0.1%', '>99.9%', '0%', '–')
    """
    if not whole:
        return "\N{EN DASH}"
    if part in (0, whole):
        return "100%" if part else "0%"
    share = 100 * part / whole
    if share < 0.1:
        return "<0.1%"
    return ">99.9%" if share > 99.9 else f"{share:.1f}%"


def plural(number: int, noun: str) -> str:
    """A counted noun.

    >>> plural(1, "document"), plural(2000, "document")
    ('1 document', '2,000 documents')
    """
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")
