"""The head of the card in the hub's form, so that its pages and searches understand it."""

from collections.abc import Iterator
from typing import Any

import yaml

from benchmarks.model_card.facts import Facts
from benchmarks.model_card.settings import CardConfig
from benchmarks.tasks.task import METRICS

LANGUAGES = ("ar", "en")
TYPES = {"accuracy": "acc", "F1": "f1", "exact match": "exact_match"}
"""What the hub calls our measures; the others go by our own names."""


def front_matter(facts: Facts, config: CardConfig) -> str:
    """YAML between two lines of dashes."""
    content: dict[str, Any] = {
        "language": list(LANGUAGES),
        "license": config.license or "other",
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["arabic", "english", "bilingual", "daad"],
    }
    if config.base_model:
        content["base_model"] = config.base_model
    results = list(_results(facts))
    if results:
        content["model-index"] = [{"name": facts["name"], "results": results}]
    return f"---\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True)}---\n"


def _results(facts: Facts) -> Iterator[dict[str, Any]]:
    """Scores of this model under the first rule of each task."""
    for score in facts["scores"][0]["scores"] if facts["scores"] else []:
        if score["first"]:
            metric = METRICS[score["rule"]]
            yield {
                "task": {"type": "text-generation"},
                "dataset": {"name": score["title"], "type": score["task"]},
                "metrics": [
                    {
                        "type": TYPES.get(metric, metric),
                        "value": round(100 * score["micro"]["value"], 2),
                        "name": f"{metric}, {score['rule']}",
                    }
                ],
            }
