"""The results as files: bridge.json, .md, .svg and .html."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from corpus.pipeline.atomic import atomic_path, read_json, write_json
from experiments.bridge.baselines import baselines
from experiments.bridge.legs import LEGS, START, TRANSLATED
from experiments.bridge.matrix import asked_of, measures_path
from experiments.bridge.page import html, markdown
from experiments.bridge.picture import draw
from experiments.bridge.settings import Bridge
from experiments.bridge.tables import languages_learned, results
from experiments.bridge.translation import chrf
from experiments.jobs import BASE, run_dir
from experiments.vocabularies import Prepared
from experiments.worker import COST
from nemo_recipes.planning.parameters import count
from nemo_recipes.watch.journal import Journal

FORMAT = 1
_PACKAGES = ("lightning", "nemo-toolkit", "numpy", "sacrebleu", "scipy", "torch", "transformers")


def write_results(settings: Bridge, prepared: Prepared, seeds: list[int]) -> dict[str, Any]:
    """Write all files of the seeds that are finished, and return what the JSON holds, with the files' `paths`."""
    legs = (START, *settings.legs)
    answers = {leg: {seed: read_json(measures_path(settings, seed, leg)) for seed in seeds} for leg in legs}
    some = next(iter(answers.values()))[seeds[0]]
    logs = {
        leg: [
            Journal(run_dir(settings.output_dir, seed, leg) / "log.jsonl").lines("validation")[-1]
            for seed in seeds
        ]
        for leg in settings.legs
    }
    asked = asked_of(settings, Path(), Path())
    found = {
        "format": FORMAT,
        "daad": version("daad"),
        "command": "python -m experiments.bridge",
        "settings": settings.described(),
        "legs": {
            leg: TRANSLATED if leg == "g" and settings.texts.translated else LEGS[leg]
            for leg in settings.legs
        },
        "seeds": seeds,
        "tokens": settings.continued.tokens,
        "parameters": count(prepared.expanded.shape).total,
        "training_pairs": prepared.texts["training_pairs"],
        "without_instruction": prepared.texts["without_instruction"],
        "values_in_pairs": prepared.texts["values_in_pairs"],
        "byte_shares": prepared.shares,
        "baselines": baselines(asked),
        "layers": {
            leg: {name: [one["layers"][name] for one in of_seeds.values()] for name in some["layers"]}
            for leg, of_seeds in answers.items()
        },
        "chrf_signature": f"nrefs:1|{_signature()}",
        "bits_per_byte": languages_learned(logs),
        "versions": {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()},
        "run": _run(settings, seeds),
    } | results(answers, resamples=settings.measures.resamples, draw_seed=settings.texts.seed)
    directory = Path(settings.results_dir or Path(settings.output_dir, "results"))
    paths = {ending: directory / f"bridge.{ending}" for ending in ("json", "md", "svg", "html")}
    picture = draw(found)
    write_json(paths["json"], found)
    for ending, text in (("svg", picture), ("md", markdown(found)), ("html", html(found, picture))):
        with atomic_path(paths[ending]) as partial:
            partial.write_text(text, encoding="utf-8")
    return found | {"paths": {ending: str(path) for ending, path in paths.items()}}


def _signature() -> str:
    metric = chrf()
    metric.corpus_score(["x"], [["x"]])
    return str(metric.get_signature()).removeprefix("nrefs:1|")


def _run(settings: Bridge, seeds: list[int]) -> dict[str, Any]:
    """Time of the runs that are reported, and the device; varies from run to run."""
    names = [*settings.legs, *([BASE] if settings.stage1 else [])]
    costs = [
        line
        for seed in seeds
        for name in names
        for line in Journal(run_dir(settings.output_dir, seed, name) / COST).lines("cost")
    ]
    manifest = read_json(run_dir(settings.output_dir, seeds[0], settings.legs[0]) / "manifest.json")
    return {
        "processor_hours": round(sum(line["processor_seconds"] for line in costs) / 3600, 3),
        "seconds": round(sum(line["seconds"] for line in costs), 1),
        "runs": len(names) * len(seeds),
        "processes": settings.processes,
        "device": manifest["run"]["device"],
    }
