"""The language of each document, from the scripts, letters, words and n-grams of its paragraphs."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from corpus.language.evidence import LANGUAGES, VOCALIZED, weigh
from corpus.language.model import predict
from corpus.language.paragraphs import (
    ARABIC,
    EXTENDED,
    LATIN,
    NUM_SCRIPTS,
    OTHER,
    Paragraphs,
    sort_paragraphs,
)
from corpus.language.settings import Identification
from corpus.language.snippets import take_snippets
from corpus.text_buffers import TextBuffers, from_buffers, to_buffers

UNDETERMINED = "und"

ARABIC_VARIETIES = frozenset({
    "ar", "ara", "arb", "arz", "ary", "arq", "apc", "apd", "acm", "acq", "aeb", "afb", "ajp", "ars",
    "ayl", "abv", "acx", "acw", "aec", "avl", "shu", "ayh", "ayn", "ayp", "pga", "ssh",
})  # fmt: skip
"""ISO 639-3 members of the macrolanguage ara, with ara and ar themselves."""

LANGUAGE_COLUMNS: dict[str, pl.DataType] = {
    "language": pl.String(),
    "confidence": pl.Float32(),
    "dialect": pl.String(),
    "paragraphs": pl.List(pl.Struct({"language": pl.String(), "share": pl.Float32()})),
}
"""What `identify` says of each document; `paragraphs` is the share of letters by language, greatest first."""

ARABIC_SCRIPT_STRANGERS = frozenset({"azb", "lrc", "mzn", "pnb"})
"""Labels of lid.176 that are written in Arabic script, apart from LANGUAGES."""

NOT_LATIN = ARABIC_SCRIPT_STRANGERS | frozenset({
    "am", "as", "av", "ba", "be", "bg", "bh", "bn", "bo", "bpy", "bxr", "ce", "cv", "dty", "dv", "el",
    "gom", "gu", "he", "hi", "hy", "ja", "ka", "kk", "km", "kn", "ko", "krc", "ky", "lez", "lo", "mai",
    "mhr", "mk", "ml", "mn", "mr", "mrj", "my", "myv", "ne", "new", "or", "os", "pa", "ru", "sa", "sah",
    "si", "ta", "te", "tg", "th", "tt", "tyv", "uk", "wuu", "xal", "xmf", "yi", "yue", "zh",
})  # fmt: skip
"""Labels of lid.176 that are not written in Latin script, apart from LANGUAGES."""

LEAST_PROBABILITY = 1e-3
"""Floor of fastText's probability for a language that letters and words may speak for."""

UNWRITTEN_PROBABILITY = 1e-9
"""A language that is not written in a text's script is less probable than this, any other one more."""

EGYPTIAN_ODDS = 1.5
"""Nats that one Egyptian function word adds to the odds of Egyptian over other Arabic."""

EGYPTIAN_THRESHOLD = 1.0
"""Log-odds from which a text is called Egyptian; set so that some 1.5 % of standard Arabic articles are."""


class Kept(NamedTuple):
    """Texts without foreign paragraphs, and how many paragraphs and characters were cut out."""

    texts: pl.Series
    counts: dict[str, int]


class _Groups(NamedTuple):
    """Paragraphs of one script of one text, and what they are taken for."""

    texts: npt.NDArray[np.int64]
    scripts: npt.NDArray[np.int64]
    letters: npt.NDArray[np.int64]
    languages: list[str]
    confidences: npt.NDArray[np.float64]
    dialects: list[str]
    declared: npt.NDArray[np.float64]  # probability of the language that the text is declared to have


