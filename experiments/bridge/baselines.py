"""What retrieval gets without any model: by chance, and by numbers and Latin words that stand in both texts."""

from pathlib import Path
from typing import Any

from experiments.bridge.measuring import Asked, halves, held_out_sets
from experiments.bridge.retrieval import hits, lexical


def baselines(asked: Asked) -> dict[str, dict[str, Any]]:
    """For each kind of held-out pairs: number of texts, chance, lexical retrieval in both directions, and bytes."""
    found = {}
    for name, pairs in held_out_sets(asked).items():
        _, half = halves(pairs)
        scores = lexical([english for english, _ in half], [arabic for _, arabic in half])
        found[name] = {
            "pairs": len(pairs),
            "texts": len(half),
            "chance": 1 / len(half),
            "en-ar": float(hits(scores).mean()),
            "ar-en": float(hits(scores.T).mean()),
            "file": Path(asked.measures.news).name if name == "news" else "",
        }
    return found
