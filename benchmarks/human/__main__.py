"""`python -m benchmarks.human serve|agreement|export`."""

import sys

from benchmarks.human.settings import AgreementConfig, ExportConfig, ServeConfig
from corpus.command_line import run

COMMANDS = {
    "serve": "show the page on which people compare or rate answers",
    "agreement": "how far they agree, and how the models rank",
    "export": "tables, JSON and a report of what they clicked",
}


def serve(config: ServeConfig) -> None:
    """Listen until stopped."""
    from benchmarks.human.server import serve_forever

    serve_forever(config)


def agreement(config: AgreementConfig) -> None:
    """Print agreement and ranking."""
    from benchmarks.human.summary import as_text, summarize_directory

    sys.stdout.write(as_text(summarize_directory(config)) + "\n")


def export(config: ExportConfig) -> None:
    """Write the files, and say where they are."""
    from benchmarks.human.exporting import write_exports

    sys.stdout.write("\n".join(write_exports(config)) + "\n")


def main(arguments: list[str]) -> None:
    """Take the command off the line, and run it."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name == "serve":
        run(serve, ServeConfig, "benchmarks.human serve", rest)
    if name == "agreement":
        run(agreement, AgreementConfig, "benchmarks.human agreement", rest)
    if name == "export":
        run(export, ExportConfig, "benchmarks.human export", rest)
    asked = name in ("-h", "--help")
    lines = [f"  {command:11}{purpose}" for command, purpose in COMMANDS.items()]
    usage = "\n".join(["usage: benchmarks.human COMMAND [--help] [settings]", "", *lines, ""])
    (sys.stdout if asked else sys.stderr).write(
        usage if asked else f"benchmarks.human: {name!r} is no command: give one of {', '.join(COMMANDS)}\n"
    )
    sys.exit(0 if asked else 2)


if __name__ == "__main__":
    main(sys.argv[1:])
