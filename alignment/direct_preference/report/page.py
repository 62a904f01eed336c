"""The page: what changed on held-out pairs first, then the curves by language, the data and the settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from alignment.report.frame import Section, Tile, again, language, page
from corpus.card.figures import count
from corpus.card.markup import code, escape, table
from nemo_recipes.watch.report.curves import chart, points

Line = Mapping[str, Any]

_HOW_HELD_OUT = (
    "Pairs that nothing was learned from. Accuracy is the share whose chosen answer has the higher reward, beta times "
    "the log of how much more probable the model finds it than the reference does; before the first step both are "
    "equal and accuracy is one half. The margin is the chosen reward less the rejected one. KL is estimated from the "
    "answers' own tokens: how far the model has moved from the reference on such text, in nats per token."
)
_HOW_TRAINING = (
    "As logged, each point the pairs of one step, not smoothed. Where both rewards fall while the margin grows, "
    "the model is moving away from the chosen answers too: raise beta or preference.sft_weight."
)
_HOW_DATA = "What was read, and what was left out, by rule; the lines are in rejects.jsonl."
_HOW_REFERENCE = (
    "The checkpoint that the run started from, by the digests of its files. Its log-probabilities were computed from "
    "these files alone; a run that goes on with another checkpoint is refused."
)
_HOW_AGAIN = "The same settings, data and versions give the same model on one CPU process, bit for bit."

_CURVES = (
    ("Margin", "chosen reward less rejected", "margin"),
    ("Accuracy", "share of pairs", "accuracy"),
    ("Chosen reward", "beta x log-ratio", "chosen_reward"),
    ("Rejected reward", "beta x log-ratio", "rejected_reward"),
    ("KL to the reference", "nats per token, estimate", "kl"),
    ("Loss of chosen answers", "nats per token", "chosen_nats_per_token"),
)


def render(manifest: Line, steps: Sequence[Line], validations: Sequence[Line]) -> str:
    """The whole HTML page of a run; the same manifest and journal give the same text."""
    sections = (
        Section("Held-out pairs", _HOW_HELD_OUT, _held_out(manifest, validations)),
        Section("Training", _HOW_TRAINING, _training(steps)),
        Section("Data", _HOW_DATA, _data(manifest["data"])),
        Section("Reference", _HOW_REFERENCE, _reference(manifest["reference"])),
        Section("How to make it again", _HOW_AGAIN, again(manifest)),
    )
    title = "Preferences: " + _headline(manifest)
    note = manifest["config"]["model"]["note"]
    return page("Preference report", title, note, _tiles(manifest), sections, manifest["daad"])


def _language(name: str) -> str:
    return "all pairs" if name == "all" else language(name)


def _headline(manifest: Line) -> str:
    held = manifest["result"]["held_out"]
    if "all" not in held:
        return f"{count(manifest['data']['training'])} pairs"
    before, after = held["all"]["before"], held["all"]["after"]
    margins = f"margin {_fixed(before['margin'], 2)} to {_fixed(after['margin'], 2)}"
    return f"{after['accuracy']:.0%} of held-out pairs the right way round, {margins}"


def _fixed(value: float, digits: int) -> str:
    """A figure with so many digits; what rounds to zero has no sign.

    >>> _fixed(-0.001, 2), _fixed(-0.5, 2)
    ('0.00', '-0.50')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _tiles(manifest: Line) -> list[Tile]:
    result, data, run = manifest["result"], manifest["data"], manifest["run"]
    tiles = [
        Tile("Pairs", count(data["training"]), f"{count(data['validation'])} held out"),
        Tile("Steps", count(result["steps"]), f"beta {manifest['config']['preference']['beta']:g}"),
        Tile("Energy", f"{run['energy']['kwh_with_pue']:.3g} kWh", f"{run['energy']['co2_kg']:.3g} kg CO2"),
    ]
    if "all" in result["held_out"]:
        after = result["held_out"]["all"]["after"]
        tiles[:0] = [
            Tile("Accuracy", f"{after['accuracy']:.1%}", "held-out pairs"),
            Tile("Margin", f"{after['margin']:.3f}", "held-out pairs"),
            Tile("KL", f"{after['kl']:.4f}", "nats per token"),
        ]
    return tiles


def _held_out(manifest: Line, validations: Sequence[Line]) -> str:
    held = manifest["result"]["held_out"]
    if not held:
        return ""
    names = sorted({name for line in validations for name in line["languages"]})
    figures = "".join(
        chart(
            title,
            unit,
            {_language(name): points(validations, "languages", name, key) for name in names},
            f"held-{key}",
        )
        for title, unit, key in (_CURVES[0], _CURVES[1], _CURVES[2], _CURVES[4])
    )
    rows = [
        [
            escape(_language(name)),
            count(int(both["after"]["pairs"])),
            *(_fixed(both[when][key], 4) for key in ("accuracy", "margin") for when in ("before", "after")),
            *(f"{both['after'][key]:+.4f}" for key in ("chosen_reward", "rejected_reward")),
            f"{both['after']['kl']:.4f}",
        ]
        for name, both in sorted(held.items())
    ]
    heads = (
        "language",
        "pairs",
        "accuracy before",
        "after",
        "margin before",
        "after",
        "chosen reward",
        "rejected reward",
        "KL",
    )
    return f'<div class="figures">{figures}</div>' + table(
        "Before the first step and after the last", heads, rows, range(1, 9)
    )


def _training(steps: Sequence[Line]) -> str:
    names = sorted({key.split("/")[0] for line in steps for key in line.get("measures", {})})
    figures = [chart("Loss", "mean of a pair", {"loss": points(steps, "loss")}, "loss")]
    for title, unit, key in _CURVES:
        series = {_language(name): points(steps, "measures", f"{name}/{key}") for name in names}
        figures.append(chart(title, unit, series, key))
    figures += [
        chart("Gradient norm", "before clipping", {"norm": points(steps, "gradient_norm")}, "norm"),
        chart("Learning rate", "", {"rate": points(steps, "learning_rate")}, "rate"),
        chart("Speed", "pairs per second", {"speed": points(steps, "run", "pairs_per_second")}, "speed"),
    ]
    return f'<div class="figures">{"".join(figures)}</div>'


def _data(data: Line) -> str:
    read = [[escape(_language(name)), count(pairs)] for name, pairs in data["by_language"].items()]
    left = [[code(rule), count(pairs)] for rule, pairs in data["rejected_by_rule"].items()]
    return table("Pairs by language of the prompt", ("language", "pairs"), read, (1,)) + (
        table("Left out", ("rule", "records"), left, (1,)) if left else ""
    )


def _reference(reference: Line) -> str:
    rows = [[escape(name), code(digest)] for name, digest in reference["checkpoint"].items()]
    rows += [[f"{name} (digest)", code(reference[name])] for name in ("pairs", "template")]
    return table("What the reference's figures belong to", ("what", "SHA-256"), rows)
