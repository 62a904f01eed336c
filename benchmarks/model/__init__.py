"""A Hugging Face model directory as lm-eval's model, with shared prefixes computed once and responses kept on disk."""

from benchmarks.model.opening import Opened, open_model

__all__ = ["Opened", "open_model"]
