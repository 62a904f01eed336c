"""HH-RLHF's transcripts (Bai et al., 2204.05862): "Human:" or "Assistant:" after an empty line begins a turn."""

import re

_TURN = re.compile(r"\n\n(Human|Assistant):")
_ROLES = {"Human": "user", "Assistant": "assistant"}


def turns_of(transcript: str) -> list[dict[str, str]]:
    r"""The turns of a transcript, stripped of white space around them; [] where it does not begin with a turn.

    >>> turns_of("\n\nHuman: Hi \n\nAssistant: Yes:\n\nno")
    [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Yes:\n\nno'}]
    """
    before, *parts = _TURN.split(transcript)
    if before.strip():
        return []
    return [
        {"role": _ROLES[name], "content": content.strip()}
        for name, content in zip(parts[::2], parts[1::2], strict=True)
    ]


def asked(transcript: str) -> list[dict[str, str]]:
    r"""The turns of a transcript that may end with the name of who answers.

    >>> asked("\n\nHuman: Hi\n\nAssistant:")
    [{'role': 'user', 'content': 'Hi'}]
    """
    turns = turns_of(transcript)
    return turns[:-1] if turns[-1:] == [{"role": "assistant", "content": ""}] else turns


def is_transcript(text: str) -> bool:
    """Whether a text begins as a transcript does."""
    return bool(_TURN.match(text))
