"""What a user can set of the mixture. Standard library only: `--help` loads this."""

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

Group = Literal["english", "arabic", "translated_arabic", "bilingual"]
GROUPS: tuple[Group, ...] = get_args(Group)

LANGUAGE_OF_GROUP: dict[Group, str] = {
    "english": "en",
    "arabic": "ar",
    "translated_arabic": "ar",
    "bilingual": "mul",
}
"""Language of the text of a group; mul where one document holds both."""


def allam_shares() -> dict[str, float]:
    """Share of each group in ALLaM's continued pretraining (Bari et al. 2024, arXiv:2407.15390)."""
    return {"english": 0.55, "arabic": 0.225, "translated_arabic": 0.225}


def allam_domain_weights() -> dict[str, dict[str, float]]:
    """ALLaM's domain weights; its wiki is our encyclopedia, and all other domains weigh 1."""
    return {
        "english": {},
        "arabic": {"books": 3.0, "encyclopedia": 3.0, "transcribed": 2.0},
        "translated_arabic": {"books": 3.0, "web": 2.0, "papers": 2.0},
    }


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Plan how often each part of a corpus is read: share of the group x domain weight x size, to a total budget.

    Attributes:
        corpus: Directory that `python -m corpus.build` made.
        total_tokens: Tokens to be read in all.
        output: Where the plan is written, YAML or JSON by its ending; empty for mixture.yaml in the corpus.
        shares: Share of each group of the total: english, arabic (natural), translated_arabic and
            bilingual (documents that `python -m corpus.pair_documents` made of pairs); they add up to 1.
        missing: What becomes of the share of a group that the corpus does not hold: same_language gives it to the other
            group of that language (.55/.45 without translated text, as in ALLaM), renormalize to all others in
            proportion, refuse stops.
        domain_weights: Weight of each domain within a group; domains that are not named weigh 1, and 0 leaves one out.
        format_shares: Share of each format of pairs within bilingual, as {translation: 0.5, interleaved: 0.5}, which
            add up to 1; empty to read each as much as there is of it.
        groups: Group of a source whose kind does not tell it, as {hadith_pairs: arabic}. Without it the Arabic side of
            parallel text counts as translated, since most of it was English first.
        tokens_per_word: How many tokens a word of each language takes, until a tokenizer is measured: Mistral's first
            tokenizer for English, a tokenizer with 64 thousand Arabic pieces for Arabic. Documents in both (mul) count
            as the mean of the two unless named.
        maximum_epochs: Most times that any text is read, the rest of its group taking over; 0 for no limit.
        warn_epochs: More epochs than this are marked in the plan; beyond 4, repeated text teaches ever less
            (Muennighoff et al. 2023, arXiv:2305.16264).
    """

    corpus: str
    total_tokens: int
    output: str = ""
    shares: dict[str, float] = field(default_factory=allam_shares)
    missing: Literal["same_language", "renormalize", "refuse"] = "same_language"
    domain_weights: dict[str, dict[str, float]] = field(default_factory=allam_domain_weights)
    format_shares: dict[str, float] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    tokens_per_word: dict[str, float] = field(default_factory=lambda: {"en": 1.29, "ar": 1.41})
    maximum_epochs: float = 0
    warn_epochs: float = 4

    def __post_init__(self) -> None:
        if not self.corpus:
            raise ValueError("corpus must name a directory")
        if self.total_tokens < 1:
            raise ValueError(f"total_tokens must be at least 1, got {self.total_tokens}")
        named = {
            "shares": list(self.shares),
            "domain_weights": list(self.domain_weights),
            "groups": list(self.groups.values()),
        }
        for setting, groups in named.items():
            for group in groups:
                if group not in GROUPS:
                    raise ValueError(f"{setting} must name groups out of {', '.join(GROUPS)}, got {group!r}")
        for group, share in self.shares.items():
            _check(f"shares of {group}", share)
        if abs(math.fsum(self.shares.values()) - 1) > 1e-9:
            raise ValueError(f"shares must add up to 1, got {math.fsum(self.shares.values()):.6g}")
        for group, weights in self.domain_weights.items():
            for domain, weight in weights.items():
                _check(f"domain_weights of {group} {domain}", weight)
        for name, share in self.format_shares.items():
            _check(f"format_shares of {name}", share)
        if self.format_shares and abs(math.fsum(self.format_shares.values()) - 1) > 1e-9:
            raise ValueError(
                f"format_shares must add up to 1, got {math.fsum(self.format_shares.values()):.6g}"
            )
        for language in ("en", "ar", *(["mul"] if "mul" in self.tokens_per_word else [])):
            if not 0 < self.tokens_per_word.get(language, 0) < math.inf:
                raise ValueError(
                    f"tokens_per_word must give a number above 0 for {language}, "
                    f"got {self.tokens_per_word.get(language)}"
                )
        _check("maximum_epochs", self.maximum_epochs)
        _check("warn_epochs", self.warn_epochs)
        if self.output and not self.output.endswith((".yaml", ".yml", ".json")):
            raise ValueError(f"output must end in .yaml, .yml or .json, got {self.output!r}")

    @property
    def tokens_by_language(self) -> dict[str, float]:
        """Tokens of a word, for documents in both languages too."""
        mean = (self.tokens_per_word["en"] + self.tokens_per_word["ar"]) / 2
        return {"mul": mean} | self.tokens_per_word


def _check(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} must be a number of at least 0, got {value}")
