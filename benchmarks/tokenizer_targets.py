r"""Pieces saved on held-out text, and agreement with gold clitic boundaries, beside other tokenizers.

    python benchmarks/tokenizer_targets.py --corpus out/corpus --gold ar_pud_part1.conllu.gz \
        --peers llama-3.1=llama/tokenizer.json gemma-3=gemma/tokenizer.json \
        --results benchmarks/results/tokenizer_targets

Pieces are learned from the corpus's Arabic documents, those apart that tokenization/held_out.py holds out; on those
compression is measured, with sentencepiece itself, digits, punctuation and Latin included. F1 of piece boundaries falls
and rises with the number of pieces, so each peer is compared at its own fertility on the gold words: with a line
through a ladder of our sizes. Intervals are percentiles of 1,000 bootstrap resamples, of documents and of sentences,
the same for both sides of a comparison. None of these documents or words is learned from; all shares are shown.
"""

import argparse
import gzip
import hashlib
import json
import platform
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tokenization.base import Additions
from tokenization.expand_config import Sampling
from tokenization.held_out import HELD_OUT_PERCENT, HELD_OUT_SEED, is_held_out
from tokenization.load_base import load_base
from tokenization.loading.opening import open_tokenizer
from tokenization.loading.sentencepiece_model import SentencePieceModel
from tokenization.loading.tokenizer import Tokenizer
from tokenization.measures.bootstrap import interval, ratio, resampled_sums
from tokenization.measures.boundaries import count, cuts_of_words
from tokenization.measures.conllu import GoldWord, read_words
from tokenization.phrases import learn_phrases
from tokenization.sample import find_shards, read_documents, sample_words
from tokenization.sentencepiece_base.merge import merge
from tokenization.sentencepiece_base.model import SPACE, SentencePieceBase

RESAMPLES, SEED = 1_000, 0
LADDER = (1_000, 1_500, 2_000, 3_000, 4_000, 6_000, 8_000, 12_000, 16_000, 24_000, 30_000, 45_000, 60_000)
SHARES = (1.0, 0.5, 0.25, 0.125, 0.0)
PIECES = 30_000
PHRASE_SHARE, PHRASES = 0.5, (1_000, 2_000, 4_000)
_PACKAGES = ("numba", "numpy", "polars", "sentencepiece", "tokenizers", "mistral-common")
_PARTS = {"all": slice(0, 5), "with_clitic": slice(5, 10)}
Sums = npt.NDArray[np.float64]


def main() -> None:
    """Learn with each share, measure, write JSON and a page of tables."""
    options = _parser().parse_args()
    base = load_base("mistral-v1")
    assert isinstance(base, SentencePieceBase)
    shards = find_shards(options.corpus)
    sampling = Sampling(exponent=options.exponent, megabytes=0)
    sample = sample_words(shards, sampling, ["ar"], starts_with_space=True)
    with gzip.open(options.gold, "rt", encoding="utf-8") as lines:
        gold = read_words(lines)
    texts = held_out(shards)
    ladders: dict[str, dict[int, Sums]] = {}
    compression: dict[str, dict[str, Any]] = {}
    for share in SHARES:
        learned = base.learn(sample.words, max(LADDER), clitic_share=share)
        models = {size: model(base, learned.pieces[:size]) for size in LADDER}
        ladders[f"{share}"] = {size: by_sentence(models[size], gold) for size in LADDER}
        compression[f"share {share}"] = compressed_all(base, models[PIECES], texts)
        if share == PHRASE_SHARE:
            for number in PHRASES:
                phrased = model(base, with_phrases(shards, sample.words, learned.first(PIECES), number))
                name = f"share {share}, {number:,} of them phrases"
                compression[name] = compressed_all(base, phrased, texts)
    peers = {}
    for peer in options.peers:
        name, _, path = peer.partition("=")
        opened = open_tokenizer(path, name)
        peers[name] = {"size": opened.size, "sha256": opened.sha256, "sums": by_sentence(opened, gold)}
    drawn = {share: drawn_ladder(ladder) for share, ladder in ladders.items()}
    record = {
        "benchmark": "tokenizer_targets",
        "command": shlex.join(["python", "benchmarks/tokenizer_targets.py", *_named(sys.argv[1:])]),
        "base": {"name": "mistral-v1", "size": base.size, "pieces": PIECES},
        "sample": {"words": int(sample.words["count"].sum()), "different": sample.words.height}
        | {"exponent": options.exponent, "strata": sample.strata.drop("stratum").to_dicts()},
        "held_out": {"rule": f"xxh64(id, seed {HELD_OUT_SEED}) % 100 < {HELD_OUT_PERCENT}"}
        | {"documents": {source: len(documents) for source, documents in texts.items()}},
        "gold": {"sha256": hashlib.sha256(options.gold.read_bytes()).hexdigest(), "words": len(gold)}
        | {"places": sum(len(word.borders) for word in gold)},
        "bootstrap": {"resamples": RESAMPLES, "seed": SEED},
        "compression": compression,
        "ladder": {
            share: {size: agreement(sums) for size, sums in ladder.items()}
            for share, ladder in ladders.items()
        },
        "peers": {
            name: {key: peer[key] for key in ("size", "sha256")}
            | agreement(peer["sums"])
            | {"ours": {share: matched(steps, peer["sums"]) for share, steps in drawn.items()}}
            for name, peer in peers.items()
        },
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
    }
    options.results.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    options.results.with_suffix(".md").write_text(page(record), encoding="utf-8")


