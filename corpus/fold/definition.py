"""What folding is, step by step; the kernel's table is made from this and tested against it."""

import unicodedata

_TO_ARABIC = str.maketrans(
    {
        # Persian, Urdu and Kurdish keyboards type these for letters that Arabic has.
        "\N{ARABIC LETTER KEHEH}": "\N{ARABIC LETTER KAF}",
        "\N{ARABIC LETTER SWASH KAF}": "\N{ARABIC LETTER KAF}",
        "\N{ARABIC LETTER FARSI YEH}": "\N{ARABIC LETTER YEH}",
        "\N{ARABIC LETTER YEH BARREE}": "\N{ARABIC LETTER YEH}",
        "\N{ARABIC LETTER HEH GOAL}": "\N{ARABIC LETTER HEH}",
        "\N{ARABIC LETTER HEH DOACHASHMEE}": "\N{ARABIC LETTER HEH}",
        "\N{ARABIC LETTER TEH MARBUTA GOAL}": "\N{ARABIC LETTER HEH}",
        "\N{ARABIC LETTER AE}": "\N{ARABIC LETTER HEH}",
        # The Maghrebi way to dot feh and qaf.
        "\N{ARABIC LETTER FEH WITH DOT MOVED BELOW}": "\N{ARABIC LETTER FEH}",
        "\N{ARABIC LETTER QAF WITH DOT ABOVE}": "\N{ARABIC LETTER QAF}",
    }
)

_ARABIC_MARKS = dict.fromkeys(
    map(
        ord,
        # Letters by category, but marks of recitation by use.
        "\N{ARABIC TATWEEL}\N{ARABIC SMALL WAW}\N{ARABIC SMALL YEH}"
        # Tashkeel as legacy fonts spell it, inside words; NFKC would put a space before each.
        "\N{ARABIC LIGATURE SHADDA WITH DAMMATAN ISOLATED FORM}"
        "\N{ARABIC LIGATURE SHADDA WITH KASRATAN ISOLATED FORM}"
        "\N{ARABIC LIGATURE SHADDA WITH FATHA ISOLATED FORM}"
        "\N{ARABIC LIGATURE SHADDA WITH DAMMA ISOLATED FORM}"
        "\N{ARABIC LIGATURE SHADDA WITH KASRA ISOLATED FORM}"
        "\N{ARABIC LIGATURE SHADDA WITH SUPERSCRIPT ALEF ISOLATED FORM}"
        "\N{ARABIC FATHATAN ISOLATED FORM}\N{ARABIC DAMMATAN ISOLATED FORM}\N{ARABIC KASRATAN ISOLATED FORM}"
        "\N{ARABIC FATHA ISOLATED FORM}\N{ARABIC DAMMA ISOLATED FORM}\N{ARABIC KASRA ISOLATED FORM}"
        "\N{ARABIC SHADDA ISOLATED FORM}\N{ARABIC SUKUN ISOLATED FORM}",
    )
)


def fold_text(text: str) -> str:
    """The folded text: words of letters and digits with one space between them.

    Camel-tools defines the Arabic steps (NFKC, tashkeel, alef, alef maksura, teh marbuta). Beyond it,
    canonically equivalent texts must share a key whether they are composed or not, so letters are
    decomposed and every mark is deleted: \N{ARABIC LETTER WAW WITH HAMZA ABOVE} loses its hamza as
    \N{ARABIC LETTER ALEF WITH HAMZA ABOVE} does, and an accented Latin letter its accent. Format characters
    (joiners, bidi controls, soft hyphens) are deleted, and whatever is neither letter nor digit parts
    words.

    >>> fold_text("Naïve  STRAßE, ١٤٤٥!")
    'naive strasse 1445'
    """
    # camel-tools loads scipy and pandas: too heavy for a module that the kernel's users import.
    from camel_tools.utils.dediac import dediac_ar
    from camel_tools.utils.normalize import (
        normalize_alef_ar,
        normalize_alef_maksura_ar,
        normalize_teh_marbuta_ar,
        normalize_unicode,
    )

    text = normalize_unicode(text.translate(_ARABIC_MARKS), compatibility=True)
    text = dediac_ar(unicodedata.normalize("NFKD", text)).translate(_ARABIC_MARKS)
    text = _without_marks(text).casefold()
    text = _without_marks(unicodedata.normalize("NFKD", text))
    text = normalize_teh_marbuta_ar(normalize_alef_maksura_ar(normalize_alef_ar(text))).translate(_TO_ARABIC)
    return " ".join("".join(map(_letter_digit_or_space, text)).split())


def _without_marks(text: str) -> str:
    return "".join(character for character in text if not _is_invisible(unicodedata.category(character)))


def _is_invisible(category: str) -> bool:
    return category.startswith("M") or category == "Cf"


def _letter_digit_or_space(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    return character if unicodedata.category(character)[0] in "LN" else " "
