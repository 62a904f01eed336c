"""Text that stays, mended gently: `normalize` for any text, `resolve_lookalikes` for text known to be Arabic.

The steps are functions from one line to one line (`steps`); columns are scanned by a kernel that names the
lines in which a step can act (`scan`), so that most lines are never touched; where only the frequent steps
can, kernels make them (`rewrite`: `words` and `layout`), else the steps themselves do (`columns`). `camel` runs
the five classic functions of camel-tools on columns, with identical output.
"""

from typing import TYPE_CHECKING, Any

from corpus.normalize.settings import Normalization

if TYPE_CHECKING:
    from corpus.normalize.columns import Normalized, normalize, normalize_text
    from corpus.normalize.lookalikes import resolve_lookalikes

__all__ = ["Normalization", "Normalized", "normalize", "normalize_text", "resolve_lookalikes"]


def __getattr__(name: str) -> Any:  # numba and ftfy load when a function is first used, not for the settings
    if name == "resolve_lookalikes":
        from corpus.normalize.lookalikes import resolve_lookalikes

        return resolve_lookalikes
    if name in {"Normalized", "normalize", "normalize_text"}:
        from corpus.normalize import columns

        return getattr(columns, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
