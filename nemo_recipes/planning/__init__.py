"""What a run takes before it begins: parameters, tokens, steps, memory, FLOPs, time, energy; pure functions.

`make_plan(config)` gives a `Plan`, `render(plan)` its text, `check(plan)` refuses what cannot work. Settings live in
`planning.settings`; the functions load with their first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nemo_recipes.planning.plan import Plan, check, make_plan
    from nemo_recipes.planning.rendering import render

__all__ = ["Plan", "check", "make_plan", "render"]

_HOMES = {"plan": ("Plan", "check", "make_plan"), "rendering": ("render",)}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"nemo_recipes.planning.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
