from corpus.pipeline.differences import describe_differences


def plan(**changes: object) -> dict[str, object]:
    return {
        "config": {
            "quality": {"words": 50, "stops": ["a"]},
            "sources": [{"name": "a", "path": "p"}, {"name": "b", "path": "q"}],
        },
        "inputs": [{"path": "p/1", "stamp": "5"}, {"path": "q/1", "stamp": "6"}],
        "versions": {"polars": "1"},
        "format": 1,
    } | changes  # fmt: skip


def test_names_what_differs() -> None:
    assert describe_differences(plan(), plan()) == ""
    assert describe_differences(plan(), plan(versions={"polars": "2"})) == "version of.polars '1' -> '2'"
    inputs = [{"path": "p/1", "stamp": "7"}, {"path": "q/1", "stamp": "6"}, {"path": "r", "stamp": "6"}]
    assert describe_differences(plan(), plan(inputs=inputs)) == "p/1 has changed; input.r is new"


def test_an_added_source_is_no_change_of_the_others() -> None:
    config = {
        "quality": {"words": 50, "stops": ["a"]},
        "sources": [{"name": "c"}, {"name": "a", "path": "p"}, {"name": "b", "path": "q"}],
    }
    assert describe_differences(plan(), plan(config=config)) == "source.c is new"


def test_many_changes_are_cut_short() -> None:
    config = {"quality": {f"k{number}": 1 for number in range(9)}, "sources": []}
    assert describe_differences(
        plan(config=config), plan(config={"quality": {}, "sources": []}, inputs=[], versions={})
    ).endswith("more")
