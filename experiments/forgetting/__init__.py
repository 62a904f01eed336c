"""What a model loses of English while it learns Arabic, and what new rows, their start and parallel text do to that.

`texts` makes the corpus of the experiment, `mixtures` its plans in bytes, `matrix` the runs, `scheduling` runs them,
`curves` and `intervals` read them, `tables`, `picture` and `page` show them. `python -m experiments.forgetting`.
"""
