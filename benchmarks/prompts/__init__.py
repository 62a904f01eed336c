"""How a question is put to a model: Arabic or English words, for the letters and for the continuation rule."""

from benchmarks.prompts.prompt import Asked, as_turn, continuations, letters, open_question
from benchmarks.prompts.wording import Wording, wording

__all__ = ["Asked", "Wording", "as_turn", "continuations", "letters", "open_question", "wording"]
