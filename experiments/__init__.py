"""Experiments that go through several rooms: each is a folder, a config, one command, and a report in docs/results/.

What they share stands beside them: `settings`, `running` from settings to report, `made_texts`, `mixtures` and
`vocabularies` (token files in two tokenizers), `jobs`, `scheduling` and `worker`, `curves`, `intervals`, `report`.
"""
