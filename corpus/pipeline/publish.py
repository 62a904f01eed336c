"""A finished corpus put into object storage: files first, the manifest last, and nothing put twice.

A store has no atomic rename of a directory. What is promised instead: `manifest.json` stands at the URL only while
every file that it lists stands there too, of the size and digest that it says. A stopped run is taken up where it
ended: `work/published.jsonl` remembers which content went up and what the store called it then.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from corpus.errors import CorpusError, cause_of
from corpus.pipeline.atomic import read_json, sha256_of
from corpus.pipeline.layout import Layout

_FOLDERS = ("shards", "dropped", "quarantine")
_WHOLE_PUTS = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"}
"""Where an object is there in one step or not at all; elsewhere a file is put beside its place and moved."""
_READ_BYTES = 1 << 22
_LEDGER = "published.jsonl"
_TRIAL = ".trial"
_NOT_YET = {"sha256": "", "mark": "not yet"}

Progress = Callable[[int], object]


def is_url(path: str) -> bool:
    """Whether a path names a place for fsspec rather than a directory of this machine."""
    return "://" in path


@dataclass(frozen=True)
class Storage:
    """A place in object storage: its file system, and the path below which the corpus lies."""

    url: str
    files: Any  # an fsspec file system, whose methods have no types
    root: str

    def at(self, name: str) -> str:
        """Path of a file of the corpus."""
        return f"{self.root}/{name}"

    def listing(self) -> dict[str, dict[str, Any]]:
        """What stands there now, by name below the root."""
        with self.explained("listed"):
            self.files.invalidate_cache()
            if not self.files.exists(self.root):
                return {}
            found = self.files.find(self.root, detail=True)
        return {path[len(self.root) :].lstrip("/"): facts for path, facts in found.items()}

    @contextmanager
    def explained(self, what: str) -> Iterator[None]:
        """Turn what a store's library raises, which is of any kind, into one line."""
        try:
            yield
        except CorpusError:
            raise
        except Exception as error:
            cause = cause_of(error)
            raise CorpusError(
                f"{self.url}: cannot be {what} ({cause}): check the address, the key and its rights, then run the same "
                "command again: it continues from here"
            ) from error


def open_storage(url: str) -> Storage:
    """Find the file system of a URL.

    Raises:
        CorpusError: Its library is not installed, or it does not answer.
    """
    try:
        files, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise CorpusError(f"{url}: {error}: s3:// and gs:// need pip install 'daad[remote]'") from error
    return Storage(url.rstrip("/"), files, str(root).rstrip("/"))


def check_free(storage: Storage, layout: Layout, *, update: bool) -> None:
    """See to it, before the work of hours, that the place can be written and holds nothing of another corpus.

    Raises:
        CorpusError: It does not answer, takes no file, or holds shards or a manifest that were not put there from
            `layout`.
    """
    known = _read_ledger(layout, storage)
    for name in storage.listing():
        a_corpus = name == "manifest.json" or name.partition("/")[0] in _FOLDERS
        ours = name in known or name in {_partial(each) for each in known}
        if a_corpus and not ours and not update:
            raise CorpusError(
                f"{storage.url}: {name} is there and was not put there from {layout.output_dir}: choose another "
                "output_dir, or add --update true to replace the corpus that lies there"
            )
    if not known:
        _try_to_write(storage)


def _try_to_write(storage: Storage) -> None:
    """Put an empty file and take it away: only so does a store tell of a missing bucket or right."""
    target = storage.at(_TRIAL)
    with storage.explained("written"):
        if not _has_whole_puts(storage):
            storage.files.makedirs(storage.root, exist_ok=True)
        storage.files.pipe_file(target, b"")
        storage.files.rm_file(target)


def _has_whole_puts(storage: Storage) -> bool:
    named = storage.files.protocol
    return bool(({named} if isinstance(named, str) else {*named}) & _WHOLE_PUTS)


def publish(layout: Layout, storage: Storage, progress: Progress) -> None:
    """Put a finished corpus to its place; `progress` is told the bytes of each file.

    Raises:
        CorpusError: The store refuses, or keeps another content than it was given.
    """
    local = _files(layout)
    ledger = _read_ledger(layout, storage)
    there = storage.listing()
    digests = _digests(layout, local)
    missing = {
        name
        for name, path in local.items()
        if not _stands(there.get(name), ledger.get(name), path.stat().st_size, digests[name])
    }
    stale = [name for name in there if name.partition("/")[0] in _FOLDERS and name not in local]
    if (missing or stale) and "manifest.json" in there:
        # from here on, until the end, the place is between two corpora
        with storage.explained("changed"):
            storage.files.rm_file(storage.at("manifest.json"))
        missing.add("manifest.json")
    _note(layout, storage, dict.fromkeys(sorted(missing), _NOT_YET))
    for name in stale:
        with storage.explained("changed"):
            storage.files.rm_file(storage.at(name))
    for name, path in local.items():
        if name in missing:
            _note(layout, storage, {name: _put(storage, name, path, digests[name])})
        progress(path.stat().st_size)


