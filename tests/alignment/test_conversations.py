"""Every form of instruction data becomes the same conversations, and every planted fault is found where it stands."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from alignment.conversations import Columns, read_conversations
from alignment.conversations.reading import MESSAGES
from alignment.conversations.rules import WHAT_HOLDS, judge
from alignment.errors import AlignmentError
from corpus.errors import CorpusError

QUESTION, ANSWER = "ما عاصمة مصر؟", "عاصمة مصر هي القاهرة."
TURNS = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": ANSWER}]
SYSTEM = {"role": "system", "content": "أجب بالعربية."}


def write(path: Path, records: list[Any]) -> str:
    lines = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in records]
    content = ("\n".join(lines) + "\n").encode()
    if path.suffix == ".gz":
        content = gzip.compress(content)
    if path.suffix == ".zst":
        content = zstandard.compress(content)
    path.write_bytes(content)
    return str(path)


def turns(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in pairs]


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [SYSTEM, *TURNS]},
        {
            "messages": [
                SYSTEM,
                TURNS[0],
                {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]},
            ]
        },
        {
            "system": SYSTEM["content"],
            "conversations": [{"from": "human", "value": QUESTION}, {"from": "gpt", "value": ANSWER}],
        },
        {
            "conversations": [
                {"from": "system", "value": SYSTEM["content"]},
                {"from": "user", "value": QUESTION},
                {"from": "assistant", "value": ANSWER},
            ]
        },
        {"system": SYSTEM["content"], "instruction": QUESTION, "input": "", "output": ANSWER},
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
def test_every_schema_gives_the_same_conversation(tmp_path: Path, record: dict[str, Any], name: str) -> None:
    read = read_conversations(write(tmp_path / name, [record]))
    assert read.frame.to_dicts() == [
        {"messages": [SYSTEM, *TURNS], "language": "ar", "source": name, "line": 1}
    ]
    assert read.rejects.is_empty()


def test_alpaca_puts_the_input_below_and_the_history_before(tmp_path: Path) -> None:
    record = {
        "instruction": "Translate.",
        "input": "كتاب",
        "output": "book",
        "history": [["Hello", "Hi"]],
    }
    read = read_conversations(write(tmp_path / "a.jsonl", [record]))
    assert read.frame["messages"].to_list() == [
        turns(("user", "Hello"), ("assistant", "Hi"), ("user", "Translate.\n\nكتاب"), ("assistant", "book"))
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_table_is_read_by_its_columns(tmp_path: Path, name: str) -> None:
    rows = ["n,Prompt,Story,lang", f'0,"{QUESTION}","سطر\n""آخر""",arz', "1,Say hi,hi,en", "2,only,two"]
    path = write(tmp_path / name, rows)
    read = read_conversations(path, columns=Columns(user="Prompt", assistant="Story"), language_column="lang")
    assert read.frame["messages"].to_list() == [
        turns(("user", QUESTION), ("assistant", 'سطر\n"آخر"')),
        turns(("user", "Say hi"), ("assistant", "hi")),
    ]
    assert read.frame["language"].to_list() == ["ar", "en"]
    assert read.frame["line"].to_list() == [1, 2]
    assert read.rejects.to_dicts() == [
        {"source": name, "line": 3, "rule": "bad_record", "detail": "3 fields under a header of 4"}
    ]


def test_flat_json_lines_take_a_column_map_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [{"q": "Hi", "a": "Hello", "s": "Be kind."}])
    read = read_conversations(path, columns=Columns(user="q", assistant="a", system="s"), language="en")
    assert read.frame["messages"].to_list() == [
        turns(("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello"))
    ]


PLANTED: list[tuple[Any, str, str]] = [
    ("{broken", "invalid_json", "Expecting property name"),
    ("[1]", "bad_record", "list"),
    ({"text": "no conversation"}, "unknown_schema", "text"),
    ({"messages": TURNS, "instruction": "x"}, "mixed_schemas", "instruction, messages"),
    ({"instruction": "x", "output": "y"}, "mixed_schemas", "alpaca among messages"),
    ({"messages": "hello"}, "bad_record", "messages"),
    ({"messages": []}, "no_turns", ""),
    ({"messages": [TURNS[0], {"role": "assistant", "content": " \n"}]}, "empty_turn", "turn 2 (assistant)"),
    ({"messages": [TURNS[0], {"role": "assistant", "content": None}]}, "empty_turn", "turn 2 (assistant)"),
    ({"messages": [TURNS[0]]}, "no_assistant_turn", "user"),
    ({"messages": TURNS[::-1]}, "wrong_role_order", "assistant user"),
    ({"messages": [TURNS[0], *TURNS]}, "wrong_role_order", "user user assistant"),
    ({"messages": [*TURNS, SYSTEM]}, "wrong_role_order", "user assistant system"),
    ({"messages": [*TURNS, TURNS[0]]}, "wrong_role_order", "user assistant user"),
    ({"messages": [{"role": "bot", "content": "x"}]}, "unknown_role", "bot"),
    ({"messages": [{"role": "user", "content": 5}]}, "not_text", "int"),
    (r'{"messages": [{"role": "user", "content": "\ud800"}]}', "lone_surrogate", "half"),
]


