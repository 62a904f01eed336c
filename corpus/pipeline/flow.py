"""Documents on their way through the stages, with an account of every step."""

from collections.abc import Mapping

import polars as pl

_COUNTED = ("documents_in", "characters_in", "documents_out", "characters_out")


class Flow:
    """The documents of one part, and what each stage took in, let out and dropped, and why.

    A pair is one unit: when one side is dropped, the other goes too, with the reason `other_side`.
    """

    def __init__(self, documents: pl.DataFrame) -> None:
        """Start with documents that have at least text, language, domain and unit; rows of one unit are neighbors."""
        self.documents = documents.with_row_index("document")
        self._groups = self.documents.select("document", "language", "domain")
        self._steps: list[pl.DataFrame] = []
        self._dropped: list[pl.DataFrame] = []
        self.changes: dict[str, dict[str, int]] = {}

    def set_languages(self, columns: pl.DataFrame) -> None:
        """Take over what language identification found; the whole account is kept by these languages."""
        self.documents = self.documents.with_columns(columns.get_columns())
        found = self.documents.select("document", found="language")
        self._groups = self._groups.join(found, on="document", how="left", maintain_order="left").select(
            "document", pl.coalesce("found", "language").alias("language"), "domain"
        )

    def step(
        self,
        stage: str,
        texts: pl.Series | None = None,
        verdicts: pl.DataFrame | None = None,
        changes: Mapping[str, int] | None = None,
    ) -> None:
        """Let a stage act: new texts first, then its verdicts on them."""
        before = self.documents.select("document", characters_in=pl.col("text").str.len_chars())
        if texts is not None:
            self.documents = self.documents.with_columns(texts.alias("text"))
        self._drop(stage, verdicts)
        after = self.documents.select("document", characters_out=pl.col("text").str.len_chars())
        self._steps.append(
            before.join(after, on="document", how="left", maintain_order="left").with_columns(
                stage=pl.lit(stage)
            )
        )
        if changes:
            self.changes[stage] = {name: count for name, count in changes.items() if count}

    def _drop(self, stage: str, verdicts: pl.DataFrame | None) -> None:
        if verdicts is None or not verdicts["reason"].is_not_null().any():
            return
        judged = self.documents.with_columns(verdicts["reason"], verdicts["detail"])
        unit_reason = pl.col("reason").drop_nulls().first().over("unit")
        judged = judged.with_columns(
            reason=pl.when(pl.col("reason").is_null() & unit_reason.is_not_null())
            .then(pl.lit("other_side"))
            .otherwise(pl.col("reason")),
            detail=pl.when(pl.col("reason").is_null()).then(unit_reason).otherwise(pl.col("detail")),
        )
        falls = pl.col("reason").is_not_null()
        self._dropped.append(judged.filter(falls).with_columns(stage=pl.lit(stage)))
        self.documents = judged.filter(~falls).drop("reason", "detail")

    @property
    def dropped(self) -> pl.DataFrame | None:
        """Every dropped document in input order with stage, reason and detail; None if there is none."""
        if not self._dropped:
            return None
        return pl.concat(self._dropped, how="diagonal").sort("document")

    def counts(self) -> list[dict[str, object]]:
        """One row per stage, language and domain: documents and characters in and out, drops by reason."""
        if not self._steps:
            return []
        steps = pl.concat(self._steps).join(self._groups, on="document", maintain_order="left")
        group = ["stage", "language", "domain"]
        totals = steps.group_by(group, maintain_order=True).agg(
            pl.len().alias("documents_in"),
            pl.col("characters_in").sum(),
            pl.col("characters_out").is_not_null().sum().alias("documents_out"),
            pl.col("characters_out").sum(),
        )
        reasons: dict[tuple[object, ...], dict[str, int]] = {}
        if self.dropped is not None:
            fallen = self.dropped.select("document", "stage", "reason").join(self._groups, on="document")
            for *key, reason, count in fallen.group_by(*group, "reason").len().iter_rows():
                reasons.setdefault(tuple(key), {})[reason] = count
        return [
            dict(zip(totals.columns, row, strict=True)) | {"dropped": reasons.get(row[:3], {})}
            for row in totals.iter_rows()
        ]


def add_counts(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Add up rows of counts that agree in all of their labels; first come, first listed.

    The order of a row's keys does not matter: rows that come back from a JSON file have theirs sorted.
    """
    sums: dict[tuple[tuple[str, object], ...], dict[str, object]] = {}
    for row in rows:
        labels = {name: value for name, value in row.items() if name not in (*_COUNTED, "dropped")}
        key = tuple(sorted(labels.items()))
        total = sums.setdefault(key, labels | dict.fromkeys(_COUNTED, 0) | {"dropped": {}})
        for name in _COUNTED:
            total[name] += row[name]  # type: ignore[operator]
        dropped: dict[str, int] = total["dropped"]  # type: ignore[assignment]
        for reason, count in row["dropped"].items():  # type: ignore[attr-defined]
            dropped[reason] = dropped.get(reason, 0) + count
    return list(sums.values())
