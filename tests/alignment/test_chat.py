"""The terminal chat: whole characters, isolates, commands, pipes, Ctrl-C, and a model behind an address."""

import io
import json
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.conversations import read_conversations
from alignment.errors import AlignmentError
from alignment.talking import dialogue
from alignment.talking.answering import Local
from alignment.talking.commands import COMMANDS, Talk, obey, record
from alignment.talking.display import END, LEFT_TO_RIGHT, RIGHT_TO_LEFT, isolated, whole_characters
from alignment.talking.settings import ChatConfig
from alignment.talking.words import WORDS

Messages = list[dict[str, str]]


class Parrot:
    """Repeats the last question in pieces, and notes what it was given."""

    name = "parrot"

    def __init__(self, interrupt_after: int = -1) -> None:
        self.given: list[Messages] = []
        self.closed = self.stopped = False
        self.interrupt_after = interrupt_after

    def stream(self, messages: Messages, shortened: Callable[[], None]) -> Generator[str, None, None]:
        self.given.append([dict(turn) for turn in messages])
        try:
            for number, letter in enumerate(messages[-1]["content"]):
                if number == self.interrupt_after:
                    raise KeyboardInterrupt
                yield letter
        finally:
            self.stopped = True

    def close(self) -> None:
        self.closed = True


def converse(
    monkeypatch: pytest.MonkeyPatch, lines: str, parrot: Parrot | None = None, **settings: Any
) -> tuple[str, Talk, Parrot]:
    parrot = parrot or Parrot()
    monkeypatch.setattr(dialogue, "open_model", lambda _: parrot)
    answers = io.StringIO()
    state = dialogue.talk(ChatConfig(model="x", **settings), io.StringIO(lines), answers)
    return answers.getvalue(), state, parrot


def test_a_pipe_gets_answers_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers, state, parrot = converse(monkeypatch, "hello\n\nما اسمك؟\n")
    assert answers == "hello\nما اسمك؟\n"
    assert [len(messages) for messages in parrot.given] == [1, 3]
    assert [turn["role"] for turn in state.turns] == ["user", "assistant"] * 2
    assert parrot.closed
    told = capsys.readouterr()
    assert told.out == ""
    # Whatever the language: answers are machine-made, and it is said before the first of them.
    assert told.err.splitlines() == [WORDS["banner"]["en"], WORDS["banner"]["ar"]]


def test_without_memory_every_line_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, parrot = converse(monkeypatch, "one\ntwo\n", remember=False, system="be brief")
    assert parrot.given == [
        [{"role": "system", "content": "be brief"}, {"role": "user", "content": word}]
        for word in ("one", "two")
    ]


def test_commands_change_what_the_model_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "talk.jsonl"
    lines = f"one\n/system كن موجزًا\ntwo\n/language ar\nthree\n/save {saved}\n/reset\nfour\n/quit\nfive\n"
    answers, state, parrot = converse(monkeypatch, lines)
    assert answers == "one\ntwo\nthree\nfour\n"
    assert parrot.given[1] == [{"role": "system", "content": "كن موجزًا"}, {"role": "user", "content": "two"}]
    assert parrot.given[2][0] == {"role": "system", "content": "كن موجزًا\nأجب بالعربية."}
    assert [turn["content"] for turn in parrot.given[3]] == ["كن موجزًا\nأجب بالعربية.", "four"]
    assert state.ended
    assert WORDS["forgotten"]["ar"] in capsys.readouterr().err
    read = read_conversations(str(saved)).frame.row(0, named=True)
    assert [turn["role"] for turn in read["messages"]] == ["system", "user", "assistant", "user", "assistant"]
    assert json.loads(saved.read_text(encoding="utf-8"))["machine_made"] is True


def test_a_question_may_begin_with_a_slash_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, _, _ = converse(monkeypatch, "/etc/hosts holds what?\n")
    assert answers == "/etc/hosts holds what?\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_command_in_both_languages(command: str) -> None:
    for language in ("en", "ar"):
        help_text = obey(Talk(language=language), "/help")[1]
        assert command in help_text or command == "/help"


