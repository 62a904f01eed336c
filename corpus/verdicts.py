"""What a judge says of each document."""

import polars as pl

VERDICT_COLUMNS: dict[str, pl.DataType] = {"reason": pl.String(), "detail": pl.String()}
"""`reason`: a short fixed word that is counted, null where the document stays; `detail`: the figure that decided."""


def no_verdicts(num_documents: int) -> pl.DataFrame:
    """A frame of VERDICT_COLUMNS in which every document stays."""
    return pl.DataFrame(
        {"reason": [None] * num_documents, "detail": [None] * num_documents}, schema=VERDICT_COLUMNS
    )
