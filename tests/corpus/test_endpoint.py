"""The client of endpoints against a server with every fault that we could think of."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fake_endpoint import some_logprob
from hypothesis import given
from hypothesis import strategies as st

from corpus.endpoint import Endpoint, EndpointError, EndpointSettings, chat, completion, endpoint_url
from corpus.endpoint.pacing import Pace, retry_after, wait_before


def ask_once(settings, directory, requests):
    with Endpoint(settings, directory) as endpoint:
        return endpoint.ask(requests)


SECRET = "sk-a-secret-of-the-user"


def settings(server, **changes):
    # A busy machine may take seconds to answer, and a request that timed out is sent again.
    quick = {"timeout": 60.0, "first_wait": 0.01, "longest_wait": 0.05, "key_variable": "DAAD_TEST_KEY"}
    return EndpointSettings(**({"url": server.url, "model": "tiny", **quick} | changes))


def questions(number):
    return [chat([{"role": "user", "content": f"question {n}"}]) for n in range(number)]


def test_replies_come_in_the_order_of_the_requests(fake_endpoint, tmp_path):
    respond = fake_endpoint.answer
    fake_endpoint.answer = lambda payload: time.sleep(0.02) or respond(payload)
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        replies = endpoint.ask(questions(20))
    assert [reply.text for reply in replies] == [f"answer to question {n}" for n in range(20)]
    assert {reply.finish_reason for reply in replies} == {"stop"}
    assert 1 < fake_endpoint.most_at_once <= 8


def test_nothing_is_asked_twice(fake_endpoint, tmp_path):
    """Not within a call, nor in a later process; another sample, model or temperature is another question."""
    twice = [*questions(3), *questions(3)]
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        first = endpoint.ask(twice)
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        again = endpoint.ask(questions(3))
        assert endpoint.ledger.counts["answered"] == 0
        assert len(fake_endpoint.requests) == 3
        endpoint.ask([chat([{"role": "user", "content": "question 0"}], sample=1)])
        endpoint.ask([chat([{"role": "user", "content": "question 0"}], temperature=0.5)])
    with Endpoint(settings(fake_endpoint, model="other"), tmp_path) as endpoint:
        endpoint.ask(questions(1))
    assert [reply.text for reply in first] == 2 * [reply.text for reply in again]
    assert len(fake_endpoint.requests) == 6


@pytest.mark.parametrize(
    "fault",
    [(429, {}), (500, {}), (503, {"Retry-After": "0"}), "malformed", "form", "truncated", "reset"],
    ids=str,
)
def test_faults_that_pass_are_waited_out(fake_endpoint, tmp_path, fault):
    fake_endpoint.faults = [fault, fault]
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        (reply,) = endpoint.ask(questions(1))
    assert reply.text == "answer to question 0"
    assert endpoint.ledger.counts["retries"] == 2
    assert len(fake_endpoint.requests) == 3


def test_a_silent_endpoint_is_asked_again(fake_endpoint, tmp_path):
    fake_endpoint.faults = ["timeout"]
    with Endpoint(settings(fake_endpoint, timeout=1), tmp_path) as endpoint:
        (reply,) = endpoint.ask(questions(1))
    assert reply.text == "answer to question 0"
    assert endpoint.ledger.faults.keys() == {"no sign of life for 1 s"}


def test_retry_after_is_honored_by_all_requests(fake_endpoint, tmp_path):
    """One is told to wait 0.6 s: it and those after it start no earlier."""
    fake_endpoint.faults = [(429, {"Retry-After": "0.6"})]
    start = time.monotonic()
    with Endpoint(settings(fake_endpoint, concurrency=1), tmp_path) as endpoint:
        endpoint.ask(questions(2))
    assert time.monotonic() - start >= 0.6


def test_an_endpoint_that_dies_half_way_loses_nothing(fake_endpoint, tmp_path):
    fake_endpoint.dead_after = 6
    with (
        Endpoint(settings(fake_endpoint, attempts=2, concurrency=1), tmp_path) as endpoint,
        pytest.raises(
            EndpointError, match="6 of 10 answers are kept; the same command asks for the rest"
        ) as caught,
    ):
        endpoint.ask(questions(10))
    assert "\n" not in str(caught.value)
    fake_endpoint.dead_after = None
    fake_endpoint.requests.clear()
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        replies = endpoint.ask(questions(10))
    assert [reply.text for reply in replies] == [f"answer to question {n}" for n in range(10)]
    assert len(fake_endpoint.requests) == 4
    assert sum(reply.from_cache for reply in replies) == 6


def test_a_killed_process_loses_nothing(fake_endpoint, tmp_path):
    """The server answers five questions and is silent then; the client is killed; five answers are kept."""
    fake_endpoint.faults = [""] * 5 + ["timeout"] * 5
    code = f"""
        from pathlib import Path
        from corpus.endpoint import Endpoint, EndpointSettings, chat
        asked = [chat([{{"role": "user", "content": f"question {{n}}"}}]) for n in range(8)]
        settings = EndpointSettings(url={fake_endpoint.url!r}, model="tiny", concurrency=1, timeout=30)
        Endpoint(settings, Path({str(tmp_path)!r})).ask(asked)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    deadline = time.monotonic() + 30
    while len(fake_endpoint.requests) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    fake_endpoint.faults.clear()
    fake_endpoint.requests.clear()
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        replies = endpoint.ask(questions(8))
    assert [reply.from_cache for reply in replies] == [True] * 5 + [False] * 3


