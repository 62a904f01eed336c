"""The card as a whole."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.asking import asked_model, log_likelihoods
from benchmarks.model_card import sections
from benchmarks.model_card.facts import Facts, gather, notes
from benchmarks.model_card.front_matter import front_matter
from benchmarks.model_card.gaps import gaps, requests, templates
from benchmarks.model_card.settings import CardConfig
from corpus.pipeline.atomic import atomic_path, write_json

INTENDED = (
    "Research on Arabic and English language models, and a starting point for further training.",
    "Not for decisions about people, and not for medical, legal, financial or religious advice.",
)
USE = """```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("DIRECTORY")
model = AutoModelForCausalLM.from_pretrained("DIRECTORY")
```"""
LIMITS = (
    "The model may write false, offensive or biased text with an air of certainty, in either language.",
    "What it knows ends with its corpus; Arabic dialects are covered as unevenly as the corpus covers them.",
    "Figures below are of the data, prompts and rules that their signatures name, and of nothing else.",
)


def write_card(config: CardConfig) -> Path:
    """Gather, measure the gaps, and write model_card.md; returns its path.

    Raises:
        BenchmarkError: The model or one of the directories cannot be used.
    """
    facts = gather(config)
    output = Path(config.output_dir)
    rows = _measured(config, output) if config.measure_gaps else None
    if rows is not None:
        told = {"model": facts["digest"], "resamples": config.resamples, "seed": config.seed, "gaps": rows}
        write_json(output / "gaps.json", told)
    path = output / "model_card.md"
    with atomic_path(path) as partial:
        partial.write_text(render(facts, rows, config), encoding="utf-8")
    return path


def _measured(config: CardConfig, output: Path) -> list[dict[str, Any]]:
    chosen = templates()
    with asked_model(
        config.model, output / "responses", endpoint=config.endpoint, chat="no", batch_size=config.batch_size,
        device=config.device, dtype=config.dtype,
    ) as opened:  # fmt: skip
        found = log_likelihoods(opened, requests(chosen))
    return gaps(chosen, found, resamples=config.resamples, seed=config.seed)


def render(facts: Facts, rows: list[dict[str, Any]] | None, config: CardConfig) -> str:
    """The card as Markdown; the same facts give the same text."""
    said = "".join(f"> **{note}**\n\n" for note in notes(facts))
    parts = {
        "Model": sections.shape(facts),
        "Use": USE,
        "Intended use": _list(INTENDED, config.intended_use),
        "Limits": _list(LIMITS, config.limits),
        "Training data and licenses": sections.data(facts),
        "Tokenizer": sections.tokenizer(facts),
        "Training": sections.training(facts),
        "Scores": sections.scores(facts),
        "Contamination": sections.contamination(facts),
        "Human evaluation": sections.human(facts),
        "Safety": sections.safety(facts),
        "Gaps between paired sentences": (
            "The same neutral sentence after contexts that differ in one thing: positive where the model finds it "
            "likelier after the first group's. Arabic and English templates are alike where the languages allow. A gap "
            "tells that the model treats the groups differently, not why, and not what it would write.\n\n"
            + sections.paired_gaps(rows)
        ),
        "Energy": sections.energy(facts),
    }
    body = "\n\n".join(f"## {heading}\n\n{content}" for heading, content in parts.items())
    made = f"Made by Daad {version('daad')} from the manifests and results that were given."
    return f"{front_matter(facts, config)}\n# {facts['name']}\n\n{said}{body}\n\n---\n{made}\n"


def _list(standing: tuple[str, ...], further: list[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in (*standing, *further))
