"""From a corpus to its translation: sentences out of the cache or the translator, documents put together again."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm

from corpus.errors import CorpusError
from corpus.pipeline.atomic import (
    remove_others,
    remove_partials,
    sha256_of,
    write_json,
    write_parquet,
)
from corpus.pipeline.finished import read_manifest
from corpus.pipeline.lock import held
from corpus.schema import SHARD_COLUMNS
from corpus.sentences import Segment, split
from corpus.sentences.splitting import replaced
from corpus.text_measures import measure_texts
from corpus.translate.cache import TranslationCache
from corpus.translate.checks import check, quality_scores, round_trip_scores
from corpus.translate.energy import EnergyMeter
from corpus.translate.report import write_report
from corpus.translate.settings import Translate
from corpus.translate.translators import (
    Seq2SeqTranslator,
    Translator,
    converted_weights,
    open_translator,
    sentence_key,
)

FORMAT = 2

TRANSLATED_COLUMNS: dict[str, pl.DataType] = SHARD_COLUMNS | {
    "original": pl.String(),  # id of the document that was translated
    "translator": pl.String(),
    "translator_version": pl.String(),
    "translated_on": pl.String(),  # day of the last sentence, UTC
    "sentences": pl.Int64(),
    "failed_share": pl.Float32(),  # share of characters in sentences that failed their checks
    "round_trip": pl.Float32(),  # mean chrF, null where nothing was translated back
    "quality": pl.Float32(),  # mean output of the quality model, null without one
}
_SENTENCE_COLUMNS = ("document", "number", "en", "ar", "reason", "detail", "round_trip", "quality")


def translate(settings: Translate) -> dict[str, Any]:
    """Translate, and return the manifest; the same command goes on where it was stopped, to the sentence.

    Raises:
        CorpusError: No finished corpus, nothing to translate, or a translator that cannot be used.
    """
    output, corpus = Path(settings.output_dir), Path(settings.corpus)
    manifest = read_manifest(corpus)
    busy = CorpusError(f"{output}: is being translated into already; wait, or name another directory")
    started, meter = time.time(), EnergyMeter(settings.watts)
    with held(output / "work" / "lock", busy):
        remove_partials(output)
        shards, notes = _shards(manifest, corpus, settings)
        translator = open_translator(settings)
        with closing(translator), closing(TranslationCache(output / "work" / "translations.sqlite")) as cache:
            work = _Work(settings, translator, cache, back_translator(settings))
            numbers: Counter[str] = Counter()
            (output / "manifest.json").unlink(missing_ok=True)  # from here on shards may be of this run
            written = []
            for shard in shards:
                number = numbers[shard["source"]]
                numbers[shard["source"]] += 1
                written.append(work.shard(corpus / shard["path"], shard["source"], number, output))
            ledger = translator.ledger()
        for kind in ("shards", "dropped", "sentences"):
            remove_others(output / kind, {each["file"] for each in written if each[kind]})
        content = _manifest(settings, manifest, written, notes, translator)
        content["run"] = {
            "seconds": round(time.time() - started, 2),
            "translated": work.translated,
            "ledger": ledger,
            "energy": meter.summary(),
        }
        write_report(content, output, settings)
        write_json(output / "manifest.json", content)
    return content


def translated_sentences(
    sentences: Sequence[str], translator: Translator, cache: TranslationCache
) -> tuple[dict[str, tuple[str, str]], int]:
    """Translation and day of each sentence, and how many were translated now; every batch is kept as it comes."""
    unique = list(dict.fromkeys(sentences))
    keys = {sentence: sentence_key(translator.version, sentence) for sentence in unique}
    kept = cache.get(list(keys.values()))
    missing = [sentence for sentence in unique if keys[sentence] not in kept]
    with tqdm(
        total=len(unique), initial=len(unique) - len(missing), desc="sentences", unit="sentence", disable=None
    ) as bar:
        for numbers, texts in translator.batches(missing) if missing else ():
            cache.put((keys[missing[n]], text) for n, text in zip(numbers, texts, strict=True) if text)
            bar.update(len(numbers))
    kept |= cache.get([keys[sentence] for sentence in missing])
    return {sentence: kept.get(key, ("", "")) for sentence, key in keys.items()}, len(missing)


class _Work:
    """What the shards of one run share."""

    def __init__(
        self, settings: Translate, translator: Translator, cache: TranslationCache, back: Translator | None
    ) -> None:
        self.settings, self.translator, self.cache, self.back = settings, translator, cache, back
        self.translated = 0

    def shard(self, path: Path, source: str, number: int, output: Path) -> dict[str, Any]:
        """Translate one shard, write its documents, dropped documents and sentences, and describe them."""
        settings = self.settings
        documents = pl.read_parquet(path).filter(
            (pl.col("language") == settings.source_language) & pl.col("pair").is_null()
        )
        documents = documents.head(settings.max_documents) if settings.max_documents else documents
        cut = [
            split(text) for text in tqdm(documents["text"], desc="splitting", unit="document", disable=None)
        ]
        rows = [
            (document, place, segment.plain)
            for document, segments in enumerate(cut)
            for place, segment in enumerate(each for each in segments if each.is_sentence)
        ]
        frame = pl.DataFrame(
            rows, schema={"document": pl.Int64, "number": pl.Int64, "sent": pl.String}, orient="row"
        )
        found, new = translated_sentences(frame["sent"].to_list(), self.translator, self.cache)
        self.translated += new
        judged = self._judged(frame, found)
        finished = _documents(documents, cut, judged, self.translator, settings, source)
        poor = pl.col("failed_share") > settings.checks.maximum_failed
        name = f"{source}.translated"
        file = f"{name}-{number:05d}.parquet"
        described: dict[str, Any] = {"source": source, "file": file, "sentences": frame.height, "shard": None}
        described["failed"] = dict(judged.drop_nulls("reason").group_by("reason").len().sort("reason").rows())
        kept, dropped = finished.filter(~poor), finished.filter(poor)
        described["dropped"] = dropped.height
        described["shards"] = kept.height
        write_parquet(output / f"sentences/{file}", _named(judged, documents))
        if dropped.height:
            write_parquet(output / f"dropped/{file}", dropped)
        if kept.height:
            relative = f"shards/{file}"
            write_parquet(output / relative, kept)
            totals = {each: int(kept[each].sum()) for each in ("characters", "words")}
            size = {"bytes": (output / relative).stat().st_size, "sha256": sha256_of(output / relative)}
            described["shard"] = {"path": relative, "source": name, "documents": kept.height} | totals | size
        return described

    def _judged(self, frame: pl.DataFrame, found: dict[str, tuple[str, str]]) -> pl.DataFrame:
        """Sentences with their translation (`got`, `day`), both sides by language, verdict and scores."""
        settings, checks = self.settings, self.settings.checks
        got = pl.Series("got", [found[each][0] for each in frame["sent"]], dtype=pl.String)
        day = pl.Series("day", [found[each][1] for each in frame["sent"]], dtype=pl.String)
        sides = frame.with_columns(got, day).with_columns(
            pl.col("sent").alias(settings.source_language), pl.col("got").alias(settings.target_language)
        )
        verdicts = check(sides, checks)
        nothing = pl.lit(None, pl.Float32)
        judged = sides.with_columns(
            verdicts["reason"], verdicts["detail"], round_trip=nothing, quality=nothing
        )
        if self.back is not None:
            returned, _ = translated_sentences([each for each in got if each], self.back, self.cache)
            back = [returned.get(each, ("", ""))[0] for each in got]
            judged = judged.with_columns(
                round_trip=pl.Series(round_trip_scores(frame["sent"].to_list(), back), dtype=pl.Float32)
            )
            judged = _failing(judged, "round_trip", checks.minimum_round_trip)
        if checks.quality_model:
            scores = quality_scores(
                checks.quality_model, frame["sent"].to_list(), got.to_list(), settings.generation.device
            )
            judged = judged.with_columns(quality=pl.Series(scores, dtype=pl.Float32))
            judged = _failing(judged, "quality", checks.minimum_quality)
        return judged


def _failing(judged: pl.DataFrame, score: str, least: float) -> pl.DataFrame:
    low = pl.col("reason").is_null() & (pl.col(score) < least)
    return judged.with_columns(
        reason=pl.when(low).then(pl.lit(score)).otherwise("reason"),
        detail=pl.when(low)
        .then(pl.format("{} < {}", pl.col(score).round(2), pl.lit(f"{least:g}")))
        .otherwise("detail"),
    )


def _documents(
    documents: pl.DataFrame,
    cut: Sequence[Sequence[Segment]],
    judged: pl.DataFrame,
    translator: Translator,
    settings: Translate,
    source: str,
) -> pl.DataFrame:
    """Rows of TRANSLATED_COLUMNS; a sentence without a translation stays as it was."""
    filled = judged.with_columns(text=pl.when(pl.col("got") == "").then("sent").otherwise("got"))
    by_document: dict[int, list[str]] = {}
    for document, text in filled.select("document", "text").iter_rows():
        by_document.setdefault(document, []).append(text)
    texts = [replaced(segments, by_document.get(number, [])) for number, segments in enumerate(cut)]
    letters = pl.col("sent").str.len_chars()
    sums = judged.group_by("document").agg(
        sentences=pl.len(),
        failed_share=(letters * pl.col("reason").is_not_null()).sum() / letters.sum(),
        translated_on=pl.col("day").max(),
        round_trip=pl.col("round_trip").mean(),
        quality=pl.col("quality").mean(),
    )
    numbered = (
        documents.rename({"id": "original"})
        .with_row_index("document")
        .with_columns(pl.col("document").cast(pl.Int64), text=pl.Series(texts, dtype=pl.String))
    )
    whole = numbered.join(sums, on="document", how="left", maintain_order="left").filter(
        pl.col("sentences") > 0
    )
    whole = whole.with_columns(
        *measure_texts(whole["text"]).get_columns(),
        id=pl.format("{}#{}", "original", pl.lit(settings.target_language)),
        language=pl.lit(settings.target_language),
        language_confidence=pl.lit(None, pl.Float32),
        source=pl.lit(f"{source}.translated"),
        kind=pl.lit("translated"),
        dialect=pl.lit(""),
        translator=pl.lit(translator.name),
        translator_version=pl.lit(translator.version),
    )
    return whole.select(pl.col(name).cast(kind) for name, kind in TRANSLATED_COLUMNS.items())


def _named(judged: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    ids = documents["id"].gather(judged["document"])
    return judged.with_columns(document=ids).select(_SENTENCE_COLUMNS)


def back_translator(settings: Translate) -> Translator | None:
    """The model that translates back, where the checks name one."""
    if not settings.checks.round_trip:
        return None
    given = settings.generation
    # The way back has the codes of the way there, changed about, and a model of its own, which needs no prefix.
    generation = replace(given, source_code=given.target_code, target_code=given.source_code, prefix="")
    return Seq2SeqTranslator(
        settings.checks.round_trip, generation, settings.target_language, settings.source_language,
        converted_weights(settings),
    )  # fmt: skip


def _shards(
    manifest: dict[str, Any], corpus: Path, settings: Translate
) -> tuple[list[dict[str, Any]], list[str]]:
    """Shards with documents to translate; texts of closed sources are never sent as prompts."""
    unknown = sorted(set(settings.sources) - {each["source"] for each in manifest["shards"]})
    if unknown:
        raise CorpusError(f"sources names {unknown[0]!r}, which the corpus does not have: check the name")
    closed = {each["name"] for each in manifest["config"]["sources"] if not each.get("examples", True)}
    chosen, left_out = [], set()
    for shard in manifest["shards"]:
        if settings.sources and shard["source"] not in settings.sources:
            continue
        wanted = pl.scan_parquet(corpus / shard["path"]).filter(
            (pl.col("language") == settings.source_language) & pl.col("pair").is_null()
        )
        if not wanted.select(pl.len()).collect().item():
            continue
        if settings.endpoint.url and shard["source"] in closed:
            left_out.add(shard["source"])
        else:
            chosen.append(shard)
    if not chosen:
        raise CorpusError(
            f"{corpus}: holds no documents in {settings.source_language} that may be translated"
        )
    notes = [
        f"{name} is left out: its source says examples: false, and an endpoint is prompted"
        for name in sorted(left_out)
    ]
    return chosen, notes


def _manifest(
    settings: Translate,
    parent: dict[str, Any],
    written: list[dict[str, Any]],
    notes: list[str],
    translator: Translator,
) -> dict[str, Any]:
    described = {each["name"]: each for each in parent["config"]["sources"]}
    names = dict.fromkeys(each["source"] for each in written)
    sources = [
        described.get(name, {}) | {"name": f"{name}.translated", "kind": "translated"} for name in names
    ]
    failed: Counter[str] = Counter()
    for each in written:
        failed.update(each["failed"])
    shards = [each["shard"] for each in written if each["shard"]]
    return {
        "format": FORMAT,
        "daad": version("daad"),
        "config": settings.decisive() | {"sources": sources},
        "versions": {name: version(name) for name in ("polars", "numpy")},
        "translator": {"name": translator.name, "version": translator.version},
        "totals": {
            "documents": sum(each["documents"] for each in shards),
            "dropped": sum(each["dropped"] for each in written),
            "sentences": sum(each["sentences"] for each in written),
            "failed": dict(sorted(failed.items())),
        },
        "notes": notes,
        "shards": shards,
    }
