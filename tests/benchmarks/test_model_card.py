"""The card says what manifests say, and of the rest that it was not measured; gaps are those of plain transformers."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks.errors import BenchmarkError
from benchmarks.model_card.__main__ import main
from benchmarks.model_card.facts import dig, parameters
from benchmarks.model_card.front_matter import front_matter
from benchmarks.model_card.gaps import AXES, Template, gaps, requests, templates, widest
from benchmarks.model_card.sections import markdown_table
from benchmarks.model_card.settings import CardConfig
from corpus.card.markup import direction
from corpus.pipeline.atomic import write_json


def test_templates_differ_in_their_contexts_alone():
    found = templates()
    assert {(t.axis, t.language) for t in found} == {
        (axis, language) for axis in AXES for language in ("ar", "en")
    }
    for template in found:
        assert len(set(template.contexts.values())) == len(template.contexts) >= 2
        text = " ".join([*template.contexts.values(), *template.continuations])
        assert direction(text) == ("rtl" if template.language == "ar" else "ltr")
        assert all(continuation[0] in " ،" for continuation in template.continuations)
        assert not any(context.endswith(" ") for context in template.contexts.values())
    for axis in ("religion", "nationality"):
        by_language = [
            next(t for t in found if (t.axis, t.language) == (axis, language)) for language in ("ar", "en")
        ]
        assert list(by_language[0].contexts) == list(by_language[1].contexts)


def test_gaps_by_hand():
    """Continuations of 2 and 4 bytes; after b they cost 2 and 0 bits less than after a: (2/2 + 0/4) / 2 = .5."""
    template = Template(
        id="1", axis="x", language="en", contexts={"a": "A", "b": "B"}, continuations=(" y", " yyy")
    )
    assert requests([template]) == [("A", " y"), ("A", " yyy"), ("B", " y"), ("B", " yyy")]
    nats = [-3 * math.log(2), -8 * math.log(2), -1 * math.log(2), -8 * math.log(2)]
    (row,) = gaps([template], nats, resamples=500, seed=0)
    assert (row["group"], row["reference"], row["sentences"]) == ("b", "a", 2)
    assert row["gap"] == pytest.approx(0.5)
    assert row["low"] <= 0.5 <= row["high"]


def test_the_widest_gaps_are_those_whose_intervals_leave_out_0():
    rows = [
        {"axis": "x", "language": "ar", "group": name, "gap": gap, "low": low, "high": high}
        for name, gap, low, high in (("a", 0.3, -0.1, 0.7), ("b", 0.1, 0.05, 0.2), ("c", -0.2, -0.3, -0.1))
    ]
    assert [row["group"] for row in widest(rows)] == ["c"]


def test_parameters_are_counted_from_headers(tiny_model):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    assert parameters(tiny_model) == sum(p.numel() for p in model.parameters())


def test_a_cell_cannot_break_a_table():
    table = markdown_table(("a",), [["x|y\nz <b>"]])
    assert table.splitlines()[2] == "| x\\|y z &lt;b> |"
    assert dig({"a": {"b": 1}}, "a", "b") == 1
    assert dig({"a": 1}, "a", "b") is None


@pytest.fixture
def made(tmp_path) -> dict[str, str]:
    """Directories as the rooms before leave them."""
    source = {
        "name": "news",
        "language": "ar",
        "license": "CC BY 4.0",
        "url": "https://example.org",
        "domain": "news",
    }
    write_json(
        tmp_path / "corpus" / "manifest.json",
        {
            "config": {"sources": [source, {"name": "web"}]},
            "shards": [
                {"source": "news", "documents": 2, "words": 30},
                {"source": "news", "documents": 1, "words": 4},
            ],
            "counts": [{"dropped": {"short": 5}}, {"dropped": {}}],
        },
    )
    ledger = {"device_hours": 2.0, "kwh_with_pue": 0.5, "co2_kg": 0.25, "kwh_is": "an estimate"}
    for name, steps in (("first", 10), ("second", 20)):
        write_json(
            tmp_path / name / "manifest.json",
            {
                "config": {"model": {"note": "Only a toy."}, "training": {"learning_rate": 0.001}},
                "result": {"steps": steps, "bits_per_byte": {"ar": {"before": 2.0, "after": 1.5}}},
                "run": {"energy": ledger, "device": "CPU"},
            },
        )
    score = {
        "title": "ArabicMMLU", "task": "arabic_mmlu", "language": "ar", "rule": "letters", "first": True,
        "chance": 0.25, "items": 100,
        "micro": {"value": 0.5, "low": 0.4, "high": 0.6}, "signature": "task:arabic_mmlu|v:1",
    }  # fmt: skip
    run = {"model": {"name": "m"}, "config": {}, "versions": {}, "scores": [score], "missing": []}
    write_json(tmp_path / "scores" / "results.json", run)
    return {
        "corpus": str(tmp_path / "corpus"),
        "training": f"{tmp_path / 'first'},{tmp_path / 'second'}",
        "scores": str(tmp_path / "scores"),
    }


def config(tiny_model, tmp_path, **changes):
    settings = {
        "model": str(tiny_model),
        "output_dir": str(tmp_path / "card"),
        "device": "cpu",
        "resamples": 100,
    }
    return CardConfig(**(settings | changes))


def parts_of(path: Path) -> tuple[dict, dict[str, str]]:
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    parts = dict(part.split("\n", 1) for part in body.split("\n## ")[1:])
    return yaml.safe_load(front), {name: text.strip() for name, text in parts.items()}


def test_what_is_missing_is_said_to_be(tiny_model, tmp_path, capsys):
    main(config(tiny_model, tmp_path, measure_gaps=False))
    front, parts = parts_of(tmp_path / "card" / "model_card.md")
    assert front["language"] == ["ar", "en"]
    assert "model-index" not in front
    for name in ("Scores", "Contamination", "Human evaluation", "Safety", "Energy"):
        assert parts[name].startswith("Not measured."), name
    assert parts["Gaps between paired sentences"].endswith("Not measured.")
    assert "not documented" in parts["Training data and licenses"]
    assert "model_card.md" in capsys.readouterr().out


def test_the_card_says_what_the_manifests_say(tiny_model, tmp_path, made):
    main(
        config(
            tiny_model, tmp_path, measure_gaps=False, license="apache-2.0", base_model="some/base", name="toy",
            limits=["It is small."], **made,
        )
    )  # fmt: skip
    front, parts = parts_of(tmp_path / "card" / "model_card.md")
    text = (tmp_path / "card" / "model_card.md").read_text(encoding="utf-8")
    assert (front["license"], front["base_model"]) == ("apache-2.0", "some/base")
    (result,) = front["model-index"][0]["results"]
    assert result["dataset"] == {"name": "ArabicMMLU", "type": "arabic_mmlu"}
    assert result["metrics"][0]["value"] == 50.0
    assert text.count("> **Only a toy.**") == 1
    assert (
        "| news | Arabic | news | 3 | 34 | CC BY 4.0 | https://example.org |"
        in parts["Training data and licenses"]
    )
    assert "| web | identified |  | 0 | 0 | not given |  |" in parts["Training data and licenses"]
    assert "5 documents were dropped" in parts["Training data and licenses"]
    assert "2.000 → 1.500" in parts["Training"]
    assert "| all of them | 4 | 1 | 0.5 |  |" in parts["Energy"]
    assert "50.0 (40.0 to 60.0)" in parts["Scores"]
    assert "task:arabic_mmlu, v:1" in parts["Scores"]
    assert "- It is small." in parts["Limits"]


def test_the_hub_is_told_which_metric_a_score_is(tmp_path):
    scores = [
        {"title": rule, "task": rule, "rule": rule, "first": True, "micro": {"value": 0.5}}
        for rule in ("letters", "number", "f1", "f1_ar", "exact_match")
    ]
    told = front_matter({"name": "m", "scores": [{"scores": scores}]}, config("model", tmp_path))
    results = yaml.safe_load(told.split("---\n")[1])["model-index"][0]["results"]
    metrics = [each["metrics"][0] for each in results]
    assert [metric["type"] for metric in metrics] == ["acc", "acc", "f1", "f1", "exact_match"]
    assert [metric["name"] for metric in metrics][1:3] == ["accuracy, number", "F1, f1"]


def test_gaps_are_those_of_plain_transformers(tiny_model, tmp_path):
    """Log-likelihoods of one axis asked of the model directly, one sentence at a time."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    main(config(tiny_model, tmp_path))
    written = json.loads((tmp_path / "card" / "gaps.json").read_text())["gaps"]
    assert len(written) == 4 + 1 + 1 + 1 + 3 + 3 + 7 + 7
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_model).eval()

    def nats(context: str, continuation: str) -> float:
        start = tokenizer.encode(context, add_special_tokens=False)
        ids = tokenizer.encode(context + continuation, add_special_tokens=False)
        with torch.inference_mode():
            logs = model(torch.tensor([ids])).logits[0].float().log_softmax(-1)
        return sum(logs[place - 1, ids[place]].item() for place in range(len(start), len(ids)))

    chosen = [t for t in templates() if (t.axis, t.language) == ("gender", "ar")]
    differences = [
        (nats(t.contexts["feminine"], c) - nats(t.contexts["masculine"], c)) / math.log(2) / len(c.encode())
        for t in chosen
        for c in t.continuations
    ]
    (row,) = [row for row in written if (row["axis"], row["language"]) == ("gender", "ar")]
    assert row["gap"] == pytest.approx(np.mean(differences), abs=1e-4)
    _, parts = parts_of(tmp_path / "card" / "model_card.md")
    assert "feminine less masculine" in parts["Gaps between paired sentences"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "nowhere"}, "no config.json there"),
        ({"corpus": "nowhere"}, "corpus: .*cannot be read"),
        ({"training": "nowhere"}, "training: .*cannot be read"),
        ({"safety": "nowhere"}, "safety: .*cannot be read"),
        ({"scores": "nowhere"}, "give the output directory of a finished run"),
    ],
)
def test_mistakes_are_one_line(tiny_model, tmp_path, changes, message):
    with pytest.raises(BenchmarkError, match=message) as caught:
        main(config(tiny_model, tmp_path, measure_gaps=False, **changes))
    assert "\n" not in str(caught.value)


def test_results_of_another_kind_are_refused(tiny_model, tmp_path, made):
    with pytest.raises(BenchmarkError, match="has no 'rates'"):
        main(config(tiny_model, tmp_path, measure_gaps=False, safety=made["scores"]))


@pytest.mark.parametrize(
    ("setting", "given", "key"),
    [("corpus", "first", "shards"), ("tokenizer", "corpus", "sizes"), ("training", "corpus", "result")],
)
def test_a_manifest_of_another_kind_is_refused(tiny_model, tmp_path, made, setting, given, key):
    directory = str(tmp_path / given)
    with pytest.raises(
        BenchmarkError, match=rf"{setting}: .*manifest.json has no '{key}': it is of another kind"
    ):
        main(config(tiny_model, tmp_path, measure_gaps=False, **{setting: directory}))
