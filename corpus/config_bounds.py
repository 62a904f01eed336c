"""Config files that would grow without end: anchors within anchors ("a billion laughs"), or nesting without a bottom.

YAML keeps an alias as a reference, so such a file loads in no time; it is printing, copying or checking it that never
ends. So it is measured by its events, before anything is made of it.
"""

from pathlib import Path

import yaml

from corpus.errors import CorpusError

MOST_NODES = 200_000
"""Values in a config, each alias counted as all that it stands for."""

DEEPEST = 50
"""Levels of nesting; the deepest setting of the project lies five down."""


def check_bounds(path: Path) -> None:
    """Refuse a config file that is too large or too deep once its aliases are followed; others are not judged here.

    Raises:
        CorpusError: It is, or an alias stands within what it stands for.
    """
    nodes, sizes = 0, dict[str, int]()
    open_nodes: list[tuple[str | None, int]] = []  # anchor, and the nodes that came before it
    try:
        with path.open("rb") as file:
            for event in yaml.parse(file, Loader=yaml.SafeLoader):
                if isinstance(event, yaml.AliasEvent):
                    nodes += sizes.get(
                        event.anchor, MOST_NODES
                    )  # one that is still open stands within itself
                elif isinstance(event, yaml.CollectionStartEvent):
                    open_nodes.append((event.anchor, nodes))
                elif isinstance(event, yaml.CollectionEndEvent):
                    anchor, before = open_nodes.pop()
                    nodes += 1
                    if anchor:
                        sizes[anchor] = nodes - before
                elif isinstance(event, yaml.ScalarEvent):
                    nodes += 1
                    if event.anchor:
                        sizes[event.anchor] = 1
                if nodes >= MOST_NODES or len(open_nodes) > DEEPEST:
                    raise CorpusError(
                        f"config: {path} grows without end: it has more than {MOST_NODES:,} values once its aliases "
                        f"are followed, or more than {DEEPEST} levels: write it without anchors"
                    )
    except (OSError, ValueError, yaml.YAMLError):
        return  # the parser of configs tells what is wrong
