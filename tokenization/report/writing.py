"""From findings to files: report.html, fertility.json, fertility.csv and manifest.json."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from corpus.pipeline.atomic import atomic_path, sha256_of, write_json
from tokenization.fertility_config import FertilityConfig
from tokenization.measures.boundaries import Agreement
from tokenization.report.findings import Findings
from tokenization.report.page import render
from tokenization.report.study import versions

FILES = ("report.html", "fertility.json", "fertility.csv")


def write(findings: Findings, run: Mapping[str, Any]) -> Path:
    """Write all files, the manifest last, and return the path of the page. Only `run` varies from run to run."""
    config = findings.study.config
    directory = Path(config.output_dir)
    settings = {"config": decisive(config), "versions": versions()}
    with atomic_path(directory / "report.html") as partial:
        partial.write_text(render(findings, settings), encoding="utf-8")
    write_json(directory / "fertility.json", _as_json(findings, settings))
    with atomic_path(directory / "fertility.csv") as partial:
        findings.figures.write_csv(partial)
    digests = {name: sha256_of(directory / name) for name in FILES}
    write_json(
        directory / "manifest.json",
        settings | {"files": digests, "inputs": _inputs(findings), "run": dict(run)},
    )
    return directory / "report.html"


def decisive(config: FertilityConfig) -> dict[str, Any]:
    """All settings but where the result goes."""
    settings = asdict(config)
    del settings["output_dir"]
    return settings


def _inputs(findings: Findings) -> dict[str, Any]:
    study = findings.study
    return {
        "tokenizers": {each.name: {"path": each.path, "sha256": each.sha256} for each in study.tokenizers},
        "slices": {each.name: digest for each, digest in zip(study.slices, study.digests, strict=True)},
    }


def _as_json(findings: Findings, settings: Mapping[str, Any]) -> dict[str, Any]:
    study = findings.study
    morphology = findings.morphology
    tokenizers = [
        {
            "name": tokenizer.name,
            "kind": tokenizer.kind,
            "sha256": tokenizer.sha256,
            "size": tokenizer.size,
            "encoded_by": "units" if study.cuts[i].independent else "documents",
            "round_trip": {"passed": study.trips[i].passed} | study.trips[i]._asdict(),
            "tashkeel": {"passed": study.tashkeel[i].passed}
            | study.tashkeel[i]._asdict()
            | {"joined": study.tashkeel[i].joined._asdict()},
            "words_by_pieces": list(findings.distributions[i]),
            "pieces_by_letters": list(findings.growths[i]),
            "clitics": _agreements(morphology.agreements[i], morphology.signatures[i])
            if morphology
            else None,
        }
        for i, tokenizer in enumerate(study.tokenizers)
    ]
    return dict(settings) | {"tokenizers": tokenizers, "figures": findings.figures.to_dicts()}


def _agreements(agreements: tuple[Agreement, Agreement], signature: str) -> dict[str, Any]:
    def plain(agreement: Agreement) -> dict[str, Any]:
        return {
            name: value._asdict() if hasattr(value, "_asdict") else value
            for name, value in agreement._asdict().items()
        }

    return {"all_words": plain(agreements[0]), "with_clitic": plain(agreements[1]), "signature": signature}
