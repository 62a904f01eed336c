"""Where the corpus comes from and how to make it again: inputs, shards, versions, config, command."""

import json

from corpus.card.account import Manifest
from corpus.card.figures import count, size
from corpus.card.markup import code, escape, isolated, table


def inputs(manifest: Manifest) -> str:
    """Files that were read, with digests."""
    rows = [
        [code(entry["path"]), isolated(entry["source"]), count(entry["records"]), size(entry["bytes"]),
         _digest(entry["sha256"])]
        for entry in manifest["inputs"]
    ]  # fmt: skip
    return table("Input files", ("path", "source", "records", "size", "sha256"), rows, numeric=(2, 3))


def shards(manifest: Manifest) -> str:
    """Files that were written, with digests."""
    rows = [
        [code(entry["path"]), count(entry["documents"]), size(entry["bytes"]), _digest(entry["sha256"])]
        for entry in (*manifest["shards"], *manifest["dropped"])
    ]
    return table("Shards", ("path", "documents", "size", "sha256"), rows, numeric=(1, 2))


def licenses(manifest: Manifest) -> str:
    """What the config says of each source's license and address."""
    rows = [
        [isolated(source["name"]), isolated(source.get("license") or "not given"),
         isolated(source.get("url") or "not given"), isolated(source.get("kind", ""))]
        for source in manifest["config"]["sources"]
    ]  # fmt: skip
    return table("Licenses as given in the config", ("source", "license", "address", "kind"), rows)


def versions(manifest: Manifest) -> str:
    """Versions that the result depends on."""
    rows = [["daad", code(manifest["daad"])]]
    rows += [[escape(name), code(version)] for name, version in sorted(manifest["versions"].items())]
    return table("Versions", ("package", "version"), rows)


def again(manifest: Manifest) -> str:
    """The resolved config, and the command that makes the same corpus from it."""
    config = json.dumps(manifest["config"], ensure_ascii=False, indent=1, sort_keys=True)
    return (
        "<p>Save the config below as <code>config.yaml</code> (JSON is YAML as well), then run</p>\n"
        '<pre dir="ltr"><code>python -m corpus.build --config config.yaml --output_dir out/corpus</code></pre>\n'
        "<p>From the same input files and versions every shard comes out with the same sha256.</p>\n"
        f'<details><summary>Resolved config</summary><pre dir="ltr"><code>{escape(config)}</code></pre></details>'
    )


def _digest(sha256: str) -> str:
    return f'<code class="digest">{escape(sha256)}</code>'