def identify(texts: pl.Series, declared: pl.Series, settings: Identification) -> pl.DataFrame:
    """LANGUAGE_COLUMNS of each text, in order.

    The language is the one that most letters are in; its confidence is the probability of that language
    where it is found. All varieties of Arabic are ar; `dialect` is arz where a text is Egyptian, the
    declared variety where a source says one, else empty. A text that is too short to tell has the declared
    language, or und, at confidence 0. A declared language stands unless another one is found with a
    confidence of `settings.contradiction`, in enough letters or in a script that is not the declared language's.
    """
    claims = canonical(declared)
    buffers = to_buffers(texts)
    paragraphs = sort_paragraphs(buffers)
    groups = _identify_groups(buffers, paragraphs, claims.to_list(), settings)
    found = _by_document(groups, len(texts))
    claim = pl.Series("claim", claims)
    documents = found.with_columns(claim, pl.Series("declared", declared.fill_null("")))
    settled = pl.col("language") != UNDETERMINED
    in_its_script = pl.col("claim_probability") > UNWRITTEN_PROBABILITY
    too_short = (pl.col("letters") < settings.contradiction_letters) & in_its_script
    claims_more = (pl.col("claim") != "") & ~settled
    if settings.declared == "trust":
        claims_more |= (pl.col("claim") != "") & (pl.col("claim") != pl.col("language"))
    elif settings.declared == "check":
        claims_more |= (
            (pl.col("claim") != "")
            & (pl.col("claim") != pl.col("language"))
            & ((pl.col("confidence") < settings.contradiction) | too_short)
        )
    variety = (pl.col("declared") != "ar") & (pl.col("declared") != "ara") & (pl.col("claim") == "ar")
    return (
        documents.with_columns(
            language=pl.when(claims_more).then("claim").otherwise("language"),
            confidence=pl.when(claims_more)
            .then("claim_probability")
            .otherwise("confidence")
            .cast(pl.Float32),
        )
        .with_columns(
            dialect=pl.when(pl.col("language") != "ar")
            .then(pl.lit(""))
            .when(variety & (pl.col("dialect") == ""))
            .then("declared")
            .otherwise("dialect")
        )
        .select(LANGUAGE_COLUMNS.keys())
    )


def canonical(declared: pl.Series) -> pl.Series:
    """Declared codes as this stage writes them: ar for any Arabic, en for eng, en-US and en_GB; null empty."""
    code = declared.fill_null("").str.to_lowercase().str.replace(r"[-_].*$", "")
    names = dict.fromkeys(ARABIC_VARIETIES, "ar") | {
        "eng": "en",
        "und": "",
        "fas": "fa",
        "pes": "fa",
        "urd": "ur",
    }
    return code.replace(names)


def cut_foreign_paragraphs(texts: pl.Series, settings: Identification) -> Kept:
    """Cut out lines in the scripts whose paragraphs are surely in languages that do not stay."""
    buffers = to_buffers(texts)
    paragraphs = sort_paragraphs(buffers)
    groups = _identify_groups(buffers, paragraphs, [""] * len(texts), settings)
    foreign = np.zeros((len(texts), NUM_SCRIPTS), np.bool_)
    unwanted = np.array([language not in settings.languages for language in groups.languages], np.bool_)
    unwanted &= groups.confidences >= settings.contradiction
    foreign[groups.texts[unwanted], groups.scripts[unwanted]] = True
    line_texts = np.repeat(np.arange(len(texts)), np.diff(paragraphs.first))
    cut = foreign[line_texts, paragraphs.scripts]
    if not cut.any():
        return Kept(texts, {"foreign_paragraphs": 0, "foreign_characters": 0})
    touched = np.unique(line_texts[cut])
    before = texts.gather(touched)
    kept: list[str] = []
    for text, whole in zip(touched.tolist(), before.to_list(), strict=True):  # few texts have any
        lines = zip(whole.split("\n"), cut[paragraphs.first[text] : paragraphs.first[text + 1]], strict=True)
        kept.append("\n".join(line for line, is_foreign in lines if not is_foreign))
    after = pl.Series(kept, dtype=pl.String)
    characters = int(before.str.len_chars().sum()) - int(after.str.len_chars().sum())
    counts = {"foreign_paragraphs": int(cut.sum()), "foreign_characters": characters}
    return Kept(texts.clone().scatter(touched, after), counts)


