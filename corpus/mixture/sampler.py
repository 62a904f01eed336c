"""ALLaM's sampler: weight = share of the group x domain weight x size (Bari et al. 2024, arXiv:2407.15390)."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from corpus.errors import CorpusError
from corpus.mixture.settings import GROUPS, LANGUAGE_OF_GROUP, Group, Mixture
from corpus.mixture.sizes import exact

Part = tuple[Group, str, Fraction, str]
"""Group, domain, size in tokens and format (of pairs, else empty) of something that is sampled."""


def sample(parts: Sequence[Part], settings: Mixture) -> tuple[list[Fraction], dict[Group, Fraction]]:
    """Probability of each part, and the share of each group that is there; both add up to 1 exactly.

    Raises:
        CorpusError: A group that has a share is not there and may not be replaced, or the groups are too small for
            `maximum_epochs`.
    """
    weights = [
        exact(settings.domain_weights.get(group, {}).get(domain, 1)) * size
        for group, domain, size, _ in parts
    ]
    present = {group for (group, _, _, _), weight in zip(parts, weights, strict=True) if weight}
    shares = shares_of(present, settings)
    total = settings.total_tokens
    most = exact(settings.maximum_epochs)
    probabilities = [Fraction(0)] * len(parts)
    for group, form, share in _divided(shares, settings):
        members = [
            index
            for index, part in enumerate(parts)
            if part[0] == group and form in (None, part[3]) and weights[index]
        ]
        if not members:
            raise CorpusError(
                f"mixture: format_shares gives {form!r} a share, but the corpus has no such documents: check the name, "
                "or make them with python -m corpus.pair_documents"
            )
        limits = [most * parts[index][2] for index in members]
        if most and sum(limits) < share * total:
            raise CorpusError(
                f"mixture: group {group} holds {float(sum(limits) / most):,.0f} tokens, too few for its share of "
                f"{float(share * total):,.0f} within {settings.maximum_epochs:g} epochs: lower total_tokens to at most "
                f"{int(sum(limits) / share):,}, lower the share of {group}, or raise maximum_epochs"
            )
        amounts = capped(share * total, [weights[index] for index in members], limits if most else None)
        for index, amount in zip(members, amounts, strict=True):
            probabilities[index] = amount / total
    return probabilities, shares


def shares_of(present: set[Group], settings: Mixture) -> dict[Group, Fraction]:
    """Share of each group that is there, once those of missing groups were given away as `missing` says.

    Raises:
        CorpusError: A missing group may not, or cannot, be replaced.
    """
    wanted = {group: exact(settings.shares[group]) for group in GROUPS if settings.shares.get(group)}
    whole = sum(wanted.values())
    wanted = {
        group: share / whole for group, share in wanted.items()
    }  # 1/3 thrice, written in decimals, is not quite 1
    shares = {group: share for group, share in wanted.items() if group in present}
    for group in wanted.keys() - shares.keys():
        heirs = [heir for heir in shares if settings.missing == "renormalize" or _same_language(heir, group)]
        if settings.missing == "refuse" or not heirs:
            raise CorpusError(
                f"mixture: the corpus has no text of group {group}, which has a share of {float(wanted[group]):g}: "
                "add such a source, set its share to 0, or set missing to renormalize"
            )
    for group in sorted(wanted.keys() - shares.keys()):
        heirs = [heir for heir in shares if settings.missing == "renormalize" or _same_language(heir, group)]
        inherited = sum(wanted[heir] for heir in heirs)
        for heir in heirs:
            shares[heir] += wanted[group] * wanted[heir] / inherited
    return shares


def _divided(
    shares: Mapping[Group, Fraction], settings: Mixture
) -> Iterator[tuple[Group, str | None, Fraction]]:
    """Each group with its share; bilingual by format where the settings say so."""
    for group, share in shares.items():
        if group != "bilingual" or not settings.format_shares:
            yield group, None, share
            continue
        wanted = {name: exact(part) for name, part in settings.format_shares.items() if part}
        whole = sum(wanted.values())
        for name, part in wanted.items():
            yield group, name, share * part / whole


def capped(
    amount: Fraction, weights: Sequence[Fraction], limits: Sequence[Fraction] | None
) -> list[Fraction]:
    """Divide an amount in proportion to weights, none above its limit: what one cannot take goes to the others.

    This is water-filling: everyone gets min(limit, level x weight), with the one level that uses up the amount. The
    limits must hold the amount.

    >>> one = Fraction(1)
    >>> [int(part) for part in capped(12 * one, [one, one, 2 * one], [one, 9 * one, 5 * one])]
    [1, 6, 5]
    """
    if limits is None:
        return [amount * weight / sum(weights) for weight in weights]
    # A level fills the part with the lowest limit / weight first.
    order = sorted(range(len(weights)), key=lambda index: limits[index] / weights[index])
    left, open_weight = amount, sum(weights, Fraction(0))
    parts = [Fraction(0)] * len(weights)
    for index in order:
        parts[index] = min(limits[index], left * weights[index] / open_weight)
        left -= parts[index]
        open_weight -= weights[index]
    return parts


def budgets(total: int, probabilities: Sequence[Fraction]) -> list[int]:
    """Whole tokens that add up to the total, by the largest remainder; of equal remainders the first gets one more.

    >>> budgets(10, [Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)])
    [4, 3, 3]
    """
    ideal = [total * probability for probability in probabilities]
    whole = [int(amount) for amount in ideal]
    by_remainder = sorted(range(len(ideal)), key=lambda index: (whole[index] - ideal[index], index))
    for index in by_remainder[: total - sum(whole)]:
        whole[index] += 1
    return whole


def given_away(shares: Mapping[Group, Fraction], settings: Mixture) -> list[str]:
    """One sentence for each group whose share went to others."""
    return [
        f"no text of group {group}: its share of {settings.shares[group]:g} went to "
        + ("the other groups" if settings.missing == "renormalize" else "the other group of its language")
        for group in GROUPS
        if settings.shares.get(group) and group not in shares
    ]


def _same_language(one: Group, other: Group) -> bool:
    return LANGUAGE_OF_GROUP[one] == LANGUAGE_OF_GROUP[other]