def test_planted_faults_are_found_by_line_and_the_sound_rows_stay(tmp_path: Path) -> None:
    """A sound row before and after each fault; blank lines count as lines and as nothing else."""
    records: list[Any] = [{"messages": TURNS}, ""]
    for record, _, _ in PLANTED:
        records += [record, {"messages": TURNS}]
    read = read_conversations(write(tmp_path / "a.jsonl", records))
    assert read.frame.height == 1 + len(PLANTED)
    assert read.frame["line"].to_list() == [1, *range(4, 4 + 2 * len(PLANTED), 2)]
    found = read.rejects.rows()
    assert [(line, rule) for _, line, rule, _ in found] == [
        (3 + 2 * number, rule) for number, (_, rule, _) in enumerate(PLANTED)
    ]
    for (_, _, detail), (_, _, _, said) in zip(PLANTED, found, strict=True):
        assert detail in said


def test_a_file_that_breaks_off_is_told_and_what_came_before_is_used(tmp_path: Path) -> None:
    path = Path(write(tmp_path / "a.jsonl.gz", [{"messages": TURNS}] * 400))
    path.write_bytes(path.read_bytes()[:-9])
    read = read_conversations(str(path))
    assert read.rejects["rule"].to_list()[0] == "truncated_file"
    assert read.frame.height >= 390


def test_what_is_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="matches no file"):
        read_conversations(str(tmp_path / "none.jsonl"))
    with pytest.raises(CorpusError, match="no column 'Prompt'"):
        read_conversations(
            write(tmp_path / "a.csv", ["x,y", "1,2"]), columns=Columns(user="Prompt", assistant="y")
        )
    with pytest.raises(AlignmentError, match=r"set columns\.user"):
        read_conversations(str(tmp_path / "a.csv"))


def test_tools_answer_an_answer_and_are_answered() -> None:
    call = turns(("user", "q"), ("assistant", "call"), ("tool", "1"), ("tool", "2"), ("assistant", "done"))
    verdicts = judge(pl.DataFrame({"messages": [call, call[:-1]]}, schema={"messages": MESSAGES}))
    assert verdicts["rule"].to_list() == [None, "wrong_role_order"]


@given(st.lists(st.sampled_from(["system", "user", "assistant", "tool"]), max_size=8))
def test_order_agrees_with_a_walk_over_the_turns(roles: list[str]) -> None:
    """The slow twin: what may follow what, and how a conversation may begin and end."""
    follows = {
        "start": {"system", "user"},
        "system": {"user"},
        "user": {"assistant"},
        "assistant": {"user", "tool"},
        "tool": {"tool", "assistant"},
    }
    before, sound = "start", bool(roles)
    for role in roles:
        sound = sound and role in follows[before]
        before = role
    sound = sound and before == "assistant"
    frame = pl.DataFrame(
        {"messages": [turns(*((role, "x") for role in roles))]}, schema={"messages": MESSAGES}
    )
    rule = judge(frame)["rule"][0]
    assert (rule is None) == sound
    assert rule is None or rule in WHAT_HOLDS


def test_short_turns_go_by_their_script(tmp_path: Path) -> None:
    records = [
        {"messages": turns(("user", "كم؟"), ("assistant", "٣"))},
        {"messages": turns(("user", "Hi"), ("assistant", "Yo"))},
        {"messages": turns(("user", "1+1"), ("assistant", "2"))},
        {"messages": turns(("user", "Quelle est la capitale ?"), ("assistant", "C'est la ville de Paris, bien sûr."))},
    ]  # fmt: skip
    read = read_conversations(write(tmp_path / "a.jsonl", records))
    assert read.frame["language"].to_list() == ["ar", "en", "other", "other"]
