"""The results as files: forgetting.json, .md, .svg and .html."""

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from corpus.pipeline.atomic import atomic_path, read_json, write_json
from experiments.curves import Curve
from experiments.forgetting.legs import LEGS
from experiments.forgetting.matrix import Points
from experiments.forgetting.page import html, markdown
from experiments.forgetting.picture import draw
from experiments.forgetting.settings import Forgetting
from experiments.forgetting.tables import Curves, results
from experiments.jobs import BASE, Vocabulary, run_dir
from experiments.vocabularies import Prepared
from experiments.worker import COST
from nemo_recipes.planning.parameters import count
from nemo_recipes.watch.journal import Journal

FORMAT = 1
_PACKAGES = ("lightning", "nemo-toolkit", "numpy", "scipy", "torch", "transformers")


def write_results(settings: Forgetting, prepared: Prepared, curves: Curves, points: Points) -> dict[str, Any]:
    """Write all files, and return what the JSON holds, with the files' `paths`."""
    found = {
        "format": FORMAT,
        "daad": version("daad"),
        "command": "python -m experiments.forgetting",
        "settings": settings.described(),
        "legs": {leg: LEGS[leg].title for leg in curves},
        "seeds": sorted(next(iter(curves.values()))),
        "parameters": {
            name: count(vocabulary.shape).total for name, vocabulary in _vocabularies(prepared).items()
        },
        "new_rows": prepared.expanded.shape.vocab_size - prepared.base.shape.vocab_size,
        "tokens_per_byte": {
            name: vocabulary.mixtures["both"].tokens_per_byte
            for name, vocabulary in _vocabularies(prepared).items()
        },
        "arabic_share_of_parallel": prepared.texts["arabic_share_of_parallel"],
        "without_instruction": prepared.texts["without_instruction"],
        "byte_shares": prepared.shares,
        "held_out": prepared.held_out,
        "versions": {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()},
        "run": _run(settings, curves),
        "curves": [_described(curve) for of_seeds in curves.values() for curve in of_seeds.values()],
    } | results(curves, points)
    directory = Path(settings.results_dir or Path(settings.output_dir, "results"))
    paths = {ending: directory / f"forgetting.{ending}" for ending in ("json", "md", "svg", "html")}
    picture = draw(
        curves, found["legs"], points, {name: value["mean"] for name, value in found["base"].items()}
    )
    write_json(paths["json"], found)
    for ending, text in (("svg", picture), ("md", markdown(found)), ("html", html(found, picture))):
        with atomic_path(paths[ending]) as partial:
            partial.write_text(text, encoding="utf-8")
    return found | {"paths": {ending: str(path) for ending, path in paths.items()}}


def _vocabularies(prepared: Prepared) -> dict[str, Vocabulary]:
    return {"base": prepared.base, "expanded": prepared.expanded}


def _described(curve: Curve) -> dict[str, Any]:
    return {
        "leg": curve.leg,
        "seed": curve.seed,
        "steps": [int(step) for step in curve.steps],
        "bytes": _rounded(curve.num_bytes, 0),
        "flops": _rounded(curve.flops, 0),
        "bits_per_byte": {language: _rounded(bits, 6) for language, bits in curve.bits.items()},
    }


def _rounded(values: Any, digits: int) -> list[float]:
    return [float(value) for value in np.round(values, digits)]


def _run(settings: Forgetting, curves: Curves) -> dict[str, Any]:
    """Time of the runs that are reported, and the device; varies from run to run."""
    costs = list(_costs(settings, curves))
    names = [*curves, *([BASE] if settings.stage1 else [])]
    leg = next(iter(curves))
    manifest = read_json(run_dir(settings.output_dir, next(iter(curves[leg])), leg) / "manifest.json")
    return {
        "processor_hours": round(sum(line["processor_seconds"] for line in costs) / 3600, 3),
        "seconds": round(sum(line["seconds"] for line in costs), 1),
        "runs": len(names) * len(curves[leg]),
        "processes": settings.processes,
        "device": manifest["run"]["device"],
    }


def _costs(settings: Forgetting, curves: Curves) -> Iterator[Mapping[str, Any]]:
    seeds = next(iter(curves.values()))
    for seed in seeds:
        for name in (BASE, *curves):
            yield from Journal(run_dir(settings.output_dir, seed, name) / COST).lines("cost")
