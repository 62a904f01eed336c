"""Models answer the questions, turn after turn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.asking import asked_model
from benchmarks.judge_config import JudgeConfig
from benchmarks.judged.questions import Question, read_answers, write_answers
from benchmarks.model.opening import Opened
from corpus.endpoint import Endpoint, chat
from corpus.endpoint.settings import endpoint_url

Answers = dict[str, tuple[str, ...]]


def answers_of(
    config: JudgeConfig, name: str, address: str, questions: Sequence[Question]
) -> tuple[Answers, dict[str, Any]]:
    """The turns of each answer by question, and what asking took; answers also stand in `answers/NAME.jsonl`.

    Raises:
        BenchmarkError: The directory or the file of answers cannot be used.
        EndpointError: The endpoint cannot be used.
    """
    output = Path(config.output_dir)
    took: dict[str, Any] = {}
    if Path(address).is_file():
        found = read_answers(Path(address), questions)
    elif url := endpoint_url(address):
        found, took = _from_endpoint(config, name, url, questions)
    else:
        found = _from_directory(config, name, address, questions)
    write_answers(output / "answers" / f"{name}.jsonl", name, found)
    return found, took


def _from_endpoint(
    config: JudgeConfig, name: str, url: str, questions: Sequence[Question]
) -> tuple[Answers, dict[str, Any]]:
    from dataclasses import replace

    settings = config.priced(replace(config.answer_endpoint, url=url, model=name), name)
    found: Answers = {question.id: () for question in questions}
    with Endpoint(settings, Path(config.output_dir) / "responses") as endpoint:
        for turn in range(2):
            asked = [question for question in questions if len(question.turns) > turn]
            requests = [
                chat(conversation(question, found[question.id]), max_tokens=config.answer_tokens)
                for question in asked
            ]
            for question, reply in zip(
                asked, endpoint.ask(requests, desc=f"{name}, turn {turn + 1}"), strict=True
            ):
                found[question.id] += (reply.text,)
        return found, endpoint.summary()


def _from_directory(config: JudgeConfig, name: str, address: str, questions: Sequence[Question]) -> Answers:
    found: Answers = {question.id: () for question in questions}
    with asked_model(
        address,
        Path(config.output_dir) / "responses" / name,
        endpoint=config.answer_endpoint,
        batch_size=config.batch_size,
        device=config.device,
        dtype=config.dtype,
    ) as opened:
        for turn in range(2):
            asked = [question for question in questions if len(question.turns) > turn]
            turns = [conversation(question, found[question.id]) for question in asked]
            for question, text in zip(asked, _written(opened, turns, config.answer_tokens), strict=True):
                found[question.id] += (text.strip(),)
    return found


def conversation(question: Question, answered: Sequence[str]) -> list[dict[str, str]]:
    """The chat up to the next answer."""
    turns = []
    for said, answer in zip(question.turns, answered, strict=False):
        turns += [{"role": "user", "content": said}, {"role": "assistant", "content": answer}]
    return [*turns, {"role": "user", "content": question.turns[len(answered)]}]


def as_text(turns: Sequence[dict[str, str]]) -> str:
    """A chat as plain text, for a model without a chat template."""
    names = {"user": "User", "assistant": "Assistant"}
    return "\n\n".join([*(f"{names[turn['role']]}: {turn['content']}" for turn in turns), "Assistant:"])


def _written(opened: Opened, conversations: Sequence[list[dict[str, str]]], max_tokens: int) -> list[str]:
    from lm_eval.api.instance import Instance

    settings = {"until": ["\nUser:"], "max_gen_toks": max_tokens, "do_sample": False}
    prompts = [opened.in_chat(turns) if opened.chats else as_text(turns) for turns in conversations]
    requests = [
        Instance("generate_until", {}, (prompt, settings), 0, metadata=("judged", number, 1))
        for number, prompt in enumerate(prompts)
    ]
    return [str(text) for text in opened.cached.generate_until(requests)] if requests else []
