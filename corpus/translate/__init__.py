"""Documents translated sentence by sentence, at corpus scale, put together again as they were.

`translators` puts models in a directory and models behind an endpoint behind one interface, `cache` keeps every
sentence that was paid for, `checks` judges them, `translating` runs it over shards, and `report` shows the result.
"""

from corpus.translate.settings import Translate

__all__ = ["Translate"]
