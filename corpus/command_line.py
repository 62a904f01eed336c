"""How every entry of the project reads its config and ends: one line and exit code 2 for a user's mistake.

A config is one frozen dataclass. It comes from `--config FILE.yaml` and `--section.key=value`, later ones winning;
unknown keys are refused, `--print_config` prints the whole of it, and `--help` comes from the docstrings.
"""

import difflib
import errno
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar, get_args, get_type_hints

import jsonargparse

from corpus.config_bounds import check_bounds
from corpus.errors import CorpusError, DaadError

Config = TypeVar("Config")

EXIT_MISTAKE = 2
EXIT_STOPPED = 130

LONGEST_MESSAGE = 800
"""Characters of what is said of a config: the parser repeats values, however long."""

LONGEST_LINE = 1500
"""Characters of any last line: a path or a value within it may have no end."""


def parse(config_class: type[Config], prog: str, arguments: Sequence[str] | None = None) -> Config:
    """Read the command line into a config.

    Raises:
        CorpusError: An unknown key, a value of the wrong type, or one that breaks the config's rules.
        SystemExit: After `--help` or `--print_config`.
    """
    parser = jsonargparse.ArgumentParser(
        prog=prog,
        description=_first_paragraph(config_class.__doc__),
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--config",
        action="config",
        help="YAML file with any of the settings below.",
    )
    parser.add_class_arguments(config_class, nested_key=None)
    try:
        given = sys.argv[1:] if arguments is None else arguments
        for path in _config_files(given):
            check_bounds(path)
        namespace = parser.instantiate(parser.parse_args(_spelled_out(given, config_class)))
        values = {field.name: namespace[field.name] for field in fields(config_class)}  # type: ignore[arg-type]
        refuse_null(values)
        return config_class(**values)
    except (jsonargparse.ArgumentError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise CorpusError(_one_line(error, config_class)) from error


def refuse_null(value: Any) -> None:
    """Refuse a null character in any text of the settings: no path can hold one, and Python says so in no words.

    Raises:
        ValueError: There is one.
    """
    if isinstance(value, str) and "\0" in value:
        raise ValueError(f"no setting may hold a null character, got {value!r:.200}")
    if is_dataclass(value):
        refuse_null([getattr(value, each.name) for each in fields(value)])
    elif isinstance(value, Mapping):
        refuse_null([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple):
        for each in value:
            refuse_null(each)


def run(
    main: Callable[[Config], int | None],
    config_class: type[Config],
    prog: str,
    arguments: Sequence[str] | None = None,
) -> NoReturn:
    """Parse, call `main`, and exit: 0 when it went well, 2 for a mistake or unusable data, 130 when stopped.

    `DAAD_TRACEBACK=1` in the environment shows where an error came from.
    """
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main(parse(config_class, prog, arguments)) or 0)
    except DaadError as error:
        _say(f"{prog}: {error}")
        code = EXIT_MISTAKE
    except (KeyboardInterrupt, SystemError) as error:
        # A signal that comes while compiled code returns leaves Python as a SystemError.
        cause = error.__cause__ or error.__context__
        if isinstance(error, SystemError) and not isinstance(cause, KeyboardInterrupt):
            raise
        _say(f"{prog}: stopped; the same command continues from here")
        code = EXIT_STOPPED
    except OSError as error:
        if os.environ.get("DAAD_TRACEBACK"):
            raise
        _say(f"{prog}: {explain_os_error(error)}")
        code = EXIT_MISTAKE
    sys.exit(code)


def _config_files(arguments: Sequence[str]) -> Iterator[Path]:
    for argument, after in zip(arguments, [*arguments, ""][1:], strict=True):
        if argument == "--config":
            yield Path(after)
        elif argument.startswith("--config="):
            yield Path(argument.removeprefix("--config="))


def _spelled_out(arguments: Sequence[str], config_class: type) -> list[str]:
    """The arguments without two short forms that jsonargparse does not know.

    `--dry_run` is `--dry_run=true`, for every switch; `--engine daft` is `--engine.name daft`, for every group of
    settings that has a name.
    """
    hints = get_type_hints(config_class)
    switches = {f"--{name}" for name, hint in hints.items() if hint is bool}
    named = {
        f"--{name}" for name, hint in hints.items() if "name" in getattr(hint, "__dataclass_fields__", ())
    }
    spelled: list[str] = []
    following = [*arguments, "--"][1:]
    for argument, after in zip(arguments, following, strict=True):
        if argument in switches and after.startswith("--"):
            spelled.append(f"{argument}=true")
        elif argument in named and after.isidentifier():
            spelled.append(f"{argument}.name")
        else:
            spelled.append(argument)
    return spelled


def explain_os_error(error: OSError) -> str:
    """What the operating system refused, where, and what to do about it."""
    advice = {
        errno.ENOSPC: "free some space and run the same command again: it continues from here",
        errno.EDQUOT: "your quota is used up; free some and run the same command again",
        errno.EACCES: "the permissions forbid it; choose another place or change them",
        errno.EPERM: "the permissions forbid it; choose another place or change them",
        errno.EROFS: "the file system is read-only; choose another place",
        errno.ENOENT: "check the path",
        errno.ENOTDIR: "a file stands where a directory is needed; choose another place",
        errno.EISDIR: "a directory stands where a file is needed",
        errno.EMFILE: "raise the limit on open files (ulimit -n)",
    }.get(error.errno or 0, "see the message")
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}: {advice}"


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _say(message: str) -> None:
    if os.environ.get("DAAD_TRACEBACK"):
        import traceback

        traceback.print_exc()
    line = " ".join(message.split())
    if len(line) > LONGEST_LINE:
        line = f"{line[: LONGEST_LINE - 300]} [...] {line[-300:]}"
    # What strangers wrote must not steer a terminal, nor turn the line around.
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
    print(shown, file=sys.stderr)  # noqa: T201


def _first_paragraph(docstring: str | None) -> str:
    return (docstring or "").strip().split("\n\n")[0]


def _one_line(error: Exception, config_class: type) -> str:
    message = " ".join(str(error).split())
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[: LONGEST_MESSAGE - 100]} [...] {message[-100:]}"
    message = re.sub(r"Problem with given class_path '[^']*\.(\w+)':", r"in a \1:", message)
    message = message.replace("Parser key", "config key")
    unknown = re.search(
        r"[Oo]ption '([^']+)'(?: is not accepted|$)|unrecognized arguments: --([\w.]+)", message
    )
    if unknown:
        name = unknown.group(1) or unknown.group(2)
        close = difflib.get_close_matches(name.split(".")[-1], sorted(set(_names(config_class))), n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        message += f": no setting has this name; {hint}--help lists all"
    elif "are required" in message:
        message += ": give them in --config FILE.yaml or as --name=value"
    return f"config: {message}"


def _names(config_class: Any) -> Iterator[str]:
    """Names of all settings, those of nested dataclasses and of lists of them too."""
    for name, hint in get_type_hints(config_class).items():
        yield name
        for nested in (hint, *get_args(hint)):
            if is_dataclass(nested):
                yield from _names(nested)
