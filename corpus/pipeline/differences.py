"""Says in a few words how one build plan differs from another."""

from collections.abc import Iterator
from typing import Any

_SHOWN = 4


def describe_differences(before: dict[str, Any], after: dict[str, Any]) -> str:
    """The settings, sources, files and versions that differ, by name; at most a few of them.

    >>> describe_differences({"config": {"quality": {"words": 50}}}, {"config": {"quality": {"words": 20}}})
    'quality.words 50 -> 20'
    """
    found = list(_differences(_by_name(before), _by_name(after), ""))
    shown = "; ".join(found[:_SHOWN])
    return f"{shown}; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else shown


def _by_name(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan with lists of sources and inputs as mappings, so that an added one does not shift the others."""
    config = dict(plan.get("config", {}))
    sources = {source["name"]: source for source in config.pop("sources", [])}
    inputs = {entry["path"]: entry["stamp"] for entry in plan.get("inputs", [])}
    order = {"source order": [*sources]}
    return (
        config
        | {
            "format": plan.get("format"),
            "version of": plan.get("versions", {}),
            "content of": plan.get("references", {}),
            "source": sources,
            "input": inputs,
        }
        | order
    )


def _differences(before: Any, after: Any, name: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            path = f"{name}.{key}" if name else key
            if key not in after:
                yield f"{path} is gone"
            elif key not in before:
                yield f"{path} is new"
            elif key == "source order":
                if [n for n in before[key] if n in after[key]] != [n for n in after[key] if n in before[key]]:
                    yield "sources in another order"
            else:
                yield from _differences(before[key], after[key], path)
    elif name.startswith("input."):
        yield f"{name.removeprefix('input.')} has changed"
    else:
        yield f"{name} {before!r} -> {after!r}"
