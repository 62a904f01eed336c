"""The page: what was learned and forgotten first, then the curves, the ledger and the settings."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from corpus.card import shell
from corpus.card.figures import count, short
from corpus.card.markup import code, escape, table
from nemo_recipes.watch.report.curves import chart, points

Line = Mapping[str, Any]

_LANGUAGES = {"ar": "Arabic", "en": "English"}


def render(manifest: Mapping[str, Any], steps: Sequence[Line], validations: Sequence[Line]) -> str:
    """The whole HTML page of a run; the same manifest and journal give the same text."""
    title = "Pretraining: " + _headline(manifest["result"])
    sections = (
        (
            "Bits per byte",
            _HOW_BITS,
            _bits_curves(validations) + _bits_table(validations, manifest.get("base")),
        ),
        ("Training", _HOW_TRAINING, _training_curves(steps)),
        ("Broken steps", _HOW_BROKEN, _broken(manifest)),
        ("Data", _HOW_DATA, _blend(manifest)),
        ("Energy", _HOW_ENERGY, _energy(manifest["run"]["energy"])),
        ("How to make it again", _HOW_AGAIN, _again(manifest)),
    )
    body = "\n".join(
        f'<section><h2>{heading}</h2>\n<p class="how">{how}</p>\n{content}\n</section>'
        for heading, how, content in sections
        if content
    )
    return shell.html_page(
        "Training report",
        title,
        style=shell.stylesheet("nemo_recipes.watch.report", "report.css"),
        header=f"{_note(manifest)}{_tiles(manifest, steps)}",
        main=body,
        footer=f"Made by Daad {escape(manifest['daad'])} from log.jsonl, energy.jsonl and manifest.json beside this "
        "file. Nothing is loaded from elsewhere.",
    )


def _note(manifest: Mapping[str, Any]) -> str:
    """What must be said of the model wherever a figure of it stands."""
    note = manifest["config"]["model"]["note"]
    return f'<p class="how"><strong>{escape(note)}</strong></p>\n' if note else ""


_HOW_BITS = (
    "How many bits the model needs for each byte of held-out text, whole documents, raw UTF-8; lower is better. Bytes "
    "do not depend on the tokenizer, so figures of different tokenizers compare on the same text. Step 0 is the model "
    "as it came; the base, where it was measured, the model before its vocabulary grew, with its own tokenizer. "
    "Forgetting is the change against the base, else since step 0, in the language that was known: above 0, something "
    "was lost."
)
_HOW_TRAINING = (
    "As logged, each point one step, not smoothed. The gradient norm is before clipping. Speed leaves out validation "
    "and checkpoints."
)
_HOW_BROKEN = "Steps whose loss was no number or a spike, and what was done. Their update was never made."
_HOW_DATA = "The share of each part of the corpus in the tokens that were read, as planned and as sampled."
_HOW_ENERGY = (
    "Measured where the machine tells (GPUs by NVML, processors by RAPL), else estimated from an assumed power. "
    "Restarts count, steps that were trained twice too."
)
_HOW_AGAIN = "The same settings, data and versions give the same model on one CPU process, bit for bit."


def _headline(result: Mapping[str, Any]) -> str:
    changes = [
        f"{_language(name)} {bits['before']:.2f} to {bits['after']:.2f} bits per byte"
        for name, bits in result["bits_per_byte"].items()
    ]
    return ", ".join(changes) or f"{count(result['tokens'])} tokens"


def _language(name: str) -> str:
    return _LANGUAGES.get(name, name)


def _tiles(manifest: Mapping[str, Any], steps: Sequence[Line]) -> str:
    result, run = manifest["result"], manifest["run"]
    tiles = [
        ("Parameters", short(sum(manifest["plan"]["parameters"].values())), "in all"),
        ("Tokens", short(result["tokens"]), f"{count(result['steps'])} steps"),
        ("Energy", f"{run['energy']['kwh_with_pue']:.3g} kWh", f"{run['energy']['co2_kg']:.3g} kg CO2"),
    ]
    if steps:
        tiles.insert(2, ("Loss", f"{float(steps[-1]['loss']):.3f}", "last step, nats per token"))
        speeds = sorted(step["run"]["tokens_per_second"] for step in steps)
        tiles.append(("Speed", short(speeds[len(speeds) // 2]), "tokens per second, median"))
    if result["forgetting"] is not None:
        language = _language(result["forgetting_of"])
        against = "against the base" if result.get("forgetting_against") == "base" else "since step 0"
        tiles.append(
            ("Forgetting", f"{result['forgetting']:+.3f}", f"bits per byte of {language}, {against}")
        )
    if mfus := sorted(step["run"]["mfu"] for step in steps if step["run"]["mfu"]):
        tiles.append(("MFU", f"{mfus[len(mfus) // 2]:.1%}", "median"))
    return shell.tiles((escape(name), escape(value), escape(note)) for name, value, note in tiles)


def _bits_curves(validations: Sequence[Line]) -> str:
    if not validations:
        return ""
    languages, domains = validations[-1]["languages"], validations[-1]["domains"]
    figures = [
        chart(
            "By language",
            "bits per byte",
            {_language(name): points(validations, "languages", name, "bits_per_byte") for name in languages},
            "bits-language",
        )
    ]
    for language in languages:
        own = [name for name in domains if name.split()[0] == language]
        if len(own) > 1:
            series = {
                name.split(maxsplit=1)[1]: points(validations, "domains", name, "bits_per_byte")
                for name in own
            }
            figures.append(
                chart(f"{_language(language)} by domain", "bits per byte", series, f"bits-{language}")
            )
    if len(validations) > 1 and validations[-1]["forgetting"] is not None:
        language = _language(validations[-1]["forgetting_of"])
        figures.append(
            chart(
                f"Forgetting of {language}",
                "change of bits per byte",
                {language: points(validations, "forgetting")},
                "forgetting",
            )
        )
    return f'<div class="figures">{"".join(figures)}</div>'


def _bits_table(validations: Sequence[Line], base: Mapping[str, Any] | None) -> str:
    if not validations:
        return ""
    first, last = validations[0], validations[-1]
    rows = []
    for part in ("languages", "domains"):
        for name, now in last[part].items():
            before = first[part][name]["bits_per_byte"]
            rows.append(
                [
                    escape(_language(name)),
                    *([f"{base[part][name]['bits_per_byte']:.4f}"] if base else []),
                    f"{before:.4f}",
                    f"{now['bits_per_byte']:.4f}",
                    f"{now['bits_per_byte'] - before:+.4f}",
                    f"{now['loss']:.4f}",
                    count(now["bytes"]),
                    count(now["labels"]),
                ]
            )
    measured = ["bits per byte of the base", "before"] if base else ["bits per byte before"]
    heads = ["text", *measured, "after", "change", "nats per token after", "bytes", "tokens"]
    return table(f"Before training and after step {count(last['step'])}", heads, rows, range(1, len(heads)))


def _training_curves(steps: Sequence[Line]) -> str:
    figures = (
        chart("Loss", "nats per token", {"loss": points(steps, "loss")}, "loss"),
        chart("Gradient norm", "before clipping", {"norm": points(steps, "gradient_norm")}, "norm"),
        chart("Learning rate", "", {"rate": points(steps, "learning_rate")}, "rate"),
        chart("Speed", "tokens per second", {"speed": points(steps, "run", "tokens_per_second")}, "speed"),
        chart("Memory", "GiB, most of any device", {"memory": points(steps, "run", "memory_gib")}, "memory"),
        chart("MFU", "share of the peak", {"MFU": points(steps, "run", "mfu")}, "mfu"),
    )
    return f'<div class="figures">{"".join(figures)}</div>'


def _broken(manifest: Mapping[str, Any]) -> str:
    rows = [
        [count(step["step"]), escape(step["kind"]), escape(step["loss"]), escape(step["action"])]
        for step in manifest["broken_steps"]
    ]
    return table("Broken steps", ("step", "kind", "loss", "what was done"), rows, (0, 2)) if rows else ""


def _blend(manifest: Mapping[str, Any]) -> str:
    several = len(manifest["data"]) > 1
    return "".join(
        table(
            f"Blend of vocabulary {number}" if several else "Blend",
            ("part", "planned", "sampled", "tokens"),
            [
                [escape(row["part"]), f"{row['planned']:.3%}", f"{row['sampled']:.3%}", count(row["tokens"])]
                for row in data["blend"]
            ],
            (1, 2, 3),
        )
        for number, data in enumerate(manifest["data"], start=1)
    )


def _energy(energy: Mapping[str, Any]) -> str:
    measured = "; ".join(f"{name} {value:.4g} kWh" for name, value in energy["measured_kwh"].items())
    rows = [
        ["device hours", f"{energy['device_hours']:.4g}"],
        ["measured", escape(measured or "nothing: the machine does not tell")],
        ["estimated from assumed power", f"{energy['estimated_kwh']:.4g} kWh"],
        ["what counts", f"{energy['kwh']:.4g} kWh, {escape(energy['kwh_is'])}"],
        [f"with the building's share (PUE {energy['pue']:g})", f"{energy['kwh_with_pue']:.4g} kWh"],
        [f"CO2-equivalent at {energy['grid_grams_per_kwh']:g} g/kWh", f"{energy['co2_kg']:.4g} kg"],
    ]
    return table("Energy ledger", ("what", "how much"), rows)


def _again(manifest: Mapping[str, Any]) -> str:
    versions = [[escape(name), code(version)] for name, version in manifest["versions"].items()]
    settings = yaml.safe_dump(dict(manifest["config"]), sort_keys=False, allow_unicode=True)
    digests = ", ".join(code(data["token_files_digest"]) for data in manifest["data"])
    return (
        f"<p>Token files {digests}.</p>\n"
        f'<details><summary>Settings</summary><pre dir="ltr">{escape(settings)}</pre></details>\n'
        f"{table('Versions', ('package', 'version'), versions)}"
    )