def with_phrases(shards: Sequence[Path], words: pl.DataFrame, additions: Additions, number: int) -> list[str]:
    """Pieces, the last of which are replaced with so many phrases of whole words."""
    pieces = list(additions.pieces[: len(additions) - number])
    single = set(words["word"]) & {piece.replace(SPACE, " ") for piece in pieces}
    whole = [
        text for text in (piece.replace(SPACE, " ") for piece in pieces) if text in single and text[0] == " "
    ]
    running = (
        documents.filter(~is_held_out(documents) & (documents["language"] == "ar"))["text"]
        for documents in read_documents(shards, "running text")
    )
    phrases = learn_phrases(running, whole, number)
    return pieces + [(left + right).replace(" ", SPACE) for left, right in phrases]


def model(base: SentencePieceBase, pieces: Sequence[str]) -> Tokenizer:
    """The base with these pieces, as sentencepiece runs it."""
    additions = Additions(
        pieces=pieces,
        texts=pieces,
        parts=[()] * len(pieces),
        base_ids=[()] * len(pieces),
        roles=["learned"] * len(pieces),
        counts=[0] * len(pieces),
    )
    content = merge(base, additions, 0).SerializeToString()
    return SentencePieceModel("daad", "", content, hashlib.sha256(content).hexdigest())


def base_model(base: SentencePieceBase) -> Tokenizer:
    """The base itself."""
    return SentencePieceModel("base", "", base.proto.SerializeToString(), "")


def compressed_all(
    base: SentencePieceBase, after: Tokenizer, texts: dict[str, list[str]]
) -> dict[str, dict[str, Any]]:
    """Compression of each source."""
    return {source: compressed(base_model(base), after, documents) for source, documents in texts.items()}


def held_out(shards: Sequence[Path]) -> dict[str, list[str]]:
    """Arabic documents that nothing was learned from, by source."""
    documents = pl.concat(
        documents.filter(is_held_out(documents) & (documents["language"] == "ar"))
        for documents in read_documents(shards, "held-out documents")
    )
    return {
        str(source): rows["text"].to_list()
        for (source,), rows in documents.group_by("source", maintain_order=True)
    }


def compressed(before: Tokenizer, after: Tokenizer, texts: Sequence[str]) -> dict[str, Any]:
    """How many times fewer pieces, and pieces per word between spaces; resamples documents."""
    columns = np.column_stack(
        [
            before.encode_batch(texts).counts,
            after.encode_batch(texts).counts,
            [len(text.split()) for text in texts],
        ]
    ).astype(np.float64)
    sums, drawn = columns.sum(axis=0), resampled_sums(columns, RESAMPLES, SEED)
    return {
        "documents": len(texts),
        "base_pieces": int(sums[0]),
        "pieces": int(sums[1]),
        "words": int(sums[2]),
        "times": interval(sums[0] / sums[1], drawn[:, 0] / drawn[:, 1], len(texts))._asdict(),
        "fertility": interval(sums[1] / sums[2], drawn[:, 1] / drawn[:, 2], len(texts))._asdict(),
    }


def by_sentence(tokenizer: Tokenizer, gold: Sequence[GoldWord]) -> Sums:
    """Right cuts, cuts, places, pieces and words of each sentence, of all words and then of those with a clitic."""
    words = [word.word for word in gold]
    running = tokenizer.encode_batch([" ".join(words)]).ids
    # Some tokenizers put the space before a text by themselves: take the way that gives what running text gives.
    apart = {given: tokenizer.encode_batch([given + word for word in words]).ids for given in ("", " ")}
    given = min(apart, key=lambda way: abs(len(apart[way]) - len(running)))
    located = tokenizer.locate([given + word for word in words])
    counts = count(gold, cuts_of_words(located, len(given)))
    rows = np.column_stack([counts, np.ones(len(gold))])
    rows = np.column_stack([rows, rows * (counts[:, 2:3] > 0)])
    sentences = np.array([word.sentence for word in gold])
    sums = np.zeros((sentences.max() + 1, rows.shape[1]))
    np.add.at(sums, sentences, rows)
    return sums


def agreement(sums: Sums) -> dict[str, Any]:
    """Fertility and F1 of all words and of those with a clitic."""
    drawn, total = resampled_sums(sums, RESAMPLES, SEED), sums.sum(axis=0)
    figures = {}
    for name, part in _PARTS.items():
        own, many = total[part], drawn[:, part]
        figures[name] = {
            "precision": float(own[0] / max(own[1], 1)),
            "recall": float(own[0] / own[2]),
            "f1": interval(float(_f1(own)), _f1(many), len(sums))._asdict(),
            "fertility": interval(float(own[3] / own[4]), many[:, 3] / many[:, 4], len(sums))._asdict(),
        }
    return figures


