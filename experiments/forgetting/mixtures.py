"""What each leg reads, planned in bytes of text: the same text for every tokenizer, whatever it takes in tokens."""

from pathlib import Path

from corpus.mixture.plan import plan
from corpus.mixture.settings import Mixture
from corpus.mixture.sizes import measure
from experiments.forgetting.legs import MixtureName
from experiments.forgetting.parallel_documents import DOMAIN, LANGUAGE, SOURCE
from experiments.mixtures import Part, make_room


def byte_shares(
    corpus: Path, name: MixtureName, *, english_share: float, parallel_share: float, arabic_of_parallel: float
) -> dict[Part, float]:
    """Share of each part in the bytes of a mixture; ALLaM's domain weights hold within a language.

    Arabic that is one side of a pair counts as any other Arabic. In the mixture with parallel documents, both languages
    keep the shares that they have without.

    Raises:
        CorpusError: The corpus lacks a language.
        ExperimentError: Parallel documents would hold more of a language than its share.
    """
    english = {"english": 1.0, "arabic": 0.0}.get(name, english_share)
    arabic = {component.source: "arabic" for component in measure(corpus)[0] if component.language == "ar"}
    wanted = {group: share for group, share in (("english", english), ("arabic", 1 - english)) if share}
    rows = plan(Mixture(corpus=str(corpus), total_tokens=10**9, shares=wanted, groups=arabic))["components"]
    shares = {
        (row["source"], row["language"], row["domain"]): float(row["probability"])
        for row in rows
        if row["probability"]
    }
    if name != "parallel":
        return shares
    part = (SOURCE, LANGUAGE, DOMAIN)
    return make_room(
        shares, {part: parallel_share}, {part: arabic_of_parallel}, f"texts.parallel_share {parallel_share:g}"
    )