def size_of(layout: Layout) -> int:
    """Bytes of all files that are to be put."""
    return sum(path.stat().st_size for path in _files(layout).values())


def _files(layout: Layout) -> dict[str, Path]:
    """Files of the corpus by name, the manifest last."""
    paths = [layout.card, layout.clusters]
    for folder in _FOLDERS:
        paths += sorted((layout.output_dir / folder).glob("*"))
    named = {path.relative_to(layout.output_dir).as_posix(): path for path in [*paths, layout.manifest]}
    return {name: path for name, path in named.items() if path.is_file()}


def _digests(layout: Layout, local: dict[str, Path]) -> dict[str, str]:
    """SHA-256 of each file; the manifest has those of the large ones."""
    manifest = read_json(layout.manifest)
    known = {entry["path"]: str(entry["sha256"]) for entry in [*manifest["shards"], *manifest["dropped"]]}
    return {name: known.get(name) or sha256_of(path) for name, path in local.items()}


def _stands(there: dict[str, Any] | None, put: dict[str, str] | None, size: int, digest: str) -> bool:
    """Whether the place holds this very content: what went up is known, and the store says it is unchanged."""
    if there is None or put is None or there.get("size") != size:
        return False
    return put["mark"] == _mark(there) and put["sha256"] == digest


def _mark(facts: dict[str, Any]) -> str:
    """What a store says of an object that changes when the object does; nothing where it says no such thing.

    Only names whose values read alike in a listing and for a single object.
    """
    names = ("ETag", "etag", "md5Hash", "generation", "mtime")
    return next((f"{name}={facts[name]}" for name in names if facts.get(name) is not None), "")


def _put(storage: Storage, name: str, path: Path, digest: str) -> dict[str, str]:
    """Put one file, look at what arrived, and return its entry for the ledger."""
    if sha256_of(path) != digest:
        raise CorpusError(f"{path} is not what the manifest says: remove it and build again")
    target = storage.at(name)
    with storage.explained("written"):
        if _has_whole_puts(storage):
            storage.files.put_file(str(path), target)
        else:
            storage.files.makedirs(target.rpartition("/")[0], exist_ok=True)
            partial = storage.at(_partial(name))
            storage.files.put_file(str(path), partial)
            storage.files.mv(partial, target)
        storage.files.invalidate_cache()
        facts = storage.files.info(target)
    if facts.get("size") != path.stat().st_size or not _same_content(storage, target, facts, path, digest):
        raise CorpusError(
            f"{storage.url}: {name} is not there as it was sent ({facts.get('size')} of {path.stat().st_size} bytes): "
            "run the same command again; if that fails too, something between here and the store changes files"
        )
    return {"sha256": digest, "mark": _mark(facts)}


def _partial(name: str) -> str:
    """Where a file lies until all of it has arrived, at places that have no objects."""
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}.{last}.partial"


def _same_content(storage: Storage, target: str, facts: dict[str, Any], path: Path, digest: str) -> bool:
    """Compare digests: the store's own MD5 where its tag is one, else what is read back.

    A tag is no MD5 for uploads in several pieces and for some kinds of encryption, so that another tag proves nothing.
    """
    tag = str(facts.get("ETag", "")).strip('"')
    if not isinstance(storage.files, LocalFileSystem) and len(tag) == 32:
        with path.open("rb") as file:
            md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        if md5 == tag:
            return True
    with storage.explained("read back"), storage.files.open(target, "rb") as file:
        found = hashlib.sha256()
        while data := file.read(_READ_BYTES):
            found.update(data)
    return found.hexdigest() == digest


def _note(layout: Layout, storage: Storage, entries: dict[str, dict[str, str]]) -> None:
    """Add to the ledger, whose later lines win; each starts a line of its own, whatever a killed run left behind."""
    lines = ["\n" + json.dumps({"url": storage.url, "name": name} | entry) for name, entry in entries.items()]
    with (layout.work / _LEDGER).open("a", encoding="utf-8") as file:
        file.writelines([*lines, "\n"])
        file.flush()
        os.fsync(file.fileno())


def _read_ledger(layout: Layout, storage: Storage) -> dict[str, dict[str, str]]:
    """What was put to this place from here, or was about to be; the half line of a killed run is no entry."""
    if not (layout.work / _LEDGER).exists():
        return {}
    found: dict[str, dict[str, str]] = {}
    for line in (layout.work / _LEDGER).read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry["url"] == storage.url:
            found[entry["name"]] = entry
    return found
