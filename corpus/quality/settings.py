"""What a user can set of the quality and toxicity stages. Standard library only: `--help` loads this."""

from dataclasses import dataclass, field, fields

from corpus.quality.stop_words import ENGLISH, arabic_stop_words

NOTICES = [
    "javascript",
    "lorem ipsum",
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
]
"""C4's phrases of machine-made lines (Raffel et al. 2020, section 2.2, and its released code)."""

_SHARES = (
    "min_words_with_letter",
    "max_bullet_lines",
    "max_ellipsis_lines",
    "max_repeated_lines",
    "max_repeated_line_characters",
    "max_repeated_paragraphs",
    "max_repeated_paragraph_characters",
    "min_punctuated_lines",
    "max_short_lines",
    "max_stop_words",
    "max_digits",
    "max_top_word",
)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Thresholds of one language. A document must meet all of them; each can be switched off by its extreme.

    Words are what white space sets apart and holds a letter or digit; their length counts letters and digits,
    never tashkeel, tatweel or punctuation. Shares lie between 0 and 1.

    Attributes:
        min_words: Fewest words.
        max_words: Most words.
        min_mean_word_length: Least mean length of the words, in letters.
        max_mean_word_length: Greatest mean length of the words, in letters.
        max_word_length: Greatest length of any word, in letters.
        min_words_with_letter: Least share of the words that hold a letter.
        max_hash_ratio: Most '#' for each word.
        max_ellipsis_ratio: Most ellipses for each word.
        max_bullet_lines: Greatest share of lines that start with a bullet.
        max_ellipsis_lines: Greatest share of lines that end in an ellipsis.
        min_stop_words: Fewest stop words.
        max_stop_words: Greatest share of the words that are stop words.
        stop_words: The stop words, without tashkeel.
        max_repeated_lines: Greatest share of lines that stood before.
        max_repeated_line_characters: Greatest share of characters in lines that stood before.
        max_repeated_paragraphs: Greatest share of paragraphs that stood before.
        max_repeated_paragraph_characters: Greatest share of characters in paragraphs that stood before.
        max_top_ngrams: Greatest share of letters in the most frequent 2-, 3- and 4-gram of words.
        max_repeated_ngrams: Greatest share of letters in 5- to 10-grams of words that stood before.
        min_punctuated_lines: Least share of lines that end in punctuation.
        max_short_lines: Greatest share of lines of at most 30 characters.
        max_line_breaks: Most line breaks for each word.
        min_sentences: Fewest words that end a sentence.
        max_digits: Greatest share of characters that are digits.
        max_urls: Most web addresses for each word.
        max_hashtags: Most hashtags for each word.
        max_long_numbers: Most numbers of 9 to 15 digits, which are telephones mostly, for each word.
        max_top_word: Greatest share of the words that one word has, stop words apart (keyword stuffing).
        spam_words: Words and phrases that mark spam.
        max_spam_words: Most of them for each word.
        notices: Phrases of machine-made lines, such as calls to switch on JavaScript.
        max_notices: Most of them for each line.
        allow_lorem_ipsum: Whether "lorem ipsum" may stand in the text.
        allow_curly_brackets: Whether "{" may stand in the text; C4 forbids it, which drops all code.
    """

    min_words: int = 50
    max_words: int = 1_000_000
    min_mean_word_length: float = 3.0
    max_mean_word_length: float = 10.0
    max_word_length: int = 1000
    min_words_with_letter: float = 0.8
    max_hash_ratio: float = 0.1
    max_ellipsis_ratio: float = 0.1
    max_bullet_lines: float = 0.9
    max_ellipsis_lines: float = 0.3
    min_stop_words: int = 2
    max_stop_words: float = 0.6
    stop_words: list[str] = field(default_factory=ENGLISH.copy)
    max_repeated_lines: float = 0.3
    max_repeated_line_characters: float = 0.1
    max_repeated_paragraphs: float = 0.3
    max_repeated_paragraph_characters: float = 0.2
    max_top_ngrams: list[float] = field(default_factory=lambda: [0.2, 0.18, 0.16])
    max_repeated_ngrams: list[float] = field(default_factory=lambda: [0.15, 0.14, 0.13, 0.12, 0.11, 0.10])
    min_punctuated_lines: float = 0.12
    max_short_lines: float = 0.67
    max_line_breaks: float = 0.3
    min_sentences: int = 0
    max_digits: float = 0.25
    max_urls: float = 0.1
    max_hashtags: float = 0.1
    max_long_numbers: float = 0.05
    max_top_word: float = 0.2
    spam_words: list[str] = field(default_factory=list)
    max_spam_words: float = 0.05
    notices: list[str] = field(default_factory=lambda: list(NOTICES))
    max_notices: float = 0.2
    allow_lorem_ipsum: bool = False
    allow_curly_brackets: bool = True

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be between 0 and 1, got {getattr(self, name)}")
        for threshold in fields(self):
            value = getattr(self, threshold.name)
            if isinstance(value, int | float) and not value >= 0:
                raise ValueError(f"{threshold.name} must be at least 0, got {value}")
        for name in ("stop_words", "spam_words", "notices"):
            if not all(word.strip() for word in getattr(self, name)):
                raise ValueError(f"{name} must not hold an empty one, got {getattr(self, name)}")
        for low, high in (("min_words", "max_words"), ("min_mean_word_length", "max_mean_word_length")):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(
                    f"{low} must be at most {high}, got {getattr(self, low)} > {getattr(self, high)}"
                )
        for name, sizes in (("max_top_ngrams", "2, 3 and 4"), ("max_repeated_ngrams", "5 to 10")):
            shares, wanted = getattr(self, name), 3 if name == "max_top_ngrams" else 6
            if len(shares) != wanted or not all(0 <= share <= 1 for share in shares):
                raise ValueError(
                    f"{name} must be {wanted} shares between 0 and 1, for {sizes} words, got {shares}"
                )


def arabic_rules() -> Rules:
    """FineWeb-2's thresholds for `arb_Arab`; the Egyptian ones where they are looser and do no harm."""
    return Rules(
        min_mean_word_length=2.0,
        max_mean_word_length=9.0,
        min_words_with_letter=0.787,
        stop_words=arabic_stop_words(),
        max_repeated_lines=0.304,
        max_top_ngrams=[0.197, 0.172, 0.194],
        max_repeated_ngrams=[0.165, 0.153, 0.142, 0.131, 0.12, 0.109],
        min_punctuated_lines=0.143,
        max_short_lines=1.0,
        max_line_breaks=0.333,
    )


