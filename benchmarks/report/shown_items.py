"""Items as the report shows them, each line in its own direction."""

from collections.abc import Mapping, Sequence

from benchmarks.prompts.wording import wording
from benchmarks.report.samples import AlsoChosen, Sample
from corpus.card.excerpts import cut
from corpus.card.markup import attribute, code, direction, escape, isolated

SHOWN_CHARACTERS = 420


def shown(samples: Mapping[str, Sequence[Sample]], also_chosen: AlsoChosen | None = None) -> str:
    """All samples, under the title of their task."""
    parts = []
    for title, items in samples.items():
        articles = "".join(_item(item, (also_chosen or {}).get((title, item.id), {})) for item in items)
        parts.append(f'<h3>{escape(title)}</h3>\n<div class="examples">{articles}</div>')
    return "\n".join(parts)


def _item(sample: Sample, by_model: Mapping[str, str]) -> str:
    base = "rtl" if sample.language == "ar" else "ltr"
    text = "".join(
        f'<p dir="{direction(line, base)}">{escape(cut(line, SHOWN_CHARACTERS))}</p>'
        for part in sample.lines
        for line in part.splitlines()[:9]
        if line.strip()
    )
    names = wording(sample.language).letters
    choices = "".join(
        _choice(sample, number, names[number : number + 1], base) for number in range(len(sample.choices))
    )
    if sample.generated:
        written = escape(cut(" ".join(sample.generated.split()), SHOWN_CHARACTERS))
        text += (
            f'<p class="written" dir="{direction(sample.generated, base)}">\N{RIGHTWARDS ARROW} {written}</p>'
        )
    return (
        f'<article class="example asked" lang="{attribute(sample.language)}" dir="{base}">'
        f'<blockquote lang="{attribute(sample.language)}" dir="{base}">{text}</blockquote><ol>{choices}</ol>'
        f'<p class="source" dir="ltr" lang="en">{code(sample.id)} <span>{_verdict(sample)}</span></p>'
        f"{_models(by_model)}</article>"
    )


def _models(by_model: Mapping[str, str]) -> str:
    """What each of several models answered; numbers are places of the choices."""
    if len(by_model) < 2:
        return ""
    told = "".join(f"<span>{isolated(name)}: {escape(said)}</span>" for name, said in by_model.items())
    return f'<p class="source" dir="ltr" lang="en">{told}</p>'


def _choice(sample: Sample, number: int, name: Sequence[str], base: str) -> str:
    chosen = [rule for rule, choice in sample.chosen.items() if choice == number]
    kind = "right" if number == sample.answer else "wrong" if chosen else ""
    mark = "\N{CHECK MARK}" if kind == "right" else ""
    text = escape(cut(sample.choices[number], 200))
    sure = f"{100 * sample.sure[number]:.0f}% " if sample.sure else ""
    return (
        f'<li class="{kind}"><span class="letter">{"".join(name)}</span>'
        f'<span class="choice" dir="{direction(sample.choices[number], base)}">{text}</span>'
        f'<span class="sure" dir="ltr">{sure}{mark}</span></li>'
    )


def _verdict(sample: Sample) -> str:
    right = [rule.replace("_", " ") for rule, choice in sample.chosen.items() if choice == sample.answer]
    wrong = [rule.replace("_", " ") for rule, choice in sample.chosen.items() if choice != sample.answer]
    parts = [f"right by {', '.join(right)}"] * bool(right) + [f"wrong by {', '.join(wrong)}"] * bool(wrong)
    return escape("; ".join(parts))
