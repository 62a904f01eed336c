"""Which language a document is in, by paragraph where scripts mix, and which documents stay for it.

A cheap pass over all bytes sorts paragraphs by script; three snippets of each script go to fastText's
lid.176, whose answer is weighed with letters and function words that tell the languages of the Arabic
script apart. Nothing heavy is loaded before the first call.
"""

from typing import TYPE_CHECKING, Any

from corpus.language.settings import Identification

if TYPE_CHECKING:
    from corpus.language.identification import Kept, cut_foreign_paragraphs, identify
    from corpus.language.judgment import judge

__all__ = ["Identification", "Kept", "cut_foreign_paragraphs", "identify", "judge"]


def __getattr__(name: str) -> Any:
    if name == "judge":
        from corpus.language import judgment

        return judgment.judge
    if name in __all__:
        from corpus.language import identification

        return getattr(identification, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
