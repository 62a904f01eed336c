"""What a model is worth, in Arabic and in English: tasks, prompts, scores with signatures, and a report to look at.

`python -m benchmarks.run --model DIR --tasks SUITE --output_dir DIR` is the whole job. Its steps can be used alone:
`benchmarks.tasks` (published files become `Item`s), `benchmarks.prompts`, `benchmarks.model` (lm-eval's model with
shared prefixes computed once), `benchmarks.scoring` (pure functions over arrays) and `benchmarks.report`.
"""
