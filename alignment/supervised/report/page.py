"""The page: held-out answers first, then samples, curves, the data and the settings."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from alignment.report.frame import Line, Section, Tile, again, language, page
from corpus.card.figures import count, short
from corpus.card.markup import code, direction, escape, table
from nemo_recipes.watch.report.curves import chart, points

_COUNTED = re.compile("\x00(\\d+)\x00")

_HOW_ANSWERS = (
    "Answers of conversations that nothing was learned from. Loss is in nats for each token of the answers, the end of "
    "the turn included; bits are for each byte of their raw UTF-8, which do not depend on the tokenizer. Step 0 is the "
    "model as it came."
)
_HOW_SAMPLES = (
    "Written by the model, not by people: the likeliest token each time, cut after samples.new_tokens. They show how "
    "training went and are no statement of fact or opinion."
)
_HOW_TRAINING = "As logged, each point one step, not smoothed. The gradient norm is before clipping."
_HOW_DATA = (
    "Conversations by source and language. What was left out or cut is listed by line in rejects.jsonl. Filled is the "
    "share of the sequences' tokens that is no padding."
)
_HOW_AGAIN = "The same settings, data and versions give the same model on one CPU process, bit for bit."


def render(
    manifest: Line, steps: Sequence[Line], validations: Sequence[Line], samples: Sequence[Line]
) -> str:
    """The whole HTML page of a run; the same manifest and journal give the same text."""
    sections = (
        Section("Held-out answers", _HOW_ANSWERS, _answers(validations)),
        Section("Samples (machine-made)", _HOW_SAMPLES, _samples(samples)),
        Section("Training", _HOW_TRAINING, _training(steps)),
        Section("Broken steps", "Their update was never made.", _broken(manifest)),
        Section("Data", _HOW_DATA, _data(manifest["data"])),
        Section("How to make it again", _HOW_AGAIN, again(manifest)),
    )
    return page(
        "Fine-tuning report",
        "Fine-tuning: " + _headline(manifest),
        manifest["config"]["model"]["note"],
        _tiles(manifest, steps),
        sections,
        manifest["daad"],
    )


def _headline(manifest: Line) -> str:
    changes = [
        f"{language(name)} {both['before']['loss']:.2f} to {both['after']['loss']:.2f} nats per token"
        for name, both in manifest["result"]["validation"].items()
    ]
    return ", ".join(changes) or f"{count(manifest['result']['steps'])} steps"


def _tiles(manifest: Line, steps: Sequence[Line]) -> list[Tile]:
    result, packing, energy = manifest["result"], manifest["data"]["packing"], manifest["run"]["energy"]
    tiles = [
        Tile("Parameters", short(sum(manifest["plan"]["parameters"].values())), _what_learns(manifest)),
        Tile("Conversations", count(packing["conversations"]), f"{count(result['steps'])} steps"),
        Tile("Filled", f"{packing['filled']:.1%}", f"of {count(packing['sequences'])} sequences"),
        Tile("Energy", f"{energy['kwh_with_pue']:.3g} kWh", f"{energy['co2_kg']:.3g} kg CO2"),
    ]
    if steps:
        tiles.insert(2, Tile("Loss", f"{float(steps[-1]['loss']):.3f}", "last step, nats per token"))
        speeds = sorted(step["run"]["tokens_per_second"] for step in steps)
        tiles.append(Tile("Speed", short(speeds[len(speeds) // 2]), "tokens per second, median"))
    return tiles


def _what_learns(manifest: Line) -> str:
    rank = manifest["config"]["lora"]["rank"]
    return f"adapters of rank {rank} learn" if rank else "all learn"


def _answers(validations: Sequence[Line]) -> str:
    if not validations:
        return ""
    first, last = validations[0], validations[-1]
    names = list(last["languages"])
    figures = "".join(
        chart(
            title, unit, {language(name): points(validations, "languages", name, key) for name in names}, key
        )
        for title, unit, key in (
            ("Loss by language", "nats per token", "loss"),
            ("Bits by language", "bits per byte", "bits_per_byte"),
        )
    )
    rows = []
    # Sources tell something of their own only where there are more of them than languages.
    for part in ("languages", "domains") if len(last["domains"]) > len(names) else ("languages",):
        for name, now in last[part].items():
            before = first[part][name]
            named = language(name) if part == "languages" else name
            rows.append(
                [
                    escape(named),
                    f"{before['loss']:.4f}",
                    f"{now['loss']:.4f}",
                    f"{before['bits_per_byte']:.4f}",
                    f"{now['bits_per_byte']:.4f}",
                    count(now["labels"]),
                    count(now["bytes"]),
                ]
            )
    heads = ("answers", "loss before", "after", "bits per byte before", "after", "tokens", "bytes")
    caption = f"Before training and after step {count(last['step'])}"
    return f'<div class="figures">{figures}</div>' + table(caption, heads, rows, range(1, 7))


def _samples(lines: Sequence[Line]) -> str:
    """The last answer to each prompt, and the earlier ones folded away."""
    if not lines:
        return ""
    *earlier, last = (_answers_of(line) for line in lines)
    folded = (
        f"<details><summary>Earlier steps</summary>{''.join(reversed(earlier))}</details>" if earlier else ""
    )
    return last + folded


def _answers_of(line: Line) -> str:
    rows = [
        [_text(sample["prompt"]), _text(sample["answer"], direction(sample["prompt"]))]
        for sample in line["samples"]
    ]
    return table(f"After step {count(line['step'])}", ("prompt", "answer, machine-made"), rows)


def _text(text: str, otherwise: str = "ltr") -> str:
    """Text in its own direction, with its lines; many empty ones in a row are counted rather than shown."""
    lines = "<br>".join(_line(line) for line in re.sub("\n{3,}", _count_lines, text).split("\n"))
    return f'<div dir="{direction(text, otherwise)}">{lines or "&nbsp;"}</div>'


def _line(line: str) -> str:
    counted = _COUNTED.fullmatch(line)
    return f'<span class="quiet">{counted[1]} line ends</span>' if counted else escape(line)


def _count_lines(found: re.Match[str]) -> str:
    return f"\n\x00{len(found[0])}\x00\n"


def _training(steps: Sequence[Line]) -> str:
    figures = (
        chart("Loss", "nats per token", {"loss": points(steps, "loss")}, "train-loss"),
        chart("Gradient norm", "before clipping", {"norm": points(steps, "gradient_norm")}, "norm"),
        chart("Learning rate", "", {"rate": points(steps, "learning_rate")}, "rate"),
        chart("Speed", "tokens per second", {"speed": points(steps, "run", "tokens_per_second")}, "speed"),
    )
    return f'<div class="figures">{"".join(figures)}</div>'


def _broken(manifest: Line) -> str:
    rows = [
        [count(step["step"]), escape(step["kind"]), escape(step["loss"]), escape(step["action"])]
        for step in manifest["broken_steps"]
    ]
    return table("Broken steps", ("step", "kind", "loss", "what was done"), rows, (0, 2)) if rows else ""


def _data(data: Mapping[str, Any]) -> str:
    rows = [
        [
            escape(row["dataset"]),
            escape(language(row["language"])),
            "validation" if row["validation"] else "training",
            count(row["conversations"]),
            count(row["tokens"]),
            count(row["learned"]),
        ]
        for row in data["conversations"]
    ]
    heads = ("source", "language", "used for", "conversations", "tokens", "learned")
    left = [
        [escape(row["dataset"]), escape(row["fate"]), code(row["rule"]), count(row["records"])]
        for row in data["left_out"]
    ]
    shares = [
        [escape(language(name)), f"{share:.1%}"]
        for name, share in data["packing"]["learned_share_by_language"].items()
    ]
    return (
        table("Conversations", heads, rows, (3, 4, 5))
        + table("Share of the learned tokens, weights included", ("language", "share"), shares, (1,))
        + (table("Left out or cut", ("source", "what", "rule", "records"), left, (3,)) if left else "")
    )
