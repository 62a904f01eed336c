"""What a user can set of stages 8 to 10."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Exact:
    """Of documents with equal folded text one stays.

    Attributes:
        enabled: Whether the stage runs.
    """

    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Boilerplate:
    """Lines that many documents share (navigation, notices, mastheads) are removed from all of them.

    No document keeps them, so that the result does not hang on the order of the input; a well-known
    quotation that stands on a line of its own goes with them, which is why minimum_documents is not small.

    Attributes:
        enabled: Whether the stage runs.
        minimum_documents: A line is boilerplate from this many documents on.
        minimum_words: Shorter lines stay, however often they come: headings and dialogue are short.
        maximum_share: A document that would lose more than this share of its bytes is left whole, 0 to 1.
    """

    enabled: bool = True
    minimum_documents: int = 20
    minimum_words: int = 5
    maximum_share: float = 0.5

    def __post_init__(self) -> None:
        _at_least(self, "minimum_documents", 2)
        _at_least(self, "minimum_words", 1)
        if not 0 <= self.maximum_share <= 1:
            raise ValueError(f"maximum_share must be from 0 to 1, got {self.maximum_share}")


@dataclass(frozen=True, kw_only=True)
class NearDuplicates:
    """Of each cluster of near-duplicates one stays.

    MinHash over word shingles, banded (Broder 1997; Mining of Massive Datasets, chapter 3).
    Two documents are compared if all rows of one of their bands agree, which has the probability
    1 - (1 - J^rows_per_band)^bands at Jaccard similarity J: .95 at .8 and .61 at .7 by default.

    Attributes:
        enabled: Whether the stage runs.
        num_perm: Hash values in a signature, four bytes each.
        bands: Bands of a signature; 0, with rows_per_band 0, lets datasketch's optimizer choose both.
        rows_per_band: Hash values in a band.
        shingle_size: Words in a shingle; a shorter document is one shingle.
        minimum_similarity: Estimated Jaccard similarity from which two documents are near-duplicates, 0 to 1.
        seed: Seed of the permutations.
    """

    enabled: bool = True
    num_perm: int = 128
    bands: int = 16
    rows_per_band: int = 8
    shingle_size: int = 5
    minimum_similarity: float = 0.7
    seed: int = 1

    def __post_init__(self) -> None:
        for name, least in (
            ("num_perm", 2),
            ("bands", 0),
            ("rows_per_band", 0),
            ("shingle_size", 1),
            ("seed", 0),
        ):
            _at_least(self, name, least)
        if (self.bands == 0) != (self.rows_per_band == 0):
            raise ValueError(
                "bands and rows_per_band must both be 0 or both be positive, "
                f"got {self.bands} and {self.rows_per_band}"
            )
        if self.bands * self.rows_per_band > self.num_perm:
            raise ValueError(
                f"bands x rows_per_band must be at most num_perm, "
                f"got {self.bands} x {self.rows_per_band} > {self.num_perm}"
            )
        if self.seed >= 1 << 32:
            raise ValueError(f"seed must be below 2^32, got {self.seed}")
        if not 0 < self.minimum_similarity <= 1:
            raise ValueError(
                f"minimum_similarity must be above 0 and at most 1, got {self.minimum_similarity}"
            )

    @property
    def banding(self) -> tuple[int, int]:
        """Bands and rows of each, chosen by datasketch for minimum_similarity where they are 0."""
        if self.bands:
            return self.bands, self.rows_per_band
        from datasketch import MinHashLSH

        index = MinHashLSH(threshold=self.minimum_similarity, num_perm=self.num_perm)
        return index.b, index.r


def _at_least(settings: Boilerplate | NearDuplicates, name: str, least: int) -> None:
    value = getattr(settings, name)
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
