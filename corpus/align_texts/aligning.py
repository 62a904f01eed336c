"""From documents in two languages to pairs of sentences: files in, files out."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tqdm import tqdm

from corpus.align_texts.beads import Bead, align, packed, unpacked
from corpus.align_texts.coverage import Coverage, EmbeddingCoverage, LexiconCoverage, Matrix, no_coverage
from corpus.align_texts.documents import match_documents
from corpus.align_texts.kept import Kept, key_of, key_of_sentences
from corpus.align_texts.settings import AlignTexts, Beads
from corpus.clean_pairs.lexicon import Lexicon, learn
from corpus.clean_pairs.scoring import EmbeddingScorer
from corpus.errors import CorpusError
from corpus.pipeline.atomic import remove_partials, sha256_of, write_json, write_parquet
from corpus.pipeline.lock import held
from corpus.readers.inputs import resolve
from corpus.readers.reading import cut, parse
from corpus.schema import SHARD_COLUMNS
from corpus.sentences import split
from corpus.sources import Source
from corpus.text_measures import measure_texts

FORMAT = 2


def align_texts(settings: AlignTexts) -> dict[str, Any]:
    """Align, write the pairs as a corpus, and return its manifest; a stopped run goes on at the next pair of documents.

    Raises:
        CorpusError: Documents cannot be read, or none go together.
    """
    output = Path(settings.output_dir)
    busy = CorpusError(f"{output}: texts are being aligned here already; wait, or name another directory")
    with held(output / "work" / "lock", busy):
        remove_partials(output)
        left, right = _documents(settings.english), _documents(settings.arabic)
        matched = _match(left, right, settings)
        lefts = [_sentences(left["text"][i]) for i, _, _ in matched]
        rights = [_sentences(right["text"][j]) for _, j, _ in matched]
        store = output / "work" / "aligned.sqlite"
        with closing(Kept(store)) as kept:
            aligned = align_sentences(lefts, rights, _coverage(settings), settings.beads, kept)
        pairs = _pairs(left, right, matched, lefts, rights, aligned, settings)
        manifest = _write(pairs, aligned, output, settings)
        for path in store.parent.glob(f"{store.name}*"):  # coverage is as large as sentences times sentences
            path.unlink()
        return manifest


def align_sentences(
    lefts: Sequence[pl.Series],
    rights: Sequence[pl.Series],
    coverage: Coverage | None,
    beads: Beads,
    kept: Kept | None = None,
) -> list[list[Bead]]:
    """Beads of each pair of documents; what `kept` holds of a pair is not made again.

    A first round goes by lengths. It teaches a lexicon where no coverage is given, and tells how much coverage good
    pairs have and how much all others have by chance, so that 1 and 0 mean the same for every lexicon and model.
    """
    kept = kept or Kept()
    texts = [key_of_sentences(*each) for each in zip(lefts, rights, strict=True)]
    lengths = [(_lengths(left), _lengths(right)) for left, right in zip(lefts, rights, strict=True)]

    def beads_of(
        told: tuple[str, ...], matrices: Callable[[int], tuple[Matrix, Matrix]], what: str
    ) -> list[list[Bead]]:
        settled = (str(FORMAT), repr(beads), *told)
        return [
            unpacked(
                kept.arrays(
                    key_of("beads", texts[at], *settled),
                    lambda at=at: packed(align(*lengths[at], *matrices(at), beads)),  # type: ignore[misc]
                )
            )
            for at in tqdm(range(len(texts)), desc=what, unit="document", disable=None)
        ]

    first = beads_of(("lengths",), lambda _: no_coverage(), "lengths")
    if coverage is no_coverage:
        return first
    covers = coverage or LexiconCoverage(_taught(lefts, rights, first))

    def covered(at: int) -> tuple[Matrix, Matrix]:
        forward, backward = kept.arrays(
            key_of("coverage", texts[at], covers.version), lambda: covers(lefts[at], rights[at])
        )
        return forward, backward

    bounds = _bounds(
        map(covered, tqdm(range(len(texts)), desc="coverage", unit="document", disable=None)), first
    )
    return beads_of((covers.version, repr(bounds)), lambda at: _scaled(covered(at), bounds), "beads")


def _bounds(
    matrices: Iterable[tuple[Matrix, Matrix]], first: Sequence[list[Bead]]
) -> tuple[tuple[float, float], ...]:
    """For both sides the coverage of all pairs on average, by chance, and that of the first round's 1-1 beads."""
    sums, cells = np.zeros(2), 0
    goods, singles = np.zeros(2), 0
    for both, beads in zip(matrices, first, strict=True):
        sums += [matrix.sum(dtype=np.float64) for matrix in both]
        cells += both[0].size
        own = [(bead.left[0], bead.right[0]) for bead in beads if _is_single(bead)]
        goods += [sum(float(matrix[place]) for place in own) for matrix in both]
        singles += len(own)
    chances = sums / max(1, cells)
    means = goods / singles if singles else np.ones(2)
    return tuple(
        (float(chance), max(float(good), float(chance) + 1e-3))
        for chance, good in zip(chances, means, strict=True)
    )