def test_newer_endpoints_call_the_length_otherwise(fake_endpoint, tmp_path):
    ask_once(settings(fake_endpoint, length_field="max_completion_tokens"), tmp_path, questions(1))
    ask_once(settings(fake_endpoint, length_field="max_completion_tokens"), tmp_path, [completion("x")])
    asked, text = fake_endpoint.requests
    assert (asked["max_completion_tokens"], text["max_tokens"]) == (512, 512)
    assert "max_tokens" not in asked


def test_a_request_that_is_refused_does_not_stop_the_others(fake_endpoint, tmp_path):
    fake_endpoint.refuse = lambda payload: "question 1" in str(payload)
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        replies = endpoint.ask(questions(3))
    assert [bool(reply.refusal) for reply in replies] == [False, True, False]
    assert replies[1].refusal == "HTTP 400 (this model's context is shorter)"
    assert endpoint.ledger.counts["refused"] == 1


@pytest.mark.parametrize(("asked", "concurrency", "sent"), [(40, 1, 10), (40, 8, 24), (5, 2, 5)])
def test_an_endpoint_that_refuses_everything_is_one_error(fake_endpoint, tmp_path, asked, concurrency, sent):
    """Eight refusals with one status and no answer end it (five, where there are no more); then it is mended."""
    fake_endpoint.refuse = lambda payload: True
    number = min(asked, 8)
    with (
        Endpoint(settings(fake_endpoint, concurrency=concurrency), tmp_path) as endpoint,
        pytest.raises(EndpointError) as caught,
    ):
        endpoint.ask(questions(asked))
    assert str(caught.value) == (
        f"{fake_endpoint.url}: every one of the first {number} requests was refused, HTTP 400 (this model's context is "
        f"shorter): check model, and whether the endpoint takes such requests: 0 of {asked} answers are kept; the same "
        "command asks for the rest"
    )
    assert number <= len(fake_endpoint.requests) <= sent
    fake_endpoint.refuse = lambda payload: False
    replies = ask_once(settings(fake_endpoint), tmp_path, questions(asked))
    assert all(reply.text and not reply.from_cache for reply in replies)


def test_answers_of_an_earlier_run_are_not_lost_to_an_endpoint_that_refuses_now(fake_endpoint, tmp_path):
    """A kept answer shows that such requests were taken: what is refused then is refused by itself, and counted."""
    ask_once(settings(fake_endpoint), tmp_path, questions(3))
    fake_endpoint.refuse = lambda payload: True
    with Endpoint(settings(fake_endpoint, concurrency=1), tmp_path) as endpoint:
        replies = endpoint.ask(questions(20))
        found = endpoint.summary()
    assert [bool(reply.refusal) for reply in replies] == [False] * 3 + [True] * 17
    assert (found["from_cache"], found["refused"], found["refusals"]) == (3, 17, {"HTTP 400": 17})
    assert found["first_refusal"] == "HTTP 400 (this model's context is shorter)"


