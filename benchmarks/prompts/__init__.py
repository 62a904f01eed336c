"""How a question is put to a model: Arabic or English words, for the letters and for the continuation rule."""

from benchmarks.prompts.prompt import Asked, continuations, letters
from benchmarks.prompts.wording import Wording, wording

__all__ = ["Asked", "Wording", "continuations", "letters", "wording"]
