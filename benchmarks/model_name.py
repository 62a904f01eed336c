"""What reports call a model that is a directory."""

from pathlib import Path


def directory_name(path: str) -> str:
    """The directory's name; of one called model, as training leaves them, that of its parent.

    >>> directory_name("out/sft/model"), directory_name("out/tiny")
    ('sft', 'tiny')
    """
    directory = Path(path).resolve()
    above = directory.parent.name if directory.name == "model" else ""
    return above or directory.name
