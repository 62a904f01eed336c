import polars as pl

from corpus.pipeline.flow import Flow, add_counts


def documents() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "text": ["abcd", "efg", "hi", "jklmn"],
            "language": ["und", "und", "en", "ar"],
            "domain": ["web", "web", "news", "news"],
            "unit": [0, 1, 2, 2],
        },
        schema_overrides={"unit": pl.UInt32},
    )


def verdicts(*reasons: str | None) -> pl.DataFrame:
    details = [reason and f"{reason}!" for reason in reasons]
    return pl.DataFrame(
        {"reason": reasons, "detail": details}, schema=dict.fromkeys(("reason", "detail"), pl.String)
    )


def test_account_balances_by_hand() -> None:
    flow = Flow(documents())
    flow.step("read")
    flow.step("normalize", texts=pl.Series(["ab", "efg", "hi", "jklmn"]), changes={"tatweel": 2, "none": 0})
    flow.set_languages(pl.DataFrame({"language": ["ar", "ar", "en", "ar"]}))
    flow.step("quality", verdicts=verdicts("short", None, None, None))
    rows = {(row["stage"], row["language"], row["domain"]): row for row in flow.counts()}
    assert rows["read", "ar", "web"]["characters_in"] == 7
    assert rows["normalize", "ar", "web"]["characters_out"] == 5
    quality = rows["quality", "ar", "web"]
    assert (quality["documents_in"], quality["documents_out"], quality["characters_out"]) == (2, 1, 3)
    assert quality["dropped"] == {"short": 1}
    assert flow.changes == {"normalize": {"tatweel": 2}}
    assert flow.documents["text"].to_list() == ["efg", "hi", "jklmn"]


def test_a_pair_falls_as_one() -> None:
    flow = Flow(documents())
    flow.step("quality", verdicts=verdicts(None, None, None, "short"))
    assert flow.documents["text"].to_list() == ["abcd", "efg"]
    assert flow.dropped is not None
    assert flow.dropped.select("text", "reason", "detail").rows() == [
        ("hi", "other_side", "short"),
        ("jklmn", "short", "short!"),
    ]


def test_every_document_is_kept_or_dropped_once() -> None:
    flow = Flow(documents())
    flow.step("a", verdicts=verdicts("x", None, None, None))
    flow.step("b", verdicts=verdicts("y", None, None))
    assert flow.dropped is not None
    seen = flow.dropped["document"].to_list() + flow.documents["document"].to_list()
    assert sorted(seen) == [0, 1, 2, 3]
    assert flow.dropped["stage"].to_list() == ["a", "b"]


def test_no_documents_at_all() -> None:
    flow = Flow(documents().head(0))
    flow.step("read")
    assert flow.counts() == []
    assert flow.dropped is None


def test_counts_add_up_over_parts() -> None:
    row = {
        "source": "s", "stage": "read", "documents_in": 2, "characters_in": 5,
        "documents_out": 1, "characters_out": 3, "dropped": {"x": 1},
    }  # fmt: skip
    other = row | {"stage": "near", "dropped": {}}
    assert add_counts([row, other, row | {"dropped": {"x": 1, "y": 2}}]) == [
        row
        | {
            "documents_in": 4,
            "characters_in": 10,
            "documents_out": 2,
            "characters_out": 6,
            "dropped": {"x": 2, "y": 2},
        },
        other,
    ]


def test_order_of_keys_does_not_split_a_sum() -> None:
    """A row that was read back from JSON has its keys sorted; it still adds to the fresh one."""
    row = {"source": "s", "kind": "natural", "stage": "near", "documents_in": 2, "characters_in": 5}
    row |= {"documents_out": 1, "characters_out": 3, "dropped": {}}
    (total,) = add_counts([row, dict(sorted(row.items()))])
    assert total["documents_in"] == 4
