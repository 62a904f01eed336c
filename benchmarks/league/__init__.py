"""Several models in one report: each is scored, reads held-out text, and stands beside the others.

`python -m benchmarks.league` is the job. `conversations` makes multiple-choice questions of conversations by rule;
scoring is `benchmarks.run`'s and bits per byte are `benchmarks.bits_per_byte`'s, with the same settings for all models.
"""
