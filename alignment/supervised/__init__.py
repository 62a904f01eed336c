"""Supervised fine-tuning: from conversations to packed sequences, the loss on answers, noise, samples and the report.

`running.run` is a whole run. Everything that a step reads follows from the data, the settings and the number of the
step, so that a run goes on exactly where it was stopped.
"""