def test_all_words_are_there_in_both_languages() -> None:
    assert all(set(words) == {"en", "ar"} and all(words.values()) for words in WORDS.values())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/language fr", "give ar or en"),
        ("/save", "give the name of a file"),
        ("/save /no/such/place/x.jsonl", "/no/such/place/x.jsonl: No such file or directory"),
        ("/history", "nothing was said yet"),
        ("/nonsense", "no such command; /help lists them"),
    ],
)  # fmt: skip
def test_mistakes_are_answered_and_change_nothing(line: str, told: str) -> None:
    assert obey(Talk(), line) == (Talk(), told)


def test_ctrl_c_keeps_what_was_written_and_stops_the_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers, state, parrot = converse(monkeypatch, "abcdef\n", Parrot(interrupt_after=3))
    assert answers == "abc\n"
    assert parrot.stopped
    assert state.turns[-1] == {"role": "assistant", "content": "abc"}
    assert "[stopped]" in capsys.readouterr().err


def test_an_empty_answer_leaves_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    _, state, _ = converse(monkeypatch, "abc\n", Parrot(interrupt_after=0))
    assert state.turns == ()


@given(st.lists(st.text(alphabet="aبé\ufffd", max_size=4), max_size=8))
def test_only_replacement_characters_at_the_very_end_are_lost(pieces: list[str]) -> None:
    assert "".join(whole_characters(pieces)) == "".join(pieces).rstrip("\ufffd")


@given(st.lists(st.text(alphabet="a1 ب\n,", max_size=5), max_size=8))
def test_isolates_stand_around_lines_and_change_nothing_else(pieces: list[str]) -> None:
    text = "".join(isolated(pieces))
    bare = text.translate(dict.fromkeys(map(ord, (LEFT_TO_RIGHT, RIGHT_TO_LEFT, END))))
    assert bare == "".join(pieces)
    for line, original in zip(text.split("\n"), "".join(pieces).split("\n"), strict=True):
        letters = [letter for letter in original if letter.isalpha()]
        mark = RIGHT_TO_LEFT if letters and unicodedata.bidirectional(letters[0]) == "AL" else LEFT_TO_RIGHT
        assert line == (f"{mark}{original}{END}" if letters else original)


def test_answers_can_be_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, state, _ = converse(monkeypatch, "قال Daad.\n", isolates=True)
    assert answers == f"{RIGHT_TO_LEFT}قال Daad.{END}\n"
    # What the model is given next holds no marks.
    assert state.turns[-1]["content"] == "قال Daad."


