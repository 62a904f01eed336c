"""From what a user names to the one file that holds the tokenizer."""

from importlib.util import find_spec
from pathlib import Path

from tokenization.errors import TokenizationError

PACKAGE = "package:"
MISTRAL_V1 = "mistral-v1"
_MISTRAL_V1_FILE = f"{PACKAGE}mistral_common/data/tokenizer.model.v1"
_NAMES_IN_DIRECTORY = ("tokenizer.json", "tokenizer.model", "tekken.json")


def find_file(name: str, path: str) -> Path:
    """The file of a tokenizer named by a path, a directory, `package:NAME/file` or `mistral-v1`.

    Raises:
        TokenizationError: Nothing there that could be a tokenizer.
    """
    given = _MISTRAL_V1_FILE if path == MISTRAL_V1 else path
    found = _in_package(name, given) if given.startswith(PACKAGE) else Path(given).expanduser()
    if found.is_dir():
        return _in_directory(name, found)
    if not found.is_file():
        raise TokenizationError(f"tokenizer {name}: {path} is not there: check the path")
    return found


def _in_package(name: str, path: str) -> Path:
    package, _, inside = path.removeprefix(PACKAGE).partition("/")
    spec = find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise TokenizationError(
            f"tokenizer {name}: {path}: no package {package!r} is installed: install it, or name a file"
        )
    return Path(next(iter(spec.submodule_search_locations))) / inside


def _in_directory(name: str, directory: Path) -> Path:
    choices = [directory / file for file in _NAMES_IN_DIRECTORY]
    choices += sorted(directory.glob("*.model")) + sorted(directory.glob("*.tiktoken"))
    for choice in choices:
        if choice.is_file():
            return choice
    raise TokenizationError(
        f"tokenizer {name}: {directory} holds none of {', '.join(_NAMES_IN_DIRECTORY)}, *.model, *.tiktoken: "
        "name the tokenizer's file"
    )
