"""Settings of normalization: which steps run, and on which lines."""

from dataclasses import dataclass, fields
from typing import Literal, get_args

Where = Literal["off", "arabic", "everywhere"]
FinalYeh = Literal["rule", "yeh", "keep"]
PersianDigits = Literal["keep", "arabic"]


@dataclass(frozen=True, kw_only=True)
class Normalization:
    """Which steps mend the text that stays, and where.

    A step is off, runs on lines that are Arabic, or runs everywhere. A line is Arabic for the steps that
    treat single characters (invisible, forms, phrases, tatweel, html) when it holds an Arabic letter, and for
    the steps that treat the space between words (spaces, punctuation) when at least half of its letters are
    Arabic: a line of code with an Arabic string in it keeps its layout.

    Attributes:
        encoding: Repair text that was decoded with the wrong code page (ftfy, and UTF-8 read as
            windows-1256).
        controls: Make every line end a newline and remove control characters but the tab.
        html: Resolve entities such as &nbsp; and remove tags such as </div>; <br> and </p> end a line.
        invisible: Remove bidi controls, zero-width spaces, soft hyphens; and joiners beside Arabic letters,
            unless the word holds a letter that Arabic does not have (Persian needs its joiners).
        forms: Replace presentation forms and ligatures by their letters, compose hamza and madda, order marks
            (NFKC of the Arabic blocks as camel-tools' normalize_unicode, and of nothing else).
        phrases: Spell out the one-character phrases U+FDFA to U+FDFD (blessing, majesty, rial sign, basmala).
        tatweel: Remove elongation; it stays under a dagger alef or a hamza, after an abbreviation or a prefix
            that stands alone, and where it touches no letter.
        spaces: Make runs of blanks and odd blanks one space (one tab where they hold a tab), keep
            indentation, remove blanks at the end of a line.
        punctuation: Put no space before a comma, semicolon, full stop, colon, question or exclamation mark or
            inside brackets, and one after such a mark between words.
        lookalikes: In documents known to be Arabic, whether to replace Persian and Urdu letters that look
            Arabic.
        final_yeh: What U+06CC at the end of a word becomes: what the rule says, always yeh, or it stays.
        persian_digits: In documents known to be Arabic, keep the digits U+06F0 to U+06F9 or make them
            Arabic-Indic.
    """

    encoding: Where = "everywhere"
    controls: Where = "everywhere"
    html: Where = "arabic"
    invisible: Where = "arabic"
    forms: Where = "arabic"
    phrases: Where = "off"
    tatweel: Where = "arabic"
    spaces: Where = "arabic"
    punctuation: Where = "arabic"
    lookalikes: bool = True
    final_yeh: FinalYeh = "rule"
    persian_digits: PersianDigits = "keep"

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "lookalikes":
                if not isinstance(value, bool):
                    raise ValueError(f"lookalikes must be true or false, got {value!r}")
                continue
            choices = _CHOICES.get(field.name, get_args(Where))
            if value not in choices:
                raise ValueError(f"{field.name} must be one of {', '.join(choices)}, got {value!r}")


_CHOICES = {"final_yeh": get_args(FinalYeh), "persian_digits": get_args(PersianDigits)}
