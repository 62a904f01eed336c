"""Preference pairs from a model's own answers: `asking` prompts, `sampling` answers, `rewards`, `picking` pairs."""
