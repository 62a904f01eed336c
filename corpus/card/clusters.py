"""Duplicate clusters: how many there are, and the largest with the texts that stayed and went side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from corpus.card.account import Manifest
from corpus.card.documents import Document
from corpus.card.excerpts import card_line, compare
from corpus.card.figures import count, plural
from corpus.card.markup import code, escape, table

CLUSTERS_SHOWN = 8
COPIES_SHOWN = 2


def figures(manifest: Manifest) -> str:
    """Exact and near duplicates in numbers."""
    names = {"exact": "equal after folding", "near": "near (MinHash)"}
    found: Mapping[str, Any] = manifest["duplicates"]
    rows = [
        [name, count(found[stage]["clusters"]), count(found[stage]["dropped"])]
        for stage, name in names.items()
    ]
    header = ("duplicates", "clusters", "units dropped")
    return table("Duplicates, in units: a pair of parallel texts is one", header, rows, numeric=(1, 2))


def shown_clusters(manifest: Manifest) -> list[dict[str, Any]]:
    """The largest clusters, near ones and exact ones in turn, at most `CLUSTERS_SHOWN`."""
    largest = manifest["duplicates"]["largest"]
    queues = [[c for c in largest if c["stage"] == stage] for stage in ("near", "exact")]
    ranked = sorted(
        ((rank, queue, cluster) for queue, each in enumerate(queues) for rank, cluster in enumerate(each)),
        key=lambda item: item[:2],
    )
    return [cluster for _, _, cluster in ranked[:CLUSTERS_SHOWN]]


def clusters(
    chosen: Sequence[Mapping[str, Any]], texts: Mapping[str, Document], similarity: Mapping[str, float]
) -> str:
    """Chosen clusters; a text that may not be shown, or is not among `texts`, is left out."""
    if not chosen:
        return "<p>No duplicates were found.</p>"
    return "\n".join(_cluster(cluster, texts, similarity) for cluster in chosen)


def _cluster(
    cluster: Mapping[str, Any], texts: Mapping[str, Document], similarity: Mapping[str, float]
) -> str:
    kept = texts.get(cluster["kept"])
    pairs = [
        _pair(kept, texts[copy], similarity.get(copy))
        for copy in cluster["dropped"][:COPIES_SHOWN]
        if kept and copy in texts and copy != cluster["kept"]
    ]
    return (
        f'<section class="cluster"><h4>{plural(cluster["size"], "copy").replace("copys", "copies")} '
        f"<small>{escape(cluster['stage'])}, {code(cluster['kept'])} stays</small></h4>"
        f"{''.join(pairs) or '<p>Texts of this cluster are not shown.</p>'}</section>"
    )


def _pair(kept: Document, dropped: Document, similarity: float | None) -> str:
    left, right, difference = compare(kept, dropped)
    alike = "" if similarity is None else f" Similarity {similarity:.2f}."
    return (
        f'<div class="pair"><article class="example"><h5>stays</h5>{left}'
        f'<p class="source">{card_line(kept)}</p></article>'
        f'<article class="example"><h5>dropped</h5>{right}<p class="source">{card_line(dropped)}</p></article>'
        f'<p class="detail">{difference}{alike}</p></div>'
    )
