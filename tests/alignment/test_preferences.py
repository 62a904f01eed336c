"""Preferences of every schema, faults planted line by line, and which tokens of a pair are the answers'."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.chat_template import encode_conversation, encode_prompt, load_chat_tokenizer
from alignment.errors import AlignmentError
from alignment.preferences import encode_pairs, read_preferences
from alignment.preferences.transcripts import turns_of

HELLO = {"role": "user", "content": "What is the capital of Egypt?"}


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def write(path: Path, records: list[Any]) -> str:
    lines = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in records]
    path.write_text("\n".join(lines))
    return str(path)


def test_one_pair_in_every_schema(tmp_path: Path) -> None:
    """Text, messages with a prompt, messages that begin alike, and a transcript say the same thing."""
    question, good, bad = "ما عاصمة مصر؟", "عاصمة مصر هي القاهرة.", "It is Cairo."
    asked = [{"role": "user", "content": question}]
    forms = {
        "text": {"prompt": question, "chosen": good, "rejected": bad},
        "text that ends with a name": {
            "prompt": f"\n\nHuman: {question}\n\nAssistant:",
            "chosen": good,
            "rejected": bad,
        },
        "messages": {"prompt": asked, "chosen": said(good), "rejected": said(bad)},
        "implicit": {"chosen": asked + said(good), "rejected": asked + said(bad)},
        "transcript": {
            side: f"\n\nHuman: {question}\n\nAssistant: {text}"
            for side, text in (("chosen", good), ("rejected", bad))
        },
    }
    for name, record in forms.items():
        read = read_preferences(write(tmp_path / f"{name}.jsonl", [record]))
        assert read.rejects.is_empty(), name
        row = read.frame.row(0, named=True)
        assert (row["prompt"], row["chosen"], row["rejected"]) == (asked, said(good), said(bad)), name
        assert (row["language"], row["line"]) == ("ar", 1)


def test_transcripts_of_several_turns_share_all_turns_but_the_last(tmp_path: Path) -> None:
    before = "\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: Name a city"
    record = {"chosen": before + "\n\nAssistant: Cairo", "rejected": before + "\n\nAssistant: Blue\n\nor red"}
    path = tmp_path / "hh.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(record).encode()))
    row = read_preferences(str(path)).frame.row(0, named=True)
    assert [turn["content"] for turn in row["prompt"]] == ["Hi", "Hello", "Name a city"]
    assert row["rejected"] == said("Blue\n\nor red")


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=5))
def test_a_transcript_gives_its_turns_back(texts: list[str]) -> None:
    """Whatever turns hold, but for the marks of turns themselves and white space around them."""
    texts = [text.replace(":", ".").strip() for text in texts]
    names = ["Human", "Assistant"] * 3
    written = "".join(f"\n\n{name}: {text}" for name, text in zip(names, texts, strict=False))
    assert [turn["content"] for turn in turns_of(written)] == texts


def test_every_fault_is_left_out_with_its_line_and_rule(tmp_path: Path) -> None:
    fine = {"prompt": "Capital?", "chosen": "Cairo", "rejected": "Paris"}
    planted = [
        (fine, ""),
        ("{broken", "invalid_json"),
        ("[1]", "bad_record"),
        ({"prompt": "Capital?", "chosen": "Cairo"}, "missing_column"),
        (fine | {"rejected": "Cairo "}, "same_answers"),
        (fine | {"chosen": " \n"}, "empty_turn"),
        (fine | {"prompt": ""}, "empty_turn"),
        (fine | {"chosen": said("Cairo"), "rejected": said("Paris")}, "mixed_schemas"),
        (fine | {"chosen": said("Cairo")}, "unknown_schema"),
        (fine | {"prompt": [HELLO, *said("Cairo")]}, "wrong_role_order"),
        (fine | {"prompt": 7}, "not_text"),
        (fine | {"prompt": [{"role": "pirate", "content": "x"}]}, "unknown_role"),
        ({"chosen": "Cairo", "rejected": "Paris"}, "missing_column"),
        (json.dumps(fine | {"chosen": "\ud800"}), "lone_surrogate"),
        (fine, ""),
    ]
    read = read_preferences(write(tmp_path / "p.jsonl", [record for record, _ in planted]))
    assert read.frame["line"].to_list() == [1, len(planted)]
    expected = [(line, rule) for line, (_, rule) in enumerate(planted, start=1) if rule]
    assert list(read.rejects.select("line", "rule").iter_rows()) == expected


def test_conversations_that_part_at_a_question_are_no_pair(tmp_path: Path) -> None:
    ask = [HELLO]
    other = [{"role": "user", "content": "And of France?"}]
    record = {"chosen": ask + said("Cairo"), "rejected": other + said("Cairo")}
    read = read_preferences(
        write(tmp_path / "p.jsonl", [record, {"chosen": ask + said("A"), "rejected": ask + said("B")}])
    )
    assert read.rejects["rule"].to_list() == ["no_common_prompt"]


def test_tables_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("prompt,chosen,rejected\na,b,c\n")
    with pytest.raises(AlignmentError, match="preferences are read from JSON Lines"):
        read_preferences(str(tmp_path / "p.csv"))


def pairs_of(*rows: tuple[list[dict[str, str]], str, str]) -> pl.DataFrame:
    from alignment.preferences.reading import COLUMNS

    return pl.DataFrame(
        [
            (prompt, said(good), said(bad), "en", "f", line)
            for line, (prompt, good, bad) in enumerate(rows, 1)
        ],
        schema=COLUMNS,
        orient="row",
    )


def test_answers_alone_are_counted_whatever_was_answered_before(chat_dir: Path) -> None:
    """Earlier answers of a conversation are context; ids are those of the conversation as a whole."""
    tokenizer = load_chat_tokenizer(chat_dir)
    prompt = [HELLO, *said("Cairo"), {"role": "user", "content": "In Arabic please"}]
    pairs, rejects = encode_pairs(
        tokenizer, pairs_of((prompt, "القاهرة", "Cairo again")), max_length=200, overlong="drop"
    )
    assert rejects.is_empty()
    for side, text in ((pairs.chosen, "القاهرة"), (pairs.rejected, "Cairo again")):
        ids, learned = side[0]
        whole, _ = encode_conversation(tokenizer, [*prompt, *said(text)])
        before = encode_prompt(tokenizer, prompt)
        assert np.array_equal(ids, whole)
        assert np.flatnonzero(learned).tolist() == list(range(len(before), len(whole)))
        assert tokenizer.decode(ids[learned]) == text + "</s>"


def test_pairs_that_do_not_fit_are_dropped_or_cut_and_told(chat_dir: Path) -> None:
    tokenizer = load_chat_tokenizer(chat_dir)
    rows = pairs_of(([HELLO], "A", "B"), ([HELLO], "A" * 50, "B"), ([HELLO], "A" * 90 + "B", "A" * 90 + "C"),
                    ([{"role": "user", "content": "x" * 80}], "A", "B"))  # fmt: skip
    dropped, told = encode_pairs(tokenizer, rows, max_length=60, overlong="drop")
    assert dropped.frame["line"].to_list() == [1]
    assert list(told.select("line", "rule").iter_rows()) == [
        (2, "answer_too_long"), (3, "answer_too_long"), (4, "prompt_too_long"),
    ]  # fmt: skip
    cut, told = encode_pairs(tokenizer, rows, max_length=60, overlong="cut")
    assert cut.frame["line"].to_list() == [1, 2]
    assert cut.lengths().max() <= 60
    assert told["rule"].to_list() == ["same_after_cut", "prompt_too_long"]
    assert dropped.digest() != cut.digest()
    assert dropped.digest() == cut.take(np.array([0])).digest()


def test_no_answer_is_cut_down_to_nothing(chat_dir: Path) -> None:
    """Where a template lets prompt and answer touch, one answer may share a token with the prompt, the other not."""
    tokenizer = load_chat_tokenizer(chat_dir)
    tokenizer.chat_template = "{% for turn in messages %}{{ turn['content'] }}{% endfor %}{{ eos_token }}"
    asked = [{"role": "user", "content": "the answer in Englis"}]
    # "h" is taken into the last word of the prompt, the Arabic letter is not.
    rows = pairs_of((asked, "h", "ق"))
    whole, _ = encode_pairs(tokenizer, rows, max_length=100, overlong="cut")
    begins = [int(np.flatnonzero(side[0][1])[0]) for side in (whole.chosen, whole.rejected)]
    assert begins[0] < begins[1]
    none, told = encode_pairs(tokenizer, rows, max_length=begins[1], overlong="cut")
    assert len(none) == 0
    assert told["rule"].to_list() == ["prompt_too_long"]
