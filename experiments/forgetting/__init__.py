"""What a model loses of English while it learns Arabic, and what new rows, their start and parallel text do to that.

`texts` makes the corpus of the experiment, `mixtures` its plans in bytes, `matrix` the runs; `tables`, `picture` and
`page` show what came of them. `python -m experiments.forgetting`.
"""