def _scaled(
    matrices: tuple[Matrix, Matrix], bounds: tuple[tuple[float, float], ...]
) -> tuple[Matrix, Matrix]:
    """Coverage with chance at 0 and that of good pairs at 1."""
    forward, backward = (
        np.clip((matrix - chance) / (good - chance), 0, 1).astype(np.float32)
        for matrix, (chance, good) in zip(matrices, bounds, strict=True)
    )
    return forward, backward


def _is_single(bead: Bead) -> bool:
    return bead.left[1] - bead.left[0] == bead.right[1] - bead.right[0] == 1


def _taught(lefts: Sequence[pl.Series], rights: Sequence[pl.Series], found: Sequence[list[Bead]]) -> Lexicon:
    """A lexicon of the 1-1 beads of a round."""
    single = [
        (left[bead.left[0]], right[bead.right[0]])
        for left, right, beads in zip(lefts, rights, found, strict=True)
        for bead in beads
        if _is_single(bead)
    ]
    frame = pl.DataFrame(single, schema={"left": pl.String, "right": pl.String}, orient="row")
    return learn(frame["left"], frame["right"])


def _documents(source: Source) -> pl.DataFrame:
    """`id`, `text` and what else a reader tells, of all documents of a source."""
    frames = []
    for file in resolve(source):
        stem = Path(file.path).name.split(".")[0]
        for block in cut(file, source):
            documents = parse(block, source).documents
            frames.append(
                documents.with_columns(id=pl.coalesce("record", pl.format("{}:{}", pl.lit(stem), "row")))
            )
    found = pl.concat(frames) if frames else pl.DataFrame()
    if not found.height:
        raise CorpusError(f"source {source.name}: holds no documents: check path and text_column")
    return found


