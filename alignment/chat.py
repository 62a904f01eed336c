"""`python -m alignment.chat --model DIR`: talk with a model in the terminal, in Arabic and English."""

from alignment.talking.settings import ChatConfig
from corpus.command_line import run


def main(config: ChatConfig) -> None:
    """Talk until the user has had enough."""
    from alignment.talking.dialogue import talk

    talk(config)


if __name__ == "__main__":
    run(main, ChatConfig, "alignment.chat")
