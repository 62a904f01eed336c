"""The corpus of the experiment, made of the user's.

Sources without pairs are as in `experiments.made_texts`. The text of pairs stands in no leg as it is, but as parallel
documents (sources NAME.FORMAT) and as the same text unpaired (NAME.unpaired), each read by one leg. Facts are added.
Held-out pairs lie apart in `held_out_pairs.parquet`, and solved examples for prompts, of training pairs, in
`examples.parquet`; both are of sources that prompts may be made of (`examples` not false).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm

from corpus.mixture.sizes import measure
from corpus.pair_documents import PairDocuments
from corpus.pair_documents.bundles import LANGUAGES, pairs_of
from corpus.pipeline.atomic import write_json, write_parquet
from corpus.pipeline.finished import read_manifest
from experiments.bridge import facts
from experiments.bridge.pairs import for_training, held_out, paired, unpaired
from experiments.bridge.settings import Texts
from experiments.errors import ExperimentError
from experiments.made_texts import as_shard, kept, made_before, write_shard
from nemo_recipes.data.split import validation_mask

FORMAT = 3
HELD_OUT = "held_out_pairs.parquet"
EXAMPLES = "examples.parquet"
UNPAIRED = "unpaired"
LEAST_HELD_OUT = 20
_DECIDE = (
    "validation_share", "pair_weights", "formats", "document_words", "companies", "fact_documents", "seed",
)  # fmt: skip


def make_texts(settings: Texts, output: Path) -> dict[str, Any]:
    """Write the corpus unless it is there, and return its manifest.

    `parts` in it names what legs add to the mix: source, language and domain of each, with its bytes, how much of
    it is Arabic, and the source of pairs that it is made of.

    Raises:
        CorpusError: A corpus is not finished.
        ExperimentError: Texts of other settings are there, or the corpus lacks pairs or text of a language.
    """
    made_from = {
        "format": FORMAT,
        "corpus_manifest_sha256": measure(Path(settings.corpus))[1],
        "translated_manifest_sha256": measure(Path(settings.translated))[1] if settings.translated else "",
        **{name: getattr(settings, name) for name in _DECIDE},
    }
    made = made_before(output, made_from)
    if made is not None:
        return made
    manifest = read_manifest(Path(settings.corpus))
    closed = {source["name"] for source in manifest["config"]["sources"] if not source.get("examples", True)}
    writer = _Writer(output, settings.validation_share)
    pairs: dict[str, list[pl.DataFrame]] = {}
    for shard in tqdm(manifest["shards"], desc="texts", unit="shard", disable=None):
        documents = pl.read_parquet(Path(settings.corpus, shard["path"]))
        if documents["pair"].is_not_null().any():
            pairs.setdefault(shard["source"], []).append(pairs_of(documents))
            continue
        stays = kept(documents, settings.validation_share, "reported").drop("validation")
        writer.shards.append(write_shard(output, shard["path"], stays, shard["source"]))
    if not any(frame.height for frames in pairs.values() for frame in frames):
        raise ExperimentError(
            f"{settings.corpus}: holds no pairs of texts: build it with a source of kind parallel"
        )
    whole = {name: pl.concat(frames) for name, frames in pairs.items()}
    training, held = held_out(list(whole.values()), settings.validation_share)
    of_source = dict(zip(whole, training, strict=True))
    open_ids = pl.concat(
        [frame.select("pair") for name, frame in whole.items() if name not in closed]
        or [pl.DataFrame(schema={"pair": pl.String})]
    )
    asked_about = held.join(open_ids, on="pair", how="semi", maintain_order="left")
    if asked_about.height < LEAST_HELD_OUT:
        raise ExperimentError(
            f"{settings.corpus}: {asked_about.height} held-out pairs of sources that prompts may be made of, which are "
            f"too few ({LEAST_HELD_OUT} are needed): give a corpus with more pairs, or raise texts.validation_share"
        )
    output.mkdir(parents=True, exist_ok=True)
    _write_pairs(settings, of_source, closed, writer)
    told = facts.make_facts(settings.companies, settings.seed)
    _write_facts(settings, told, writer)
    if settings.translated:
        _write_translated(settings, writer)
    write_parquet(output / HELD_OUT, asked_about)
    write_parquet(output / EXAMPLES, _examples(of_source, closed))
    manifest = {
        "made_from": made_from,
        "shards": writer.shards,
        "parts": writer.parts,
        "training_pairs": {name: frame.height for name, frame in of_source.items()},
        "without_instruction": sorted(closed & set(of_source)),
        "values_in_pairs": values_in_pairs(pl.concat(of_source.values())),
    }
    write_json(output / "manifest.json", manifest)
    return manifest


class _Writer:
    """Writes documents that are all trained on, and remembers what each part holds."""

    def __init__(self, output: Path, validation_share: float) -> None:
        self.output, self.validation_share = output, validation_share
        self.shards: list[dict[str, Any]] = []
        self.parts: list[dict[str, Any]] = []

    def write(
        self, source: str, documents: pl.DataFrame, *, made_of: str, arabic: float | None = None
    ) -> None:
        """Documents (columns id, text, language, domain, ...) as a source; `arabic` is known for those in one."""
        ids = for_training(source + "/" + documents["id"], self.validation_share)
        shard = as_shard(documents.with_columns(id=ids, source=pl.lit(source)))
        self.shards.append(write_shard(self.output, f"shards/{source}-00000.parquet", shard, source))
        sizes = shard.group_by("language", "domain", maintain_order=True).agg(
            bytes=pl.col("text").str.len_bytes().sum()
        )
        for row in sizes.iter_rows(named=True):
            share = float(row["language"] == "ar") if arabic is None else arabic
            self.parts.append({"source": source, **row, "arabic": share, "made_of": made_of})


def _write_pairs(
    settings: Texts, of_source: Mapping[str, pl.DataFrame], closed: set[str], writer: _Writer
) -> None:
    how = PairDocuments(
        corpus=settings.corpus,
        output_dir=str(writer.output),
        formats=settings.formats,
        document_words=settings.document_words,
        seed=settings.seed,
    )
    unknown = sorted(settings.pair_weights.keys() - of_source.keys())
    if unknown:
        raise ExperimentError(
            f"texts.pair_weights names {unknown[0]!r}, which is no source of pairs in {settings.corpus}: check the name"
        )
    for name, pairs in of_source.items():
        if not pairs.height or settings.pair_weights.get(name) == 0:
            continue
        sizes = {language: int(pairs[language].str.len_bytes().sum()) for language in LANGUAGES}
        arabic = sizes["ar"] / sum(sizes.values())
        for form, documents in paired(pairs, how, closed=name in closed).items():
            writer.write(f"{name}.{form}", documents, made_of=name, arabic=arabic)
        writer.write(f"{name}.{UNPAIRED}", unpaired(pairs, how), made_of=name)


def _write_facts(settings: Texts, told: list[facts.Fact], writer: _Writer) -> None:
    documents = facts.fact_documents(told, settings.fact_documents, settings.seed)
    writer.write(
        facts.SOURCE,
        documents.with_columns(
            domain=pl.lit(facts.DOMAIN), license=pl.lit("CC0-1.0"), kind=pl.lit("natural")
        ),
        made_of=facts.SOURCE,
    )


def _write_translated(settings: Texts, writer: _Writer) -> None:
    directory = Path(settings.translated)
    for source in dict.fromkeys(shard["source"] for shard in read_manifest(directory)["shards"]):
        paths = [
            directory / shard["path"]
            for shard in read_manifest(directory)["shards"]
            if shard["source"] == source
        ]
        documents = pl.concat([_trained_translations(path, settings.validation_share) for path in paths])
        if documents.height:
            writer.write(f"{source}.given", documents, made_of="translated")
    if not any(part["made_of"] == "translated" for part in writer.parts):
        raise ExperimentError(
            f"{directory}: holds no Arabic documents of kind translated, of originals that are trained on: give what "
            "corpus.translate made"
        )


def _trained_translations(path: Path, validation_share: float) -> pl.DataFrame:
    """Arabic translations in a shard, without those of held-out documents, which `original` names."""
    documents = pl.read_parquet(path).filter((pl.col("language") == "ar") & (pl.col("kind") == "translated"))
    if "original" in documents.columns:
        held = validation_mask(documents["original"], documents["pair"], validation_share)
        documents = documents.filter(~pl.Series(held, dtype=pl.Boolean))
    return documents.select("id", "text", "language", "domain", "license", "kind")


def _examples(of_source: Mapping[str, pl.DataFrame], closed: set[str]) -> pl.DataFrame:
    """Training pairs for prompts: sentences of some words, neither the shortest nor long."""
    frames = [frame.select("pair", *LANGUAGES) for name, frame in of_source.items() if name not in closed]
    if not frames:
        return pl.DataFrame(schema={"pair": pl.String, "en": pl.String, "ar": pl.String})
    words = pl.col("en").str.count_matches(r"\S+")
    return pl.concat(frames).filter(words.is_between(2, 8)).sort("pair").head(50)


def values_in_pairs(training: pl.DataFrame) -> dict[str, int]:
    """Of each relation's values, how many have both their names in one training pair, as words."""
    counts = {}
    for relation, content in facts.relations().items():
        both = [
            (pl.col("en").str.contains(rf"\b{english}\b") & pl.col("ar").str.contains(rf"\b{arabic}\b")).any()
            for english, arabic in content["values"]
        ]
        counts[relation] = sum(
            training.select(each.alias(str(place)) for place, each in enumerate(both)).row(0)
        )
    return counts
