"""Is this instruction data good enough to learn from: rules for every turn, duplicates, benchmark items, and a report.

Each module finds one kind of fault in columns and says where it stands (`HIT_COLUMNS`); `judging` puts them together,
`running` has the files. Settings live in `alignment.preparation.settings`, which loads nothing heavy.
"""