def test_a_late_first_answer_shows_that_the_others_were_refused_by_themselves(fake_endpoint, tmp_path):
    """Seven refusals, an answer, and thirty refusals more stop nobody; another kind of request starts anew."""
    fake_endpoint.refuse = lambda payload: "question 7" not in str(payload)
    with Endpoint(settings(fake_endpoint, concurrency=1), tmp_path) as endpoint:
        replies = endpoint.ask(questions(38))
        assert [number for number, reply in enumerate(replies) if not reply.refusal] == [7]
        with pytest.raises(EndpointError, match="every one of the first 8 requests was refused"):
            endpoint.ask([completion(f"text {number}") for number in range(30)])


def test_one_request_alone_is_refused_by_itself(fake_endpoint, tmp_path):
    fake_endpoint.refuse = lambda payload: True
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        for number in range(3):
            (reply,) = endpoint.ask(questions(number + 1)[-1:])
            assert (reply.refusal, reply.status) == ("HTTP 400 (this model's context is shorter)", 400)


def test_a_request_that_always_fails_among_others_is_a_refusal(fake_endpoint, tmp_path):
    """A poisonous prompt breaks its own answers only, so it must not hold up the rest."""
    respond = fake_endpoint.answer

    def answer(payload):
        if "question 0" in str(payload):
            raise ZeroDivisionError  # the server drops the connection
        time.sleep(0.02)
        return respond(payload)

    fake_endpoint.answer = answer
    with Endpoint(
        settings(fake_endpoint, attempts=3, concurrency=2, first_wait=0.2, longest_wait=0.2), tmp_path
    ) as endpoint:
        replies = endpoint.ask(questions(30))
    assert [number for number, reply in enumerate(replies) if reply.refusal] == [0]


@pytest.mark.parametrize(
    ("server", "changes", "message"),
    [
        ({"key": SECRET}, {}, "HTTP 401: key_variable DAAD_TEST_KEY is not set"),
        ({"faults": [(404, {})]}, {}, "check url .* and model"),
        ({"faults": [(302, {})]}, {}, "check url .* and model"),
        ({"faults": [(429, {"Retry-After": "86400"})]}, {}, "asks to come back in 86400 s"),
        ({"models": ["a", "b"]}, {"model": ""}, r"lists 2 models \(a, b\): name one with model"),
        ({"models": []}, {"model": ""}, r"lists 0 models \(none\)"),
    ],
)
def test_what_will_not_pass_ends_at_once_in_one_line(fake_endpoint, tmp_path, server, changes, message):
    for name, value in server.items():
        setattr(fake_endpoint, name, value)
    with pytest.raises(EndpointError, match=message) as caught:
        ask_once(settings(fake_endpoint, **changes), tmp_path, questions(3))
    assert "\n" not in str(caught.value)
    assert len(fake_endpoint.requests) <= 3


def test_nobody_there(tmp_path):
    nobody = EndpointSettings(
        url="http://127.0.0.1:9/v1", model="m", attempts=2, first_wait=0.01, longest_wait=0.01
    )
    with pytest.raises(EndpointError, match=r"http://127.0.0.1:9/v1: connection failed .*, 2 times in a row"):
        ask_once(nobody, tmp_path, questions(1))
    with pytest.raises(EndpointError, match=r"http://127.0.0.1:9/v1: connection failed .*, once$"):
        ask_once(replace(nobody, model="", attempts=1), tmp_path, questions(1))


