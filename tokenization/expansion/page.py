"""expansion.html: the curve, the proofs, and pieces to look at, in one page that loads nothing."""

from typing import Any

import polars as pl

from corpus.card import shell
from corpus.card.markup import code, escape, isolated, table
from tokenization.expansion.curve_drawing import draw_curve

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_SHOWN = 60
_LONG_PHRASE = "[^\N{LOWER ONE EIGHTH BLOCK}]\N{LOWER ONE EIGHTH BLOCK}.*\N{LOWER ONE EIGHTH BLOCK}"


def render(manifest: dict[str, Any], curve: pl.DataFrame, pieces: pl.DataFrame) -> str:
    """The whole page; the same manifest and columns give the same text."""
    sizes = manifest["sizes"]
    title = f"{sizes['base']:,} pieces and {sizes['learned'] + sizes['characters']:,} new ones"
    sections = [
        ("Fertility against size", _CURVE, _curve(manifest, curve)),
        ("Proofs", _PROOFS, _proofs(manifest)),
        ("Pieces", _PIECES, _pieces(pieces)),
        ("What was learned from", _SAMPLE, _strata(manifest)),
        ("Files", _FILES, _files(manifest)),
    ]
    body = "\n".join(
        f'<section aria-labelledby="s{number}"><h2 id="s{number}">{heading}</h2><p class="how">{how}</p>\n'
        f"{content}</section>"
        for number, (heading, how, content) in enumerate(sections)
    )
    return shell.html_page(
        "Expanded tokenizer",
        title,
        style=_STYLE,
        policy=_POLICY,
        header=_tiles(manifest),
        main=body,
        footer=f"Made by Daad {escape(manifest['versions']['daad'])} from the files beside this one. Nothing is loaded "
        "from elsewhere.",
    )


def _tiles(manifest: dict[str, Any]) -> str:
    sizes, whole = manifest["sizes"], manifest["fertility"][0]
    tiles = [
        ("Vocabulary", f"{sizes['total']:,}", f"{sizes['reserve']:,} of them reserve"),
        ("Learned", f"{sizes['learned']:,}", f"and {sizes['characters']:,} single characters"),
        ("Pieces per word", f"{whole['expanded']:.3f}", f"{whole['base']:.3f} with the base"),
        ("Fewer pieces", f"{whole['base'] / whole['expanded']:.2f}x", "on text that was held out"),
        ("Proofs", f"{len(manifest['proofs'])}", "all hold"),
    ]
    return shell.tiles(tiles)


def _curve(manifest: dict[str, Any], curve: pl.DataFrame) -> str:
    sizes = manifest["sizes"]
    rows = [
        [
            escape(row["slice"]),
            f"{row['words']:,}",
            f"{row['base']:.3f}",
            f"{row['expanded']:.3f}",
            _times(row),
        ]
        for row in manifest["fertility"]
    ]
    header = ["Held-out text", "Words", "Base", "Expanded", "Fewer pieces"]
    return (
        f'<div class="curve">{draw_curve(curve, sizes["learned"] + sizes["characters"])}</div>'
        f"{table('Pieces per word', header, rows, numeric=range(1, 5))}"
    )


def _times(row: dict[str, Any]) -> str:
    return f"{row['base'] / row['expanded']:.3f}x"


def _proofs(manifest: dict[str, Any]) -> str:
    rows = [
        [escape(proof["name"]), "holds" if proof["passed"] else "fails", escape(proof["checked"])]
        for proof in manifest["proofs"]
    ]
    return table("Tried on the files beside this page", ["Claim", "", "Tried on"], rows)


def _pieces(pieces: pl.DataFrame) -> str:
    # a phrase of three words or more may be a line of a text that is never to be shown
    long_phrase = pl.col("piece").str.contains(_LONG_PHRASE)
    new = pieces.filter((pl.col("role") != "reserve") & ~long_phrase)
    learned = new.filter(pl.col("role") == "learned")
    length = learned.with_columns(pl.col("piece").str.len_chars().alias("length"))
    groups = [
        ("The first learned", learned.head(_SHOWN)),
        ("The last learned", learned.tail(_SHOWN)),
        ("The longest", length.sort("length", "count", "id", descending=[True, True, False]).head(_SHOWN)),
        ("Spread over all", learned.gather_every(max(1, learned.height // _SHOWN)).head(_SHOWN)),
        ("Single characters", new.filter(pl.col("role") == "character").head(_SHOWN)),
    ]
    return "".join(_group(name, rows) for name, rows in groups if rows.height)


def _group(name: str, rows: pl.DataFrame) -> str:
    items = "".join(
        f'<li title="id {number}, made {count:,} times in the sample, {len(base_ids)} pieces of the base">'
        f"{isolated(piece)}</li>"
        for number, piece, count, base_ids in rows.select("id", "piece", "count", "base_ids").iter_rows()
    )
    return f'<h3>{name}</h3><ul class="pieces" dir="rtl" lang="ar">{items}</ul>'


def _strata(manifest: dict[str, Any]) -> str:
    rows = [
        [
            *(escape(row[name] or "not named") for name in ("source", "domain", "dialect")),
            *(f"{row['documents']:,}", f"{row['words']:,}", f"{row['share']:.1%}"),
        ]
        for row in manifest["sample"]["strata"]
    ]
    header = ["Source", "Domain", "Dialect", "Documents", "Words", "Share of the sample"]
    return table("Strata of the sample", header, rows, numeric=range(3, 6))


def _files(manifest: dict[str, Any]) -> str:
    base = manifest["base"]
    rows = [["base", escape(base["name"]), code(base["sha256"])]]
    rows += [["shard", escape(row["path"]), code(row["sha256"])] for row in manifest["corpus"]]
    return table("Read", ["What", "Name", "SHA-256"], rows)


_STYLE = """
.pieces { list-style: none; display: flex; flex-wrap: wrap; gap: .4rem; padding: 0; margin: 0 0 1.2rem; }
.pieces li { background: var(--sunken); border-radius: 4px; padding: .15rem .6rem; font: 1.1rem/1.9 var(--arabic); }
.curve { max-width: 54rem; margin: 0 0 1.6rem; }
.curve .axis { font: 12px var(--sans); fill: var(--quiet); font-variant-numeric: tabular-nums; }
"""
_CURVE = (
    "Pieces per word of documents that were held out, under the first so many new pieces. Merges are made in the order "
    "in which they were learned, so one cut gives the whole curve."
)
_PROOFS = "Each claim was tried on the files as written; had one failed, nothing would have been written."
_PIECES = (
    "Pieces are no words: many are the steps on the way to longer ones. \N{LOWER ONE EIGHTH BLOCK} stands for the "
    "space before a word. Point at one to see how often it was made."
)
_SAMPLE = "Sources, domains and dialects are weighed so that none dominates."
_FILES = "A digest tells whether a file is the one that was read here."