def _match(left: pl.DataFrame, right: pl.DataFrame, settings: AlignTexts) -> list[tuple[int, int, float]]:
    if settings.match == "id":
        rows = left.select("id").with_row_index("i").join(right.select("id").with_row_index("j"), on="id")
        matched = [(i, j, 1.0) for i, j in rows.sort("i", "j").select("i", "j").rows()]
    else:
        first = match_documents(left["text"], right["text"], None, settings.minimum_similarity)
        sure = [(i, j) for i, j, _ in first[: max(1, len(first) // 2)]]
        lexicon = learn(left["text"].gather([i for i, _ in sure]), right["text"].gather([j for _, j in sure]))
        matched = match_documents(left["text"], right["text"], lexicon, settings.minimum_similarity)
    if not matched:
        raise CorpusError(
            f"no document of {settings.english.name} goes with one of {settings.arabic.name} by {settings.match}: "
            "check the ids, or lower minimum_similarity"
        )
    return sorted(matched)


def _coverage(settings: AlignTexts) -> Coverage | None:
    if settings.scorer == "lexicon":
        return None
    if settings.scorer == "lengths":
        return no_coverage
    return EmbeddingCoverage(EmbeddingScorer(settings.scorer, batch_size=32, device=settings.device))


def _sentences(text: str) -> pl.Series:
    return pl.Series([each.plain for each in split(text) if each.is_sentence], dtype=pl.String)


def _lengths(sentences: pl.Series) -> Any:
    return sentences.str.len_chars().to_numpy().astype(np.int64)


def _pairs(
    left: pl.DataFrame,
    right: pl.DataFrame,
    matched: Sequence[tuple[int, int, float]],
    lefts: Sequence[pl.Series],
    rights: Sequence[pl.Series],
    aligned: Sequence[list[Bead]],
    settings: AlignTexts,
) -> pl.DataFrame:
    """Rows of `pair`, `en`, `ar`, `alignment` and the English document's domain, url and license."""
    rows = []
    for (i, j, _), left_side, right_side, beads in zip(matched, lefts, rights, aligned, strict=True):
        for number, bead in enumerate(beads):
            if bead.left[0] < bead.left[1] and bead.right[0] < bead.right[1]:
                texts = [
                    " ".join(side[start:end])
                    for side, (start, end) in ((left_side, bead.left), (right_side, bead.right))
                ]
                told = left.row(i, named=True)
                name = f"{settings.english.name}/{told['id']}+{right['id'][j]}:{number}"
                rows.append((name, *texts, bead.coverage, told["domain"], told["url"], told["license"]))
    names = ("pair", "en", "ar", "alignment", "domain", "url", "license")
    kinds = [pl.Float64 if name == "alignment" else pl.String for name in names]
    frame = pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")
    return frame.filter(pl.col("alignment") >= settings.minimum_score)


def _write(
    pairs: pl.DataFrame, aligned: Sequence[list[Bead]], output: Path, settings: AlignTexts
) -> dict[str, Any]:
    sides = [
        pairs.with_row_index("row").with_columns(
            id=pl.col("pair") + f"#{language}", text=pl.col(language), language=pl.lit(language)
        )
        for language in ("en", "ar")
    ]
    long = pl.concat(sides).sort("row", maintain_order=True)
    name = settings.english.name
    long = long.with_columns(
        *measure_texts(long["text"]).get_columns(), source=pl.lit(name), kind=pl.lit("parallel")
    )
    columns = SHARD_COLUMNS | {"alignment": pl.Float32()}
    documents = long.select(
        (pl.col(column) if column in long.columns else pl.lit(None)).cast(kind).alias(column)
        for column, kind in columns.items()
    )
    path = f"shards/{name}-00000.parquet"
    (output / "manifest.json").unlink(missing_ok=True)  # from here on the shard may be of this run
    write_parquet(output / path, documents)
    totals = {each: int(documents[each].sum()) for each in ("characters", "words")}
    kinds = Counter(
        f"{bead.left[1] - bead.left[0]}-{bead.right[1] - bead.right[0]}"
        for beads in aligned
        for bead in beads
    )
    shown = settings.english.examples and settings.arabic.examples
    manifest = {
        "format": FORMAT,
        "daad": version("daad"),
        "config": settings.decisive() | {"sources": [{"name": name, "kind": "parallel", "examples": shown}]},
        "versions": {each: version(each) for each in ("polars", "numpy", "numba")},
        "documents": len(aligned),
        "pairs": pairs.height,
        "beads": dict(sorted(kinds.items())),
        "shards": [
            {"path": path, "source": name, "documents": documents.height, "sha256": sha256_of(output / path)}
            | totals
        ],
    }
    write_json(output / "manifest.json", manifest)
    return manifest
