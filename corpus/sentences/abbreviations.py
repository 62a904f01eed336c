"""Words whose full stop does not end a sentence, without it and in small letters."""

ABBREVIATIONS = frozenset(
    {
        "mr", "mrs", "ms", "dr", "prof", "st", "mt", "sr", "jr", "rev", "hon", "gen", "col", "lt", "sgt", "capt",
        "cmdr", "adm", "maj", "gov", "sen", "rep", "pres", "supt", "det", "insp", "messrs", "mme", "mlle",
        "vs", "v", "cf", "e.g", "i.e", "viz", "al", "ca", "approx", "ed", "eds", "trans", "dept", "univ", "assn",
        "bros", "inc", "ltd", "co", "corp", "u.s", "u.k", "u.n", "u.s.a", "ph.d", "m.d", "b.a", "m.a", "d.c", "a.d",
        "b.c", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
        # Doctor, professor, engineer, teacher, page, and the eras (hijri, of the common era, before it).
        "\N{ARABIC LETTER DAL}", "\N{ARABIC LETTER ALEF}.\N{ARABIC LETTER DAL}", "\N{ARABIC LETTER MEEM}",
        "\N{ARABIC LETTER ALEF}", "\N{ARABIC LETTER SAD}", "\N{ARABIC LETTER HEH}",
        "\N{ARABIC LETTER QAF}.\N{ARABIC LETTER MEEM}",
    }
)  # fmt: skip

BEFORE_NUMBERS = frozenset(
    {
        "no",
        "nos",
        "nr",
        "vol",
        "fig",
        "figs",
        "p",
        "pp",
        "ch",
        "sec",
        "art",
        "eq",
        "ref",
        "\N{ARABIC LETTER SAD}",
    }
)
"""Those that do so only where a number follows."""
