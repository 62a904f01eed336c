"""A model card for a checkpoint, made from what the rooms before left beside their files.

`python -m benchmarks.model_card` is the job. `facts` reads manifests and results, `gaps` asks the model for the same
sentences after different people's names and dialects, `sections` and `front_matter` are Markdown from plain values.
What was not measured is said to be so.
"""