def test_the_key_is_sent_and_stands_nowhere(fake_endpoint, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("DAAD_TEST_KEY", SECRET)
    fake_endpoint.key = SECRET
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        endpoint.ask(questions(2))
        told = repr(endpoint.summary()) + repr(endpoint.settings)
    assert set(fake_endpoint.keys) == {f"Bearer {SECRET}"}
    fake_endpoint.key = "another"
    with pytest.raises(EndpointError, match="is set but refused") as caught, Endpoint(
        settings(fake_endpoint, model="other"), tmp_path
    ) as endpoint:  # fmt: skip
        endpoint.ask(questions(2))
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*"))
    assert SECRET not in told + str(caught.value) + "".join(capfd.readouterr())
    assert SECRET.encode() not in kept


def test_an_endpoint_that_repeats_the_key_is_not_quoted(fake_endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("DAAD_TEST_KEY", "later")
    fake_endpoint.faults = [(500, {})] * 2
    with pytest.raises(EndpointError, match="try …") as caught:
        ask_once(settings(fake_endpoint, attempts=2), tmp_path, questions(1))
    assert "later" not in str(caught.value)


def test_tokens_and_cost(fake_endpoint, tmp_path):
    """Each request has 100 tokens, each answer 10; prices are for a million."""
    fake_endpoint.counts = lambda text: 100 if "role" in text else 10
    priced = settings(fake_endpoint, price_input=2.0, price_output=30.0)
    with Endpoint(priced, tmp_path) as endpoint:
        endpoint.ask(questions(3))
        found = endpoint.summary()
    assert (found["prompt_tokens"], found["completion_tokens"]) == (300, 30)
    assert found["cost"] == pytest.approx((300 * 2 + 30 * 30) / 1e6)
    with Endpoint(priced, tmp_path) as endpoint:
        endpoint.ask(questions(4))
        found = endpoint.summary()
    assert (found["answered"], found["from_cache"]) == (1, 3)
    assert found["cost"] == pytest.approx((100 * 2 + 10 * 30) / 1e6)
    assert found["kept"] == {"answers": 4, "cost": pytest.approx(4 * 500 / 1e6)}
    with (
        Endpoint(settings(fake_endpoint, price_input=2.0, budget=0.0001), tmp_path) as endpoint,
        pytest.raises(EndpointError, match=r"the budget of 0.0001 is spent \(0.0008\)"),
    ):
        endpoint.ask(questions(5))
    # Another model's answers in the same file are not counted at this one's prices.
    with Endpoint(
        settings(fake_endpoint, model="dear", price_input=2.0, budget=0.0001), tmp_path
    ) as endpoint:
        assert endpoint.summary()["kept"] == {"answers": 0, "cost": 0}
        endpoint.ask(questions(1))
    fake_endpoint.counts = None
    with Endpoint(priced, tmp_path) as endpoint:
        endpoint.ask(questions(6))
        assert endpoint.summary()["uncounted"] == 2


def test_log_probabilities_of_an_echoed_prompt(fake_endpoint, tmp_path):
    request = completion("one two three", max_tokens=1, echo=True, logprobs=1)
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        (first,) = endpoint.ask([request])
        (kept,) = endpoint.ask([request])
    assert first.tokens == ("one", " two", " three")
    assert first.offsets == (0, 3, 7)
    assert first.logprobs == (None, some_logprob("one", " two"), some_logprob("one two", " three"))
    assert (kept.tokens, kept.logprobs, kept.offsets) == (first.tokens, first.logprobs, first.offsets)
    assert [dict(row) for row in kept.top] == [dict(row) for row in first.top]


def test_a_streamed_chat_comes_in_pieces_and_is_kept(fake_endpoint, tmp_path):
    fake_endpoint.faults = [(500, {}), "reset"]
    fake_endpoint.answer = lambda payload: "نعم هذا جواب طويل"
    (request,) = questions(1)
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        assert list(endpoint.stream(request)) == ["نعم", " هذا", " جواب", " طويل"]
        assert list(endpoint.stream(request)) == ["نعم هذا جواب طويل"]
        (reply,) = endpoint.ask([request])
    assert reply.from_cache
    assert reply.completion_tokens == 4
    assert len(fake_endpoint.requests) == 3


def test_a_broken_stream_says_so_and_is_not_kept(fake_endpoint, tmp_path):
    fake_endpoint.faults = ["broken stream"]
    (request,) = questions(1)
    with Endpoint(settings(fake_endpoint), tmp_path) as endpoint:
        with pytest.raises(EndpointError, match="the stream broke off: ask again"):
            list(endpoint.stream(request))
        assert "".join(endpoint.stream(request)) == "answer to question 0"


def test_a_stopped_call_keeps_what_came(fake_endpoint, tmp_path, monkeypatch):
    """Stopped (as by Ctrl-C) after some answers: those under way are waited for, and all that came is kept."""
    from corpus.endpoint.ledger import Ledger

    whole = Ledger.add

    def stopping(self, reply):
        whole(self, reply)
        if self.counts["answered"] == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Ledger, "add", stopping)
    endpoint = Endpoint(settings(fake_endpoint, concurrency=2), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        endpoint.ask(questions(20))
    endpoint.close()
    database = sqlite3.connect(tmp_path / "endpoint.sqlite")
    (kept,) = database.execute("SELECT COUNT(*) FROM replies").fetchone()
    database.close()
    assert 3 <= kept == len(fake_endpoint.requests) < 20


def test_a_file_that_is_no_cache(fake_endpoint, tmp_path):
    (tmp_path / "endpoint.sqlite").write_bytes(b"not a database, but long enough to be taken for one" * 40)
    with pytest.raises(
        EndpointError, match=r"answers cannot be kept there \(file is not a database\): move it away"
    ):
        Endpoint(settings(fake_endpoint), tmp_path)


def test_a_directory_in_the_place_of_the_cache(fake_endpoint, tmp_path):
    (tmp_path / "endpoint.sqlite").mkdir()
    with pytest.raises(
        EndpointError, match=r"answers cannot be kept there \(unable to open database file\): let this user"
    ):
        Endpoint(settings(fake_endpoint), tmp_path)


def test_the_pace_spreads_turns_and_holds_all_of_them():
    """120 in a minute: one each half second of a clock that stands at 100."""
    pace = Pace(120, clock=lambda: 100.0)
    assert [pace.turn() for _ in range(3)] == [0.0, 0.5, 1.0]
    pace.hold(7)
    assert [pace.turn(), pace.turn()] == [7.0, 7.5]
    free = Pace(0, clock=lambda: 5.0)
    assert [free.turn() for _ in range(3)] == [0.0] * 3


def test_a_rate_limit_is_kept(fake_endpoint, tmp_path):
    start = time.monotonic()
    with Endpoint(settings(fake_endpoint, requests_per_minute=600), tmp_path) as endpoint:
        endpoint.ask(questions(6))
    assert time.monotonic() - start >= 0.5


@given(st.integers(1, 200), st.floats(0, 0.999))
def test_waits_grow_to_their_limit(attempt, random):
    wait = wait_before(attempt, first=1.0, longest=60.0, random=random)
    assert min(60.0, 2.0 ** (attempt - 1)) / 2 <= wait < 60.0 + 1e-9
    assert wait <= wait_before(attempt + 1, first=1.0, longest=60.0, random=random)


def test_retry_after_as_a_date():
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert retry_after("Fri, 02 Jan 2026 03:04:35 GMT", now) == 30.0
    assert retry_after("Fri, 02 Jan 2026 03:04:00 GMT", now) == 0.0
    assert retry_after("-3") == retry_after("inf") == retry_after("nan") == 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": "localhost:8000"}, "url must be like"),
        ({"url": "http://user:pass@host/v1"}, "a key goes into key_variable"),
        ({"url": "http://host:port/v1"}, "url must be like"),
        ({"concurrency": 0}, "concurrency must be at least 1, got 0"),
        ({"timeout": 0.0}, "timeout must be above 0"),
        ({"first_wait": 9.0, "longest_wait": 1.0}, "longest_wait must be at least first_wait"),
        ({"budget": 1.0}, "budget needs price_input"),
    ],
)
def test_settings_say_what_is_wrong(changes, message):
    with pytest.raises(ValueError, match=message):
        EndpointSettings(**changes)


def test_addresses_among_model_names():
    assert endpoint_url("openai:https://api.openai.com/v1") == "https://api.openai.com/v1"
    assert endpoint_url("/data/openai") == ""


def test_no_url_is_one_line(tmp_path):
    with pytest.raises(EndpointError, match="no url is set"):
        Endpoint(EndpointSettings(), tmp_path)


def test_the_module_loads_without_httpx():
    code = "import sys, corpus.endpoint; assert not {'httpx', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