def _identify_groups(
    buffers: TextBuffers, paragraphs: Paragraphs, claims: list[str], settings: Identification
) -> _Groups:
    letters = paragraphs.letters
    totals = letters.sum(axis=1, keepdims=True)
    worth = (letters >= settings.minimum_letters) & (letters >= settings.smallest_share * totals)
    texts, scripts = np.nonzero(worth)
    samples = take_snippets(buffers, paragraphs, texts, scripts, settings.snippet_bytes)
    predictions = predict(from_buffers(samples.texts).to_list())
    evidence = weigh(samples.texts, samples.vocalized)
    column = {language: index for index, language in enumerate(LANGUAGES)}
    probabilities = np.zeros((len(texts), len(LANGUAGES) + 1))
    p_egyptian = np.zeros(len(texts))
    strangers = [UNDETERMINED] * len(texts)
    for row, (guesses, script) in enumerate(
        zip(predictions, scripts.tolist(), strict=True)
    ):  # per text: each has labels of its own
        for probability, label in guesses:
            if label in ("ar", "arz"):
                probabilities[row, 0] += probability
                p_egyptian[row] += probability * (label == "arz")
            elif label in column:
                probabilities[row, column[label]] = probability
            elif probability > probabilities[row, -1] and _may_be_in(label, script):
                probabilities[row, -1] = probability
                strangers[row] = label
    posterior = _pool(probabilities, evidence.odds, scripts)
    best = posterior.argmax(axis=1)
    rows = np.arange(len(texts))
    languages = [
        LANGUAGES[b] if b < len(LANGUAGES) else strangers[row] for row, b in enumerate(best.tolist())
    ]
    standard = np.maximum(probabilities[:, 0] - p_egyptian, LEAST_PROBABILITY)
    odds = (
        np.log(np.maximum(p_egyptian, LEAST_PROBABILITY) / standard) + EGYPTIAN_ODDS * evidence.egyptian_words
    )
    is_egyptian = (odds > EGYPTIAN_THRESHOLD) & (samples.vocalized < VOCALIZED)
    dialects = ["arz" if egyptian else "" for egyptian in is_egyptian.tolist()]
    declared = np.array(
        [
            posterior[row, column[claims[text]]]
            if claims[text] in column
            else posterior[row, -1] * (claims[text] == strangers[row])
            for row, text in enumerate(texts.tolist())
        ]
    )
    return _Groups(
        texts, scripts, letters[texts, scripts], languages, posterior[rows, best], dialects, declared
    )


def _may_be_in(label: str, script: int) -> bool:
    """Whether a language outside LANGUAGES is written in this script."""
    if script == LATIN:
        return label not in NOT_LATIN
    return script == OTHER or label in ARABIC_SCRIPT_STRANGERS


def _pool(
    probabilities: npt.NDArray[np.float64], evidence: npt.NDArray[np.float32], scripts: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Posterior by language: fastText's probabilities times the odds of letters and words.

    A log-linear pool. Languages of another script than the sample's are out; the last column is the best
    language outside LANGUAGES.
    """
    arabic_script = np.isin(scripts, (ARABIC, EXTENDED))
    written = np.zeros((len(scripts), len(LANGUAGES)), np.bool_)
    written[:, :-1] = arabic_script[:, None]
    written[:, -1] = scripts == LATIN
    floor = np.where(
        written, np.maximum(probabilities[:, :-1], LEAST_PROBABILITY), UNWRITTEN_PROBABILITY / 1_000
    )
    stranger = np.maximum(probabilities[:, -1:], UNWRITTEN_PROBABILITY / 1_000)
    scores = np.log(np.concatenate([floor, stranger], axis=1)) + evidence
    scores -= scores.max(axis=1, initial=-np.inf, keepdims=True)
    odds: npt.NDArray[np.float64] = np.exp(scores)
    odds /= odds.sum(axis=1, keepdims=True)
    return odds


def _by_document(groups: _Groups, num_documents: int) -> pl.DataFrame:
    """One row per document from its groups; groups in one language are one paragraph language."""
    frame = pl.DataFrame(
        {
            "text": groups.texts,
            "language": pl.Series(groups.languages, dtype=pl.String),
            "letters": groups.letters,
            "confidence": groups.confidences,
            "dialect": pl.Series(groups.dialects, dtype=pl.String),
            "claim_probability": groups.declared,
        }
    )
    weighted = (pl.col("confidence") * pl.col("letters")).sum() / pl.col("letters").sum()
    by_language = (
        frame.sort("text", "letters", descending=[False, True], maintain_order=True)
        .group_by("text", "language", maintain_order=True)
        .agg(
            weighted.alias("confidence"),
            pl.col("letters").sum(),
            pl.col("dialect").first(),
            pl.col("claim_probability").max(),
        )
        .sort("text", "letters", descending=[False, True], maintain_order=True)
        .with_columns(share=(pl.col("letters") / pl.col("letters").sum().over("text")).cast(pl.Float32))
    )
    by_text = by_language.group_by("text", maintain_order=True).agg(
        pl.col("language", "confidence", "dialect").first(),
        pl.col("claim_probability").max(),
        pl.col("letters").sum(),
        paragraphs=pl.struct("language", "share"),
    )
    everything = pl.DataFrame({"text": np.arange(num_documents, dtype=np.int64)})
    return everything.join(by_text, on="text", how="left", maintain_order="left").select(
        pl.col("language").fill_null(UNDETERMINED),
        pl.col("confidence").fill_null(0.0).cast(pl.Float32),
        pl.col("dialect").fill_null(""),
        pl.col("claim_probability").fill_null(0.0),
        pl.col("letters").fill_null(0),
        pl.col("paragraphs").fill_null([]).cast(LANGUAGE_COLUMNS["paragraphs"]),
    )
