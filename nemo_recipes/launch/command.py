"""How an entry that many processes run says what is wrong: one line for all of them, exit code 2 from each.

A mistake in a config is made by all processes at once. The first one says it and ends; the launcher then ends the
others, which wait a moment for that before they say what may be theirs alone.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

from corpus.command_line import explain_os_error, parse
from corpus.command_line import run as run_alone
from corpus.errors import DaadError
from nemo_recipes.launch.place import place

Config = TypeVar("Config")

PATIENCE = 15.0
"""Seconds after which a process other than the first says what went wrong: it may be its own mistake alone."""

EVERYWHERE = "raised by all processes"
"""Note on an error that the first process raises too: the others leave it to that one, and wait to be ended."""

_LONGEST = 120.0


def run(
    main: Callable[[Config], int | None],
    config_class: type[Config],
    prog: str,
    arguments: Sequence[str] | None = None,
) -> NoReturn:
    """`corpus.command_line.run` for an entry that torchrun or srun may have started many times."""
    mine = place()

    def watched(config: Config) -> int | None:
        try:
            return main(config)
        except (DaadError, OSError) as error:
            _before_it_is_said(mine.rank, prog, error)
            raise

    if mine.processes > 1:
        try:
            parse(config_class, prog, arguments)
        except DaadError as error:
            error.add_note(EVERYWHERE)
            _before_it_is_said(mine.rank, prog, error)
    run_alone(watched, config_class, prog, arguments)


def _before_it_is_said(rank: int, prog: str, error: DaadError | OSError) -> None:
    """Let the first process speak first, and leave the line where torchrun looks for a cause."""
    if rank:
        # A launcher that ends this process now has heard the first one: there is nothing to add.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        time.sleep(_LONGEST if EVERYWHERE in getattr(error, "__notes__", ()) else PATIENCE)
    said = explain_os_error(error) if isinstance(error, OSError) else str(error)
    path = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if path:
        line = f"{prog}: {' '.join(said.split())}"
        extra = {"py_callstack": line, "timestamp": str(int(time.time()))}
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump({"message": {"message": line, "extraInfo": extra}}, file)