def other_rules() -> Rules:
    """Gopher's thresholds without stop words, for languages that we know too little of."""
    return Rules(min_mean_word_length=2.0, min_stop_words=0, stop_words=[], max_short_lines=1.0)


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Drop poor text by the rules of C4, Gopher and FineWeb-2; docs/quality.md says where each comes from.

    Attributes:
        enabled: Whether this stage runs.
        ar: Thresholds of Arabic, Egyptian and the other dialects included.
        en: Thresholds of English.
        other: Thresholds of all other languages.
        min_lines: The rules on shares of bulleted, cut, punctuated and short lines wait for so many lines.
        exempt_kinds: Kinds of sources that are not judged; sides of parallel text are single sentences.
        exempt_domains: Domains that are not judged; rules for prose say nothing of code.
    """

    enabled: bool = True
    ar: Rules = field(default_factory=arabic_rules)
    en: Rules = field(default_factory=Rules)
    other: Rules = field(default_factory=other_rules)
    min_lines: int = 5
    exempt_kinds: list[str] = field(default_factory=lambda: ["parallel"])
    exempt_domains: list[str] = field(default_factory=lambda: ["code"])


@dataclass(frozen=True, kw_only=True)
class Toxicity:
    """Drop text that holds too many words of a list, compared as folded whole words.

    Attributes:
        word_lists: Word list of each language, as {ar: path, en: path}: UTF-8, one word or phrase to a line.
            Without any, nothing is dropped. A document is compared with the list of its language.
        maximum_share: Greatest share of a document's words that may be listed.
        maximum_count: Most listed words and phrases, however long the document is.
    """

    word_lists: dict[str, str] = field(default_factory=dict)
    maximum_share: float = 0.01
    maximum_count: int = 20

    def __post_init__(self) -> None:
        if not 0 <= self.maximum_share <= 1:
            raise ValueError(f"maximum_share must be between 0 and 1, got {self.maximum_share}")
        if self.maximum_count < 0:
            raise ValueError(f"maximum_count must be at least 0, got {self.maximum_count}")
