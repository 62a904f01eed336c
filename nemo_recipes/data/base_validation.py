"""The same held-out texts as another tokenizer cuts them: that of the base, before its vocabulary grew."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from corpus.errors import cause_of
from corpus.pipeline.atomic import read_json
from nemo_recipes.data.encoders import choose_kind, make_encoder
from nemo_recipes.data.part import with_ends
from nemo_recipes.data.settings import Data
from nemo_recipes.data.token_directory import TokenDirectory, check_tokenizer, open_token_directory
from nemo_recipes.data.tokenizer import Tokenizer
from nemo_recipes.data.validation import (
    ValidationSet,
    choose,
    kinds,
    make_set,
    parts_of,
    validation_sets,
)
from nemo_recipes.errors import PretrainingError


def base_validation_sets(
    directory: TokenDirectory,
    sets: Sequence[ValidationSet],
    tokenizer: Tokenizer,
    data: Data,
    base_tokens: str = "",
) -> list[ValidationSet]:
    """The texts of `sets`, which come from `directory`, in the tokens of another tokenizer.

    They are read from its token files where `base_tokens` says where, else encoded from the shards of data.corpus.

    Raises:
        PretrainingError: They cannot be had, or are not the same texts.
    """
    found = (
        _from_token_files(base_tokens, tokenizer, data)
        if base_tokens
        else _from_corpus(directory, tokenizer, data)
    )
    ours = [(one.name, one.documents, one.bytes) for one in sets]
    if ours != [(one.name, one.documents, one.bytes) for one in found]:
        raise PretrainingError(
            f"{base_tokens or data.corpus}: does not hold the same validation texts as {directory.path}: make both "
            "from one corpus with one validation_share"
        )
    return found


def _from_token_files(path: str, tokenizer: Tokenizer, data: Data) -> list[ValidationSet]:
    directory = open_token_directory(Path(path))
    check_tokenizer(
        directory, tokenizer, "give token files of the tokenizer of model.base as model.base_tokens"
    )
    return validation_sets(
        directory,
        sequence_length=data.sequence_length,
        megabytes=data.validation_megabytes,
        reset_at_documents=data.reset_at_documents,
    )


def _from_corpus(directory: TokenDirectory, tokenizer: Tokenizer, data: Data) -> list[ValidationSet]:
    if not data.corpus:
        raise PretrainingError(
            "model.base is measured on the held-out texts in its own tokens, and data.corpus, where the texts are, is "
            "empty: name it, or give model.base_tokens"
        )
    begins = read_json(directory.path / "manifest.json")["config"]["begin_of_document"]
    sets = []
    for language, domain in kinds(directory):
        parts = parts_of(directory, language, domain)
        chosen = choose(directory, parts, data.validation_megabytes)
        sources = pl.DataFrame({"part": range(len(parts)), "source": [part.source for part in parts]})
        wanted = chosen.join(
            sources.cast({"part": chosen.schema["part"]}), on="part", how="left", maintain_order="left"
        )
        texts = _texts(Path(data.corpus), wanted, language, domain)
        encoded = make_encoder(tokenizer, choose_kind(tokenizer, texts.head(1000))).encode(texts)
        ids, _ = with_ends(encoded, tokenizer.end_id, tokenizer.begin_id if begins else None)
        sets.append(
            make_set(
                language,
                domain,
                chosen,
                ids.astype(np.int64),
                tokenizer.end_id,
                data.sequence_length,
                data.reset_at_documents,
            )
        )
    return sets


def _texts(corpus: Path, wanted: pl.DataFrame, language: str, domain: str) -> pl.Series:
    """Texts of documents of one language and domain, by source and id, in their order.

    Raises:
        PretrainingError: The corpus lacks some, or they changed.
    """
    try:
        found = (
            pl.scan_parquet(corpus / "shards" / "*.parquet")
            .filter(
                (pl.col("language") == language)
                & (pl.col("domain") == domain)
                & pl.col("id").is_in(wanted["id"].to_list())
            )
            .select("source", "id", "text")
            .collect()
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        raise PretrainingError(f"{corpus}: its shards cannot be read ({cause_of(error, 100)})") from error
    joined = wanted.join(found, on=["source", "id"], how="left", maintain_order="left")
    sizes = joined["text"].str.len_bytes().cast(pl.Int64)
    if joined.height != wanted.height or not sizes.equals(joined["bytes"]):
        raise PretrainingError(
            f"{corpus}: does not hold the validation texts of {language} {domain} as they were: give the corpus that "
            "the token files were made of"
        )
    return joined["text"]