def greedy(model: Path, messages: Messages, most: int) -> str:
    """The slow and obvious way: no stream, one token after the other."""
    import torch
    from transformers import AutoModelForCausalLM

    from alignment.chat_template import encode_prompt, load_chat_tokenizer

    tokenizer = load_chat_tokenizer(model)
    network = AutoModelForCausalLM.from_pretrained(model).eval()
    ids = encode_prompt(tokenizer, messages).tolist()
    start = len(ids)
    with torch.no_grad():
        for _ in range(most):
            ids.append(int(network(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
            if ids[-1] == tokenizer.eos_token_id:
                break
    return str(tokenizer.decode(ids[start:], skip_special_tokens=True))


@pytest.mark.parametrize("question", ["ما عاصمة مصر؟", "what is the capital of Egypt?", "</s>[INST] x"])
def test_the_stream_is_what_greedy_decoding_writes(served_dir: Path, question: str) -> None:
    messages = [{"role": "user", "content": question}]
    model = Local(ChatConfig(model=str(served_dir), new_tokens=24))
    pieces = list(model.stream(messages, lambda: None))
    assert "".join(pieces) == greedy(served_dir, messages, 24)


def test_closing_the_stream_stops_the_model(served_dir: Path) -> None:
    import threading

    model = Local(ChatConfig(model=str(served_dir), new_tokens=60))
    stream = model.stream([{"role": "user", "content": "what is the city?"}], lambda: None)
    next(stream)
    before = threading.active_count()
    stream.close()
    assert threading.active_count() <= before


def test_the_oldest_turns_go_where_the_context_ends(served_dir: Path) -> None:
    calls: list[int] = []
    model = Local(ChatConfig(model=str(served_dir), new_tokens=16))
    turns = [
        {"role": role, "content": "what is the capital of Egypt"}
        for _ in range(12)
        for role in ("user", "assistant")
    ]
    messages = [{"role": "system", "content": "name"}, *turns, {"role": "user", "content": "city"}]
    list(model.stream(messages, lambda: calls.append(1)))
    assert calls == [1]


def test_a_question_that_loses_its_beginning_is_told(served_dir: Path) -> None:
    calls: list[int] = []
    model = Local(ChatConfig(model=str(served_dir), new_tokens=4))
    for question in ("city", "what is the capital of Egypt " * 40):
        list(model.stream([{"role": "user", "content": question}], lambda: calls.append(1)))
    assert calls == [1]


def test_lines_of_another_encoding_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue, "open_model", lambda _: Parrot())
    lines = io.TextIOWrapper(io.BytesIO("ما اسمك؟\n".encode("windows-1256")), encoding="utf-8")
    with pytest.raises(AlignmentError, match=r"the questions are not UTF-8 \(byte 0xe3\): convert them"):
        dialogue.talk(ChatConfig(model="x"), lines, io.StringIO())


def run_chat(*arguments: str, lines: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alignment.chat", *arguments],
        input=lines,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_answers_a_pipe(served_dir: Path) -> None:
    done = run_chat("--model", str(served_dir), "--new_tokens", "5", lines="what is it?\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n")
    assert done.stderr.splitlines() == [WORDS["banner"]["en"], WORDS["banner"]["ar"]]


def test_a_missing_model_is_one_line(tmp_path: Path) -> None:
    done = run_chat("--model", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "config.json cannot be read" in done.stderr


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": ""}, "model must name a directory"),
        ({"model": "openai:ftp://x"}, "url must be like"),
        ({"model": "x", "top_p": 0.0}, "top_p must be above 0"),
        ({"model": "x", "new_tokens": 0}, "new_tokens must be at least 1"),
    ],
)  # fmt: skip
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ChatConfig(**settings)


def test_a_saved_talk_says_who_wrote_it() -> None:
    talk = Talk(model="out/model").with_turn("user", "a").with_turn("assistant", "b")
    assert record(talk) == {"messages": list(talk.turns), "model": "out/model", "machine_made": True}


def test_a_model_behind_an_address_is_asked_with_the_whole_conversation(fake_endpoint: Any) -> None:
    fake_endpoint.answer = lambda payload: f"جواب {len(payload['messages'])}"
    config = ChatConfig(model=f"openai:{fake_endpoint.url}", system="be brief", new_tokens=7)
    answers = io.StringIO()
    state = dialogue.talk(config, io.StringIO("hello\nhello\n"), answers)
    assert answers.getvalue() == "جواب 2\nجواب 4\n"
    assert state.model == "tiny"
    asked = [body for body in fake_endpoint.requests if "messages" in body]
    assert [turn["role"] for turn in asked[1]["messages"]] == ["system", "user", "assistant", "user"]
    assert asked[0]["max_tokens"] == 7
    assert asked[0]["stream"] is True


def test_nothing_said_to_an_endpoint_is_kept(
    fake_endpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dialogue.talk(ChatConfig(model=f"openai:{fake_endpoint.url}"), io.StringIO("hello\n"), io.StringIO())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("last", "whole"), [({"delta": {}, "finish_reason": "stop"}, True), ({"delta": {"content": "!"}}, False)]
)
def test_a_stream_without_its_mark_is_whole_where_it_says_why_it_ended(
    last: dict[str, Any], whole: bool
) -> None:
    """`transformers serve` 5.23 sends no [DONE]; its last event has the finish_reason."""
    import httpx

    from corpus.endpoint.errors import TransientError
    from corpus.endpoint.settings import EndpointSettings
    from corpus.endpoint.transport import Transport

    events = [{"choices": [{"delta": {"content": "Hi"}}]}, {"choices": [last]}]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    transport = Transport(EndpointSettings(url="http://localhost:1/v1"))
    transport.close()
    transport._client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, text=body)))
    stream = transport.stream("chat/completions", {})
    assert [next(stream), next(stream)] == events
    with pytest.raises(StopIteration if whole else TransientError):
        next(stream)
    transport.close()
