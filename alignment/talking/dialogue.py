"""From line to line: read, answer, obey."""

import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from typing import TextIO

from alignment.errors import AlignmentError
from alignment.talking.answering import Answerer, open_model
from alignment.talking.commands import COMMANDS, Talk, obey
from alignment.talking.display import isolated, whole_characters
from alignment.talking.settings import ChatConfig


def talk(config: ChatConfig, lines: TextIO | None = None, answers: TextIO | None = None) -> Talk:
    """Talk until the lines end; the conversation as it stood then.

    Interactive where both ends are a terminal: with a prompt, and the program's own words beside the answers. Else
    `lines` are questions and commands, and `answers` takes the answers alone, a line feed after each; what else is to
    be said goes to standard error.

    Raises:
        DaadError: The model cannot be opened, the endpoint fails, or lines are no text of their encoding.
    """
    lines, answers = lines or sys.stdin, answers or sys.stdout
    interactive = lines.isatty() and answers.isatty()
    model = open_model(config)
    with closing(model):
        state = Talk(system=config.system, language=config.language, model=model.name)
        for language in (config.language,) if config.language else ("en", "ar"):
            _tell(replace(state, language=language).said("banner"))
        while not state.ended:
            line = _typed(f"{state.said('you')}> ") if interactive else _read(lines)
            if not line:
                break
            if line.strip():
                state = _turn(state, line.strip(), model, config, answers, interactive)
    return state


def _turn(
    state: Talk, line: str, model: Answerer, config: ChatConfig, answers: TextIO, interactive: bool
) -> Talk:
    """The conversation after one line."""
    if line.split(" ", 1)[0] in COMMANDS or (interactive and line.startswith("/")):
        state, told = obey(state, line)
        if told:
            _tell(told)
        return state
    if not config.remember:
        state = replace(state, turns=())
    asked = state.with_turn("user", line)
    if interactive:
        answers.write(f"{asked.said('model')}> ")
    answer = _stream(asked, model, config, answers)
    answers.write("\n")
    answers.flush()
    return asked.with_turn("assistant", answer) if answer.strip() else state


def _stream(state: Talk, model: Answerer, config: ChatConfig, answers: TextIO) -> str:
    """Show an answer as it is written, and return it; Ctrl-C ends it where it is."""
    written: list[str] = []

    def noted(pieces: Iterator[str]) -> Iterator[str]:
        for piece in whole_characters(pieces):
            written.append(piece)
            yield piece

    pieces = model.stream(state.messages, lambda: _tell(state.said("shortened")))
    shown = noted(pieces)
    try:
        for piece in isolated(shown) if config.isolates else shown:
            answers.write(piece)
            answers.flush()
    except KeyboardInterrupt:
        _tell(f" [{state.said('stopped')}]")
    finally:
        pieces.close()
    return "".join(written).strip()


def _typed(prompt: str) -> str:
    """A line typed at the prompt, with its line feed; nothing after Ctrl-D or Ctrl-C."""
    with suppress(ImportError):
        import readline  # noqa: F401  # lines can be edited
    try:
        return input(prompt) + "\n"
    except (EOFError, KeyboardInterrupt):
        sys.stdout.write("\n")
        return ""


def _read(lines: TextIO) -> str:
    """The next line, with its line feed; empty at the end."""
    try:
        return lines.readline()
    except UnicodeDecodeError as error:
        raise AlignmentError(
            f"the questions are not {error.encoding.upper()} (byte {error.object[error.start]:#04x}): convert them, as "
            "by iconv -f WINDOWS-1256 -t UTF-8"
        ) from error


def _tell(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