def drawn_ladder(ladder: dict[int, Sums]) -> Sums:
    """Sums of each step, and of each of its resamples after them; (steps, 1 + resamples, figures)."""
    return np.stack([_with_resamples(sums) for sums in ladder.values()])


def matched(steps: Sums, peer: Sums) -> dict[str, Any]:
    """Our F1 where our ladder has the peer's fertility over all words, and how much it is above the peer's."""
    found = {}
    theirs = _with_resamples(peer)
    fertility, their_fertility = steps[..., 3] / steps[..., 4], theirs[:, 3] / theirs[:, 4]
    order = np.argsort(fertility, axis=0)
    fertility = np.take_along_axis(fertility, order, axis=0)
    for name, part in _PARTS.items():
        ours = np.take_along_axis(_f1(steps[..., part]), order, axis=0)
        # on the line through the steps; beyond its ends, what is there
        at = np.array([np.interp(f, fertility[:, i], ours[:, i]) for i, f in enumerate(their_fertility)])
        above = at - _f1(theirs[:, part])
        found[name] = {
            "f1": interval(float(at[0]), at[1:], len(peer))._asdict(),
            "above": interval(float(above[0]), above[1:], len(peer))._asdict(),
        }
    return found


def _with_resamples(sums: Sums) -> Sums:
    return np.concatenate([sums.sum(axis=0)[None], resampled_sums(sums, RESAMPLES, SEED)])


def _f1(sums: Sums) -> Sums:
    return ratio(sums[..., 0], sums[..., 1] + sums[..., 2], 2.0)


def page(record: dict[str, Any]) -> str:
    """The figures as Markdown."""
    parts = ["# Tokenizer targets\n\nMade by `benchmarks/tokenizer_targets.py`; 95 % intervals in brackets."]
    sources = list(next(iter(record["compression"].values())))
    parts.append(
        f"## Times fewer pieces than the base, and pieces per word, at +{record['base']['pieces']:,} pieces\n\n"
        "Held-out documents, whole. The share is what a join across a clitic's boundary counts in learning: 1 is "
        "plain BPE. Phrases join whole words; the others join within words only."
    )
    rows = [
        [share, *(f"{_cell(row[source]['times'])}; {_cell(row[source]['fertility'])}" for source in sources)]
        for share, row in record["compression"].items()
    ]
    parts.append(_table(["pieces", *(f"{s} ({record['held_out']['documents'][s]})" for s in sources)], rows))
    parts.append("## F1 of boundaries against gold clitics, at each peer's fertility")
    for name, title in (("all", "All words"), ("with_clitic", "Words that bear a clitic")):
        rows = [
            [
                f"{peer} ({row['size']:,})",
                f"{row['all']['fertility']['value']:.3f}",
                _cell(row[name]["f1"]),
                *(
                    f"{_cell(ours[name]['f1'])}, above by {_cell(ours[name]['above'])}"
                    for ours in row["ours"].values()
                ),
            ]
            for peer, row in record["peers"].items()
        ]
        header = ["peer (size)", "pieces per word", "its F1", *(f"ours, share {s}" for s in record["ladder"])]
        parts.append(f"{title}:\n\n{_table(header, rows)}")
    parts.append("## Our ladder: pieces per word and F1 over all words; F1 over words that bear a clitic")
    sizes = list(next(iter(record["ladder"].values())))
    rows = [
        [
            f"{size:,}",
            *(
                f"{step['all']['fertility']['value']:.3f} {_cell(step['all']['f1'])}; "
                + _cell(step["with_clitic"]["f1"])
                for step in (ladder[size] for ladder in record["ladder"].values())
            ),
        ]
        for size in sizes
    ]
    parts.append(_table(["new pieces", *(f"share {share}" for share in record["ladder"])], rows))
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    gold, sample = record["gold"], record["sample"]
    parts.append(
        f"Gold: {gold['words']:,} words, {gold['places']:,} places, sha256 {gold['sha256'][:12]}. Learned from "
        f"{sample['words']:,} words ({sample['different']:,} different), strata to the power of {sample['exponent']}. "
        f"Held out: {record['held_out']['rule']}. Bootstrap: {RESAMPLES} resamples, seed {SEED}.\n\n"
        f"`{record['command']}` with {versions}."
    )
    return "\n\n".join(parts) + "\n"


def _cell(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruler = ["---", *("--:" for _ in header[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, ruler, *rows))


def _named(arguments: Sequence[str]) -> list[str]:
    """The command without folders of this machine."""
    return [
        "=".join(Path(part).name if "/" in part else part for part in argument.split("="))
        for argument in arguments
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", required=True, help="directory of a corpus, or a pattern of its shards")
    parser.add_argument("--gold", type=Path, required=True, help="CoNLL-U with clitics as words, gzipped")
    parser.add_argument("--peers", nargs="*", default=[], help="NAME=PATH of tokenizers to compare with")
    parser.add_argument(
        "--exponent", type=float, default=0.7, help="what strata count; see the expansion's config"
    )
    parser.add_argument("--results", type=Path, required=True, help="where to write, without an ending")
    return parser


if __name__ == "__main__":
    main()
