"""What reports call a model that is a directory."""

import os
from pathlib import Path


def directory_name(path: str) -> str:
    """The directory's name; of one called model, as training leaves them, that of its parent.

    >>> directory_name("out/sft/model"), directory_name("out/tiny")
    ('sft', 'tiny')
    """
    directory = Path(os.path.realpath(path))  # which goes no further where links lead in a circle
    above = directory.parent.name if directory.name == "model" else ""
    return above or directory.name
