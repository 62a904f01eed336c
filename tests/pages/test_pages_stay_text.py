"""Markup, style ends and bidi controls in every text of every report stay text: by a parser, and in a browser.

`recorded.json` holds what small runs handed to their pages. Each text in it is replaced in turn by one that tries to
break out; where a page takes it (a text that names one of a fixed set is refused), nothing may come of it. The card,
the fertility report and the page of the human evaluation are tried likewise in tests of their own.
"""

import html
import importlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

ROOT = Path(__file__).parent.parent.parent
RECORDED: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "recorded.json").read_text("utf-8"))
RECORDED["forgetting"] = {
    "render": "experiments.forgetting.page:html",
    "arguments": [json.loads((ROOT / "docs/results/forgetting.json").read_text("utf-8")), "<svg></svg>"],
}
_RUNS = "document.documentElement.dataset.ran='yes'"
BREAKING = (
    f'</style></title></textarea><script>{_RUNS}</script>"\'><img src=x onerror="{_RUNS}"><svg onload="{_RUNS}">'
    "\u202e\u2066 javascript:alert(1)//"
)
MOST_TRIED = 120
"""Different texts of a page that are tried on their own."""

FORBIDDEN = {
    "script",
    "img",
    "iframe",
    "object",
    "embed",
    "link",
    "base",
    "form",
    "input",
    "foreignobject",
    "use",
}

Path_ = tuple[Any, ...]


class Parsed(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.policy = ""
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in FORBIDDEN:
            self.faults.append(f"<{tag}>")
        given = dict(attrs)
        self.faults += [f"<{tag} {name}>" for name in given if name.startswith("on")]
        for name in ("href", "src", "action", "xlink:href"):
            address = (given.get(name) or "").strip().lower()
            if address and not address.startswith(("#", "data:image/", "https://", "http://")):
                self.faults.append(f"<{tag} {name}={address[:40]}>")
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given.get("content") or ""

    def handle_data(self, data: str) -> None:
        self.text += data


def frames(value: Any) -> Any:
    """The recorded arguments with their frames made."""
    if isinstance(value, dict) and "__frame__" in value:
        return pl.DataFrame(value["__frame__"], infer_schema_length=None)
    if isinstance(value, dict):
        return {key: frames(each) for key, each in value.items()}
    return [frames(each) for each in value] if isinstance(value, list) else value


def texts(value: Any) -> Iterator[str]:
    """Each text in the arguments, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def replaced(value: Any, texts: set[str]) -> Any:
    """The arguments with what breaks out put behind these texts, wherever they stand."""
    if isinstance(value, str):
        return value + BREAKING if value in texts else value
    if isinstance(value, dict):
        return {key: replaced(each, texts) for key, each in value.items()}
    return [replaced(each, texts) for each in value] if isinstance(value, list) else value


def render(name: str, arguments: list[Any]) -> str:
    module, _, function = RECORDED[name]["render"].partition(":")
    return str(getattr(importlib.import_module(module), function)(*frames(arguments)))


def planted(name: str) -> tuple[str, set[str], list[str]]:
    """The page with all texts planted that it takes, these texts, and faults of pages with one planted each."""
    arguments = RECORDED[name]["arguments"]
    before = render(name, arguments)
    taken, found = set(), []
    for text in sorted(set(texts(arguments)) - {"<svg></svg>"}, key=lambda each: (len(each), each))[
        :MOST_TRIED
    ]:
        try:
            page = render(name, replaced(arguments, {text}))
        except (KeyError, ValueError, TypeError, IndexError, AttributeError, pl.exceptions.PolarsError):
            continue  # a name out of a fixed set, which no stranger writes
        if page != before:
            found += [f"{text[:40]!r}: {fault}" for fault in Parsed(page).faults]
            taken.add(text)
    return render(name, replaced(arguments, taken)), taken, found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The planted pages, as they are made; the browser's test opens them."""
    directory = tmp_path_factory.mktemp("pages")
    return {name: directory / f"{name}.html" for name in RECORDED}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_every_text_stays_text(name: str, pages: dict[str, Path]) -> None:
    plain = Parsed(render(name, RECORDED[name]["arguments"]))
    assert not plain.faults
    assert "default-src 'none'" in plain.policy
    assert "script-src" not in plain.policy
    page, taken, found = planted(name)
    assert not found, found
    assert len(taken) > 2
    assert BREAKING[:20] in html.unescape(page)
    parsed = Parsed(page)
    assert not parsed.faults
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page), (
        "a control that turns the line around is shown bare"
    )
    pages[name].write_text(page, encoding="utf-8")


def test_a_page_that_escapes_nothing_would_be_found() -> None:
    faults = Parsed(f"<p>{BREAKING}</p>").faults
    assert {"<script>", "<img>", "<img onerror>", "<svg onload>"} <= set(faults)


def test_no_script_runs_in_a_browser(pages: dict[str, Path], tmp_path: Path) -> None:
    """Once as the pages are, once without their content policies, so that escaping alone must hold."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip(
            "no Chromium here (Debian: apt-get install chromium): the pages are not opened in a browser"
        )
    made = [path for path in pages.values() if path.is_file()]
    if not made:
        pytest.skip("needs the pages of the tests above")
    bare = f"<!DOCTYPE html><title>t</title><body>{BREAKING}</body>"
    opened = {"unescaped": bare}
    for path in made:
        page = path.read_text(encoding="utf-8")
        opened[path.stem] = page
        opened[f"{path.stem} without its policy"] = re.sub(r"<meta http-equiv[^>]*>", "", page)
    for number, page in enumerate(opened.values()):
        (tmp_path / f"{number}.html").write_text(page, encoding="utf-8")
    boxes = "".join(f'<iframe src="{number}.html"></iframe>' for number in range(len(opened)))
    look = (
        "addEventListener('load', () => setTimeout(() => { document.title = 'seen'; document.body.dataset.seen ="
        " [...document.querySelectorAll('iframe')].map(f => f.contentDocument.documentElement.dataset.ran || 'no')"
        ".join(); }, 500));"
    )
    (tmp_path / "all.html").write_text(f"<!DOCTYPE html><body>{boxes}<script>{look}</script></body>")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000",
        "--dump-dom", (tmp_path / "all.html").as_uri(),
    ]  # fmt: skip
    dump = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
    seen = re.search(r'data-seen="([^"]*)"', dump)
    assert seen is not None, dump[-500:]
    ran = dict(zip(opened, seen[1].split(","), strict=True))
    assert ran.pop("unescaped") == "yes"  # the text does run where nothing is escaped
    assert set(ran.values()) == {"no"}, ran
