"""ALLaM's sampler as a plan: how often each part of a corpus is read, so that languages and domains weigh as wanted.

`sizes.measure` reads how much a corpus holds, `sampler.sample` divides the budget, `plan.plan` makes the plan of it;
`python -m corpus.mixture` writes it down. Arithmetic is in fractions: budgets add up exactly, on any machine.
"""

from corpus.mixture.settings import Mixture

__all__ = ["Mixture"]
