"""The annotators' page: plain HTML around a script; texts of models come later, as JSON, and are never markup."""

import json
from importlib.resources import files

from benchmarks.human.settings import ServeConfig
from corpus.card.markup import attribute, escape


def page(config: ServeConfig, token: str) -> str:
    """The page, in the language and direction of its own words."""
    everything = json.loads(_shipped("wording.json"))
    words = everything[config.language]
    title = config.title or words[f"title_{config.mode}"]
    names = {name: words["criteria"].get(name, name) for name in config.criteria}
    settings = {"token": token, "mode": config.mode, "criteria": names, "words": words}
    told = json.dumps(settings, ensure_ascii=False).replace("<", "\\u003c")
    way = "rtl" if config.language == "ar" else "ltr"
    return (
        _shipped("page.html")
        .replace("{{language}}", attribute(config.language))
        .replace("{{direction}}", way)
        .replace("{{title}}", escape(title))
        .replace("{{mode}}", config.mode)
        .replace("{{name}}", escape(words["name"]))
        .replace("{{begin}}", escape(words["begin"]))
        .replace("{{intro}}", escape(words[f"intro_{config.mode}"]))
        .replace("{{settings}}", told)
    )


def stylesheet() -> str:
    """The corpus card's style with the page's own after it."""
    return files("corpus.card").joinpath("card.css").read_text(encoding="utf-8") + _shipped("page.css")


def _shipped(name: str) -> str:
    return files("benchmarks.human").joinpath(name).read_text(encoding="utf-8")
