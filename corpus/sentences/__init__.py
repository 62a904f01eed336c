"""Documents cut into sentences and put together again, in Arabic and English, without a character lost."""

from corpus.sentences.splitting import Segment, join, split

__all__ = ["Segment", "join", "split"]
