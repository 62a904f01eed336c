"""Gold words of CoNLL-U files, how each tokenizer cuts them, and how far that agrees with their clitics."""

import gzip
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from tqdm import tqdm

from tokenization.errors import TokenizationError
from tokenization.measures.boundaries import Agreement, agree, count, cuts_of_words
from tokenization.measures.conllu import GoldWord, read_words
from tokenization.measures.slices import digest
from tokenization.report.figures import COLUMNS, as_row, sign
from tokenization.report.study import Study

EXAMPLES = 60
"""Different clitic-bearing words that are shown at most."""


@dataclass(frozen=True)
class Morphology:
    """Agreement of each tokenizer over all words and over clitic-bearing ones, and words to look at."""

    words: int
    sentences: int
    agreements: Sequence[tuple[Agreement, Agreement]]
    signatures: Sequence[str]
    examples: Sequence[GoldWord]
    example_cuts: Sequence[Sequence[tuple[int, ...]]]


def study_morphology(study: Study) -> Morphology | None:
    """Agreement with the gold words that the config names; None where it names none.

    Raises:
        TokenizationError: A file that is not there, is no CoNLL-U, or holds no Arabic word.
    """
    if not study.config.morphology:
        return None
    words = _read(study.config.morphology)
    spelled = [gold.word for gold in words]
    marked = digest(pl.Series(["+".join(gold.parts) for gold in words]))
    examples = choose_examples(words)
    agreements, signatures, shown = [], [], []
    numbers = range(len(study.tokenizers))
    for number in tqdm(numbers, desc=f"{'clitics':<22}", unit="tokenizer", dynamic_ncols=True):
        cuts = _cuts(study, number, spelled)
        counts = count(words, cuts)
        settings = study.config.resamples, study.config.seed
        agreements.append(
            (
                agree(words, counts, *settings, clitics_only=False),
                agree(words, counts, *settings, clitics_only=True),
            )
        )
        signatures.append(sign(study, number, marked, "gold"))
        shown.append(_cuts(study, number, [gold.word for gold in examples]))
    return Morphology(
        len(words), len({gold.sentence for gold in words}), agreements, signatures, examples, shown
    )


def agreement_figures(study: Study, morphology: Morphology) -> pl.DataFrame:
    """Agreement as rows of fertility.csv (COLUMNS); slices are `gold` and `gold/with_clitic`."""
    rows = []
    for number, (agreements, signed) in enumerate(
        zip(morphology.agreements, morphology.signatures, strict=True)
    ):
        for of, own in zip(("gold", "gold/with_clitic"), agreements, strict=True):
            for measure in ("precision", "recall", "f1", "fertility"):
                name = "fertility" if measure == "fertility" else f"clitic_{measure}"
                estimate = getattr(own, measure)
                row = as_row(study, number, of, name, estimate, morphology.sentences, own.words)
                rows.append(row | {"signature": signed.replace("slice:gold", f"slice:{of}")})
    return pl.DataFrame(rows, schema=COLUMNS)


def choose_examples(words: Sequence[GoldWord]) -> list[GoldWord]:
    """Clitic-bearing words, each once, the most frequent of every number of clitics in turn."""
    times = Counter((gold.word, gold.borders) for gold in words if gold.borders)
    ranked = sorted(times.items(), key=lambda item: (-item[1], item[0]))
    queues = [
        [key for key, _ in ranked if len(key[1]) == number]
        for number in sorted({len(key[1]) for key in times})
    ]
    chosen = []
    for place in range(max(map(len, queues), default=0)):
        chosen += [queue[place] for queue in queues if place < len(queue)]
    return [GoldWord(word, 0, borders) for word, borders in chosen[:EXAMPLES]]


def respects(gold: GoldWord, cuts: tuple[int, ...]) -> bool:
    """Whether no piece crosses a place where clitics join."""
    return {2 * border for border in gold.borders} <= set(cuts)


def _cuts(study: Study, number: int, words: Sequence[str]) -> list[tuple[int, ...]]:
    given = study.place(words, number)
    skipped = 0 if study.cuts[number].bare else 1
    return cuts_of_words(study.tokenizers[number].locate(given), skipped)


def _read(paths: Sequence[str]) -> list[GoldWord]:
    words: list[GoldWord] = []
    for path in paths:
        opened = gzip.open if path.endswith(".gz") else Path.open
        try:
            with opened(Path(path), "rt", encoding="utf-8") as lines:
                found = read_words(lines)
        except (OSError, EOFError, ValueError) as error:
            raise TokenizationError(
                f"morphology {path}: cannot be read as CoNLL-U ({error}): check the file"
            ) from error
        before = 1 + words[-1].sentence if words else 0
        words += [gold._replace(sentence=gold.sentence + before) for gold in found]
    if not np.any([bool(gold.borders) for gold in words]):
        raise TokenizationError(
            f"morphology {', '.join(paths)}: no Arabic word with a clitic is in it: name a file "
            "whose clitics are words of their own"
        )
    return words
